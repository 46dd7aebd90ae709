"""Whether a value that was erased still stands under home or in the journal, without knowing it: texts are hashed as tokens are.

Whole cells are looked at everywhere; of prose (JSON, the journal, notes) also each run of letters and digits, and each two to
five Chinese characters side by side.
"""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
from python_calamine import CalamineError, CalamineWorkbook

from alerts.journal.texts import every_text
from graph.personal import Vault

_NOTHING = re.compile(r"(p:)?[0-9a-f]{32}|[0-9a-f]{64}|\d{4}-\d{2}-\d{2}")  # tokens, ids, hashes and days are no values
_RUN = re.compile(r"[0-9A-Za-z]{6,32}|[\u3400-\u9fff·]{2,}")
_ESCAPED = re.compile(r"\\u([0-9a-f]{4})", re.IGNORECASE)  # as JSON may write what is not ASCII
_NAME_LENGTHS = range(2, 6)
_BIG = 64 << 20  # files that no format of ours explains are read no further than this


@dataclass(frozen=True)
class Search:
    """Looks for tokens of `kinds` under a home."""

    vault: Vault
    tokens: frozenset[str]
    kinds: tuple[str, ...]

    def under(self, home: Path) -> Iterator[tuple[Path, int]]:
        """Files in which an erased value stands openly, and how many of them."""
        for path in sorted(home.rglob("*")):
            if path.is_file() and "keys" not in path.relative_to(home).parts[:1]:
                hits = {token for text in set(self._texts(path)) for token in self._hits(text)}
                if hits:
                    yield path, len(hits)

    def in_journal(self, url: str) -> Iterator[tuple[str, int]]:
        """Tables of a journal's database in which an erased value stands openly, and how many of them."""
        texts: dict[str, set[str]] = {}
        for table, text in every_text(url):
            texts.setdefault(table, set()).update(_prose(text))
        for table, found in sorted(texts.items()):
            hits = {token for text in found for token in self._hits(text)}
            if hits:
                yield table, len(hits)

    def _hits(self, text: str) -> Iterator[str]:
        for kind in self.kinds:
            token = self.vault.token(text, kind)
            if token in self.tokens:
                yield token

    def _texts(self, path: Path) -> Iterator[str]:
        try:
            match path.suffix:
                case ".parquet":
                    yield from _cells(path)
                case ".xlsx":
                    yield from _workbook(path)
                case ".db":
                    yield from _database(path)
                case ".json" | ".yaml" | ".txt" | ".log" | ".md":
                    yield from _pieces(path.read_text("utf-8", "replace"))
                case _ if path.stat().st_size <= _BIG:
                    yield from _pieces(path.read_bytes().decode("utf-8", "ignore"))
        except (duckdb.Error, sqlite3.Error, CalamineError):
            yield from _pieces(path.read_bytes()[:_BIG].decode("utf-8", "ignore"))


def _cells(path: Path) -> Iterator[str]:
    """Distinct texts of a Parquet file, lists opened; a cell that is long is prose."""
    with duckdb.connect() as connection:
        shape = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
        for name, kind, *_ in shape:
            column = f'"{name}"'
            if kind == "VARCHAR[]":
                column = f"unnest({column})"
            elif kind != "VARCHAR":
                continue
            rows = connection.execute(f"SELECT DISTINCT {column} AS text FROM read_parquet(?)", [str(path)])
            while part := rows.fetchmany(50_000):
                for (text,) in part:
                    if text and not _NOTHING.fullmatch(text):
                        yield text
                        if len(text) > 40:
                            yield from _pieces(text)


def _workbook(path: Path) -> Iterator[str]:
    book = CalamineWorkbook.from_path(str(path))
    for name in book.sheet_names:
        for row in book.get_sheet_by_name(name).to_python():
            for cell in filter(None, map(str, row)):
                yield cell
                yield from _pieces(cell)


def _database(path: Path) -> Iterator[str]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for cell in row:
                    text = cell.decode("utf-8", "ignore") if isinstance(cell, bytes) else cell
                    if isinstance(text, str):
                        yield from _prose(text)


def _prose(text: str) -> Iterator[str]:
    """A cell whole, and in pieces."""
    if not _NOTHING.fullmatch(text):
        yield text
        yield from _pieces(text)


def _pieces(text: str) -> Iterator[str]:
    text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    for run in set(_RUN.findall(text)):
        if _NOTHING.fullmatch(run):
            continue
        yield run
        if run[0] > "\u3400":
            yield from (run[at : at + n] for n in _NAME_LENGTHS for at in range(len(run) - n + 1))
