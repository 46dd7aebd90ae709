"""Every drawdown of a book traced at once, against one after the other by lists of lots, as one writes it by hand.

    python -m bench.flows [--firms 10000 100000 1000000] [--peer 300] [--json FILE]

A firm has an account and pays about ten times in ninety days, the busiest far more; one in twenty draws a loan. The peer keeps lots
in lists and payments in a heap; it is asked for `--peer` of the drawdowns and its time is taken for all. It is a shade simpler than
ours where an account is reached late, which favours it.
"""

import argparse
import heapq
import json
import resource
import time
from bisect import bisect_left
from collections import defaultdict, deque
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from graph.knowledge.flows.ends import NUMBER
from graph.knowledge.flows.fifo import trace_fifo
from graph.knowledge.flows.kind import BOUNDS
from graph.knowledge.flows.query import DAY_US
from graph.knowledge.flows.reading import Book, Starts
from graph.knowledge.flows.told import INDUSTRIES, OWNERS, ROLES, Told

T0 = 1_767_542_400_000_000  # 2026-01-05, midnight in Shanghai


def write_book(firms: int, seed: int = 7) -> Told:
    """Payments by a power law, amounts log-normal, drawdowns to the borrower or to a payee."""
    rng = np.random.default_rng(seed)
    count, notes = firms * 10, firms // 20
    weight = (firms * rng.random(count) ** 1.6).astype(np.int64)
    payee = rng.integers(0, firms, count)
    names = pl.Series([f"Account-{n:08d}" for n in range(firms)])
    at = T0 + (rng.random(count) * 90 * DAY_US).astype(np.int64)
    kept = weight != payee
    paid = pl.DataFrame(
        {
            "rel": [f"t{n}" for n in range(count)],
            "type": "TRANSFERS",
            "src": names.gather(weight),
            "dst": names.gather(payee),
            "amount_fen": np.exp(rng.normal(16, 1.2, count)).astype(np.int64),
            "at": at,
            "purpose": pl.Series([None] * count, dtype=pl.String),
            "currency": "CNY",
        }
    ).filter(pl.Series(kept))
    drawn = pl.DataFrame(
        {
            "rel": [f"d{n}" for n in range(notes)],
            "type": "DISBURSES",
            "src": [f"LoanNote-{n:08d}" for n in range(notes)],
            "dst": names.gather(rng.integers(0, firms, notes)),
            "amount_fen": np.exp(rng.normal(18, 1.0, notes)).astype(np.int64),
            "at": T0 + rng.integers(0, 60, notes) * DAY_US,
            "purpose": pl.Series([None] * notes, dtype=pl.String),
            "currency": "CNY",
        }
    )
    owners = pl.DataFrame({"account": names, "owner": names.str.replace("Account", "Firm")}, OWNERS)
    return Told(pl.concat([paid, drawn]), owners, pl.DataFrame(schema=INDUSTRIES), pl.DataFrame(schema=ROLES))


def starts_of(book: Book) -> Starts:
    """Every drawdown; the borrower is whoever owns the account."""
    place = book.moves.places("DISBURSES")
    borrower = book.parties.owner[book.moves.dst[place]]
    return Starts.of(book.moves, (place, borrower, book.moves.amount[place]), BOUNDS, "forward")


class Peer:
    """Lots in lists, payments in a heap, one drawdown at a time."""

    def __init__(self, book: Book) -> None:
        self._rows = list(zip(book.moves.src.tolist(), book.moves.dst.tolist(), book.moves.amount.tolist(), strict=True))
        self._owner = book.parties.owner.tolist()
        self._of: dict[int, list[int]] = defaultdict(list)
        self._out: dict[int, list[int]] = defaultdict(list)
        for place, (src, dst, _) in enumerate(self._rows):
            self._of[src].append(place)
            self._of[dst].append(place)
            self._out[src].append(place)

    def back(self, place: int, high: int, borrower: int) -> int:
        """Fen that came back to the borrower."""
        lots: dict[int, deque[tuple[int, int]]] = defaultdict(deque)  # fen, hop (-1: not of the start)
        seen: set[int] = set()
        queued: set[int] = set()
        heap = [place]
        returned = 0
        while heap:
            now = heapq.heappop(heap)
            src, dst, amount = self._rows[now]
            moved = [(amount, 0)] if now == place else self._take(lots[src], amount) if src in seen else [(amount, -1)]
            home = self._owner[dst] == borrower and now != place and self._owner[src] != borrower
            for fen, hop in moved:
                if hop >= 0 and home:
                    returned += fen
                    lots[dst].append((fen, -1))
                else:
                    lots[dst].append((fen, hop if fen >= BOUNDS.smallest_fen and hop < BOUNDS.hops else -1))
            if dst not in seen and any(hop >= 0 for _, hop in lots[dst]):
                seen.add(dst)
                before = [p for p in self._of[dst][bisect_left(self._of[dst], place) :] if p < now and self._rows[p][1] == dst]
                earlier = [(self._rows[p][2], -1) for p in before]
                spent = sum(self._rows[p][2] for p in self._of[dst] if place <= p < now and self._rows[p][0] == dst)
                lots[dst] = self._after(earlier, spent, lots[dst])
                for other in self._of[dst][bisect_left(self._of[dst], now + 1) :]:
                    if other >= high:
                        break
                    if other not in queued:
                        queued.add(other)
                        heapq.heappush(heap, other)
        return returned

    @staticmethod
    def _take(lots: deque[tuple[int, int]], amount: int) -> list[tuple[int, int]]:
        moved = []
        while amount and lots:
            fen, hop = lots.popleft()
            part = min(fen, amount)
            moved.append((part, hop + 1 if hop >= 0 else -1))
            amount -= part
            if part < fen:
                lots.appendleft((fen - part, hop))
        return [*moved, (amount, -1)] if amount else moved

    @staticmethod
    def _after(earlier: list[tuple[int, int]], spent: int, now: deque[tuple[int, int]]) -> deque[tuple[int, int]]:
        """A rough stand-in for what was left of earlier money: all of it less what was spent, before what has just come."""
        left = max(0, sum(fen for fen, _ in earlier) - spent)
        return deque([(left, -1), *now]) if left else now


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--firms", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--peer", type=int, default=300, help="drawdowns that the peer traces")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results: list[dict[str, Any]] = []
    for firms in options.firms:
        told = write_book(firms)
        begun, processor = time.perf_counter(), time.process_time()
        book = told.book()
        starts = starts_of(book)
        arrays = time.perf_counter() - begun
        parts = [slice(n, n + 20_000) for n in range(0, len(starts), 20_000)]
        found = []
        for part in parts:
            some = Starts(*(getattr(starts, name)[part] for name in ("place", "borrower", "amount", "low", "high")))
            columns = trace_fifo(book, some, BOUNDS, "forward").columns("ends")
            back = columns["end"] == NUMBER["borrower"]
            found.append((len(columns["start"]), int(columns["amount"].sum()), int(columns["amount"][back].sum())))
        ours, processor = time.perf_counter() - begun, time.process_time() - processor
        assert sum(each[1] for each in found) == int(starts.amount.sum()), "a fen was lost"
        row: dict[str, Any] = {
            "firms": firms,
            "payments": len(book.moves),
            "drawdowns": len(starts),
            "arrays_s": arrays,
            "ours_s": ours,
            "ours_processor_s": processor,  # of all threads: what other work on the machine does not lengthen as much
        }
        if firms <= 100_000:
            begun = time.perf_counter()
            peer = Peer(book)
            ready = time.perf_counter() - begun
            some_of = range(0, len(starts), max(1, len(starts) // options.peer))
            begun = time.perf_counter()
            for n in some_of:
                peer.back(int(starts.place[n]), int(starts.high[n]), int(starts.borrower[n]))
            spent = (time.perf_counter() - begun) * len(starts) / len(some_of)
            row |= {"peer_s": ready + spent, "ratio": (ready + spent) / ours}
        row["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        results.append(row)
        print(
            " ".join(f"{name} {value:,.1f}" if isinstance(value, float) else f"{name} {value:,}" for name, value in row.items()),
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
