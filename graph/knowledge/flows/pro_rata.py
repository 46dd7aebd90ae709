"""Tracing pro rata: every payment takes of an account's money in the proportion in which it lies there (pari passu, the haircut).

    traced(payment) = amount * traced(account) / all(account)          rounded to the fen, the rest stays on the account

The rule of Barlow Clowes International v Vaughan [1992] 4 All ER 22 where first in, first out would be arbitrary. One start, in
order of time: what an account holds depends on all that came before.
"""

from collections import defaultdict

import numpy as np

from graph.knowledge.flows.ends import HOW, HUB_CUT
from graph.knowledge.flows.moves import Bools, Ints, Moves
from graph.knowledge.flows.query import Direction, FlowBounds
from graph.knowledge.flows.reading import Book, Starts, Traced


def trace_pro_rata(book: Book, starts: Starts, bounds: FlowBounds, direction: Direction, loaded: Bools | None = None) -> Traced:
    """The same as `fifo.trace_fifo`, of one start. Money that rests on an account is told at the last payment that brought some."""
    pool = _Pool(book, starts, bounds, loaded)
    pool.read(int(starts.low[0]), int(starts.high[0]))
    if direction == "forward":
        pool.sweep()
    else:
        pool.sweep_back()
    return pool.traced()


class _Pool:
    """The accounts of one window, swept once."""

    def __init__(self, book: Book, starts: Starts, bounds: FlowBounds, loaded: Bools | None) -> None:
        self._book = book
        self._starts = starts
        self._bounds = bounds
        self._loaded = loaded
        self._first = int(starts.place[0])
        self._hop: dict[int, int] = {}  # of each node, the fewest payments that money of the start came to it by
        self._last: dict[int, int] = {}  # and the payment that brought some last
        self._held: dict[int, int] = defaultdict(int)
        self._carried: dict[int, tuple[int, int]] = {}
        self._ended: list[tuple[int, int, int, str]] = []
        self._wanted: set[int] = set()

    def read(self, low: int, high: int) -> None:
        """The window, what each account holds in it before anything is traced, and which accounts are hubs."""
        moves = self._book.moves
        self._low, self._high = low, high
        src, dst = moves.src[low:high], moves.dst[low:high]
        counts = [np.bincount(ends, minlength=len(moves.nodes)) for ends in (src, dst)]
        self._hub = self._book.is_hub(np.arange(len(moves.nodes)), np.maximum(*counts), self._bounds.hub_rows)
        self._rows = list(zip(range(low, high), src.tolist(), dst.tolist(), moves.amount[low:high].tolist(), strict=True))
        self._opening = _least_opening(moves, low, high) if self._bounds.opening == "least" else {}

    def sweep(self) -> None:
        """Forward: what is held of the start leaves with what leaves."""
        all_of: dict[int, int] = defaultdict(int, self._opening)
        end, stops, _ = self._said(forward=True)
        for place, src, dst, amount in self._rows:
            held, there = self._held[src], max(all_of[src], amount)
            traced = _share(amount, held, there) if held else 0
            if place == self._first:
                traced = int(self._starts.amount[0])
            else:
                self._held[src] -= traced
            all_of[src] = there - amount
            all_of[dst] += amount
            if traced:
                hop = 0 if place == self._first else self._hop[src] + 1
                self._arrive(place, dst, traced, (hop, bool(stops[place - self._low])))
        for node, held in self._held.items():
            if held:
                self._ended.append((self._last[node], held, self._hop[node], "rests"))
        self._end = end

    def sweep_back(self) -> None:
        """Backward: what is wanted of an account is taken of all that had arrived, in the proportion in which it lay there."""
        after: dict[int, int] = defaultdict(int, self._opening)
        there_after: list[int] = []
        for _, src, dst, amount in self._rows:
            after[src] = max(after[src], amount) - amount
            after[dst] += amount
            there_after.append(after[dst])
        untold = _untold(self._rows, self._opening)
        end, stops, _ = self._said(forward=False)
        self._arrive(self._first, self._rows[-1][1], int(self._starts.amount[0]), (0, bool(stops[-1])))
        for (place, src, dst, amount), there, missing in zip(
            reversed(self._rows[:-1]), reversed(there_after[:-1]), reversed(untold[1:]), strict=True
        ):
            later = self._rows[place - self._low + 1]
            self._untold_part(later[1], missing)
            wanted = self._held[dst]
            if wanted:
                traced = _share(wanted, amount, there)
                self._held[dst] -= traced
                if traced:
                    self._arrive(place, src, traced, (self._hop[dst] + 1, bool(stops[place - self._low])))
        for node, held in self._held.items():
            if held:
                self._ended.append((self._last[node], held, self._hop[node], "rests"))
        self._end = end

    def traced(self) -> Traced:
        """In the form that all tracing gives."""
        found = Traced.empty()
        rows = [(place, amount, hop) for place, (amount, hop) in sorted(self._carried.items())]
        carried = np.array(rows, np.int64).reshape(-1, 3)
        zeros = np.zeros(len(carried), np.int64)
        found.flows.append({"start": zeros, "place": carried[:, 0], "amount": carried[:, 1], "hop": carried[:, 2]})
        ended = np.array([(p, a, h, HOW[how]) for p, a, h, how in self._ended], np.int64).reshape(-1, 4)
        at = ended[:, 0] - self._low
        columns = {"place": ended[:, 0], "amount": ended[:, 1], "hop": ended[:, 2], "how": ended[:, 3]}
        hub = columns["how"] == HOW["hub"]
        says = {
            "end": np.where(hub, HUB_CUT, self._end[at]).astype(np.int64),
            "by": np.where(hub, 0, self._by[at]).astype(np.int64),
        }
        found.ends.append({"start": np.zeros(len(ended), np.int64), **columns, **says})
        found.wanted = np.array(sorted(self._wanted), np.int64)
        return found

    def _said(self, forward: bool) -> tuple[np.ndarray, Bools, np.ndarray]:
        place = np.arange(self._low, self._high)
        read = self._book.forward if forward else self._book.backward
        end, stops, self._by = read(self._starts, np.zeros(len(place), np.int64), place)
        return end, stops, self._by

    def _arrive(self, place: int, node: int, traced: int, at: tuple[int, bool]) -> None:
        """Money of the start comes to a node by a payment: it ends there, or is held there."""
        hop, stops = at
        self._carried[place] = traced, hop
        if self._loaded is not None and not self._loaded[node]:
            self._wanted.add(node)
            return
        bounds = self._bounds
        cut = "ends" if stops else "hops" if hop >= bounds.hops else "small" if traced < bounds.smallest_fen else ""
        cut = cut or ("hub" if self._hub[node] else "")
        if cut:
            self._ended.append((place, traced, hop, cut))
            return
        self._held[node] += traced
        self._hop[node] = min(hop, self._hop.get(node, hop))
        self._last[node] = place

    def _untold_part(self, node: int, missing: tuple[int, int]) -> None:
        """Of what is wanted of an account just before a payment, the part that money of which nothing is told stands for."""
        came, there = missing
        wanted = self._held[node]
        if came and wanted:
            part = _share(wanted, came, there)
            self._held[node] -= part
            if part:
                self._ended.append((self._last[node], part, self._hop[node], "rests"))


def _share(amount: int, held: int, there: int) -> int:
    """amount * held / there, rounded to the nearest; of what is held never more, and of the rest never more than there is."""
    return (2 * amount * held + there) // (2 * there)


def _untold(rows: list[tuple[int, int, int, int]], opening: dict[int, int]) -> list[tuple[int, int]]:
    """Before each payment: how much its account lacked, and how much there was once that is added."""
    there: dict[int, int] = defaultdict(int, opening)
    found = []
    for _, src, dst, amount in rows:
        lacked = max(amount - there[src], 0)
        there[src] += lacked
        found.append((lacked, there[src]))
        there[src] -= amount
        there[dst] += amount
    return found


def _least_opening(moves: Moves, low: int, high: int) -> dict[int, int]:
    """Of each account the least that it must have held when the window began."""
    there: dict[int, int] = defaultdict(int)
    least: dict[int, int] = defaultdict(int)
    ends: tuple[Ints, ...] = (moves.src[low:high], moves.dst[low:high], moves.amount[low:high])
    for src, dst, amount in zip(*(side.tolist() for side in ends), strict=True):
        there[src] -= amount
        least[src] = max(least[src], -there[src])
        there[dst] += amount
    return least
