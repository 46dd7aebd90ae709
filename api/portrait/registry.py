"""The parts of a 360, in the order of the page. To add one: a file in `parts/`, and its name here."""

from collections.abc import Sequence

from api.portrait.about import About, PartKind, not_in_graph
from api.portrait.parts import (
    alerts,
    arriving,
    blind_spots,
    circles,
    connected,
    controllers,
    credit,
    events,
    exposure,
    flows,
    group,
    guarantees,
    identity,
    indicators,
    limits,
    officers,
    owners,
    score,
    statements,
    trade,
)
from api.wire.parts import Part
from graph.errors import InputError, NotFoundError

PARTS: tuple[PartKind, ...] = tuple(
    module.PART
    for module in (
        identity,
        exposure,
        credit,
        owners,
        controllers,
        group,
        connected,
        officers,
        guarantees,
        circles,
        trade,
        flows,
        statements,
        indicators,
        events,
        limits,
        arriving,
        score,
        alerts,
        blind_spots,
    )
)

TYPES = tuple(dict.fromkeys(name for part in PARTS for name in part.reads))
"""All types that parts read."""


def chosen(text: str) -> tuple[PartKind, ...]:
    """The parts named, joined by commas, in the order asked. InputError for one that is not there."""
    known = {part.name: part for part in PARTS}
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names or [text]:
        if name not in known:
            raise InputError(f"parts: '{name}' is no part of a firm's page.", f"Parts: {', '.join(known)}.", "parts")
    return tuple(known[name] for name in names)


def read_parts(about: About, parts: Sequence[PartKind] = PARTS) -> tuple[Part, ...]:
    """These parts of one firm, each from its own rows."""
    _ = about.gathered.firm  # whoever is not known that day has no parts
    return tuple(_read(about, part) for part in parts)


def _read(about: About, part: PartKind) -> Part:
    """A firm that the ledger knows and the graph store not yet has all parts but those that walk."""
    try:
        return part.read(about)
    except NotFoundError:
        return not_in_graph(part.name, part.zh)
