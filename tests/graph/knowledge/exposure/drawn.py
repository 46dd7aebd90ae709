"""A town of alert tests with what limits need beside it: lines, rates, and both ways of answering."""

from datetime import date
from typing import Any

import pyarrow as pa

from graph.knowledge.book import KnowledgeBook
from graph.knowledge.compute import compute_book
from graph.knowledge.exposure.answer import ExposureAnswer
from graph.knowledge.exposure.one_firm import exposure_answer, groups_in_book
from graph.knowledge.exposure.rows import SnapshotRows
from graph.knowledge.exposure.rules import limits_beside
from graph.knowledge.kinds import chosen
from tests.alerts.towns import DAY, Town, fen

YUAN = 100


class Bank(Town):
    """Money in yuan, as in the town. The bank itself is 本行."""

    def line(self, firm: str, number: str, yuan: float, **told: Any) -> "Bank":
        self.entity("CreditLine", number, number=number, limit_fen=fen(yuan), **({"status": "active"} | told))
        self.relation("BORROWS", firm, number)
        return self

    def under(self, firm: str, line: str, note: str, balance: float, **told: Any) -> "Bank":
        """A loan under a contract of the line."""
        contract = f"合同{note}"
        self.contract(firm, contract, credit_line=line)
        self.loan(firm, note, balance=balance, contract=contract, **told)
        return self

    def rate(self, code: str, yuan: float, on: str, **told: Any) -> "Bank":
        if code not in self._types:
            self.entity("Currency", code, code=code)
        self.fact("ExchangeRate", code, cny_per_unit=yuan, valid_from=on, **told)
        return self

    def foreign(self, firm: str, note: str, amount: float, currency: str) -> "Bank":
        self.entity("LoanNote", note, number=note, product="working_capital", principal_fen=fen(amount), currency=currency)
        self.relation("BORROWS", firm, note)
        return self

    def book(self, day: str = DAY) -> KnowledgeBook:
        book = KnowledgeBook.beside(self.ledger)
        compute_book(book, self.snapshot(day), chosen(["exposure"]))
        return book

    def answer(self, firm: str, day: str = DAY, groups: pa.Table | None = None) -> ExposureAnswer:
        """Of one firm, its groups out of the book where it was computed."""
        rows = SnapshotRows(self.snapshot(day))
        together = groups_in_book(KnowledgeBook.beside(self.ledger), self.id(firm), rows) if groups is None else groups
        return exposure_answer(rows, self.id(firm), limits_beside(self.ledger), together)

    def row(self, table: str, key: str, day: str = DAY, column: str = "client") -> dict[str, Any]:
        """The only row of a table of the book about one."""
        (row,) = KnowledgeBook.beside(self.ledger).about(table, column, [self.id(key)], date.fromisoformat(day)).to_pylist()
        return dict(row)

    def used(self, subject: str, rule: str, day: str = DAY) -> dict[str, Any]:
        found = KnowledgeBook.beside(self.ledger).about("limit_use", "subject", [subject], date.fromisoformat(day)).to_pylist()
        (row,) = [row for row in found if row["rule"] == rule and not row["pending"]]
        return dict(row)
