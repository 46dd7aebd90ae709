"""JSON lines: one object a line (.jsonl, .ndjson, also gzipped). A broken line is set aside with its number."""

from collections.abc import Iterator
from pathlib import Path

from graph.errors import InputError
from ingest.manifest import Severity, SourceFile
from ingest.readers.chunk import Chunk
from ingest.readers.json_rows import JsonRows
from ingest.readers.text import Block, read_blocks


def read_json_lines(path: Path, spec: SourceFile, remarks: list[str]) -> Iterator[Chunk]:
    """The rows of a file; blank lines are none. InputError for a JSON array, or where no line has a field that is needed."""
    rows, read = JsonRows(spec), 0
    for block in read_blocks(path, spec.encoding):
        if block.first_line == 1:
            _refuse_array(path, block.data)
        chunk = rows.chunk(lines_of(block), block.bytes_read)
        read += chunk.rows
        yield chunk
    if read and (gone := rows.unseen):
        said = f"{path}: missing field{'s' if len(gone) > 1 else ''} {', '.join(gone)}: no line has {'them' if gone[1:] else 'it'}."
        if spec.on_missing_column is Severity.ERROR:
            fix = f"The lines have: {', '.join(sorted(rows.seen))}. Mend the manifest, or declare on_missing_column: warn."
            raise InputError(said, fix, gone[0])
        remarks.append(said)


def lines_of(block: Block) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers."""
    for number, line in enumerate(block.data.decode().split("\n"), block.first_line):
        if stripped := line.strip(" \t\r"):
            yield number, stripped


def _refuse_array(path: Path, data: bytes) -> None:
    if data.lstrip()[:1] == b"[":
        said = f"{path}: this is one JSON array, not JSON lines."
        raise InputError(said, "Write one object a line: jq -c '.[]'.", "format")
