"""The journal's database: SQLite with WAL by default, PostgreSQL in production; migrations by Alembic."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, OperationalError

from graph.errors import InputError, UnavailableError

WRITES = "journal_writes"
BASE = "base"
_BUSY_SECONDS = 60
_UPGRADE_LOCK = 728_190_551  # any number of our own: two processes may upgrade at once


@dataclass(frozen=True)
class Schema:
    """The revision that a database has, and the newest there is; `base` is none."""

    revision: str
    head: str

    @property
    def newest(self) -> bool:
        return self.revision == self.head


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql+psycopg://…`. InputError for another kind of URL."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InputError(
            "The journal's URL cannot be read.", "Write sqlite:///path or postgresql://user@host/name.", "journal_url"
        ) from None
    match parsed.get_backend_name():
        case "sqlite":
            if parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            return _sqlite(create_engine(parsed, connect_args={"timeout": _BUSY_SECONDS}))
        case "postgresql":
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    raise InputError(f"The journal does not run on '{parsed.get_backend_name()}'.", "Use sqlite or postgresql.", "journal_url")


def upgrade(url: str, revision: str = "head") -> None:
    """Brings the database to today's schema; done already, it changes nothing. Safe to run from several processes at once."""
    with _migrating(url) as config:
        command.upgrade(config, revision)


def downgrade(url: str, revision: str) -> None:
    """Takes the schema back to a revision, `base` for none: what only later ones hold is lost, all in one transaction."""
    with _migrating(url) as config:
        command.downgrade(config, revision)


def current(url: str) -> Schema:
    """Which revision the database has. UnavailableError where it does not answer."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            held = MigrationContext.configure(connection).get_current_revision()
            newest = ScriptDirectory.from_config(_config(connection)).get_current_head()
            return Schema(held or BASE, newest or BASE)
    except OperationalError as problem:
        raise UnavailableError(f"The journal's database does not answer: {problem.orig}", "Check YUJING_JOURNAL_URL.") from None
    finally:
        engine.dispose()


@contextmanager
def _migrating(url: str) -> Iterator[Config]:
    """Alembic inside one transaction that no other migration runs beside. InputError for a revision that there is not."""
    engine = open_engine(url)
    try:
        with engine.execution_options(**{WRITES: True}).connect() as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})"))
            yield _config(connection)
    except OperationalError as problem:
        raise UnavailableError(f"The journal's database does not answer: {problem.orig}", "Check YUJING_JOURNAL_URL.") from None
    except CommandError as problem:
        raise InputError(
            f"The journal's schema: {problem}.", "See 'yujing journal current'; 'base' is before all.", "revision"
        ) from None
    finally:
        engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("alerts.journal").joinpath("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _sqlite(engine: Engine) -> Engine:
    """A writer begins as a writer, so two never deadlock on upgrading a read lock; readers go on beside it (WAL)."""

    @event.listens_for(engine, "connect")
    def connected(raw: Any, _: Any) -> None:
        raw.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = FULL", f"busy_timeout = {_BUSY_SECONDS * 1000}", "foreign_keys = ON"):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
