"""Guarantee circles out of the knowledge book, and of one firm out of the graph where the book has no such day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from api.firms import row_of
from api.naming import walked_names
from api.paging import page_after
from api.rows import RowReader
from api.telling import party_of, sentence
from api.wire.circles import (
    CircleEvent,
    CircleGuarantee,
    CircleMember,
    CircleQuery,
    CircleSummary,
    CircleView,
    FirmGuarantees,
    GuaranteeChain,
    GuaranteeCircles,
    GuaranteeCut,
    GuarantorCall,
)
from api.wire.common import Row
from api.wire.control import Party
from api.wire.networks import CutHub
from graph.errors import NotComputedError, NotFoundError
from graph.knowledge import KnowledgeBook
from graph.knowledge.circles import words
from graph.knowledge.circles.answer import Circle, FirmAnswer, circle_on
from graph.knowledge.circles.answer import Row as Told
from graph.knowledge.circles.one_firm import firm_answer, firm_in_book
from graph.personal import Vault
from graph.store import GraphReader, Moment

SHOWN = 200
"""Of members, calls, cuts and guarantees of one circle."""

_FIGURE = {"exposure": "exposure_fen", "loss": "loss_fen"}


@dataclass(frozen=True)
class Sources:
    """What circles are read from: the book, the graph, the rows of the day, and the vault that masks persons."""

    book: KnowledgeBook
    store: GraphReader
    rows: RowReader
    vault: Vault

    @property
    def day(self) -> date:
        return self.rows.snapshot.as_of


def read_circles(sources: Sources, query: CircleQuery) -> GuaranteeCircles:
    """A page of the day's circles. NotComputedError for a day without a run."""
    run = sources.book.find("guarantee_circles", sources.day)
    table = sources.book.rows(run, "guarantee_circles")
    figures = table[_FIGURE[query.by]].to_pylist()
    ranked = sorted((-figure, key, at) for at, (figure, key) in enumerate(zip(figures, table["circle"].to_pylist(), strict=True)))
    page, cursor = page_after(ranked, lambda each: (each[0], each[1]), query.cursor, query.limit)
    rows = table.take([at for *_, at in page]).to_pylist() if page else []
    named = {end for row in rows for end in (row["leader"], row["weakest"])}
    show = _Shown(sources, _names(sources, named), {})
    return GuaranteeCircles(
        as_of=sources.day,
        ledger_seq=run.ledger_seq,
        version=run.version,
        total=len(ranked),
        items=tuple(map(show.summary, rows)),
        next=cursor,
    )


def read_circle(sources: Sources, identity: str) -> CircleView:
    """One circle of the day. NotFoundError where it is not there, with what became of it."""
    circle = circle_on(sources.book, identity, sources.day)
    return _shown(sources, circle).view(circle, sources.book.find("guarantee_circles", sources.day).version)


def read_firm_circle(sources: Sources, firm: str) -> FirmGuarantees:
    """The circle and the chain of one firm: out of the book where it has the day over this ledger, else worked out now."""
    when = Moment.of(sources.day)
    answer, source = _answer(sources, firm, when)
    show = _shown(sources, answer.circle, answer.mentioned())
    chain = {name: answer.chain[name] for name in GuaranteeChain.model_fields} if answer.chain else None
    return FirmGuarantees(
        as_of=sources.day,
        firm=show.party(firm),
        source="book" if source == "book" else "graph",
        version=answer.version,
        chain=GuaranteeChain(**chain) if chain else None,
        circle=show.view(answer.circle, answer.version) if answer.circle else None,
        complete=answer.complete,
        circle_complete=answer.circle_complete,
        cuts=tuple(CutHub(anchor=c.anchor, type=c.type, way=c.way, shown=c.shown, degree=c.degree) for c in answer.cuts),
    )


def _answer(sources: Sources, firm: str, when: Moment) -> tuple[FirmAnswer, str]:
    try:
        answer = firm_in_book(sources.book, firm, when, sources.rows.snapshot.ledger_seq)
    except NotComputedError:
        return firm_answer(sources.store, sources.rows, firm, when), "graph"
    if answer.chain is None and not sources.store.states([firm], when):
        raise NotFoundError(f"Nothing is known of '{firm}' on {when.valid}.", "Look it up by name or code.", "firm")
    return answer, "book"


def _names(sources: Sources, entities: Iterable[str]) -> dict[str, str]:
    return walked_names(sources.store, sources.vault, entities, Moment.of(sources.day))


def _shown(sources: Sources, circle: Circle | None, more: tuple[str, ...] = ()) -> "_Shown":
    """With names and rows of what is shown of a circle, and of no more."""
    if circle is None:
        return _Shown(sources, _names(sources, more), {})
    some = _greatest(circle)
    ends = [row[end] for row in (*some.guarantees, *some.cuts) for end in ("src", "dst") if row[end]]
    named = {*more[:1], *some.mentioned(), *ends, circle.told["leader"], circle.told["weakest"]}
    wanted = {"GUARANTEES": [row["id"] for row in some.guarantees]}
    wanted["FinancialStatement"] = [row["statement"] for row in some.members if row["statement"]]
    rows = {row["id"]: row_of(name, row) for name, ids in wanted.items() for row in sources.rows.rows(name, "id", ids)}
    return _Shown(sources, _names(sources, named), rows)


def _greatest(circle: Circle) -> Circle:
    def first(rows: tuple[Told, ...], figure: str, key: str) -> tuple[Told, ...]:
        return tuple(sorted(rows, key=lambda row: (-(row[figure] or 0), row[key] or ""))[:SHOWN])

    return Circle(
        circle.told,
        first(circle.members, "exposure_fen", "member"),
        first(circle.guarantees, "amount_fen", "id"),
        first(circle.calls, "called_fen", "guarantor"),
        first(circle.cuts, "amount_fen", "src"),
        circle.lineage,
    )


@dataclass(frozen=True)
class _Shown:
    """Rows of tables as they go over the wire, with names masked and the places of rows."""

    sources: Sources
    names: Mapping[str, str]
    rows: Mapping[str, Row]

    def party(self, entity: str) -> Party:
        return party_of(self.names, entity)

    def summary(self, told: Told) -> CircleSummary:
        figures = {name: told[name] for name in CircleSummary.model_fields if name in told}
        figures |= {"leader": self.party(told["leader"]), "weakest": self.party(told["weakest"])}
        exact = told["cut_fen"] == told["cut_bound_fen"]
        return CircleSummary(**figures, id=told["circle"], said=sentence(words.KINDS[told["kind"]]), cut_exact=exact)

    def view(self, circle: Circle, version: str) -> CircleView:
        some = _greatest(circle)
        return CircleView(
            as_of=self.sources.day,
            version=version,
            circle=self.summary(circle.told),
            members=tuple(map(self._member, some.members)),
            calls=tuple(map(self._call, some.calls)),
            cut=tuple(map(self._cut, some.cuts)),
            guarantees=tuple(map(self._guarantee, some.guarantees)),
            lineage=tuple(map(self._event, some.lineage)),
        )

    def _member(self, row: Told) -> CircleMember:
        figures = {name: row[name] for name in CircleMember.model_fields if name in row}
        figures["statement"] = self.rows.get(row["statement"])
        return CircleMember(party=self.party(row["member"]), **figures)

    def _call(self, row: Told) -> GuarantorCall:
        figures = {name: row[name] for name in GuarantorCall.model_fields if name in row}
        figures["guarantor"] = self.party(row["guarantor"])
        figures["exhausted"] = None if row["net_assets_fen"] is None else row["exhausted"]
        return GuarantorCall(**figures, joint_and_several=row["several"])

    def _cut(self, row: Told) -> GuaranteeCut:
        figures = {name: row[name] for name in GuaranteeCut.model_fields if name in row}
        guarantor, borrower = (self.party(row[end]) if row[end] else None for end in ("src", "dst"))
        return GuaranteeCut(**figures, guarantor=guarantor, borrower=borrower, said=sentence(words.CONSENT[row["consent"]]))

    def _guarantee(self, row: Told) -> CircleGuarantee:
        figures = {name: row[name] for name in CircleGuarantee.model_fields if name in row}
        guarantor, borrower = self.party(row["src"]), self.party(row["dst"])
        return CircleGuarantee(**figures, guarantor=guarantor, borrower=borrower, row=self.rows.get(row["id"]))

    def _event(self, row: Told) -> CircleEvent:
        figures = {name: row[name] for name in CircleEvent.model_fields if name in row}
        return CircleEvent(**figures, on=row["as_of"], said=sentence(words.EVENTS[row["event"]]))
