"""One way to talk to Neo4j: managed transactions, which retry only what the driver calls retryable, and our own errors."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, LiteralString, TypeVar, cast

from neo4j import Driver, GraphDatabase, ManagedTransaction, NotificationMinimumSeverity, unit_of_work
from neo4j.exceptions import AuthError, DriverError, Neo4jError

from cypher.loader import Statement
from graph.errors import UnavailableError

RETRY_SECONDS = 15.0
FETCH_ROWS = 10_000
MARK = "yujing-build"  # what our writing transactions are called, so that one left by a killed process is known

Rows = list[list[Any]]
T = TypeVar("T")
Ask = Callable[[Statement, Mapping[str, Any]], Rows]


@dataclass(frozen=True)
class Neo4jTarget:
    """Which server, and as whom."""

    uri: str
    user: str
    password: str = field(repr=False)


Step = tuple[Statement, Mapping[str, Any]]


class Neo4jSession:
    """Thread-safe; the driver pools connections."""

    def __init__(self, target: Neo4jTarget) -> None:
        self._target = target
        with self._reaching():
            self._driver: Driver = GraphDatabase.driver(
                target.uri,
                auth=(target.user, target.password),
                max_transaction_retry_time=RETRY_SECONDS,
                notifications_min_severity=NotificationMinimumSeverity.OFF,  # a label without nodes yet is no warning to us
            )
            self._driver.verify_connectivity()

    def read(self, asked: Statement, parameters: Mapping[str, Any] | None = None) -> Rows:
        """All rows of one question, in one transaction."""

        def work(transaction: ManagedTransaction) -> Rows:
            return transaction.run(_query(asked), dict(parameters or {})).values()

        with self._reaching(), self._driver.session(fetch_size=FETCH_ROWS) as session:
            return session.execute_read(work)

    def write(self, *steps: Step) -> None:
        """Some statements, all or none."""

        def work(ask: Ask) -> None:
            for asked, parameters in steps:
                ask(asked, parameters)

        self.transact(work)

    def transact(self, work: Callable[[Ask], T]) -> T:
        """What `work` reads and writes, all or none. It is called again where the driver says that trying again may help."""

        @unit_of_work(metadata={"app": MARK})
        def run(transaction: ManagedTransaction) -> T:
            return work(lambda asked, parameters: transaction.run(_query(asked), dict(parameters)).values())

        with self._reaching(), self._driver.session(fetch_size=FETCH_ROWS) as session:
            return session.execute_write(run)

    def declare(self, asked: Statement) -> None:
        """A schema statement, which Neo4j wants outside of others."""
        self.command(asked, {})

    def command(self, asked: Statement, parameters: Mapping[str, Any]) -> None:
        """What Neo4j wants in a transaction of its own, and is not retried."""
        with self._reaching(), self._driver.session() as session:
            session.run(_query(asked), dict(parameters)).consume()

    def stream(self, asked: Statement, parameters: Mapping[str, Any], rows: int) -> Iterator[Rows]:
        """The rows of a large answer in portions; not retried, for some may be used already."""
        with self._reaching(), self._driver.session(fetch_size=rows) as session:
            result = session.run(_query(asked), dict(parameters))
            while portion := result.fetch(rows):
                yield [record.values() for record in portion]

    def close(self) -> None:
        self._driver.close()

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except AuthError as problem:
            raise UnavailableError(
                f"Neo4j at {self._target.uri} refuses user '{self._target.user}'.", "Set NEO4J_USER and NEO4J_PASSWORD."
            ) from problem
        except (DriverError, Neo4jError, OSError) as problem:
            raise UnavailableError(f"Neo4j at {self._target.uri}: {problem}", "Check that it runs and try again.") from problem


def as_native(held: Mapping[str, Any]) -> dict[str, Any]:
    """Properties with Neo4j's own dates as Python's."""
    return {name: value.to_native() if hasattr(value, "to_native") else value for name, value in held.items()}


def native(values: Sequence[Any], days: Sequence[bool]) -> list[Any]:
    """A row with Neo4j's own dates, where `days` says so, as Python's."""
    return [
        value.to_native() if day and value is not None and not isinstance(value, date) else value
        for value, day in zip(values, days, strict=True)
    ]


def _query(asked: Statement) -> LiteralString:
    """The driver wants literals; a Statement is made of named files and checked names alone."""
    return cast(LiteralString, asked)
