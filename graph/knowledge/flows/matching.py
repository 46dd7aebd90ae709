"""First in, first out, for many accounts at once and without a loop: which fen of which arrival left by which payment.

The money of an account is a line: what arrives is laid on its end, what leaves is cut from its beginning. So an arrival is an
interval of the line, a payment is one, and where they overlap that much of the arrival left by that payment:

    arrival i:  [in_before(i) + untold(i), ... + amount)        payment o:  [out_before(o), ... + amount)

`untold` is what payments took beyond all that had arrived: money that lay there, or came unseen. It is laid on the line when it is
needed (opening `none`) or, all that the window needs, at the beginning (`least`).

First in, first out is the rule in Clayton's case (Devaynes v Noble (1816) 1 Mer 572) for a running account.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from graph.knowledge.flows.moves import Ints, Moves, check_total


@dataclass(frozen=True)
class Line:
    """Intervals on one line that all pairs share, pair after pair. Ascending; `key` is pair times `scale` plus place."""

    key: Ints
    place: Ints
    begin: Ints
    end: Ints


@dataclass(frozen=True)
class Matched:
    """Of each pair (a window, an account) what arrived and what left; `out_end`: where the last payment of a pair ends."""

    arrivals: Line
    payments: Line
    out_end: Ints
    scale: int

    def on_line(self, line: Line, pair: Ints, place: Ints, low: Ints, high: Ints) -> tuple[Ints, Ints]:
        """Where on the line the part [low, high) of a payment lies."""
        at = line.begin[np.searchsorted(line.key, pair * self.scale + place)]
        return at + low, at + high


def match(moves: Moves, node: Ints, window: tuple[Ints, Ints], least: bool) -> Matched:
    """FIFO of each pair: `node` the account, `window` the first place and the one after the last."""
    low, high = window
    sides: list[tuple[Ints, Ints, Ints]] = []
    for by, way in ((moves.arriving, 1), (moves.leaving, -1)):
        of, at = by.places(*by.ranges(node, low, high))
        sides.append((of, at, np.full(len(of), way)))
    pair, place, sign = (np.concatenate(parts) for parts in zip(*sides, strict=True))
    scale = max(len(moves), 1)
    order = np.argsort(pair * scale + place, kind="stable")
    pair, place, arrives = pair[order], place[order], sign[order] > 0
    amount = moves.amount[place]
    check_total(amount)
    came, went = np.where(arrives, amount, 0), np.where(arrives, 0, amount)
    came_by, went_by = np.cumsum(came), np.cumsum(went)  # of all pairs so far, this row included
    first = np.searchsorted(pair, np.arange(len(node)))
    after = np.searchsorted(pair, np.arange(len(node)), side="right")
    zero = np.zeros(1, np.int64)
    came_0, went_0 = np.concatenate([zero, came_by])[first], np.concatenate([zero, went_by])[first]
    came_before, went_before = came_by - came - came_0[pair], went_by - went - went_0[pair]
    short = np.maximum(went_before + went - came_before - came, 0)
    untold = pl.DataFrame({"pair": pair, "short": short}).select(pl.col("short").cum_max().over("pair"))["short"].to_numpy()
    last = np.concatenate([zero, untold])[np.where(after > first, after, 0)]
    untold_before = last[pair] if least else untold  # an arrival needs nothing more, so before it and after it are one
    total_in = np.concatenate([zero, came_by])[after] - came_0
    total_out = np.concatenate([zero, went_by])[after] - went_0
    base = np.cumsum(total_in + last) - (total_in + last)
    begin = base[pair] + np.where(arrives, came_before + untold_before, went_before)
    key = pair * scale + place
    lines = [Line(key[side], place[side], begin[side], begin[side] + amount[side]) for side in (arrives, ~arrives)]
    return Matched(lines[0], lines[1], base + total_out, scale)
