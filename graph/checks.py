"""Whole-book checks: does the ledger, as known on a day, agree with itself? On either engine the same counts and rows.

A check is one SELECT of what is wrong, in DuckDB's SQL; the first rows of each type come with file and line.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow.compute as pc

from graph.clock import OPEN_END
from graph.ledger.as_of import newest_first_sql
from graph.ledger.counts import written_rows
from graph.ontology import Lasting, Ontology
from graph.snapshot import Snapshot
from graph.snapshot.engine import Workbench

SHOWN = 5
_BRANCHES = 8
ROUNDING = 0.001  # registers round shares, so that a hundred per cent may be a little more
_SHARES_OF_ONE = (
    ("HOLDS_SHARES", "equity_share", "dst"),
    ("HOLDS_SHARES", "voting_share", "dst"),
    ("SUPPLIES", "sales_share", "src"),
    ("SUPPLIES", "purchase_share", "dst"),
)
_LINEAGE = "file, line, batch"
_NOTHING = "SELECT '' AS type, '' AS id, '' AS file, 0::BIGINT AS line, '' AS batch, '' AS said WHERE false"


@dataclass(frozen=True)
class Check:
    """`wrong`: whether what it finds is an error; else it is worth knowing. `sql` selects type, id, file, line, batch, said."""

    name: str
    zh: str
    en: str
    wrong: bool
    sql: Callable[["_Book"], str]


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
            found += _run(bench, check, check.sql(book))
        return BookCheck(snapshot.engine.name, snapshot.as_of, snapshot.ledger_seq, tuple(c.name for c in CHECKS), tuple(found))
    finally:
        bench.close()


def _run(bench: Workbench, check: Check, sql: str) -> list[Found]:
    first = "row_number() OVER (PARTITION BY type ORDER BY id, said, batch, line)"
    rows = bench.query(f"""
        SELECT * FROM (SELECT *, count(*) OVER (PARTITION BY type) AS found, {first} AS place FROM ({sql}))
        WHERE place <= {SHOWN} ORDER BY type, place
    """).to_pylist()
    by_type: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_type.setdefault(row["type"], []).append(row)
    shown = ("id", "file", "line", "batch", "said")
    return [
        Found(check.name, check.zh, check.en, check.wrong, name, each[0]["found"], tuple({k: r[k] for k in shown} for r in each))
        for name, each in by_type.items()
    ]


class _Book:
    """What checks read: the day's tables by type, all committed rows as `Type_told`, batches, and what they say they wrote."""

    def __init__(self, snapshot: Snapshot, bench: Workbench) -> None:
        self.ontology: Ontology = snapshot.ontology
        self.known_us = snapshot.known_us
        for name in self.ontology.types:
            bench.load(name, snapshot.question(name))
            bench.told(f"{name}_told", name, snapshot.ledger_seq)
        batches = snapshot.ledger.batches()
        batches = batches.filter(pc.less_equal(batches["batch_seq"], snapshot.ledger_seq))
        bench.put("_batch", batches.select(["batch", "attempt", "batch_seq", "committed_at"]))
        bench.put("_written", written_rows(batches))
        ids = (f"SELECT id, coalesce(stub, false) AS stub FROM {name}" for name in self.ontology.entities)
        bench.keep("_entity", " UNION ALL ".join(ids))

    def ends(self) -> list[tuple[str, str]]:
        """Type and column of everything that names an entity."""
        out = [(name, end) for name in self.ontology.relations for end in ("src", "dst")]
        return out + [(name, "subject") for name in self.ontology.facts]


def _union(parts: list[str]) -> str:
    """A union of unions: seventy branches in a row are nested too deep for who translates them."""
    if not parts:
        return _NOTHING
    while len(parts) > 1:
        chosen = (parts[at : at + _BRANCHES] for at in range(0, len(parts), _BRANCHES))
        parts = [" UNION ALL ".join(f"SELECT * FROM ({part})" for part in some) for some in chosen]
    return parts[0]


def _shares(book: _Book) -> str:
    """Several feeds may tell of one stake, each in full: of them the largest counts."""
    parts = []
    for name, share, whole in _SHARES_OF_ONE:
        kind = book.ontology.relations.get(name)
        if kind and share in {p.name for p in kind.properties}:
            told = f'SELECT src, dst, feed, sum("{share}") AS share FROM "{name}" GROUP BY src, dst, feed'
            held = f"SELECT src, dst, max(share) AS share FROM ({told}) GROUP BY src, dst"
            parts.append(f"""
                SELECT '{name}' AS type, {whole} AS id, NULL::VARCHAR AS file, NULL::BIGINT AS line, NULL::VARCHAR AS batch,
                    '{share} ' || round(sum(share), 4)::VARCHAR AS said
                FROM ({held}) GROUP BY {whole} HAVING sum(share) > {1 + ROUNDING}
            """)
    return _union(parts)


def _unknown_ends(book: _Book) -> str:
    return _union(
        [
            f"""SELECT '{name}' AS type, r.id, r.file, r.line, r.batch, '{end} ' || r.{end} AS said
            FROM "{name}" r LEFT JOIN _entity e ON e.id = r.{end} WHERE e.id IS NULL"""
            for name, end in book.ends()
        ]
    )


def _stub_ends(book: _Book) -> str:
    return _union(
        [
            f"""SELECT '{name}' AS type, r.id, r.file, r.line, r.batch, '{end} ' || r.{end} AS said
            FROM "{name}" r JOIN _entity e ON e.id = r.{end} WHERE e.stub"""
            for name, end in book.ends()
        ]
    )


def _last_versions(book: _Book, name: str) -> str:
    place = f"row_number() OVER (PARTITION BY id, feed, valid_from ORDER BY {newest_first_sql()})"
    known = f'SELECT *, {place} AS place FROM "{name}_told" WHERE recorded_at <= {book.known_us}'
    return f"SELECT * FROM ({known}) WHERE place = 1 AND action <> 'retract'"


def _overlapping(book: _Book) -> str:
    parts = []
    for name, kind in book.ontology.types.items():
        if kind.lasting is Lasting.STATE:
            following = "lead(valid_from) OVER (PARTITION BY id, feed ORDER BY valid_from)"
            parts.append(f"""
                SELECT '{name}' AS type, id, {_LINEAGE}, 'to ' || valid_to::VARCHAR || ', next from ' || following::VARCHAR AS said
                FROM (SELECT *, {following} AS following FROM ({_last_versions(book, name)}))
                WHERE following < valid_to AND valid_to < DATE '{OPEN_END}'
            """)
    return _union(parts)


def _backward(book: _Book) -> str:
    return _union(
        [
            f"""SELECT '{name}' AS type, id, {_LINEAGE}, valid_from::VARCHAR || ' to ' || valid_to::VARCHAR AS said
            FROM "{name}_told" WHERE valid_to < valid_from AND action <> 'retract'"""
            for name in book.ontology.types
        ]
    )


def _recorded_late(book: _Book) -> str:
    return _union(
        [
            f"""SELECT '{name}' AS type, t.id, t.file, t.line, t.batch, 'recorded_at ' || t.recorded_at::VARCHAR AS said
            FROM "{name}_told" t JOIN _batch b ON b.attempt = t.attempt WHERE t.recorded_at > b.committed_at"""
            for name in book.ontology.types
        ]
    )


def _check_digits(book: _Book) -> str:
    parts = []
    for name, kind in book.ontology.types.items():
        for prop in kind.properties:
            if prop.check in _DIGITS:
                bad = _DIGITS[prop.check](f'"{prop.name}"')
                parts.append(f"""SELECT '{name}' AS type, id, {_LINEAGE}, '{prop.name} ' || "{prop.name}" AS said
                    FROM "{name}" WHERE "{prop.name}" IS NOT NULL AND {bad}""")
    return _union(parts)


def _doubled(book: _Book) -> str:
    same = "id, feed, valid_from, recorded_at, content, attempt, line"
    return _union(
        [
            f"""SELECT '{name}' AS type, id, max(file) AS file, line, max(batch) AS batch, count(*)::VARCHAR || ' times' AS said
            FROM "{name}_told" GROUP BY {same} HAVING count(*) > 1"""
            for name in book.ontology.types
        ]
    )


def _counts(book: _Book) -> str:
    found = _union(
        [
            f"SELECT '{name}' AS type, attempt, count(*) AS found FROM \"{name}_told\" GROUP BY attempt"
            for name in book.ontology.types
        ]
    )
    return f"""
        SELECT w.type, w.batch AS id, NULL::VARCHAR AS file, NULL::BIGINT AS line, w.batch,
            w.written::VARCHAR || ' written, ' || coalesce(f.found, 0)::VARCHAR || ' found' AS said
        FROM _written w LEFT JOIN ({found}) f ON f.type = w.type AND f.attempt = w.attempt WHERE w.written <> coalesce(f.found, 0)
    """


def _batch_order(_: _Book) -> str:
    before = "lag(batch_seq) OVER (ORDER BY batch_seq, committed_at)"
    earlier = "lag(committed_at) OVER (ORDER BY batch_seq, committed_at)"
    return f"""
        SELECT 'batches' AS type, batch AS id, NULL::VARCHAR AS file, NULL::BIGINT AS line, batch,
            'batch_seq ' || batch_seq::VARCHAR || ' after ' || coalesce(earlier_seq, 0)::VARCHAR AS said
        FROM (SELECT *, {before} AS earlier_seq, {earlier} AS earlier_at FROM _batch)
        WHERE batch_seq <> coalesce(earlier_seq, 0) + 1 OR committed_at <= coalesce(earlier_at, 0)
    """


_USCC_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_LEI_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


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
    """ISO 17442: twenty characters, letters as two digits, are 1 modulo 97."""
    rest, places = "0", [_sign(value, place, _LEI_SIGNS) for place in range(1, 21)]
    for place in places:
        rest = f"(({rest} * CASE WHEN {place} > 9 THEN 100 ELSE 10 END + {place}) % 97)"
    return f"(length({value}) <> 20 OR {' OR '.join(f'{place} < 0' for place in places)} OR {rest} <> 1)"


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
