"""A small bank's inbox for tests: files and a manifest in a folder, and a ledger that they are loaded into."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from graph.ledger import Ledger
from graph.personal import Vault
from ingest.readers import Connections
from ingest.result import Counts, IngestResult
from ingest.run import ingest


class Inbox:
    """Writes files, loads them, and says what the ledger then holds."""

    def __init__(self, root: Path) -> None:
        self.files = root / "files"
        self.home = root / "home"
        self.files.mkdir(parents=True)
        self.ledger = Ledger.open(self.home / "ledger")
        self.vault = Vault.open(self.home / "ledger", self.home / "keys" / "personal.key")
        self.connections = Connections()

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.files / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def manifest(self, text: str) -> Path:
        return self.put("manifest.yaml", text)

    def load(self, manifest: str | None = None, *, dry_run: bool = False) -> IngestResult:
        if manifest is not None:
            self.manifest(manifest)
        path, quarantine = self.files / "manifest.yaml", self.home / "quarantine"
        return ingest(
            path,
            self.ledger,
            self.vault,
            quarantine=quarantine,
            data_root=self.files,
            connections=self.connections,
            dry_run=dry_run,
        )

    def rows(self, type_name: str, *columns: str) -> list[tuple[Any, ...]]:
        """What the ledger holds of a type: chosen columns of every committed row, sorted."""
        table = self.ledger.table(type_name).select(*columns).to_pyarrow()
        return sorted(zip(*(table[column].to_pylist() for column in columns), strict=True), key=repr)

    def quarantined(self, result: IngestResult) -> list[tuple[int, str, str, str]]:
        """Line, column, value and reason of what was refused."""
        import polars as pl

        assert result.quarantine is not None
        path = result.quarantine / "quarantine.parquet"
        if not path.exists():
            return []
        return [(line, column, value, reason) for *_, line, column, value, reason, _ in pl.read_parquet(path).iter_rows()]

    def summary(self, result: IngestResult) -> dict[str, Any]:
        assert result.quarantine is not None
        found: dict[str, Any] = json.loads((result.quarantine / "summary.json").read_text("utf-8"))
        return found


def counts(result: IngestResult) -> tuple[int, int, int, int]:
    return numbers(result.rows)


def numbers(each: Counts) -> tuple[int, int, int, int]:
    return each.read, each.accepted, each.duplicate, each.quarantined


def firms(*, extra: str = "", file: str = "firms.csv", options: str = "") -> str:
    """A manifest of firms with a code, a name and a capital in 万元; `extra` is YAML for the top level."""
    return f"""
name: crm
defaults: {{source: ecif, dates: 2017/7/18}}
max_bad_share: 1
{extra}
files:
  - path: {file}
    {options}
    yields:
      - entity: Firm
        key: 客户号
        properties:
          name: 名称
          registered_capital_fen: {{column: 注册资本, unit: 万元}}
"""


def loans(yields: Sequence[dict[str, Any]], *, file: str = "rows.csv", **top: Any) -> str:
    """A manifest of one CSV file with these yields; every row may be bad."""
    plain = {
        "name": "core",
        "defaults": {"source": "core", "dates": ["2017-07-18"]},
        "max_bad_share": 1,
        "files": [{"path": file, "yields": list(yields)}],
    }
    return yaml.safe_dump({**plain, **top}, allow_unicode=True, sort_keys=False)
