"""Alerts that stand, the worst first."""

from api.portrait.about import About, PartKind
from api.portrait.figures import alerts_of
from api.wire.parts import Figure, Item, Part


def read(about: About) -> Part:
    """Of the newest scan by that day, as the caller's branch may see them."""
    found = alerts_of(about.platform, about.principal, about.firm, about.day.snapshot.as_of)
    made = tuple(
        Item(
            kind="alert",
            figures=(
                Figure(name="grade", zh="级别", unit="text", value=alert.grade.value),
                Figure(name="id", zh="编号", unit="text", value=alert.id),
                Figure(name="as_of", zh="日期", unit="day", value=alert.as_of),
            ),
        )
        for alert in found
    )
    return Part(name=PART.name, zh=PART.zh, says=tuple(alert.sentence for alert in found), items=made)


PART = PartKind("alerts", "预警", (), read)
