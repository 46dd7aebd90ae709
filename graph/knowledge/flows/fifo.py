"""Tracing first in, first out: of many starts at once, round by round, each round one payment further."""

from dataclasses import dataclass

import numpy as np

from graph.knowledge.flows.ends import HUB_CUT
from graph.knowledge.flows.matching import Line, match
from graph.knowledge.flows.moves import Bools, Ints, spread
from graph.knowledge.flows.query import Direction, FlowBounds
from graph.knowledge.flows.reading import Book, Starts, Traced


@dataclass(frozen=True)
class _Parts:
    """Parts of payments, an entry each: of which start, which payment, from which fen to which of it."""

    start: Ints
    place: Ints
    low: Ints
    high: Ints

    @property
    def amount(self) -> Ints:
        return self.high - self.low

    def __len__(self) -> int:
        return len(self.start)

    def take(self, which: Bools | Ints) -> "_Parts":
        return _Parts(self.start[which], self.place[which], self.low[which], self.high[which])


def trace_fifo(book: Book, starts: Starts, bounds: FlowBounds, direction: Direction, loaded: Bools | None = None) -> Traced:
    """Forward: what became of each start. Backward: what it was made of. `loaded`: nodes whose payments are here (None: all);
    where others are reached they are `wanted`, and what ended is not yet the whole.

    Exact: an interval of a payment is followed as an interval, so nothing is rounded. Of each start the ends add up to it.
    """
    tracing = _Tracing(book, starts, bounds, direction == "forward", loaded)
    parts = _Parts(np.arange(len(starts)), starts.place, np.zeros(len(starts), np.int64), starts.amount)
    for hop in range(bounds.hops + 1):
        if not len(parts):
            break
        parts = tracing.step(parts, hop)
    return tracing.found


class _Tracing:
    def __init__(self, book: Book, starts: Starts, bounds: FlowBounds, forward: bool, loaded: Bools | None) -> None:
        self.found = Traced.empty()
        self._book = book
        self._starts = starts
        self._bounds = bounds
        self._forward = forward
        self._loaded = loaded

    def step(self, parts: _Parts, hop: int) -> _Parts:
        """Notes what these parts are and where they end; returns the parts of the next payments."""
        self.found.carried(parts.start, parts.place, parts.amount, hop)
        read = self._book.forward if self._forward else self._book.backward
        end, stops, by = read(self._starts, parts.start, parts.place)
        node = (self._book.moves.dst if self._forward else self._book.moves.src)[parts.place]
        if self._loaded is not None and not self._loaded[node].all():
            here = self._loaded[node]
            self.found.wanted = np.union1d(self.found.wanted, node[~here])
            parts, end, stops, by, node = parts.take(here), end[here], stops[here], by[here], node[here]
        self._end(parts, (end, by), stops, "ends", hop)
        on = ~stops
        if hop == self._bounds.hops:
            self._end(parts, (end, by), on, "hops", hop)
            return parts.take(np.zeros(0, np.int64))
        small = on & (parts.amount < self._bounds.smallest_fen)
        self._end(parts, (end, by), small, "small", hop)
        on &= ~small
        hub = on & self._is_hub(parts.start, node)
        self._end(parts, (np.full(len(end), HUB_CUT), np.zeros(len(by), np.int8)), hub, "hub", hop)
        on &= ~hub
        follow = np.flatnonzero(on)
        after, rest = self._through(parts.take(follow), node[follow])
        rests = rest > 0
        resting = _Parts(parts.start[follow], parts.place[follow], np.zeros(len(follow), np.int64), rest)
        self._end(resting, (end[follow], by[follow]), rests, "rests", hop)
        return after

    def _through(self, parts: _Parts, node: Ints) -> tuple[_Parts, Ints]:
        """The parts of payments that these parts went on by (came by), and how much of each did not."""
        nodes = len(self._book.moves.nodes)
        pairs, pair = np.unique(parts.start * nodes + node, return_inverse=True)
        window = self._starts.low[pairs // nodes], self._starts.high[pairs // nodes]
        lines = match(self._book.moves, pairs % nodes, window, self._bounds.opening == "least")
        mine, others = (lines.arrivals, lines.payments) if self._forward else (lines.payments, lines.arrivals)
        begin, end = lines.on_line(mine, pair, parts.place, parts.low, parts.high)
        which, cut = _overlaps(others, begin, end)
        after = _Parts(parts.start[which], others.place[cut.at], cut.low, cut.high)
        taken = np.zeros(len(parts), np.int64)
        np.add.at(taken, which, after.amount)
        return after, parts.amount - taken

    def _is_hub(self, start: Ints, node: Ints) -> Bools:
        moves, low, high = self._book.moves, self._starts.low[start], self._starts.high[start]
        counts = [end - begin for begin, end in (by.ranges(node, low, high) for by in (moves.arriving, moves.leaving))]
        return self._book.is_hub(node, np.maximum(*counts), self._bounds.hub_rows)

    def _end(self, parts: _Parts, where: tuple[np.ndarray, np.ndarray], which: Bools, how: str, hop: int) -> None:
        end, by = where
        if which.any():
            at = {"start": parts.start[which], "place": parts.place[which], "amount": parts.amount[which]}
            self.found.ended({**at, "end": end[which].astype(np.int64), "by": by[which].astype(np.int64)}, how, hop)


@dataclass(frozen=True)
class _Cut:
    """Of each overlap: which interval of the line, and which part of it."""

    at: Ints
    low: Ints
    high: Ints


def _overlaps(line: Line, begin: Ints, end: Ints) -> tuple[Ints, _Cut]:
    """Which intervals of the line each [begin, end) overlaps, and in what part."""
    which, at = spread(np.searchsorted(line.end, begin, "right"), np.searchsorted(line.begin, end, "left"))
    low = np.maximum(begin[which], line.begin[at]) - line.begin[at]
    return which, _Cut(at, low, np.minimum(end[which], line.end[at]) - line.begin[at])
