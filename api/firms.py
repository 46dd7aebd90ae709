"""The 360 of one firm: read row by row from the ledger as known that day, so that every figure keeps its file and line."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.naming import display_names
from api.rows import RowReader
from api.wire.common import Row
from api.wire.firms import Guarantee, Identity, Note, Owner, Source
from graph.clock import OPEN_END
from graph.errors import NotFoundError
from graph.personal import Vault

Told = Mapping[str, Any]

FACTS = ("FinancialStatement", "MonthlyIndicator", "BureauReport", "DefaultEvent")
NEAR = (
    ("Firm", "id"),
    ("BORROWS", "src"),
    ("GUARANTEES", "src"),
    ("GUARANTEES", "dst"),
    ("HOLDS_SHARES", "dst"),
    *((name, "subject") for name in FACTS),
)
"""What is asked about the firm itself: type and the column that must name it."""
BORROWED = (("LoanNote", "id"), ("LoanNoteState", "subject"), ("CreditLine", "id"), ("SECURED_BY", "src"))
"""What is asked about what the firm borrowed."""
TYPES = tuple(dict.fromkeys(name for name, _ in (*NEAR, *BORROWED, ("Collateral", "id"), ("Person", "id"))))
"""All types that the page of a firm is made of."""
_POOL = ThreadPoolExecutor(4, "firm-rows")  # kept, for each of its threads keeps a connection


@dataclass(frozen=True)
class Gathered:
    """Every row that the page of one firm stands on, by ontology type, and what the other ends are called."""

    firm: Told
    rows: Mapping[str, Sequence[Told]]
    names: Mapping[str, str]

    def of(self, type_name: str, column: str = "", entity: str = "") -> list[Told]:
        """The rows of a type, or those of them whose `column` is `entity`."""
        return [row for row in self.rows.get(type_name, ()) if not column or row[column] == entity]

    def sources(self) -> tuple[Source, ...]:
        """The files behind the page, the largest contributor first."""
        told = [self.firm, *(row for rows in self.rows.values() for row in rows)]
        counts = Counter((row["feed"], row["file"] or "", row["sheet"] or "", row["batch"]) for row in told)
        return tuple(Source(feed=f, file=p, sheet=s, batch=b, rows=n) for (f, p, s, b), n in counts.most_common())


def gather(reader: RowReader, vault: Vault, firm: str) -> Gathered:
    """Reads one firm's neighbourhood. NotFoundError where no record of it is known that day."""
    near = {question: _POOL.submit(reader.rows, *question, [firm]) for question in NEAR}
    told = near["Firm", "id"].result()
    if not told:
        day = reader.snapshot.as_of
        raise NotFoundError(f"No firm '{firm}' is known on {day}.", "Search for it: GET /v1/firms?q=…", "firm")
    borrowed = [row["dst"] for row in near["BORROWS", "src"].result()]
    far = {question: _POOL.submit(reader.rows, *question, borrowed) for question in BORROWED}
    given, taken = near["GUARANTEES", "src"].result(), near["GUARANTEES", "dst"].result()
    owners = near["HOLDS_SHARES", "dst"].result()
    ends = {row[end] for row in (*given, *taken, *owners) for end in ("src", "dst")} - {firm}
    names = _POOL.submit(display_names, reader, vault, ends)
    pledged = [row["dst"] for row in far["SECURED_BY", "src"].result()]
    rows: dict[str, list[Told]] = {
        "HOLDS_SHARES": list(owners),
        "GUARANTEES": _distinct([*given, *taken]),
        "Collateral": list(reader.rows("Collateral", "id", pledged)),
        **{name: list(far[name, column].result()) for name, column in BORROWED if name != "SECURED_BY"},
        **{name: list(near[name, "subject"].result()) for name in FACTS},
    }
    return Gathered(told[0], rows, names.result())


def compile_questions(reader: RowReader) -> None:
    """Has every question of `gather` compiled, so that the first firm is as quick as the next."""
    for type_name in TYPES:
        reader.plans.text(reader.snapshot, type_name)


def identity_of(gathered: Gathered) -> Identity:
    """Who the firm is."""
    firm = gathered.firm
    plain = ("size", "industry", "region", "status", "state_owned", "listed", "registered_capital_fen", "established_on")
    return Identity(
        id=firm["id"],
        name=firm["name"] or "",
        uscc=firm["uscc"] or "",
        branch=firm["branch"],
        officer=firm["officer"],
        stub=firm["stub"],
        row=row_of("Firm", firm),
        **{name: firm[name] for name in plain},
    )


def owners_of(gathered: Gathered) -> tuple[Owner, ...]:
    """Shareholders, the largest first."""
    told = sorted(gathered.of("HOLDS_SHARES"), key=lambda row: (-(row["equity_share"] or 0), row["src"]))
    return tuple(
        Owner(
            id=row["src"],
            kind=row["src_type"],
            name=gathered.names[row["src"]],
            equity_share=row["equity_share"],
            voting_share=row["voting_share"],
            since=row["valid_from"],
            row=row_of("HOLDS_SHARES", row),
        )
        for row in told
    )


def guarantees_of(gathered: Gathered, mine: str, other: str) -> tuple[Guarantee, ...]:
    """Guarantees in which the firm is at the end `mine` (src: given, dst: taken), the largest first."""
    told = sorted(gathered.of("GUARANTEES", mine, gathered.firm["id"]), key=lambda row: (-(row["amount_fen"] or 0), row["id"]))
    return tuple(
        Guarantee(
            id=row["id"],
            other=row[other],
            other_kind=row[f"{other}_type"],
            other_name=gathered.names.get(row[other], gathered.firm["name"] or row[other]),
            amount_fen=row["amount_fen"],
            currency=row["currency"],
            liability=row["liability"],
            scheme=row["scheme"],
            since=row["valid_from"],
            until=None if row["valid_to"] == OPEN_END else row["valid_to"],
            row=row_of("GUARANTEES", row),
        )
        for row in told
    )


def notes_of(gathered: Gathered) -> tuple[Note, ...]:
    """Loan notes with their newest state: those still owed, then those of unknown balance, then the repaid; the worst first."""
    notes = [_note(gathered, note) for note in gathered.of("LoanNote")]
    return tuple(sorted(notes, key=_urgency))


def _urgency(note: Note) -> tuple[int, int, date, str]:
    open_first = 1 if note.balance_fen is None else 0 if note.balance_fen else 2
    return open_first, -(note.days_past_due or 0), note.matures_on or OPEN_END, note.number


def row_of(table: str, told: Told) -> Row:
    """Where a row stands in what the bank handed in."""
    return Row(
        table=table, id=told["id"], file=told["file"] or "", sheet=told["sheet"] or "", line=told["line"], batch=told["batch"]
    )


def _note(gathered: Gathered, note: Told) -> Note:
    states = gathered.of("LoanNoteState", "subject", note["id"])
    state: Told = max(states, key=lambda row: (row["valid_from"], row["recorded_at"]), default={})
    return Note(
        id=note["id"],
        number=note["number"] or "",
        product=note["product"],
        currency=note["currency"],
        principal_fen=note["principal_fen"],
        balance_fen=state.get("balance_fen"),
        days_past_due=state.get("days_past_due"),
        five_tier=state.get("five_tier"),
        drawn_on=note["drawn_on"],
        matures_on=note["matures_on"],
        row=row_of("LoanNoteState", state) if state else row_of("LoanNote", note),
    )


def _distinct(rows: Iterable[Told]) -> list[Told]:
    return list({row["id"]: row for row in rows}.values())
