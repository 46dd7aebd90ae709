"""Builds a generation of the embedded store: Parquet out of the projection, then COPY, nodes first; then its adjacency."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ladybug
import pyarrow as pa

from cypher import statement
from graph.errors import UnavailableError
from graph.ledger import Ledger
from graph.projection import GraphType, Projection, node_columns
from graph.stores.adjacency import FOLDER
from graph.stores.adjacency_build import Piece, write_adjacency
from graph.stores.generations import DATABASE, Manifest, new_generation, publish
from graph.stores.report import BuildReport

BUILD_POOL_BYTES = 2 << 30

_ENGINE_TYPE = {
    pa.string(): "STRING",
    pa.int32(): "INT32",
    pa.int64(): "INT64",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOL",
    pa.date32(): "DATE",
}


@dataclass(frozen=True)
class BuildOptions:
    """How far a build goes, what memory its engine may take, and who hears of its progress."""

    ledger_seq: int | None = None
    pool_bytes: int = BUILD_POOL_BYTES
    threads: int = 2
    progress: Callable[[str], None] = lambda _: None


def build_ladybug(ledger: Ledger, root: Path, options: BuildOptions | None = None) -> BuildReport:
    """A new generation under `root`, in use when this returns. Readers go on undisturbed.

    ConflictError while another process builds; UnavailableError where the engine fails (a full disk, too small a pool).
    """
    options = options or BuildOptions()
    begun = time.monotonic()
    with new_generation(root) as staged, Projection(ledger, options.ledger_seq) as projection:
        try:
            nodes, relations = _Loader(projection, staged, options).load()
        except RuntimeError as problem:
            raise UnavailableError(f"The embedded graph was not built: {problem}", "Check disk space and memory.") from problem
        shutil.copy(ledger.root / "ontology.json", staged / "ontology.json")
        built_by = projection.through_seq, projection.ontology.hash, str(ladybug.__version__)
        manifest = Manifest(*built_by, sum(nodes.values()), sum(relations.values()))
        publish(root, staged, manifest)
    return BuildReport("ladybug", manifest.through_seq, nodes, relations, round(time.monotonic() - begun, 3))


class _Loader:
    def __init__(self, projection: Projection, staged: Path, options: BuildOptions) -> None:
        self._projection = projection
        self._folder = staged / "parquet"
        self._database = staged / DATABASE
        self._adjacency = staged / FOLDER
        self._options = options
        self._node_files: list[Path] = []
        self._pieces: list[Piece] = []

    def load(self) -> tuple[dict[str, int], dict[str, int]]:
        """Writes the whole database file; returns how many nodes and relation versions by type."""
        self._folder.mkdir()
        database = ladybug.Database(
            self._database, buffer_pool_size=self._options.pool_bytes, max_num_threads=self._options.threads
        )
        self._connection = ladybug.Connection(database)
        try:
            nodes = {name: self._nodes(name) for name in self._projection.ontology.entities}
            relations = {name: self._relations(kind) for name, kind in self._projection.types.items()}
            self._connection.execute("CHECKPOINT")
        finally:
            self._connection.close()
            database.close()
        self._options.progress("adjacency")
        write_adjacency(self._adjacency, self._node_files, self._pieces, self._options.threads)
        shutil.rmtree(self._folder)
        return nodes, relations

    def _nodes(self, entity: str) -> int:
        columns = node_columns(self._projection.ontology.entities[entity])
        self._connection.execute(statement("schema/ladybug_nodes", label=entity, columns=_typed(columns)))
        path = self._folder / f"{entity}.parquet"
        count = self._projection.write_nodes(entity, path)
        if count:
            self._connection.execute(statement("write/ladybug_copy_nodes", label=entity, path=str(path)))
            self._node_files.append(path)
        return count

    def _relations(self, kind: GraphType) -> int:
        self._options.progress(kind.name)
        self._connection.execute(
            statement("schema/ladybug_relations", type=kind.name, ends=kind.ends, columns=_typed(kind.columns))
        )
        with self._projection.versions(kind.name) as versions:
            count = 0
            for pair in versions.pairs():
                path = self._folder / f"{kind.name}-{pair[0]}-{pair[1]}.parquet"
                count += versions.write(pair, path)
                copy = statement("write/ladybug_copy_relations", type=kind.name, src=pair[0], dst=pair[1], path=str(path))
                self._connection.execute(copy)
                self._pieces.append(Piece(kind, path))
        return count


def _typed(columns: tuple[pa.Field, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, _ENGINE_TYPE[field.type]) for field in columns)
