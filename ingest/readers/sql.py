"""A table or query of any SQL database as rows of text: streamed by a server-side cursor, in a repeatable order."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
from sqlalchemy import (
    URL,
    ColumnClause,
    Connection,
    Engine,
    FromClause,
    Select,
    TextClause,
    and_,
    column,
    create_engine,
    func,
    inspect,
    literal,
    make_url,
    or_,
    select,
    table,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.types import NullType

from graph.errors import InputError, UnavailableError
from ingest.manifest import SourceFile, SqlSource, Watermark
from ingest.readers.chunk import Chunk, header_alone, no_broken
from ingest.readers.origin import Mark, Surroundings
from ingest.readers.values import writers

_ROWS = 20_000
_KINDS: dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    # how a mark is kept: its type, to text, from text. The first that fits: an instant is also a day.
    "instant": (datetime, datetime.isoformat, datetime.fromisoformat),
    "day": (date, date.isoformat, date.fromisoformat),
    "whole": (int, str, int),
    "decimal": (Decimal, str, Decimal),
    "text": (str, str, str),
}


class SqlInput:
    """One table or query. Its line is the row's place in the order read; its mark, the newest watermark there was."""

    def __init__(self, spec: SourceFile, sql: SqlSource, around: Surroundings) -> None:
        self._spec, self._sql, self._around = spec, sql, around
        self._url = _url(sql, around)
        self._writers = writers(around.time_zone)
        self.name = f"sql:{sql.database or _stem(self._url)}/{sql.name or sql.table or 'query'}"
        self.sheet, self.size, self.file = "", 0, None
        self.remarks: list[str] = []
        self._began: Mark | None = around.read_to.get(self.name) if spec.watermark else None
        self._mark = self._began

    def __str__(self) -> str:
        return self.name

    def mark(self) -> Mark | None:
        """The newest watermark, once every row up to it was read."""
        return self._mark

    def chunks(self) -> Iterator[Chunk]:
        """The columns alone, then the rows. InputError where the database refuses, UnavailableError where it goes away."""
        with self._connected() as connection:
            with self._refused():
                names = self._columns(connection)
                order = self._order(connection, names)
            yield header_alone(names)
            wanted = [name for name in names if name in self._spec.columns] or names
            with self._refused():
                asked, mark = self._asked(connection, wanted, order)
            yield from self._rows(connection, asked, wanted)
            self._mark = mark

    # -- what is asked --------------------------------------------------------------------------------------------------

    @property
    def _origin(self) -> FromClause | TextClause:
        """The table, or the query as one: so it can be nothing but a SELECT."""
        if self._sql.query:
            escaped = self._sql.query.strip().rstrip(";").replace(":", r"\:")
            return text(f"({escaped}) asked")
        schema, _, name = self._sql.table.rpartition(".")
        return table(name, schema=schema or None)

    def _columns(self, connection: Connection) -> list[str]:
        names = list(connection.execute(select(text("*")).select_from(self._origin).where(text("1 = 0"))).keys())
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise InputError(f"{self}: the query names {twice} twice.", "Rename one of them: … AS ….", twice[0])
        return names

    def _order(self, connection: Connection, names: list[str]) -> list[str]:
        """The columns that rows are read by: so that a row's line is the same when it is read again."""
        grown = [self._spec.watermark.column] if self._spec.watermark else []
        order = list(self._sql.order_by or ())
        if not order and self._sql.table:
            schema, _, name = self._sql.table.rpartition(".")
            keys = inspect(connection).get_pk_constraint(name, schema or None)["constrained_columns"]
            order = list(dict.fromkeys([*grown, *keys])) if keys else []
        if not order:
            raise InputError(f"{self}: nothing says in which order its rows come.", "Give order_by: unique columns.", "order_by")
        for field, told in (("watermark", grown), ("order_by", order)):
            for each in told:
                if each not in names:
                    raise InputError(f"{self}: {field}: there is no column {each}.", f"There are: {', '.join(names)}.", field)
        return order

    def _asked(self, connection: Connection, wanted: list[str], order: list[str]) -> tuple[Select[Any], Mark | None]:
        """The rows from the last mark on, that row included, up to the newest there is now; and that as the next mark.

        Equal values at the boundary are read again, rows without a watermark every time: what is held is a duplicate.
        """
        columns: list[ColumnClause[Any]] = [column(name) for name in wanted]
        rows: Select[Any] = select(*columns).select_from(self._origin).order_by(*map(column, order))
        told = self._spec.watermark
        if told is None:
            return rows, None
        grown: ColumnClause[Any] = column(told.column)
        since = self._since(told)
        newest = select(func.max(grown)).select_from(self._origin)
        upto = connection.execute(newest if since is None else newest.where(grown >= literal(since, NullType()))).scalar()
        if upto is None:
            if since is not None:
                self.remarks.append(f"{self}: no row has {told.column} at or after {since}: was the table emptied or set back?")
            return rows.where(grown.is_(None)), self._began
        within = grown <= literal(upto, NullType())
        if since is not None:
            within = and_(grown >= literal(since, NullType()), within)
        return rows.where(or_(within, grown.is_(None))), self._kept(told, upto)

    def _since(self, told: Watermark) -> Any:
        if self._began is None:
            return None
        if self._began["column"] != told.column:
            self.remarks.append(f"{self}: the watermark was {self._began['column']} before; all rows are read once more.")
            return None
        value = _KINDS[self._began["kind"]][2](self._began["value"])
        if not told.overlap:
            return value
        if not isinstance(value, date):
            raise InputError(f"{self}: overlap is for days and instants; {told.column} is {value!r}.", "Leave it out.", "overlap")
        return value - told.overlap

    def _kept(self, told: Watermark, upto: Any) -> Mark:
        for kind, (type_, write, _) in _KINDS.items():
            if isinstance(upto, type_):
                return {"column": told.column, "kind": kind, "value": write(upto)}
        said = f"{self}: watermark {told.column} holds {type(upto).__name__} values."
        raise InputError(said, "Name a column of days, instants, whole numbers or texts.", "watermark")

    # -- what comes -----------------------------------------------------------------------------------------------------

    def _rows(self, connection: Connection, asked: Select[Any], names: list[str]) -> Iterator[Chunk]:
        line = 0
        try:
            for part in connection.execute(asked, execution_options={"yield_per": _ROWS}).partitions():
                cells = zip(*part, strict=True)
                frame = pl.DataFrame([self._texts(name, values, line) for name, values in zip(names, cells, strict=True)])
                yield Chunk(frame, pl.Series("line", range(line + 1, line + 1 + len(part)), pl.Int64), no_broken())
                line += len(part)
        except DBAPIError as problem:
            said = f"{self}: the database broke off after row {line}: {_said(problem)}."
            raise UnavailableError(said, "Nothing was loaded; run it again once the database answers.", "sql") from problem

    def _texts(self, name: str, values: Sequence[Any], line: int) -> pl.Series:
        kinds = set(map(type, values))
        if kinds == {str}:
            return pl.Series(name, values, pl.String)
        if strange := kinds - set(self._writers):
            place = next(place for place, value in enumerate(values, line + 1) if type(value) in strange)
            kind = next(iter(strange)).__name__
            said = f"{self}, row {place}: column {name} holds {kind}, which has no text of its own."
            raise InputError(said, "Ignore it, or select it as text in a query.", name)
        return pl.Series(name, [self._writers[type(value)](value) for value in values], pl.String)

    # -- connecting -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        engine = self._engine()
        try:
            with engine.connect() as connection:
                yield connection
        except DBAPIError as problem:
            said = f"{self}: the database does not answer: {_said(problem)}."
            raise UnavailableError(said, "Check its URL and that it runs.", "sql") from problem
        finally:
            engine.dispose()

    def _engine(self) -> Engine:
        url = self._url
        try:
            if url.get_backend_name() == "sqlite":
                return create_engine("sqlite://", creator=_read_only(_sqlite_file(url, self._around)), poolclass=NullPool)
            engine = create_engine(url, poolclass=NullPool)
        except (NoSuchModuleError, ModuleNotFoundError) as problem:
            said = f"{self}: there is no driver for {url.drivername}: {problem}."
            raise InputError(said, "Install it (pip install 'yujing[postgres]' for PostgreSQL).", "sql") from problem
        is_postgres = url.get_backend_name() == "postgresql"
        return engine.execution_options(postgresql_readonly=True) if is_postgres else engine

    @contextmanager
    def _refused(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as problem:
            if isinstance(problem, DBAPIError) and problem.connection_invalidated:
                raise
            said = f"{self}: the database refuses: {_said(problem)}."
            raise InputError(said, "Check table, query and column names, and what its user may read.", "sql") from problem


def _url(sql: SqlSource, around: Surroundings) -> URL:
    known = around.connections.databases
    if sql.database and sql.database not in known:
        said = f"sql: there is no database '{sql.database}' among {sorted(known) or 'none'}."
        raise InputError(said, 'Set YUJING_DATABASES to JSON: {"name": "postgresql://…"}.', "database")
    try:
        url = make_url(known[sql.database] if sql.database else sql.url)
    except ArgumentError:
        said = f"sql: the URL of {sql.database or 'the database'} cannot be read."
        raise InputError(said, "Write postgresql://user@host/name or sqlite:///file.db.", "url") from None
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgresql", "postgres") else url


def _stem(url: URL) -> str:
    return Path(url.database or url.host or url.drivername).stem


def _sqlite_file(url: URL, around: Surroundings) -> Path:
    for folder in around.folders:
        if url.database and (folder / url.database).is_file():
            return folder / url.database
    said = f"{url.database or 'sqlite'}: there is no such database, neither beside the manifest nor under {around.data_root}."
    raise InputError(said, "Put it there, or give its whole path.", "url")


def _read_only(path: Path) -> Callable[[], sqlite3.Connection]:
    where = f"file:{quote(str(path.resolve()))}?mode=ro"
    return lambda: sqlite3.connect(where, uri=True, check_same_thread=False)  # read ahead in one thread, closed in another


def _said(problem: SQLAlchemyError) -> str:
    """The driver's first line: never the URL, which may hold a password."""
    return str(getattr(problem, "orig", None) or problem).strip().split("\n")[0].rstrip(".")
