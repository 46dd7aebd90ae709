"""From credit lines over contracts and loan notes to what was and must be repaid."""

from datetime import date, timedelta

from api.firms import Told
from api.portrait.about import About, PartKind, items
from api.wire.firms import Note
from api.wire.parts import Figure, Item, Part, Unit

_SOON = timedelta(days=90)


def read(about: About) -> Part:
    """Lines, contracts, notes (the worst first), then what is due within 90 days or overdue and not paid."""
    borrowed = about.rows("BORROWS", "src")
    ends = {kind: [row["dst"] for row in borrowed if row["dst_type"] == kind] for kind in ("CreditLine", "Contract", "LoanNote")}
    lines = _told(about, "CreditLine", ends["CreditLine"])
    contracts = _told(about, "Contract", ends["Contract"])
    as_of = about.day.snapshot.as_of
    dues = about.rows("RepaymentDue", "subject", ends["LoanNote"]) if ends["LoanNote"] else []
    open_dues = [row for row in dues if row["due_on"] and row["due_on"] <= as_of + _SOON and not _paid(row)]
    open_dues.sort(key=lambda row: (row["due_on"], row["id"]))
    made = [
        items(about, "CreditLine", lines, ("number", "limit_fen", "status", "approved_on", "expires_on")),
        items(about, "Contract", contracts, ("number", "amount_fen", "purpose", "signed_on", "matures_on")),
        (tuple(_note(note) for note in about.notes[:50]), max(len(about.notes) - 50, 0)),
        items(about, "RepaymentDue", open_dues, ("due_on", "principal_fen", "interest_fen", "paid_fen")),
    ]
    return Part(
        name=PART.name, zh=PART.zh, items=tuple(item for each, _ in made for item in each), left_out=sum(left for _, left in made)
    )


def _told(about: About, type_name: str, ids: list[str]) -> list[Told]:
    return sorted(about.rows(type_name, "id", ids), key=lambda row: row["id"]) if ids else []


def _paid(row: Told) -> bool:
    due = (row["principal_fen"] or 0) + (row["interest_fen"] or 0)
    return row["paid_on"] is not None or (row["paid_fen"] or 0) >= due > 0


def _note(note: Note) -> Item:
    told: tuple[tuple[str, str, Unit, str | int | date | None], ...] = (
        ("number", "借据号", "text", note.number),
        ("principal_fen", "发放金额", "fen", note.principal_fen),
        ("balance_fen", "余额", "fen", note.balance_fen),
        ("days_past_due", "逾期天数", "count", note.days_past_due),
        ("five_tier", "五级分类", "text", note.five_tier),
        ("matures_on", "到期日", "day", note.matures_on),
    )
    figures = tuple(Figure(name=name, zh=zh, unit=unit, value=value) for name, zh, unit, value in told)
    return Item(kind="LoanNote", figures=figures, row=note.row)


PART = PartKind("credit", "授信与借据", ("BORROWS", "CreditLine", "Contract", "LoanNote", "LoanNoteState", "RepaymentDue"), read)
