"""How a figure is shown in a sentence, by the fact's unit and the language."""

from alerts.facts.catalogue import CATALOGUE
from alerts.facts.kinds import FactKind, Unit
from alerts.said import FigureValue, Sentence

_NOT_SEEN = Sentence("未知", "unknown")
_WORDS = {
    "normal": "正常",
    "special_mention": "关注",
    "substandard": "次级",
    "doubtful": "可疑",
    "loss": "损失",
    "active": "存续",
    "suspended": "停业",
    "revoked": "吊销",
    "cancelled": "注销",
    "bankrupt": "破产",
    "property": "房地产",
    "securities": "证券投资",
    "private_lending": "民间借贷",
    "other": "其他",
}


def shown(fact: str, value: FigureValue) -> Sentence:
    """One figure in both languages: 3,250,000 yuan is "325万元" and "CNY 3.25 million"; a share is a percentage."""
    if value is None:
        return _NOT_SEEN
    known = CATALOGUE[fact]
    if known.kind is FactKind.FLAG:
        return Sentence("是", "yes") if value else Sentence("否", "no")
    if known.kind is FactKind.CHOICE:
        return Sentence(_WORDS.get(str(value), str(value)), str(value).replace("_", " "))
    if known.kind is FactKind.DAY or not isinstance(value, int | float):
        return Sentence(str(value), str(value))
    return _number(float(value), known.unit)


def _number(value: float, unit: Unit) -> Sentence:
    match unit:
        case Unit.CNY:
            return _money(value)
        case Unit.SHARE:
            text = f"{value * 100:.1f}%"
        case Unit.RATIO:
            text = f"{value:.2f}"
        case Unit.LOG_ODDS:
            text = f"{value:+.2f}"
        case _:
            text = f"{value:,.0f}"
    return Sentence(text, text)


def _money(yuan: float) -> Sentence:
    if abs(yuan) >= 1e8:
        return Sentence(f"{yuan / 1e8:,.2f}亿元", f"CNY {yuan / 1e6:,.1f} million")
    if abs(yuan) >= 1e4:
        return Sentence(f"{yuan / 1e4:,.1f}万元", f"CNY {yuan / 1e6:,.3f} million")
    return Sentence(f"{yuan:,.2f}元", f"CNY {yuan:,.2f}")
