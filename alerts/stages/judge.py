"""From facts to words: which rules fire on one set of figures, what they say, and what could not be seen."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import pyarrow as pa

from alerts.facts.catalogue import CATALOGUE
from alerts.facts.kinds import FactKind
from alerts.rules.evaluate import applicable, evaluate
from alerts.rules.rule import Rule
from alerts.rules.wording import fill
from alerts.said import FigureValue, Grade, RuleHit, Sentence, Stage, Unseen
from alerts.stages.desk import Desk
from alerts.stages.feeds import leaning, troubles

_ARROW = {FactKind.NUMBER: pa.float64(), FactKind.FLAG: pa.bool_(), FactKind.CHOICE: pa.string(), FactKind.DAY: pa.date32()}

_FEEDS = {
    "LoanNote": Sentence("借据", "loan notes"),
    "LoanNoteState": Sentence("借据状态", "balances and classes of loan notes"),
    "Contract": Sentence("合同", "contracts"),
    "BureauReport": Sentence("征信报告", "credit bureau report"),
    "JudicialEvent": Sentence("司法事件", "court events"),
    "AdministrativeEvent": Sentence("行政事件", "events of tax and other authorities"),
    "MonthlyIndicator": Sentence(
        "足够的月度经营指标(含上年同月)", "monthly indicators for enough months, those a year before included,"
    ),
    "FinancialStatement": Sentence("近18个月财务报表", "financial statements of the last 18 months"),
    "CapitalFigure": Sentence("当日资本数据", "capital figures of the bank for the day"),
    "GUARANTEES": Sentence("担保", "guarantees"),
    "HOLDS_SHARES": Sentence("持股", "shareholdings"),
    "SECURED_BY": Sentence("押品", "collateral"),
    "Firm": Sentence("登记", "registry entry"),
    "score": Sentence("评分", "score"),
}
"""What a feed is called in a sentence; "no … in the bank's data"."""


@dataclass(frozen=True)
class Judgement:
    """The rules that fired, worst first; what could not be seen; the rules that an earlier contract escapes.

    `blind`: the missing facts for which a rule that can refer, hold, decline or block could not be judged.
    """

    hits: tuple[RuleHit, ...]
    unseen: tuple[Unseen, ...]
    spared: tuple[str, ...]
    inputs: Mapping[str, FigureValue]
    blind: frozenset[str] = frozenset()


def judge(desk: Desk, stage: Stage, figures: Mapping[str, FigureValue], on: date, signed_on: date | None = None) -> Judgement:
    """Runs the stage's rules of that day over one set of figures. A figure that is missing counts as not seen."""
    rules, spared = applicable(desk.packs.of(stage), on, signed_on)
    names = list(dict.fromkeys(name for rule in rules for name in rule.condition.facts))
    row = {name: pa.array([figures.get(name)], _ARROW[CATALOGUE[name].kind]) for name in names}
    verdicts = evaluate(rules, pa.table(row), desk.base.cursor())
    hits = sorted((hit(rule, figures) for rule in verdicts.fired(0)), key=lambda h: -h.grade.rank)
    seen = {name: figures.get(name) for name in names if figures.get(name) is not None}
    unjudged = verdicts.unjudged(0)
    blind = frozenset(item.fact for item in unseen([rule for rule in unjudged if rule.grade is not Grade.YELLOW], figures))
    leans = leaning(troubles(desk.feeds), rules)
    return Judgement(tuple(hits), (*unseen(unjudged, figures), *leans), tuple(rule.id for rule in spared), seen, blind)


def hit(rule: Rule, figures: Mapping[str, FigureValue]) -> RuleHit:
    """What a rule says about these figures."""
    shown = {name: figures.get(name) for name in CATALOGUE}
    return RuleHit(
        rule=rule.id,
        version=rule.version,
        pack=rule.pack,
        grade=rule.grade,
        sentence=fill(rule.sentence, shown),
        advice=rule.advice,
        citation=rule.citation,
        status=rule.status,
        inputs={name: figures.get(name) for name in rule.condition.facts},
    )


def unseen(rules: Iterable[Rule], figures: Mapping[str, FigureValue]) -> tuple[Unseen, ...]:
    """The facts that were missing, each with the rules that could not be judged without it."""
    needed: dict[str, list[str]] = defaultdict(list)
    for rule in rules:
        for name in rule.condition.facts:
            if figures.get(name) is None:
                needed[name].append(rule.id)
    return tuple(Unseen(name, _why(name, figures), tuple(ids)) for name, ids in needed.items())


def explained(told: Iterable[Unseen], why: Mapping[str, Sentence]) -> tuple[Unseen, ...]:
    """What could not be seen, with the stage's own reason for each fact that it can give one for."""
    return tuple(replace(item, says=because(item.fact, why[item.fact])) if item.fact in why else item for item in told)


def because(fact: str, why: Sentence) -> Sentence:
    """A fact's name and why it could not be seen."""
    return Sentence(f"{CATALOGUE[fact].zh}：{why.zh}", f"{CATALOGUE[fact].en}: {why.en}")


def no_rate(currency: str) -> Sentence:
    """Why an amount in another currency cannot be judged."""
    return Sentence(f"{currency}没有当日汇率", f"no rate of the day for {currency}")


def worst(hits: Sequence[RuleHit]) -> Grade | None:
    """The worst grade among hits, None where nothing fired."""
    return max((h.grade for h in hits), key=lambda grade: grade.rank, default=None)


def _why(name: str, figures: Mapping[str, FigureValue]) -> Sentence:
    fact = CATALOGUE[name]
    feeds = list(dict.fromkeys(_feeds(name, figures)))
    if not feeds:
        return Sentence(f"{fact.zh}：无法得知", f"{fact.en}: cannot be known")
    words = [_FEEDS.get(feed, Sentence(feed, feed)) for feed in feeds]
    zh, en = "、".join(word.zh for word in words), " and no ".join(word.en for word in words)
    return Sentence(f"{fact.zh}：没有{zh}", f"{fact.en}: no {en} in the bank's data")


def _feeds(name: str, figures: Mapping[str, FigureValue]) -> list[str]:
    """The feeds that were missing: of a derived fact only those of its parts that have no value, of several feeds only those
    that told nothing else of the firm either.
    """
    feeds = CATALOGUE[name].feeds
    if len(feeds) > 1:
        return [feed for feed in feeds if not _told(feed, figures)] or list(feeds)
    missing = [source for source in CATALOGUE[name].of if figures.get(source) is None]
    return list(feeds) or [feed for source in missing for feed in _feeds(source, figures)]


def _told(feed: str, figures: Mapping[str, FigureValue]) -> bool:
    return any(fact.feeds == (feed,) and figures.get(fact.name) is not None for fact in CATALOGUE.values())
