"""What the templates show beside the API's own answers: tiles, a path as steps, relations with names."""

from dataclasses import dataclass

from alerts.journal import AlertFilter, AlertRecord
from alerts.said import Edge, FirmRef, Grade, Path, ScoreSplit, Sentence
from api.console.page import Page, SignedInPage
from api.console.ties import Way, tie
from api.naming import display_names
from api.rows import RowReader
from api.wire.alerts import AlertSummary
from graph.ontology import Ontology

_SHOWN = 50


@dataclass(frozen=True)
class Tile:
    """How many alerts of a grade there are."""

    grade: Grade
    count: int


@dataclass(frozen=True)
class Step:
    """One relation of a path and where it leads; `way` is out along the relation's own direction."""

    relation: str
    way: Way
    to: FirmRef


@dataclass(frozen=True)
class Route:
    """A path that can be read from top to bottom."""

    says: Sentence
    start: FirmRef
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Carrier:
    """A relation that contagion came by, with the name of its other end."""

    other: str
    name: str
    relation: str
    contribution: float


@dataclass(frozen=True)
class FirmAlerts:
    """What is said of one firm, under its worst grade."""

    firm: FirmRef
    grade: Grade
    alerts: tuple[AlertSummary, ...]


def by_firm(alerts: tuple[AlertSummary, ...]) -> tuple[FirmAlerts, ...]:
    """Alerts of one firm together, at the place of the worst of them."""
    firms: dict[str, list[AlertSummary]] = {}
    for alert in alerts:
        firms.setdefault(alert.firm.id, []).append(alert)
    return tuple(FirmAlerts(told[0].firm, told[0].grade, tuple(told)) for told in firms.values())


def tiles(page: SignedInPage) -> tuple[Tile, ...]:
    """Alerts by grade, the worst first."""
    counts = page.platform.journal.alert_counts(_wanted(page))
    return tuple(Tile(grade, count) for grade, count in counts.items())


def desk_alerts(page: SignedInPage, grade: Grade | None, cursor: str) -> tuple[tuple[AlertSummary, ...], str]:
    """Alerts of one grade, a page at a time with the cursor of the next; without a grade the worst ones first."""
    journal = page.platform.journal
    if grade is not None:
        found = journal.alerts(_wanted(page, grade), cursor, _SHOWN)
        return tuple(AlertSummary.of(record) for record in found.items), found.next_cursor
    worst = [record for each in Grade for record in journal.alerts(_wanted(page, each), "", _SHOWN).items]
    return tuple(AlertSummary.of(record) for record in worst[:_SHOWN]), ""


def routes(page: Page, reader: RowReader, record: AlertRecord) -> tuple[Route, ...]:
    """The paths of an alert with every stop named as known that day."""
    paths = record.alert.evidence.paths
    ids = {end for path in paths for edge in path.edges for end in (edge.src, edge.dst)}
    names = display_names(reader, page.platform.vault, ids)
    ontology = reader.snapshot.ontology
    return tuple(_route(path, names, ontology, page) for path in paths if path.edges)


def carriers(page: Page, reader: RowReader, score: ScoreSplit | None) -> tuple[Carrier, ...]:
    """The relations that a score's contagion came by, the strongest first."""
    relations = score.top_relations if score else ()
    names = display_names(reader, page.platform.vault, {each.other for each in relations})
    ontology = reader.snapshot.ontology
    return tuple(
        Carrier(
            each.other,
            names[each.other],
            tie(ontology, each.type, "out" if each.way == "out" else "in", page.language),
            each.contribution,
        )
        for each in relations
    )


def _route(path: Path, names: dict[str, str], ontology: Ontology, page: Page) -> Route:
    here = _first_stop(path)
    start, steps = _stop(here, names), []
    for edge in path.edges:
        way, there = _way(edge, here)
        steps.append(Step(tie(ontology, edge.type, way, page.language), way, _stop(there, names)))
        here = there
    return Route(path.says, start, tuple(steps))


def _way(edge: Edge, here: str) -> tuple[Way, str]:
    return ("out", edge.dst) if edge.src == here else ("in", edge.src)


def _first_stop(path: Path) -> str:
    """The end of the first relation that the second one does not touch."""
    first, *rest = path.edges
    return first.dst if rest and first.src in {rest[0].src, rest[0].dst} else first.src


def _stop(entity: str, names: dict[str, str]) -> FirmRef:
    # Only firms have a page: what has no id here is shown without a link.
    return FirmRef(entity if entity.startswith("Firm-") else "", names[entity], "")


def _wanted(page: SignedInPage, grade: Grade | None = None) -> AlertFilter:
    return AlertFilter(grade=grade, branch=page.call.principal.branch, until=page.as_of, current=True)
