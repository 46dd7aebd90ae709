"""Feeds that are silent, too small, repeated or changed: alerts of their own, and a word in everything that leans on them."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from alerts.facts.catalogue import CATALOGUE
from alerts.rules.rule import HOUSE, Rule, cite
from alerts.said import Alert, Evidence, FigureValue, FirmRef, Grade, Row, RuleHit, RuleStatus, Sentence, Stage, Unseen
from alerts.sources import FeedFile, Feeds
from graph.clock import from_us
from models.features.reads import read_by_features

_FRESH = "fresh"
_SCORE = "score"
_GRADES = {"header": Grade.ORANGE, "silent": Grade.ORANGE, "refused": Grade.ORANGE, "shrunk": Grade.ORANGE}
_CAUSES = {"late": "delivery", "silent": "delivery"}  # a late feed that goes silent is the same alert, grown worse
_ADVICE = Sentence("联系数据提供方，补传或核实后重新导入", "Ask the source for the delivery, or to check it, and load it again")
_NAMED = 3


@dataclass(frozen=True)
class Trouble:
    """Files of one feed that are in one state since one day."""

    feed: str
    title: str
    state: str
    since: date
    files: tuple[FeedFile, ...]

    @property
    def types(self) -> frozenset[str]:
        """The ontology types that these files fill."""
        return frozenset(name for file in self.files for name in file.types)

    @property
    def says(self) -> Sentence:
        """What is wrong, in a sentence."""
        zh, en = self.title or self.feed, f"{self.feed} feed"
        which = "、".join(map(_place, self.files[:_NAMED])) + (f"等{len(self.files)}个文件" if len(self.files) > _NAMED else "")
        names = ", ".join(map(_place, self.files[:_NAMED]))
        few = self.files[0]
        rows, before = few.last.rows if few.last else 0, few.rows_before or 0
        match self.state:
            case "silent":
                return Sentence(f"{zh}自{self.since}起未到", f"{en} silent since {self.since}")
            case "late":
                return Sentence(f"{zh}应于{self.since}到达，尚未到", f"{en} late: due on {self.since}, not here yet")
            case "shrunk":
                return Sentence(
                    f"{zh}自{self.since}起行数骤减：{which}{rows:,}行，上次{before:,}行",
                    f"{en} shrank on {self.since}: {names} has {rows:,} rows after {before:,}",
                )
            case "repeated":
                return Sentence(
                    f"{zh}于{self.since}重复了上次的内容：{which}", f"{en} repeated on {self.since} what it had told: {names}"
                )
            case "header":
                return Sentence(f"{zh}自{self.since}起列名有变：{which}", f"{en} changed its header on {self.since}: {names}")
        return Sentence(f"{zh}于{self.since}被拒收：{few.reason}", f"{en} refused on {self.since}: {few.reason}")


def troubles(feeds: Feeds | None) -> tuple[Trouble, ...]:
    """What is wrong with the feeds of the day, by feed."""
    found: dict[tuple[str, str, date], list[FeedFile]] = defaultdict(list)
    for file in feeds.files() if feeds else ():
        if file.state != _FRESH and file.since:
            found[file.feed, str(file.state), file.since].append(file)
    return tuple(Trouble(feed, files[0].title, state, since, tuple(files)) for (feed, state, since), files in found.items())


def leaning(
    known: Sequence[Trouble], rules: Iterable[Rule] = (), facts: Iterable[str] = (), *, scored: bool = False
) -> tuple[Unseen, ...]:
    """What could not be seen whole: each trouble of a feed that some of the rules or facts, or the score, are read from."""
    asked = {rule.id: _types(rule.condition.facts) for rule in rules}
    others = _types(facts) | ({_SCORE} if scored else set())
    return tuple(_unseen(known, asked, others))


def _unseen(known: Sequence[Trouble], asked: dict[str, set[str]], others: set[str]) -> Iterator[Unseen]:
    for each in known:
        filled = set(each.types) | ({_SCORE} if read_by_features(each.types) else set())
        named = tuple(rule for rule, types in asked.items() if types & filled)
        if named or others & filled:
            yield Unseen(f"feed:{each.feed}", each.says, named)


def data_alerts(known: Sequence[Trouble], as_of: date, ledger_seq: int) -> tuple[Alert, ...]:
    """One alert a feed and kind of trouble; it stays the same alert until the trouble ends."""
    now = datetime.now(UTC)
    return tuple(_alert(each, as_of, ledger_seq, now) for each in known)


def _alert(each: Trouble, as_of: date, ledger_seq: int, now: datetime) -> Alert:
    grade, cause, firm = _GRADES.get(each.state, Grade.YELLOW), _CAUSES.get(each.state, each.state), f"feed:{each.feed}"
    few = each.files[0]
    inputs: dict[str, FigureValue] = {
        "feed": each.feed,
        "since": each.since,
        "files": len(each.files),
        "rows_before": few.rows_before,
    }
    inputs |= {"rows": few.last.rows, "last_delivered_on": from_us(few.last.at).date()} if few.last else {}
    hit = RuleHit(
        rule=f"feed-{each.state}",
        version=1,
        pack="data",
        grade=grade,
        sentence=each.says,
        advice=_ADVICE,
        citation=cite(HOUSE, ""),
        status=RuleStatus.HOUSE,
        inputs=inputs,
    )
    return Alert(
        id="A-" + hashlib.sha256("\x1f".join((Stage.DATA.value, firm, cause)).encode()).hexdigest()[:24],
        stage=Stage.DATA,
        grade=grade,
        firm=FirmRef(firm, each.title or each.feed, ""),
        cause=cause,
        sentence=each.says,
        hits=(hit,),
        evidence=Evidence(rows=tuple(map(_row, each.files))),
        unseen=(),
        as_of=as_of,
        ledger_seq=ledger_seq,
        created_at=now,
    )


def _row(file: FeedFile) -> Row:
    """The delivery that the sentence is about: file, sheet, batch, and how many rows it had."""
    last = file.last
    told = str(last.rows) if last else ""
    return Row("rows", "feed", f"feed:{file.feed}", "rows", told, file.path, file.sheet, None, last.batch if last else "")


def _place(file: FeedFile) -> str:
    return f"{file.path}#{file.sheet}" if file.sheet else file.path


def _types(facts: Iterable[str]) -> set[str]:
    """The ontology types (and `score`) that facts are read from, derived ones by their parts."""
    found: set[str] = set()
    for name in facts:
        if name in CATALOGUE:
            fact = CATALOGUE[name]
            found |= set(fact.feeds) | _types(fact.of)
    return found
