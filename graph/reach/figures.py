"""What risk is measured against: the net assets of who bears it, and what the bank has lent."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from graph.snapshot import Snapshot

Rows = Callable[[str, str, Iterable[str]], Sequence[Mapping[str, Any]]]
"""Rows of a type whose column (id, src, subject) is one of these, as known on one day."""

_CNY = {None, "CNY"}


class Means(Protocol):
    """Figures in fen, by entity id; who is not there is not known."""

    def net_assets(self, ids: Sequence[str]) -> dict[str, int]: ...

    def owed(self, ids: Sequence[str]) -> dict[str, int]: ...


class NoFigures:
    """Nothing is known: every guarantee may take all."""

    def net_assets(self, ids: Sequence[str]) -> dict[str, int]:
        return {}

    def owed(self, ids: Sequence[str]) -> dict[str, int]:
        return {}


class Figures:
    """Figures out of the ledger's rows of one day."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Figures":
        """Read from a snapshot, for whoever asks once."""
        return cls(lambda name, column, ids: snapshot.about(name, column, list(ids)).to_pylist())

    def net_assets(self, ids: Sequence[str]) -> dict[str, int]:
        """Of the newest statement in CNY: as told, else total assets less total liabilities."""
        newest: dict[str, tuple[date, int]] = {}
        for row in self._rows("FinancialStatement", "subject", [one for one in ids if one.startswith("Firm-")]):
            told, assets, liabilities = row["net_assets_fen"], row["total_assets_fen"], row["total_liabilities_fen"]
            if told is None and None not in {assets, liabilities}:
                told = assets - liabilities
            before = newest.get(row["subject"])
            if told is not None and row["currency"] in _CNY and (before is None or before[0] < row["period_end"]):
                newest[row["subject"]] = row["period_end"], told
        return {firm: worth for firm, (_, worth) in newest.items()}

    def owed(self, ids: Sequence[str]) -> dict[str, int]:
        """The balance of each one's loan notes in CNY; who has none of a known balance is not there."""
        notes = defaultdict(list)
        for row in self._rows("BORROWS", "src", list(ids)):
            if row["dst_type"] == "LoanNote":
                notes[row["dst"]].append(row["src"])
        newest: dict[str, Mapping[str, Any]] = {}
        for row in self._rows("LoanNoteState", "subject", list(notes)):
            before = newest.get(row["subject"])
            if before is None or (before["valid_from"], before["recorded_at"]) < (row["valid_from"], row["recorded_at"]):
                newest[row["subject"]] = row
        found: dict[str, int] = defaultdict(int)
        for note, state in newest.items():
            if state["balance_fen"] is not None and state["currency"] in _CNY:
                for debtor in notes[note]:
                    found[debtor] += state["balance_fen"]
        return dict(found)
