"""Readers: every source as chunks of text rows with exact places, in memory that does not grow with the source."""

from ingest.manifest import SourceFile
from ingest.readers.chunk import Chunk
from ingest.readers.files import find_files, format_of, read_chunks
from ingest.readers.origin import Connections, Input, Mark, Repaired, Surroundings

__all__ = ["Chunk", "Connections", "Input", "Mark", "Repaired", "Surroundings", "find_inputs", "format_of", "read_chunks"]


def find_inputs(spec: SourceFile, around: Surroundings) -> tuple[list[Input], list[str]]:
    """What one manifest entry is read from, and remarks on what is not there."""
    if spec.sql:
        from ingest.readers.sql import SqlInput

        return [SqlInput(spec, spec.sql, around)], []
    if spec.kafka:
        from ingest.readers.kafka import find_partitions

        return [*find_partitions(spec, spec.kafka, around)], []
    files, remarks = find_files(spec, around)
    return [*files], remarks
