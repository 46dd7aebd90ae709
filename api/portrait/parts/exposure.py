"""What the firm owes the bank, net of collateral, and what falls due within 90 days."""

from api.portrait.about import About, PartKind
from api.portrait.figures import exposure_of
from api.wire.parts import Figure, Part


def read(about: About) -> Part:
    """Sums over CNY; net of collateral = balance less the value of what is pledged, never below zero."""
    owed = exposure_of(about.gathered, about.notes, about.day.snapshot.as_of)
    net = None if owed.balance_fen is None else max(owed.balance_fen - (owed.collateral_fen or 0), 0)
    money = (
        ("limit_fen", "授信额度", owed.limit_fen),
        ("balance_fen", "余额", owed.balance_fen),
        ("collateral_fen", "押品价值", owed.collateral_fen),
        ("net_of_collateral_fen", "扣除押品后敞口", net),
        ("due_90_days_fen", "90天内到期", owed.due_90_days_fen),
        ("overdue_fen", "逾期余额", owed.overdue_fen),
    )
    figures = [Figure(name=name, zh=zh, unit="fen", value=value) for name, zh, value in money]
    figures.append(Figure(name="worst_days_past_due", zh="最长逾期天数", unit="count", value=owed.worst_days_past_due))
    figures.append(Figure(name="worst_five_tier", zh="最差五级分类", unit="text", value=owed.worst_five_tier))
    return Part(name=PART.name, zh=PART.zh, figures=tuple(figures))


PART = PartKind("exposure", "敞口", ("BORROWS", "LoanNote", "LoanNoteState", "CreditLine", "SECURED_BY", "Collateral"), read)
