"""A data office for tests: an inbox, its shelf, and workbooks that are edited as an officer would."""

from dataclasses import dataclass
from pathlib import Path

import openpyxl

from ingest.desk import Case, Shelf, Status
from ingest.desk.book import write_book
from ingest.desk.reading import Glass, Reading
from ingest.desk.repair import Options, Repaired, Repairer
from tests.ingest.world import Inbox

HOLDINGS = """
name: crm
defaults: {source: ecif, dates: 2017/7/18}
max_bad_share: 1
files:
  - path: holdings.csv
    ignore: [备注]
    yields:
      - relation: HOLDS_SHARES
        src: {type: Person, key: 证件号, personal: id_number}
        dst: {type: Firm, key: 客户号}
        key: [证件号, 客户号]
        valid_from: 起始日
        properties: {equity_share: 持股比例}
      - entity: Person
        key: 证件号
        personal: id_number
        properties: {name: 姓名}
"""
HEADER = "证件号,姓名,客户号,起始日,持股比例,备注\n"


@dataclass(frozen=True)
class Office:
    inbox: Inbox

    @property
    def shelf(self) -> Shelf:
        return Shelf(self.inbox.home / "quarantine")

    def cases(self, batch: str) -> list[Case]:
        return self.shelf.cases(batch)

    def download(self, batch: str, name: str = "rows.xlsx", *, reveal: bool = False) -> Path:
        cases = [case for case in self.cases(batch) if case.status is Status.OPEN]
        reading = Reading.of(self.shelf, batch, self.inbox.ledger.ontology)
        path = self.inbox.files / name
        glass = Glass.over([(case, reading.source(case)) for case in cases], self.inbox.vault, reveal=reveal)
        write_book(path, batch, [(reading.source(cases[0]), cases, reading.delimiter(0))], glass)
        return path

    def repair(self, workbook: Path, *, by: str = "李", options: Options | None = None) -> Repaired:
        return Repairer(self.shelf, self.inbox.ledger, self.inbox.vault, by).repair(workbook, options)

    def statuses(self, batch: str) -> list[tuple[int, str]]:
        return [(case.at.line, str(case.status)) for case in self.cases(batch)]


def edit(workbook: Path, **cells: str) -> Path:
    """Writes cells of the first sheet as somebody at a keyboard would; `line3_姓名` is that column on the row of line 3."""
    book = openpyxl.load_workbook(workbook)
    sheet = book.worksheets[0]
    columns = {str(cell.value): cell.column for cell in sheet[1]}
    rows = {str(row[0].value): row[0].row for row in sheet.iter_rows(min_row=2)}
    for name, value in cells.items():
        line, _, column = name.partition("_")
        sheet.cell(rows[line.removeprefix("line")], columns[column]).value = value
    book.save(workbook)
    return workbook
