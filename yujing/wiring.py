"""Opens what the settings name. Nothing else reads settings and knows the classes behind the seams.

A command pays for what it opens: each import stands in its function.
"""

from typing import TYPE_CHECKING

from graph.errors import InputError
from yujing.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from alerts.journal import Journal
    from api.platform import Opened, Platform
    from graph.ledger import Ledger
    from graph.personal import Vault
    from graph.snapshot import Engine
    from graph.stores import Neo4jTarget
    from graph.verify import ExportedStore
    from ingest.readers import Connections


def open_ledger(settings: Settings) -> "Ledger":
    """The ledger under home, made on first use."""
    from graph.ledger import Ledger

    return Ledger.open(
        settings.ledger,
        time_zone=settings.time_zone,
        threads=settings.threads,
        memory_limit=settings.memory_limit,
    )


def open_engine(settings: Settings, ledger: "Ledger") -> "Engine":
    """What computes whole books. UnavailableError where Spark is chosen and is not there."""
    if settings.engine == "duckdb":
        from graph.snapshot.engine import DuckDbEngine

        return DuckDbEngine(ledger)
    from graph.snapshot.spark import SparkEngine, SparkOptions, start_spark

    options = SparkOptions(settings.spark_master, settings.spark_settings, settings.spark_root)
    return SparkEngine(ledger, start_spark(options), options.root)


def open_vault(settings: Settings) -> "Vault":
    """The personal values, with the key under home."""
    from graph.personal import Vault

    return Vault.open(settings.ledger, settings.keys / "personal.key")


def connections(settings: Settings) -> "Connections":
    """The databases and Kafka clusters that manifests may name. InputError where a setting is no such JSON."""
    from ingest.readers import Connections

    return Connections.read(settings.databases.get_secret_value(), settings.kafka.get_secret_value())


def neo4j_target(settings: Settings) -> "Neo4jTarget":
    """The Neo4j that the settings name. InputError where they name none."""
    from graph.stores import Neo4jTarget

    if not settings.neo4j_uri:
        raise InputError("No Neo4j is named.", "Set NEO4J_URI, NEO4J_USER, NEO4J_PASSWORD; 'make neo4j' starts one.", "NEO4J_URI")
    return Neo4jTarget(settings.neo4j_uri, settings.neo4j_user, settings.neo4j_password.get_secret_value())


def open_store(settings: Settings, ledger: "Ledger") -> "ExportedStore":
    """The graph store that the settings choose, as far as it was built."""
    from graph.stores import LadybugStore, Neo4jStore

    if settings.store == "neo4j":
        return Neo4jStore(neo4j_target(settings), ledger.ontology)
    return LadybugStore(settings.graph)


def open_sources(settings: Settings) -> "Opened":
    """What the API's answers over the graph need, for a command that asks once."""
    from api.platform import Opened

    ledger = open_ledger(settings)
    return Opened(ledger, open_vault(settings), open_store(settings, ledger))


def open_journal(settings: Settings) -> "Journal":
    """The journal, brought to today's schema."""
    from alerts.journal import Journal, upgrade

    upgrade(settings.journal)
    return Journal(settings.journal)


def open_spark(settings: Settings) -> "SparkSession":
    """A Spark session that knows likeness of texts, for entity resolution. UnavailableError where Spark is not there."""
    from splink.backends.spark import similarity_jar_location

    from graph.snapshot.spark import SparkOptions, start_spark

    likeness = {"spark.jars": similarity_jar_location()}
    return start_spark(SparkOptions(settings.spark_master, {**likeness, **settings.spark_settings}, settings.spark_root))


def open_platform(settings: Settings) -> "Platform":
    """Everything the API answers from. UnavailableError where no graph was built yet."""
    from api.platform import Platform
    from ingest.resolution.book import ResolutionBook
    from models.scores import ScoreBook

    ledger = open_ledger(settings)
    return Platform(
        ledger=ledger,
        vault=open_vault(settings),
        store=open_store(settings, ledger),
        scores=ScoreBook(settings.scores),
        journal=open_journal(settings),
        resolution=ResolutionBook(settings.resolution),
        today=lambda: settings.day,
        warm=True,
        demo=settings.demo,
    )
