"""Where rows come from: a file, a sheet, a table or a partition of a topic, all read alike."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from graph.errors import InputError
from ingest.readers.chunk import Chunk

_URLS = TypeAdapter(dict[str, str])
_CLUSTERS = TypeAdapter(dict[str, dict[str, str]])

Mark = Mapping[str, Any]
"""How far a source was read, as JSON: kept with the committed batch, and where the next read begins."""


class Input(Protocol):
    """One source of a load. `str()` of it is what messages call it."""

    @property
    def name(self) -> str:
        """What lineage calls it, the same on every machine."""

    @property
    def sheet(self) -> str:
        """Of a workbook; else empty."""

    @property
    def size(self) -> int:
        """For progress: bytes, or messages; 0 where it is not known beforehand."""

    @property
    def file(self) -> Path | None:
        """Where its bytes lie; None for what is no file."""

    @property
    def remarks(self) -> list[str]:
        """What is worth a look, filled as the source is read."""

    def chunks(self) -> Iterator[Chunk]:
        """Its rows; the first chunk names every column."""

    def mark(self) -> Mark | None:
        """How far it was read; None for what is read whole each time."""


@dataclass(frozen=True)
class Repaired:
    """Rows of a source that come from a repaired workbook: they are handed over, not read."""

    name: str
    sheet: str
    size: int = 0
    file: Path | None = None
    remarks: list[str] = field(default_factory=list)

    def chunks(self) -> Iterator[Chunk]:
        """None."""
        return iter(())

    def mark(self) -> Mark | None:
        """None."""
        return None


@dataclass(frozen=True)
class Connections:
    """What a manifest may name but not hold: databases by URL, Kafka clusters by librdkafka's settings."""

    databases: Mapping[str, str] = field(default_factory=dict)
    clusters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, databases: str, clusters: str) -> "Connections":
        """From two texts of JSON, empty for none. InputError says which is wrong, and never what it holds."""
        try:
            urls = _URLS.validate_json(databases or "{}")
        except ValidationError:
            raise InputError("YUJING_DATABASES cannot be read.", 'Write {"core": "postgresql://…"}.', "YUJING_DATABASES") from None
        try:
            return cls(urls, _CLUSTERS.validate_json(clusters or "{}"))
        except ValidationError:
            fix = 'Write {"core": {"bootstrap.servers": "host:9093", "security.protocol": "SASL_SSL", …}}.'
            raise InputError("YUJING_KAFKA cannot be read.", fix, "YUJING_KAFKA") from None


@dataclass(frozen=True)
class Surroundings:
    """What sources are found by: the manifest's folder, the data root, connections, and how far each was read before."""

    beside: Path
    data_root: Path
    feed: str
    time_zone: str
    connections: Connections = Connections()
    read_to: Mapping[str, Mark] = field(default_factory=dict)

    @property
    def folders(self) -> tuple[Path, Path]:
        """Where files are looked for, in this order."""
        return self.beside, self.data_root
