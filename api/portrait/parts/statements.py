"""Financial statements as series over their period ends."""

from api.portrait.about import About, PartKind, series
from api.wire.parts import Part

_COLUMNS = (
    *("total_assets_fen", "total_liabilities_fen", "net_assets_fen", "cash_fen", "receivables_fen", "inventory_fen"),
    *("revenue_fen", "net_profit_fen", "interest_expense_fen", "operating_cash_flow_fen"),
)


def read(about: About) -> Part:
    """Of each period the version told last."""
    return Part(
        name=PART.name,
        zh=PART.zh,
        series=series(about, "FinancialStatement", about.rows("FinancialStatement", "subject"), "period_end", _COLUMNS),
    )


PART = PartKind("statements", "财务报表", ("FinancialStatement",), read)
