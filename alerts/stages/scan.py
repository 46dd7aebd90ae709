"""After the loan: every rule and the score threshold over all clients of the day."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from alerts.facts.evidence import Pair, distinct_rows, rows_behind, score_splits
from alerts.facts.trails import Led, paths_behind
from alerts.rules.evaluate import applicable, evaluate
from alerts.rules.rule import HOUSE, Rule, SpeaksOf, cite
from alerts.rules.wording import fill
from alerts.said import (
    Alert,
    Evidence,
    FigureValue,
    FirmRef,
    Grade,
    Row,
    RuleHit,
    RuleStatus,
    ScanResult,
    ScoreSplit,
    Sentence,
    Stage,
    Unseen,
)
from alerts.stages.desk import Desk
from alerts.stages.feeds import Trouble, data_alerts, leaning, troubles
from alerts.stages.judge import hit, unseen

SCORE_CAUSE = "score"


def scan(desk: Desk) -> ScanResult:
    """Alerts of the desk's day over all clients: one a firm and cause, in the order an officer opens them.

    Pure: `Journal.record_scan` keeps them.
    """
    clients = desk.book.filter(desk.book["client"])
    rules, _ = applicable(desk.packs.of(Stage.POST_LOAN), desk.as_of)
    verdicts = _spared(rules, clients, evaluate(rules, clients, desk.base.cursor()).table)
    capacity = _over_threshold(desk, clients)
    found = _fired(rules, clients, verdicts, capacity)
    known = troubles(desk.feeds)
    return ScanResult(
        as_of=desk.as_of,
        ledger_seq=desk.ledger_seq,
        firms=clients.num_rows,
        rules=len(rules),
        alerts=(*data_alerts(known, desk.as_of, desk.ledger_seq), *_alerts(desk, found, rules, known)),
        unseen=(*_unseen_everywhere(rules, clients, verdicts), *leaning(known, rules, scored=True)),
        score_run=_run(desk),
        score_threshold=capacity.threshold,
        packs_hash=desk.packs.hash,
    )


def alert_id(stage: Stage, firm: str, cause: str) -> str:
    """The same firm and cause at one stage is one alert, whatever day it is seen again."""
    return "A-" + hashlib.sha256("\x1f".join((stage.value, firm, cause)).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class _Found:
    """One client with everything that fired, by cause."""

    firm: str
    figures: Mapping[str, FigureValue]
    causes: Mapping[str, Sequence[RuleHit]]
    unjudged: Sequence[Rule]


@dataclass(frozen=True)
class _OverThreshold:
    """Firms over the score threshold in order of probability."""

    threshold: float | None
    firms: tuple[str, ...]


def _spared(rules: Sequence[Rule], clients: pa.Table, verdicts: pa.Table) -> pa.Table:
    """A rule that spares earlier contracts does not fire on a client whose contracts are all from before it."""
    for position, rule in enumerate(rules):
        if rule.citation.spares_earlier_contracts:
            earlier = pc.less(clients["last_contract_signed_on"], pa.scalar(rule.citation.in_force_from))
            kept = pc.if_else(pc.fill_null(earlier, False), False, verdicts[rule.id])
            verdicts = verdicts.set_column(position, rule.id, kept)
    return verdicts


def _over_threshold(desk: Desk, clients: pa.Table) -> _OverThreshold:
    """The riskiest firms that owe something and are not overdue yet, as many as officers can look at in a month.

    A firm that is overdue already is no early warning; what fires on it is the rule about its days past due.
    """
    early = pc.and_(pc.equal(pc.fill_null(clients["days_past_due_max"], 0), 0), pc.is_valid(clients["probability"]))
    owing = pc.or_(pc.greater(pc.fill_null(clients["exposure_cny"], 0), 0), desk.base.feeds["BORROWS"] == 0)
    ranked = clients.filter(pc.and_(early, owing)).select(["firm", "probability"])
    ranked = ranked.sort_by([("probability", "descending"), ("firm", "ascending")]).slice(0, desk.capacity.alerts_a_month)
    watched = ranked.filter(pc.greater_equal(ranked["probability"], desk.capacity.least_probability))
    threshold = watched["probability"][-1].as_py() if watched.num_rows else None
    return _OverThreshold(threshold, tuple(watched["firm"].to_pylist()))


def _fired(rules: Sequence[Rule], clients: pa.Table, verdicts: pa.Table, capacity: _OverThreshold) -> list[_Found]:
    hot = pc.is_in(clients["firm"], value_set=pa.array(capacity.firms, pa.string()))
    for rule in rules:
        hot = pc.or_(hot, pc.fill_null(verdicts[rule.id], False))
    rank = {firm: place for place, firm in enumerate(capacity.firms)}
    found = []
    for figures, told in zip(clients.filter(hot).to_pylist(), verdicts.filter(hot).to_pylist(), strict=True):
        causes: dict[str, list[RuleHit]] = defaultdict(list)
        for rule in rules:
            if told[rule.id]:
                causes[rule.cause].append(hit(rule, figures))
        if figures["firm"] in rank:
            causes[SCORE_CAUSE].append(_score_hit(figures, capacity, rank[figures["firm"]]))
        found.append(_Found(figures["firm"], figures, causes, [rule for rule in rules if told[rule.id] is None]))
    return found


def _score_hit(figures: Mapping[str, FigureValue], capacity: _OverThreshold, place: int) -> RuleHit:
    """The score's own "rule": over the threshold that officers' capacity sets; the upper third is orange."""
    inputs: dict[str, FigureValue] = {name: figures[name] for name in ("probability", "probability_alone", "contagion_share")}
    sentence = Sentence(
        f"违约概率{{probability}}，在未逾期客户中排第{place + 1}，其中{{contagion_share}}经关系传染。",
        f"Probability of default {{probability}}, "
        f"number {place + 1} among clients not overdue; {{contagion_share}} of it came over relations.",
    )
    return RuleHit(
        rule="score-over-threshold",
        version=1,
        pack="score",
        grade=Grade.ORANGE if place < len(capacity.firms) / 3 else Grade.YELLOW,
        sentence=fill(sentence, inputs),
        advice=Sentence("核实主要风险来源与关联方", "Check where the risk comes from and the parties it came by"),
        citation=cite(HOUSE, ""),
        status=RuleStatus.HOUSE,
        inputs={**inputs, "threshold": capacity.threshold},
    )


def _alerts(desk: Desk, found: Sequence[_Found], rules: Sequence[Rule], feeds: Sequence[Trouble]) -> tuple[Alert, ...]:
    known = _named(rules)
    asked = [(one.firm, name) for one in found for hits in one.causes.values() for h in hits for name in h.inputs if name in known]
    led = paths_behind(desk.base, asked)
    ends = [(end.to, end.alarms) for ways in led.values() for end in ways]
    shown = _Shown(rows_behind(desk.base, asked + ends), led, score_splits(desk.base, [one.firm for one in found]), feeds)
    now = datetime.now(UTC)
    alerts = [alert for one in found for alert in _of_firm(desk, one, shown, now)]
    figures = {one.firm: one.figures for one in found}
    return tuple(sorted(alerts, key=lambda a: (*_urgency(a, figures[a.firm.id]), a.firm.id, a.cause)))


def _urgency(alert: Alert, figures: Mapping[str, FigureValue]) -> tuple[int, bool, float]:
    """What an officer opens first: the worst grade, then whoever is not in default yet, then the largest exposure."""
    exposure = figures["exposure_cny"]
    return -alert.grade.rank, figures["performing"] is False, -exposure if isinstance(exposure, float) else 0.0


@dataclass(frozen=True)
class _Shown:
    """Evidence of all firms, fetched a fact at a time."""

    rows: Mapping[Pair, tuple[Row, ...]]
    led: Mapping[Pair, tuple[Led, ...]]
    scores: Mapping[str, ScoreSplit]
    feeds: Sequence[Trouble]

    def of(self, firm: str, hits: Sequence[RuleHit]) -> Evidence:
        pairs = list(dict.fromkeys((firm, name) for h in hits for name in h.inputs))
        led = [end for pair in pairs for end in self.led.get(pair, ())]
        pairs += [(end.to, end.alarms) for end in led]
        rows = distinct_rows(row for pair in pairs for row in self.rows.get(pair, ()))
        return Evidence(tuple(end.path for end in led), rows, self.scores.get(firm))

    def leaning(self, one: _Found, hits: Sequence[RuleHit]) -> tuple[Unseen, ...]:
        """The feeds in trouble that these hits, or the score shown beside them, are read from."""
        return leaning(self.feeds, facts=[name for h in hits for name in h.inputs], scored=one.firm in self.scores)


def _of_firm(desk: Desk, one: _Found, shown: _Shown, now: datetime) -> Iterator[Alert]:
    blind = unseen(one.unjudged, one.figures)
    firm = FirmRef(one.firm, str(one.figures["name"] or ""), str(one.figures["uscc"] or ""))
    for cause, unsorted in one.causes.items():
        hits = tuple(sorted(unsorted, key=lambda h: -h.grade.rank))
        yield Alert(
            id=alert_id(Stage.POST_LOAN, one.firm, cause),
            stage=Stage.POST_LOAN,
            grade=hits[0].grade,
            firm=firm,
            cause=cause,
            sentence=hits[0].sentence,
            hits=hits,
            evidence=shown.of(one.firm, hits),
            unseen=(*blind, *shown.leaning(one, hits)),
            as_of=desk.as_of,
            ledger_seq=desk.ledger_seq,
            created_at=now,
            branch=str(one.figures["branch"] or ""),
        )


def _unseen_everywhere(rules: Sequence[Rule], clients: pa.Table, verdicts: pa.Table) -> tuple[Unseen, ...]:
    """Rules that could not be judged for any client they speak of: a feed that was never loaded is said once, loudly."""
    performing = pc.fill_null(clients["performing"], True)
    blind = []
    for rule in rules:
        asked = verdicts[rule.id] if rule.speaks_of is SpeaksOf.EVERYONE else verdicts[rule.id].filter(performing)
        if len(asked) and asked.null_count == len(asked):
            blind.append(rule)
    return unseen(blind, {name: True for name in _named(blind) if clients[name].null_count < clients.num_rows})


def _named(rules: Sequence[Rule]) -> set[str]:
    return {name for rule in rules for name in rule.condition.facts}


def _run(desk: Desk) -> str:
    with desk.base.cursor() as cursor:
        found = cursor.execute("SELECT max(run_id) FROM score").fetchall()
    return found[0][0] or ""
