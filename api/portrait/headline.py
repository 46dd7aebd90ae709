"""One sentence on how a firm stands: only what is known, and what is not known said to be so."""

from dataclasses import dataclass

from alerts.said import Grade, Sentence
from api.console.words import money, percent, say
from api.wire.parts import Item, Part


@dataclass(frozen=True)
class Standing:
    """What the sentence is made of; None is unknown or not computed."""

    name: str
    balance_fen: int | None
    net_fen: int | None = None
    due_90_days_fen: int | None = None
    worst_five_tier: str | None = None
    worst_days_past_due: int | None = None
    controllers: tuple[str, ...] = ()
    group_owed_fen: int | None = None
    arriving: tuple[str, float] | None = None
    grades: tuple[Grade, ...] = ()

    @classmethod
    def of(cls, name: str, parts: tuple[Part, ...], grades: tuple[Grade, ...]) -> "Standing":
        """Out of the parts exposure, controllers, group and arriving."""
        by_name = {part.name: part for part in parts}
        owed = {figure.name: figure.value for figure in by_name["exposure"].figures}
        group = {figure.name: figure.value for figure in by_name["group"].figures}
        ultimate = [item.party.name for item in by_name["controllers"].items if item.party and _value(item, "ultimate")]
        strongest = next(iter(by_name["arriving"].items), None)
        tier = owed["worst_five_tier"]
        return cls(
            name,
            balance_fen=_whole(owed["balance_fen"]),
            net_fen=_whole(owed["net_of_collateral_fen"]),
            due_90_days_fen=_whole(owed["due_90_days_fen"]),
            worst_five_tier=tier if isinstance(tier, str) else None,
            worst_days_past_due=_whole(owed["worst_days_past_due"]),
            controllers=tuple(ultimate),
            group_owed_fen=_whole(group.get("owed_fen")),
            arriving=(strongest.party.name, float(str(_value(strongest, "reach")))) if strongest and strongest.party else None,
            grades=grades,
        )


def headline(standing: Standing) -> Sentence:
    """Exposure, class, days past due, what is due soon, who controls it, the strongest risk that can arrive, alerts."""
    clauses = (_owed, _class, _due, _group, _control, _arriving, _alerts)
    told = [said for clause in clauses if (said := clause(standing))]
    zh, en = "，".join(clause.zh for clause in told), ", ".join(clause.en for clause in told)
    return Sentence(f"{standing.name}：{zh}。", f"{standing.name}: {en}.")


def _owed(s: Standing) -> Sentence:
    if s.balance_fen is None:
        return Sentence("在本行余额未知", "what it owes the bank is not known")
    if s.balance_fen == 0:
        return Sentence("在本行无余额", "owes the bank nothing")
    zh, en = f"余额{money(s.balance_fen, 'zh')}", f"owes {money(s.balance_fen, 'en')}"
    if s.net_fen is not None and s.net_fen != s.balance_fen:
        zh, en = f"{zh}（扣除押品后{money(s.net_fen, 'zh')}）", f"{en} ({money(s.net_fen, 'en')} net of collateral)"
    return Sentence(zh, en)


def _class(s: Standing) -> Sentence | None:
    if not s.balance_fen:
        return None
    zh, en = [], []
    if s.worst_five_tier:
        zh.append(f"分类{say(s.worst_five_tier, 'zh')}")
        en.append(f"classed {say(s.worst_five_tier, 'en').lower()}")
    if s.worst_days_past_due is not None:
        late = s.worst_days_past_due
        zh.append(f"逾期{late}天" if late else "无逾期")
        en.append(f"{late} days past due" if late else "not past due")
    return Sentence("，".join(zh), ", ".join(en)) if zh else None


def _due(s: Standing) -> Sentence | None:
    if not s.due_90_days_fen:
        return None
    return Sentence(f"90天内到期{money(s.due_90_days_fen, 'zh')}", f"{money(s.due_90_days_fen, 'en')} due within 90 days")


def _control(s: Standing) -> Sentence | None:
    if not s.controllers:
        return None
    return Sentence(f"实际控制人{'、'.join(s.controllers)}", f"controlled by {', '.join(s.controllers)}")


def _arriving(s: Standing) -> Sentence | None:
    if s.arriving is None:
        return None
    name, share = s.arriving
    return Sentence(f"最大可传入风险来自{name}（{percent(share)}）", f"most exposed to {name} ({percent(share)})")


def _alerts(s: Standing) -> Sentence | None:
    if not s.grades:
        return None
    worst = max(s.grades, key=lambda grade: grade.rank)
    count = len(s.grades)
    return Sentence(f"{count}条预警，最高{say(worst.value, 'zh')}", f"{count} alert{'s' * (count > 1)}, the worst {worst.value}")


def _group(s: Standing) -> Sentence | None:
    if not s.group_owed_fen or s.group_owed_fen == s.balance_fen:
        return None
    return Sentence(f"集团合计{money(s.group_owed_fen, 'zh')}", f"its group owes {money(s.group_owed_fen, 'en')}")


def _value(item: Item, name: str) -> object:
    return next((figure.value for figure in item.figures if figure.name == name), None)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
