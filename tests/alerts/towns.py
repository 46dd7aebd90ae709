"""Hand-drawn worlds for alerts: one borrower 甲 unless a test says otherwise, on 2025-06-30."""

from datetime import date
from math import log
from pathlib import Path
from typing import Any

import pyarrow as pa

from alerts.facts import FactBase, book_facts, firm_facts
from models.scores import SCORE_SCHEMA, ScoreBook
from tests.worlds.build import SOURCE, World

DAY = "2025-06-30"
AS_OF = date(2025, 6, 30)


class Town(World):
    """A world with the short ways that alert tests need. Money is told in yuan."""

    def firm(self, key: str, **told: Any) -> "Town":
        super().firm(key, **told)
        return self

    def person(self, key: str, **told: Any) -> "Town":
        super().person(key, **told)
        return self

    def relation(self, type_name: str, src: str, dst: str, *, occurrence: int = 0, **told: Any) -> "Town":
        super().relation(type_name, src, dst, occurrence=occurrence, **told)
        return self

    def entity(self, type_name: str, key: str, *, source: str = SOURCE, stub: bool = False, **told: Any) -> "Town":
        super().entity(type_name, key, source=source, stub=stub, **told)
        return self

    def loan(
        self, firm: str, note: str = "", *, balance: float = 1_000_000, past_due: int = 0, tier: str = "normal", **told: Any
    ) -> "Town":
        """A loan note with its state; what is not a property of the state is told of the note."""
        note = note or f"借据{firm}"
        of_state = {k: told.pop(k) for k in ("renewed", "restructured", "written_off", "extended", "since") if k in told}
        since = of_state.pop("since", "2025-06-01")
        full: dict[str, Any] = {
            "product": "working_capital",
            "principal_fen": fen(balance),
            "drawn_on": "2024-09-01",
            "matures_on": "2026-09-01",
        }
        self.entity("LoanNote", note, number=note, **(full | told))
        self.relation("BORROWS", firm, note)
        self.fact(
            "LoanNoteState", note, valid_from=since, balance_fen=fen(balance), days_past_due=past_due, five_tier=tier, **of_state
        )
        return self

    def capital(self, net: float, tier1: float) -> "Town":
        self.firm("本行")
        self.fact("CapitalFigure", "本行", net_capital_fen=fen(net), tier1_net_fen=fen(tier1))
        return self

    def bureau(self, firm: str, **told: Any) -> "Town":
        told.setdefault("reported_on", "2025-06-15")
        self.fact("BureauReport", firm, valid_from=told["reported_on"], **told)
        return self

    def case(self, who: str, event_type: str, yuan: float | None = None, **told: Any) -> "Town":
        told = {"filed_on": "2025-05-01", "role": "defendant", "stage": "filed"} | told
        amount = None if yuan is None else fen(yuan)
        self._cases = getattr(self, "_cases", 0) + 1
        self.fact(
            "JudicialEvent",
            who,
            occurrence=self._cases,
            valid_from=told["filed_on"],
            event_type=event_type,
            amount_fen=amount,
            **told,
        )
        return self

    def statement(self, firm: str, period_end: str, **told: Any) -> "Town":
        """A statement; amounts in yuan by name without `_fen`."""
        amounts = {f"{name}_fen": fen(value) for name, value in told.items()}
        self.fact("FinancialStatement", firm, occurrence=period_end, valid_from=period_end, period_end=period_end, **amounts)
        return self

    def months(self, firm: str, first: str, values: list[float], what: str = "inflow_fen") -> "Town":
        """One indicator of consecutive months from `first` (2024-04); money in yuan."""
        year, month = (int(part) for part in first.split("-"))
        for value in values:
            day = f"{year}-{month:02d}-01"
            told = fen(value) if what.endswith("_fen") else value
            self.fact("MonthlyIndicator", firm, occurrence=f"{what}{day}", valid_from=day, month=day, **{what: told})
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        return self

    def guarantee(self, guarantor: str, debtor: str, yuan: float = 1_000_000) -> "Town":
        self.relation("GUARANTEES", guarantor, debtor, amount_fen=fen(yuan), liability="joint_and_several")
        return self

    def contract(self, firm: str, number: str, *, signed_on: str = "2025-01-10", yuan: float = 1e9, **told: Any) -> "Town":
        self.entity("Contract", number, number=number, signed_on=signed_on, amount_fen=fen(yuan), **told)
        self.relation("BORROWS", firm, number)
        return self

    def scored(self, root: Path, probabilities: dict[str, float], contagion: float = 0.5) -> ScoreBook:
        """One run of scores; of each log-odds `contagion` came over a guarantee from 乙."""
        rows = []
        for firm, probability in probabilities.items():
            odds = log(probability / (1 - probability))
            top = [{"type": "GUARANTEES", "way": "out", "rel": "r1", "other": "Firm-other", "contribution": contagion}]
            told = {
                "run_id": "run-1",
                "firm": self.id(firm),
                "as_of": AS_OF,
                "ledger_seq": 1,
                "horizon_days": 365,
                "has_credit": True,
            }
            told |= {
                "probability": probability,
                "log_odds": odds,
                "own": odds - contagion,
                "contagion": contagion,
                "top_relations": top,
            }
            told |= {"model": "tiny", "model_version": "1", "feature_version": "1", "shadow": False, "recorded_at": 0}
            rows.append(told)
        book = ScoreBook(root / "scores")
        book.append(pa.Table.from_pylist(rows, SCORE_SCHEMA))
        return book

    def base(self, day: str = DAY) -> FactBase:
        self.commit()
        return FactBase.load(self.snapshot(day))

    def facts(self, firm: str = "甲", day: str = DAY) -> dict[str, Any]:
        """The facts of one firm; asserts on the way that book and firm agree."""
        base = self.base(day)
        one = firm_facts(base, None, self.id(firm)).to_pylist()
        book = [row for row in book_facts(base).to_pylist() if row["firm"] == self.id(firm)]
        assert one == book
        row: dict[str, Any] = one[0]
        return row


def fen(yuan: float) -> int:
    return round(yuan * 100)


def town(root: Path) -> Town:
    made = Town(root)
    made.firm("甲", name="甲纺织有限公司", uscc="91310000MA1FL0000X")
    return made
