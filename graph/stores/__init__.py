"""The two graph engines behind `graph.store.GraphReader`."""

from graph.stores.ladybug import LadybugStore
from graph.stores.ladybug_build import BuildOptions, build_ladybug
from graph.stores.neo4j import Neo4jStore
from graph.stores.neo4j_build import Neo4jBuildOptions, build_neo4j
from graph.stores.neo4j_home import Neo4jHome
from graph.stores.neo4j_import import Neo4jImportOptions, import_neo4j, prepare_import
from graph.stores.neo4j_session import Neo4jTarget
from graph.stores.report import BuildReport

__all__ = [
    "BuildOptions",
    "BuildReport",
    "LadybugStore",
    "Neo4jBuildOptions",
    "Neo4jHome",
    "Neo4jImportOptions",
    "Neo4jStore",
    "Neo4jTarget",
    "build_ladybug",
    "build_neo4j",
    "import_neo4j",
    "prepare_import",
]
