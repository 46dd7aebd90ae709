"""The newest score: own risk, and what arrives over relations; or why there is none."""

from api.portrait.about import About, PartKind
from api.portrait.figures import latest_score
from api.unscored import why_unscored
from api.wire.parts import Figure, Part


def read(about: About) -> Part:
    """Probability, log-odds and their two parts."""
    score = latest_score(about.day, about.firm)
    if score is None:
        why = why_unscored(about.gathered, about.notes, about.day.snapshot.as_of)
        return Part(name=PART.name, zh=PART.zh, says=(why,))
    figures = (
        Figure(name="probability", zh="违约概率", unit="share", value=score.probability),
        Figure(name="own", zh="自身(对数几率)", unit="number", value=score.own),
        Figure(name="contagion", zh="传入(对数几率)", unit="number", value=score.contagion),
        Figure(name="horizon_days", zh="期限(天)", unit="count", value=score.horizon_days),
        Figure(name="as_of", zh="评分日", unit="day", value=score.as_of),
        Figure(name="model", zh="模型", unit="text", value=f"{score.model} {score.model_version}"),
    )
    return Part(name=PART.name, zh=PART.zh, figures=figures)


PART = PartKind("score", "评分", (), read)
