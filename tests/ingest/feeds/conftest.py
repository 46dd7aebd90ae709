"""Two small feeds over some days of February 2026, delivered on a clock that the test sets."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from graph.clock import to_us
from graph.ledger import Ledger
from graph.personal import Vault
from ingest.feeds import FeedBook, FeedFile
from ingest.result import IngestResult
from ingest.run import ingest

SHANGHAI = ZoneInfo("Asia/Shanghai")
CODES = ("91990101MA0000001Y", "91990101MA00000022")

CRM = """
name: crm
title: 客户数据
defaults: {source: uscc}
expected: {every: month, grace_days: 20}
files:
  - path: firms.csv
    feed: full
    yields:
      - {entity: Firm, key: code, properties: {name: name, uscc: code}}
"""
COURTS = """
name: courts
title: 司法数据
expected: {every: day, by: "09:00"}
files:
  - path: events.csv
    yields:
      - fact: JudicialEvent
        key: number
        subject: {type: Firm, source: uscc, key: code}
        valid_from: day
        properties:
          event_type: {column: kind, values: {失信: defaulter_listing, 立案: lawsuit}}
          case_number: number
          role: {constant: defendant}
          filed_on: day
"""


class Deliveries:
    """A ledger, and files that arrive at set hours (Shanghai)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.ledger = Ledger.open(root / "ledger")
        self._vault = Vault.open(root / "ledger", root / "keys" / "personal.key")
        self.now = 0

    def at(self, moment: str) -> None:
        """Sets the clock: "02-10 08:30"."""
        self.now = to_us(datetime.strptime(f"2026-{moment}", "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI))

    def deliver(self, moment: str, manifest: str, text: str) -> IngestResult:
        """A file comes at that hour and is loaded."""
        self.at(moment)
        spec = yaml.safe_load(manifest)
        folder = self.root / spec["name"]
        folder.mkdir(exist_ok=True)
        (folder / "manifest.yaml").write_text(manifest, "utf-8")
        (folder / spec["files"][0]["path"]).write_text(text, "utf-8")
        quarantine = self.root / "quarantine"
        return ingest(folder / "manifest.yaml", self.ledger, self._vault, quarantine=quarantine, data_root=folder)

    def feed(self, name: str, day: str, *, ledger_seq: int | None = None) -> FeedFile:
        """One feed's only file as it stood on a day."""
        book = FeedBook(self.ledger, date.fromisoformat(f"2026-{day}"), ledger_seq)
        return next(file for file in book.files() if file.feed == name)


@pytest.fixture
def deliveries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deliveries]:
    made = Deliveries(tmp_path)
    for module in ("graph.ledger.batch", "ingest.feeds.delivered", "ingest.feeds.book", "ingest.run"):
        monkeypatch.setattr(f"{module}.now_us", lambda: made.now)
    yield made
    made.ledger.close()


def firms(count: int = 2) -> str:
    return "code,name\n" + "".join(f"{code},企业{k}\n" for k, code in enumerate(CODES[:count]))


def events(*rows: tuple[str, str, str]) -> str:
    """Number, kind and day of each event of the first firm."""
    return "number,code,kind,day\n" + "".join(f"{number},{CODES[0]},{kind},{day}\n" for number, kind, day in rows)
