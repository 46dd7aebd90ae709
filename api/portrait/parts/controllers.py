"""Who controls the firm, worked out over the graph store (docs/knowledge.md)."""

from alerts.said import Sentence
from api.naming import walked_names
from api.portrait.about import About, PartKind
from api.wire.control import Party
from api.wire.parts import Figure, Item, Part
from graph.knowledge.control import words
from graph.knowledge.control.one_firm import control_answer
from graph.projection import label_of
from graph.store import Moment


def read(about: About) -> Part:
    """Ultimate controllers first; the chains are at /controllers."""
    when = Moment.of(about.day.snapshot.as_of)
    answer = control_answer(about.platform.store, about.firm, when)
    names = walked_names(about.platform.store, about.platform.vault, {each.id for each in answer.controllers}, when)
    made = tuple(
        Item(
            kind="ACTUALLY_CONTROLS",
            party=Party(id=each.id, kind=label_of(each.id), name=names.get(each.id, each.id)),
            figures=(
                Figure(name="votes", zh="受控表决权", unit="share", value=each.votes),
                Figure(name="interest", zh="综合持股", unit="share", value=each.interest),
                Figure(name="ultimate", zh="最终控制", unit="flag", value=each.ultimate),
                Figure(name="joint", zh="共同控制", unit="flag", value=each.joint),
            ),
        )
        for each in answer.controllers
    )
    unknown = Figure(name="unknown", zh="未知股权", unit="share", value=answer.unknown)
    return Part(name=PART.name, zh=PART.zh, says=(Sentence(*words.CONTROL[answer.control]),), figures=(unknown,), items=made)


PART = PartKind("controllers", "实际控制人", (), read)
