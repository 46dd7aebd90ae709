"""Whole-book checks: does the ledger, as known on a day, agree with itself? On either engine the same counts and rows.

A check is a few SELECTs of what is wrong, by type, in DuckDB's SQL: each type is asked about by itself, so that no query names
the seventy tables of a book. The first rows of each type come with file and line.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow.compute as pc

from graph.clock import OPEN_END
from graph.ledger.as_of import newest_first_sql
from graph.ledger.counts import written_rows
from graph.ontology import EntityType, Lasting, RelationType
from graph.snapshot import Snapshot
from graph.snapshot.engine import Workbench

SHOWN = 5
ROUNDING = 0.001  # registers round shares, so that a hundred per cent may be a little more
_SHARES_OF_ONE = (
    ("HOLDS_SHARES", "equity_share", "dst"),
    ("HOLDS_SHARES", "voting_share", "dst"),
    ("SUPPLIES", "sales_share", "src"),
    ("SUPPLIES", "purchase_share", "dst"),
)
_LINEAGE = "file, line, batch"

Part = tuple[str, str]
"""A type, and one SELECT of what is wrong with it: id, file, line, batch, said. A type may have several, one after the other."""


@dataclass(frozen=True)
class Check:
    """`wrong`: whether what it finds is an error; else it is worth knowing."""

    name: str
    zh: str
    en: str
    wrong: bool
    parts: Callable[["_Book"], Iterator[Part]]


@dataclass(frozen=True)
class Found:
    """What one check found of one type: how many rows, and the first few of them."""

    check: str
    zh: str
    en: str
    wrong: bool
    type: str
    count: int
    rows: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class BookCheck:
    """All that was found, on which engine, as known on which day; `checked` names the checks that ran."""

    engine: str
    as_of: date
    ledger_seq: int
    checked: tuple[str, ...]
    found: tuple[Found, ...]

    @property
    def ok(self) -> bool:
        return not any(each.wrong for each in self.found)

    def as_json(self) -> dict[str, Any]:
        """Plain values, `ok` first."""
        return {
            "ok": self.ok,
            "engine": self.engine,
            "as_of": self.as_of.isoformat(),
            "ledger_seq": self.ledger_seq,
            "checked": list(self.checked),
            "found": [{**vars(each), "rows": list(each.rows)} for each in self.found],
        }


def check_book(snapshot: Snapshot, progress: Callable[[str], None] = lambda _: None) -> BookCheck:
    """Runs every check of `CHECKS` on the snapshot's engine."""
    bench = snapshot.workbench()
    try:
        book = _Book(snapshot, bench)
        found: list[Found] = []
        for check in CHECKS:
            progress(check.name)
            for name, parts in groupby(check.parts(book), key=itemgetter(0)):
                found += _run(bench, check, name, [sql for _, sql in parts])
        return BookCheck(snapshot.engine.name, snapshot.as_of, snapshot.ledger_seq, tuple(c.name for c in CHECKS), tuple(found))
    finally:
        bench.close()


def _run(bench: Workbench, check: Check, name: str, parts: list[str]) -> list[Found]:
    sql = " UNION ALL ".join(parts)
    rows = bench.query(f"SELECT * FROM ({sql}) ORDER BY id, said, batch, line LIMIT {SHOWN}").to_pylist()
    if not rows:
        return []
    count = len(rows)
    if count == SHOWN:  # there may be more: most checks find nothing, and are not asked twice
        count = bench.query(f"SELECT count(*) AS found FROM ({sql})")["found"][0].as_py()
    shown = tuple({column: row[column] for column in ("id", "file", "line", "batch", "said")} for row in rows)
    return [Found(check.name, check.zh, check.en, check.wrong, name, count, shown)]


class _Book:
    """What checks read: the day's tables by type, all committed rows as `Type_told`, batches, and what they say they wrote.

    Types of which the ledger holds no file have nothing to ask about; `told` are the others.
    """

    def __init__(self, snapshot: Snapshot, bench: Workbench) -> None:
        ontology = snapshot.ontology
        self.told = {name: kind for name, kind in ontology.types.items() if snapshot.ledger.files(name).paths}
        self.known_us = snapshot.known_us
        for name in self.told:
            bench.load(name, snapshot.question(name))
            bench.told(f"{name}_told", name, snapshot.ledger_seq)
        batches = snapshot.ledger.batches()
        batches = batches.filter(pc.less_equal(batches["batch_seq"], snapshot.ledger_seq))
        bench.put("_batch", batches.select(["batch", "attempt", "batch_seq", "committed_at"]))
        self.written = written_rows(batches)
        bench.put("_written", self.written)
        ids = [f"SELECT id, coalesce(stub, false) AS stub FROM {name}" for name in ontology.entities if name in self.told]
        bench.keep("_entity", " UNION ALL ".join(ids) or "SELECT '' AS id, false AS stub WHERE false")

    def ends(self) -> Iterator[tuple[str, str]]:
        """Type and column of everything that names an entity."""
        for name, kind in self.told.items():
            if not isinstance(kind, EntityType):
                yield from ((name, end) for end in (("src", "dst") if isinstance(kind, RelationType) else ("subject",)))


def _shares(book: _Book) -> Iterator[Part]:
    """Several feeds may tell of one stake, each in full: of them the largest counts."""
    for name, share, whole in _SHARES_OF_ONE:
        kind = book.told.get(name)
        if kind and share in {p.name for p in kind.properties}:
            told = f'SELECT src, dst, feed, sum("{share}") AS share FROM "{name}" GROUP BY src, dst, feed'
            held = f"SELECT src, dst, max(share) AS share FROM ({told}) GROUP BY src, dst"
            yield (
                name,
                f"""SELECT {whole} AS id, NULL::VARCHAR AS file, NULL::BIGINT AS line, NULL::VARCHAR AS batch,
                    '{share} ' || round(sum(share), 4)::VARCHAR AS said
                FROM ({held}) GROUP BY {whole} HAVING sum(share) > {1 + ROUNDING}""",
            )


def _unknown_ends(book: _Book) -> Iterator[Part]:
    for name, end in book.ends():
        yield (
            name,
            f"""SELECT r.id, r.file, r.line, r.batch, '{end} ' || r.{end} AS said
            FROM "{name}" r LEFT JOIN _entity e ON e.id = r.{end} WHERE e.id IS NULL""",
        )


def _stub_ends(book: _Book) -> Iterator[Part]:
    for name, end in book.ends():
        yield (
            name,
            f"""SELECT r.id, r.file, r.line, r.batch, '{end} ' || r.{end} AS said
            FROM "{name}" r JOIN _entity e ON e.id = r.{end} WHERE e.stub""",
        )


def _last_versions(book: _Book, name: str) -> str:
    place = f"row_number() OVER (PARTITION BY id, feed, valid_from ORDER BY {newest_first_sql()})"
    known = f'SELECT *, {place} AS place FROM "{name}_told" WHERE recorded_at <= {book.known_us}'
    return f"SELECT * FROM ({known}) WHERE place = 1 AND action <> 'retract'"


def _overlapping(book: _Book) -> Iterator[Part]:
    following = "lead(valid_from) OVER (PARTITION BY id, feed ORDER BY valid_from)"
    for name, kind in book.told.items():
        if kind.lasting is Lasting.STATE:
            yield (
                name,
                f"""SELECT id, {_LINEAGE}, 'to ' || valid_to::VARCHAR || ', next from ' || following::VARCHAR AS said
                FROM (SELECT *, {following} AS following FROM ({_last_versions(book, name)}))
                WHERE following < valid_to AND valid_to < DATE '{OPEN_END}'""",
            )


def _backward(book: _Book) -> Iterator[Part]:
    for name in book.told:
        yield (
            name,
            f"""SELECT id, {_LINEAGE}, valid_from::VARCHAR || ' to ' || valid_to::VARCHAR AS said
            FROM "{name}_told" WHERE valid_to < valid_from AND action <> 'retract'""",
        )


def _recorded_late(book: _Book) -> Iterator[Part]:
    for name in book.told:
        yield (
            name,
            f"""SELECT t.id, t.file, t.line, t.batch, 'recorded_at ' || t.recorded_at::VARCHAR AS said
            FROM "{name}_told" t JOIN _batch b ON b.attempt = t.attempt WHERE t.recorded_at > b.committed_at""",
        )


def _check_digits(book: _Book) -> Iterator[Part]:
    for name, kind in book.told.items():
        for prop in kind.properties:
            if prop.check in _DIGITS:
                bad = _DIGITS[prop.check](f'"{prop.name}"')
                yield (
                    name,
                    f"""SELECT id, {_LINEAGE}, '{prop.name} ' || "{prop.name}" AS said
                    FROM "{name}" WHERE "{prop.name}" IS NOT NULL AND {bad}""",
                )


def _doubled(book: _Book) -> Iterator[Part]:
    same = "id, feed, valid_from, recorded_at, content, attempt, line"
    for name in book.told:
        yield (
            name,
            f"""SELECT id, max(file) AS file, line, max(batch) AS batch, count(*)::VARCHAR || ' times' AS said
            FROM "{name}_told" GROUP BY {same} HAVING count(*) > 1""",
        )


def _counts(book: _Book) -> Iterator[Part]:
    for name in sorted(set(book.written["type"].to_pylist())):
        there = f'SELECT attempt, count(*) AS found FROM "{name}_told" GROUP BY attempt'
        found = there if name in book.told else "SELECT '' AS attempt, 0 AS found WHERE false"
        yield (
            name,
            f"""SELECT w.batch AS id, NULL::VARCHAR AS file, NULL::BIGINT AS line, w.batch,
                w.written::VARCHAR || ' written, ' || coalesce(f.found, 0)::VARCHAR || ' found' AS said
            FROM _written w LEFT JOIN ({found}) f ON f.attempt = w.attempt
            WHERE w.type = '{name}' AND w.written <> coalesce(f.found, 0)""",
        )


def _batch_order(_: _Book) -> Iterator[Part]:
    before = "lag(batch_seq) OVER (ORDER BY batch_seq, committed_at)"
    earlier = "lag(committed_at) OVER (ORDER BY batch_seq, committed_at)"
    yield (
        "batches",
        f"""SELECT batch AS id, NULL::VARCHAR AS file, NULL::BIGINT AS line, batch,
            'batch_seq ' || batch_seq::VARCHAR || ' after ' || coalesce(earlier_seq, 0)::VARCHAR AS said
        FROM (SELECT *, {before} AS earlier_seq, {earlier} AS earlier_at FROM _batch)
        WHERE batch_seq <> coalesce(earlier_seq, 0) + 1 OR committed_at <= coalesce(earlier_at, 0)""",
    )


_USCC_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_LEI_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_POWERS = "".join(f"{pow(10, digits, 97):02d}" for digits in range(40))


def _sign(value: str, place: int, signs: str) -> str:
    """The number that a character stands for; -1 for none of `signs`."""
    return f"(strpos('{signs}', substr({value}, {place}, 1)) - 1)"


def _wrong_uscc(value: str) -> str:
    """GB 32100: eighteen characters, weighted by powers of 3 modulo 31, sum to a multiple of 31."""
    places = [_sign(value, place, _USCC_SIGNS) for place in range(1, 19)]
    total = " + ".join(f"{place} * {pow(3, power, 31) if power < 17 else 1}" for power, place in enumerate(places))
    digits = " OR ".join(f"{place} NOT BETWEEN 0 AND 9" for place in places[:8])
    letters = " OR ".join(f"{place} < 0" for place in places[8:])
    return f"(length({value}) <> 18 OR {digits} OR {letters} OR ({total}) % 31 <> 0)"


def _wrong_lei(value: str) -> str:
    """ISO 17442: twenty characters, letters as two digits, are 1 modulo 97.

    Each character counts by ten to the power of the digits after it: a sum, for Horner's rule would nest twenty deep.
    """
    places = [_sign(value, place, _LEI_SIGNS) for place in range(1, 21)]
    total = " + ".join(f"{place} * {_weight(value, at)}" for at, place in enumerate(places, 1))
    return f"(length({value}) <> 20 OR {' OR '.join(f'{place} < 0' for place in places)} OR ({total}) % 97 <> 1)"


def _weight(value: str, place: int) -> str:
    """Ten to the power of the digits that follow a place of an LEI, modulo 97, out of a text of powers, two digits each."""
    letters = f"length(translate(substr({value}, {place + 1}, {20 - place}), '0123456789', ''))"
    return f"substr('{_POWERS}', 1 + 2 * ({20 - place} + {letters}), 2)::BIGINT"


_DIGITS: dict[str, Callable[[str], str]] = {"uscc": _wrong_uscc, "lei": _wrong_lei}

CHECKS: tuple[Check, ...] = (
    Check("batch_order", "批次序号不连续", "batch numbers or instants that do not rise one by one", True, _batch_order),
    Check("counts", "批次行数不符", "batches that wrote another number of rows than there are", True, _counts),
    Check("doubled", "重复行", "rows that one load wrote twice", True, _doubled),
    Check("recorded_late", "记录时间晚于提交", "rows recorded after their batch was committed", True, _recorded_late),
    Check("backward", "终止早于起始", "states that end before they begin", True, _backward),
    Check(
        "overlapping",
        "状态时间重叠",
        "states told to last into the next state of the same thing, which ends them",
        False,
        _overlapping,
    ),
    Check("shares", "比例合计超过 100%", "shares of one whole that sum to more than one", True, _shares),
    Check("check_digits", "代码校验位错误", "credit codes and LEIs whose check digit is wrong", True, _check_digits),
    Check("unknown_ends", "端点未知", "relations and facts about an entity that was never told of by the day", True, _unknown_ends),
    Check("stub_ends", "端点仅被引用", "relations and facts about an entity that was only referred to", False, _stub_ends),
)
"""In the order in which they run; docs/spark.md lists them."""
