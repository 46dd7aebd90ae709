"""What this page cannot know: what is missing, how old, and which feeds are silent."""

from alerts.stages.feeds import troubles
from api.portrait.about import About, PartKind
from api.portrait.figures import blind_spots, latest_score
from api.unscored import why_unscored
from api.wire.parts import Figure, Part

_AGES = (
    ("FinancialStatement", "period_end", "最新财报"),
    ("MonthlyIndicator", "month", "最新月度指标"),
    ("BureauReport", "reported_on", "最新征信"),
)


def read(about: About) -> Part:
    """In sentences, and the day of the newest of each kind; null where there is none."""
    as_of = about.day.snapshot.as_of
    score = latest_score(about.day, about.firm)
    unscored = None if score else why_unscored(about.gathered, about.notes, as_of)
    newest = tuple(
        Figure(
            name=f"newest_{column}",
            zh=zh,
            unit="day",
            value=max((row[column] for row in about.gathered.of(name) if row[column]), default=None),
        )
        for name, column, zh in _AGES
    )
    said = (*blind_spots(about.gathered, about.notes, unscored, as_of), *(each.says for each in troubles(about.day.feeds)))
    return Part(name=PART.name, zh=PART.zh, says=said, figures=newest)


PART = PartKind("blind_spots", "看不到的", (), read)
