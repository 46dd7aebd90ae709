"""What a payment says of the money that it carries, for each start: whether it ends there, and as what."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from graph.knowledge.flows.ends import HOW, NUMBER
from graph.knowledge.flows.moves import Bools, Ints, Moves
from graph.knowledge.flows.parties import GROUP, GUARANTOR, HOME, NOBODY, OTHER, Parties
from graph.knowledge.flows.query import Direction, FlowBounds

Small = npt.NDArray[np.int8]
CERTAIN, BY_PURPOSE, BY_TRADE = 0, 1, 2


@dataclass(frozen=True)
class Starts:
    """Payments to trace, an entry each: the place of the payment, whose money it is (node number, NOBODY), how much of it.

    `low`, `high`: the first place of the window in which it is traced, and the one after the last.
    """

    place: Ints
    borrower: Ints
    amount: Ints
    low: Ints
    high: Ints

    @classmethod
    def of(
        cls, moves: Moves, what: tuple[Ints, Ints, Ints], bounds: FlowBounds, direction: Direction, time_zone: str = "Asia/Shanghai"
    ) -> "Starts":
        """`what`: place, borrower, amount. Days are whole days where the bank is: to the end of the last, from the beginning of the
        first; backward to the payment itself."""
        place = what[0]
        day = (pl.from_epoch(pl.Series(moves.at[place], dtype=pl.Int64), "us").dt.replace_time_zone("UTC")).dt.convert_time_zone(
            time_zone
        )
        day = day.dt.replace_time_zone(None).dt.truncate("1d")

        def instant(days: int) -> Ints:
            shifted = day.dt.offset_by(f"{days}d").dt.replace_time_zone(time_zone, ambiguous="earliest")
            return shifted.dt.epoch("us").to_numpy()

        if direction == "backward":
            return cls(*what, np.searchsorted(moves.at, instant(-bounds.days), "left"), place + 1)
        before = np.searchsorted(moves.at, instant(-bounds.before_days), "left") if bounds.before_days else place
        return cls(*what, before, np.searchsorted(moves.at, instant(bounds.days + 1), "left"))

    def __len__(self) -> int:
        return len(self.place)


@dataclass(frozen=True)
class Book:
    """Payments, who is behind their ends, and the end that each payment's words speak of (0: none)."""

    moves: Moves
    parties: Parties
    says: Small
    crowded: Bools | None = None  # nodes that were not read, having too many payments

    def is_hub(self, node: Ints, rows: Ints, most: int) -> Bools:
        """Whether nodes with so many rows of the busier way are not to be followed."""
        over = rows > most
        return over if self.crowded is None else over | self.crowded[node]

    def forward(self, starts: Starts, start: Ints, place: Ints) -> tuple[Small, Bools, Small]:
        """Of each arrival: the end it has or would have if it rested; whether it ends there; and how that is known."""
        moves, parties = self.moves, self.parties
        borrower, dst = starts.borrower[start], moves.dst[place]
        role = parties.seen_from(borrower, dst)
        came_from = parties.seen_from(borrower, moves.src[place])
        end = self._of_owner(role, dst, NUMBER["unspent"])
        by = np.zeros(len(place), np.int8)
        foreign = role == OTHER
        for says, how in ((parties.says[dst], BY_TRADE), (self.says[place], BY_PURPOSE)):
            told = foreign & (says > 0)
            end, by = np.where(told, says, end), np.where(told, np.int8(how), by)
        back = (role == HOME) & (came_from != HOME) & (place != starts.place[start])
        note = parties.is_note[dst]
        end = np.where(back, NUMBER["borrower"], np.where(note, NUMBER["repaid"], end)).astype(np.int8)
        by = np.where(note, np.int8(CERTAIN), by)
        return end, back | note | (by > 0), by

    def backward(self, starts: Starts, start: Ints, place: Ints) -> tuple[Small, Bools, Small]:
        """The same of what a payment was made from: a loan of ours ends the trace."""
        src = self.moves.src[place]
        role = self.parties.seen_from(starts.borrower[start], src)
        note = self.parties.is_note[src]
        end = np.where(note, NUMBER["loan"], self._of_owner(role, src, NUMBER["untold"])).astype(np.int8)
        return end, note, np.zeros(len(place), np.int8)

    def _of_owner(self, role: Small, node: Ints, home: int) -> Small:
        known = self.parties.owner[node] != NOBODY
        other = np.where(known, NUMBER["third_party"], NUMBER["outside"])
        named = {HOME: home, GROUP: NUMBER["group"], GUARANTOR: NUMBER["guarantor"]}
        for number, end in named.items():
            other = np.where(role == number, end, other)
        return other.astype(np.int8)


@dataclass
class Traced:
    """What a trace found, as columns. `flows`: start, place, amount, hop: money of the start that a payment carried.

    `ends`: start, place, end, how, amount, hop, by: where it ended, `place` being the last payment that carried it. Of each start
    the amounts of `ends` add up to what was traced, to the fen. `wanted`: nodes that were reached and are not loaded.
    """

    flows: list[dict[str, Ints]]
    ends: list[dict[str, Ints]]
    wanted: Ints

    @classmethod
    def empty(cls) -> "Traced":
        return cls([], [], np.zeros(0, np.int64))

    def carried(self, start: Ints, place: Ints, amount: Ints, hop: int) -> None:
        """Notes payments that carried money of a start."""
        self.flows.append({"start": start, "place": place, "amount": amount, "hop": np.full(len(start), hop)})

    def ended(self, at: dict[str, Ints], how: str, hop: int) -> None:
        """Notes ends: `at` has start, place, amount, end, by."""
        filled = {"how": np.full(len(at["start"]), HOW[how]), "hop": np.full(len(at["start"]), hop)}
        self.ends.append({**at, **filled})

    def columns(self, part: str) -> dict[str, Ints]:
        """`flows` or `ends` as one array a column."""
        names = {"flows": ("start", "place", "amount", "hop"), "ends": ("start", "place", "amount", "hop", "end", "how", "by")}[
            part
        ]
        rows = getattr(self, part)
        return {name: np.concatenate([np.zeros(0, np.int64), *(row[name] for row in rows)]) for name in names}
