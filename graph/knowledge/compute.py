"""Computes the book of a day: kind by kind, each only where what it reads has changed."""

import hashlib
import json
import resource
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import duckdb
import pyarrow as pa

from graph.errors import InputError
from graph.knowledge.book import KnowledgeBook, Part, Run
from graph.knowledge.kind import Inputs, Kind, read_columns, rows_sql
from graph.ontology import derived_relations
from graph.snapshot import Snapshot

Progress = Callable[[str], None]


def compute_book(book: KnowledgeBook, snapshot: Snapshot, kinds: Sequence[Kind], progress: Progress = lambda _: None) -> list[Run]:
    """One run of each kind for the snapshot's day, in an order in which inputs come first.

    A kind that was computed for this day and `ledger_seq` already is not computed again; one whose inputs equal an earlier
    run's of the same version points at that run's rows.
    """
    done: dict[str, Run] = {}
    with book.writing():
        for kind in ordered(kinds):
            progress(kind.name)
            done[kind.name] = _computed(book, kind, snapshot, done)
    return list(done.values())


def ordered(kinds: Iterable[Kind]) -> list[Kind]:
    """Kinds in an order in which each comes after those that it reads. InputError where that cannot be."""
    by_name = {kind.name: kind for kind in kinds}
    placed: dict[str, Kind] = {}

    def place(kind: Kind, above: tuple[str, ...]) -> None:
        if kind.name in above:
            raise InputError(f"Kinds of knowledge wait for each other: {' > '.join((*above, kind.name))}.", "", "after")
        for name in kind.after:
            if name not in by_name:
                raise InputError(f"{kind.name} needs '{name}'.", "Compute it in the same call.", "kinds")
            if name not in placed:
                place(by_name[name], (*above, kind.name))
        placed[kind.name] = kind

    for kind in by_name.values():
        if kind.name not in placed:
            place(kind, ())
    return list(placed.values())


def _computed(book: KnowledgeBook, kind: Kind, snapshot: Snapshot, done: Mapping[str, Run]) -> Run:
    begun = time.monotonic()
    same_kind = [run for run in book.runs() if (run.kind, run.version) == (kind.name, kind.version)]
    before = _before(book, kind, snapshot)
    print_of = fingerprint(kind, snapshot, done, before)
    at = (snapshot.as_of, snapshot.ledger_seq, print_of)
    if told := [run for run in same_kind if (run.as_of, run.ledger_seq, run.fingerprint) == at]:
        newest_of_day = [run for run in book.runs() if (run.kind, run.as_of) == (kind.name, snapshot.as_of)][-1]
        if newest_of_day == told[-1]:
            return told[-1]
    earlier = [run for run in same_kind if run.fingerprint == print_of]
    run_id = secrets.token_hex(16)
    if earlier:
        rows_run, tables = earlier[-1].rows_run, earlier[-1].tables
    else:
        rows_run, tables = run_id, _write(book, kind, run_id, _compute(book, kind, snapshot, done, before))
    return book.commit(
        Run(
            run=run_id,
            run_seq=book.last_seq + 1,
            kind=kind.name,
            version=kind.version,
            as_of=snapshot.as_of,
            ledger_seq=snapshot.ledger_seq,
            fingerprint=print_of,
            rows_run=rows_run,
            tables=dict(tables),
            rows=sum(part.rows for part in tables.values()),
            seconds=round(time.monotonic() - begun, 3),
            peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        )
    )


def fingerprint(kind: Kind, snapshot: Snapshot, done: Mapping[str, Run], before: pa.Table | None = None) -> str:
    """Thirty-two hex digits of all that `kind` reads on the day: of each type the number of rows and the sum of their hashes.

    The order of rows does not matter, a row that is there twice does; lineage does not matter unless declared. `before`: the
    table that the kind follows.
    """
    seen: dict[str, object] = {"kinds": {name: done[name].rows_run for name in sorted(kind.after)}}
    if before is not None:
        seen["before"] = _summed(before)
    if kind.said is not None:
        seen["said"] = _summed(kind.said(snapshot))
    if kind.dated:
        seen["day"] = snapshot.as_of.isoformat()
    if kind.settings:
        seen["settings"] = kind.settings(snapshot)
    for name in sorted(kind.reads):
        columns = read_columns(kind, snapshot, name)
        hashed = f"SELECT hash({', '.join(columns)}) AS h FROM ({rows_sql(kind, snapshot, name)})"
        ((rows, total),) = snapshot.backend.con.execute(f"SELECT count(*), sum(h::HUGEINT) FROM ({hashed})").fetchall()
        seen[name] = [columns, rows, str(total or 0)]
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:32]


def _summed(rows: pa.Table) -> list[object]:
    """The number of rows and the sum of their hashes: by content, so that a day on which nothing moved changes nothing."""
    with duckdb.connect() as connection:
        connection.register("rows_", rows)
        columns = ", ".join(f'"{name}"' for name in sorted(rows.column_names))
        told = connection.execute(f"SELECT count(*), sum(hash({columns})::HUGEINT) FROM rows_").fetchall()
    return [told[0][0], str(told[0][1] or 0)]


def _before(book: KnowledgeBook, kind: Kind, snapshot: Snapshot) -> pa.Table | None:
    """What the kind follows: its table as of the newest day before, of the newest run of that day. Days to come do not count."""
    if not kind.follows:
        return None
    told = [run for run in book.runs() if run.kind == kind.name and run.version == kind.version and run.as_of < snapshot.as_of]
    if not told:
        return kind.table(kind.follows).schema.empty_table()
    return book.rows(max(told, key=lambda run: (run.as_of, run.run_seq)), kind.follows)


def _compute(
    book: KnowledgeBook, kind: Kind, snapshot: Snapshot, done: Mapping[str, Run], followed: pa.Table | None
) -> Mapping[str, pa.Table]:
    before = {table: partial(book.rows, done[name], table) for name in kind.after for table in done[name].tables}
    tables = kind.compute(Inputs(kind, snapshot, before, followed))
    if set(tables) != {table.name for table in kind.tables}:
        raise InputError(f"{kind.name} gave tables {sorted(tables)}.", "It must give those that it declares.", "tables")
    return tables


def _write(book: KnowledgeBook, kind: Kind, run: str, tables: Mapping[str, pa.Table]) -> dict[str, Part]:
    for relation in derived_relations().values():
        if relation.table in tables:
            _check_unique(tables[relation.table], relation.name, ("src", "dst", *relation.key))
    return {table.name: book.append_table(run, table, tables[table.name]) for table in kind.tables}


def _check_unique(rows: pa.Table, relation: str, key: tuple[str, ...]) -> None:
    columns = ", ".join(f'"{name}"' for name in key)
    with duckdb.connect() as connection:
        connection.register("rows_", rows)
        twice = connection.execute(f"SELECT {columns} FROM rows_ GROUP BY ALL HAVING count(*) > 1 LIMIT 1").fetchone()
    if twice:
        raise InputError(f"{relation} would be there twice for {twice}.", "Add the column that tells them apart to `key`.", "key")
