"""Monthly indicators (tax, electricity, headcount, inflow, turnover, deposits) as series."""

from api.portrait.about import About, PartKind, series
from api.wire.parts import Part

_COLUMNS = ("tax_paid_fen", "electricity_kwh", "headcount", "inflow_fen", "turnover_fen", "average_balance_fen")


def read(about: About) -> Part:
    """Of each month the figure told last."""
    return Part(
        name=PART.name,
        zh=PART.zh,
        series=series(about, "MonthlyIndicator", about.rows("MonthlyIndicator", "subject"), "month", _COLUMNS),
    )


PART = PartKind("indicators", "月度指标", ("MonthlyIndicator",), read)
