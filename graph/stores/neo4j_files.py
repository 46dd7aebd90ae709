"""The ledger as files for `neo4j-admin database import full`: a header and a CSV for each label and each end pair of a type.

Among them is a meta node that says: a first load to `through_seq` is under way and all its parts are done. Once the server
runs, `build_neo4j` adds constraints and indexes and moves `through_seq`, as it does after any first load that was killed.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import pyarrow as pa

from graph.errors import ConflictError
from graph.knowledge.book import KnowledgeBook
from graph.ledger import Ledger
from graph.projection import KnowledgeRange, Projection, node_columns
from graph.stores.neo4j_build import NODES

ARGUMENTS = "import.args"
_STATE = "import.json"
_META = "YujingGraph"
_NODE, _RELATION = "node", "relation"
_CHUNK = 1 << 24
_TYPES = {
    pa.string(): "string",
    pa.int32(): "long",
    pa.int64(): "long",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.date32(): "date",
}


@dataclass(frozen=True)
class ImportState:
    """How far an import is: `files` written, with their rows; `stage` is writing, written, importing or imported."""

    through_seq: int
    knowledge_seq: int
    ontology: str
    home: str = ""
    database: str = ""  # named once it is known to be empty
    stage: str = "writing"
    files: dict[str, int] = field(default_factory=dict)
    multiline: bool = False  # some text holds a line break

    @property
    def parts(self) -> dict[str, int]:
        """Rows by part as builds call them: `nodes Firm`, `GUARANTEES`."""
        parts: dict[str, int] = {}
        for name, rows in self.files.items():
            kind, label, *_ = name.split(".")
            part = NODES + label if kind == _NODE else label
            parts[part] = parts.get(part, 0) + rows
        return {part: rows for part, rows in parts.items() if rows}


class ImportFolder:
    """A folder of files to import. What a killed process wrote whole is kept, the rest is written again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def state(self) -> ImportState | None:
        """None where nothing was begun."""
        try:
            return ImportState(**json.loads((self.folder / _STATE).read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def note(self, state: ImportState) -> ImportState:
        """Keeps a state, whole or not at all."""
        part = self.folder / f"{_STATE}.part"
        part.write_text(json.dumps(asdict(state), indent=1), "utf-8")
        part.replace(self.folder / _STATE)
        return state

    def write(self, ledger: Ledger, home: str = "", progress: Callable[[str], None] = lambda _: None) -> ImportState:
        """All files, as the ledger stands. ConflictError for a folder that holds something else."""
        state = self._begin(ledger, home)
        with Projection(ledger, state.through_seq, knowledge=KnowledgeRange(state.knowledge_seq)) as projection:
            for entity, told in projection.ontology.entities.items():
                progress(f"file {entity}")
                header = [f"id:ID({entity})", *_headers(node_columns(told)[1:])]
                state = self._file(state, f"{_NODE}.{entity}.csv", header, partial(projection.write_nodes, entity))
            for name, kind in projection.types.items():
                progress(f"file {name}")
                with projection.versions(name) as versions:
                    for src, dst in versions.pairs():
                        header = [f":START_ID({src})", f":END_ID({dst})", *_headers(kind.columns)]
                        write = partial(versions.write, (src, dst))
                        state = self._file(state, f"{_RELATION}.{name}.{src}.{dst}.csv", header, write)
        self._write_meta(state)
        (self.folder / ARGUMENTS).write_text("\n".join(self.arguments(state)) + "\n", "utf-8")
        return self.note(replace(state, stage="written"))

    def arguments(self, state: ImportState) -> list[str]:
        """What `database import full` takes before the database's name; paths are relative to the folder."""
        found = [f"--nodes={_META}={_META}.csv"]
        for name, rows in state.files.items():
            if rows:
                kind, label, *_ = name.split(".")
                group = "nodes" if kind == _NODE else "relationships"
                found.append(f"--{group}={label}={_header_of(name)},{name}")
        return [*found, "--bad-tolerance=0", f"--multiline-fields={str(state.multiline).lower()}"]

    def remove(self) -> None:
        """Removes what was written here, the state last, and the folder where nothing else is in it."""
        for pattern in (f"{_NODE}.*.csv", f"{_RELATION}.*.csv", "part.*.csv", f"{_META}.csv"):
            for file in self.folder.glob(pattern):
                file.unlink()
        for name in (ARGUMENTS, "import.report", _STATE):
            (self.folder / name).unlink(missing_ok=True)
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _begin(self, ledger: Ledger, home: str) -> ImportState:
        fresh = ImportState(ledger.latest_seq, KnowledgeBook.beside(ledger).last_seq, ledger.ontology.hash, home)
        found = self.state()
        if found is None and self.folder.exists() and any(self.folder.iterdir()):
            raise ConflictError(f"{self.folder} holds other things than an import.", "Name a new or an empty folder.", "prepare")
        if found and _begun_as(found) == _begun_as(fresh):
            return found
        self.folder.mkdir(parents=True, exist_ok=True)
        self.remove()
        self.folder.mkdir(exist_ok=True)
        return self.note(fresh)

    def _file(self, state: ImportState, name: str, header: Iterable[str], write: Callable[[Path], int]) -> ImportState:
        """One file, and that it is whole; nothing where it is whole already."""
        if name in state.files:
            return state
        part = self.folder / f"part.{name}"
        rows = write(part)
        if not rows:
            part.unlink(missing_ok=True)
            return state
        (self.folder / _header_of(name)).write_text(",".join(header) + "\n", "utf-8")
        multiline = state.multiline or _breaks_lines(part, rows)
        part.rename(self.folder / name)
        return self.note(replace(state, files={**state.files, name: rows}, multiline=multiline))

    def _write_meta(self, state: ImportState) -> None:
        done = ";".join(state.parts)
        header = f"id:ID({_META}),through_seq:long,building_to:long,building_knowledge:long,done:string[]"
        text = f"{header}\ngraph,0,{state.through_seq},{state.knowledge_seq},{done}\n"
        (self.folder / f"{_META}.csv").write_text(text, "utf-8")


def _begun_as(state: ImportState) -> tuple[int, int, str, str]:
    return state.through_seq, state.knowledge_seq, state.ontology, state.home


def _headers(fields: Iterable[pa.Field]) -> list[str]:
    return [f"{each.name}:{_TYPES[each.type]}" for each in fields]


def _header_of(name: str) -> str:
    return name.removesuffix(".csv") + ".header.csv"


def _breaks_lines(path: Path, rows: int) -> bool:
    """Whether a row takes more than a line: then the importer must be told, and is slower."""
    lines = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if b"\r" in chunk:
                return True
            lines += chunk.count(b"\n")
    return lines != rows
