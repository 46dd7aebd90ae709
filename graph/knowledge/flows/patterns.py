"""Shapes that payments make in time: cycles, each payment later than the one before; gathering from many; scattering to many.

Between *parties*: all accounts of one owner are one, an account of which no owner is known is one by itself.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from graph.errors import InputError
from graph.knowledge.flows.moves import Bools, ByNode, Ints, Moves, spread
from graph.knowledge.flows.query import DAY_US
from graph.knowledge.flows.reading import Book


@dataclass(frozen=True)
class PatternBounds:
    """`days` from the first payment to the last. A cycle has at most `length` payments, each at least `share` of the first and at
    most the first divided by it. Gathering and scattering: `parties` others at least. `most` cycles are told, the largest first;
    `most_open` ways are followed at once, the earliest first."""

    days: int = 30
    length: int = 5
    share: float = 0.5
    parties: int = 5
    smallest_fen: int = 1_000_000
    most: int = 50
    most_open: int = 200_000

    def __post_init__(self) -> None:
        ranges = {"days": (0, 3_660), "length": (2, 8), "parties": (2, 100_000), "most": (1, 10_000), "smallest_fen": (1, 10**17)}
        for name, (least, most) in ranges.items():
            if not least <= getattr(self, name) <= most:
                raise InputError(f"{name} is {getattr(self, name)}.", f"Use {least:,} to {most:,}.", name)
        if not 0 < self.share <= 1:
            raise InputError(f"share is {self.share}.", "Use more than 0, at most 1.", "share")


@dataclass(frozen=True)
class Cycles:
    """`places`: of each cycle its payments in time order, the largest first payment first. `cut`: ways that were not followed.

    `wanted`: nodes that were reached and are not loaded.
    """

    places: list[tuple[int, ...]]
    cut: int
    wanted: Ints


@dataclass(frozen=True)
class Burst:
    """The window of `days` in which most was paid to one party (gathering) or by it (scattering), and between how many."""

    party: int
    others: int
    amount_fen: int
    places: tuple[int, ...]


def parties_of(book: Book) -> Ints:
    """Of each node the number of its party."""
    owner = book.parties.owner
    return np.where(owner >= 0, owner, np.arange(len(owner)))


def cycles(book: Book, starts: Ints, bounds: PatternBounds, loaded: Bools | None = None) -> Cycles:
    """Cycles that begin with one of the payments at `starts`. No party but the first comes twice."""
    moves, party = book.moves, parties_of(book)
    payer, payee = party[moves.src], party[moves.dst]
    leaving = ByNode.of(payer)
    big = moves.amount[starts] >= bounds.smallest_fen
    first = starts[big & (payer[starts] != payee[starts])]
    ways = first.reshape(-1, 1)
    found: list[tuple[int, ...]] = []
    cut, wanted = 0, np.zeros(0, np.int64)
    for _ in range(bounds.length - 1):
        if loaded is not None:
            reached = moves.dst[ways[:, -1]]
            wanted = np.union1d(wanted, reached[~loaded[reached]])
        last = moves.at[ways[:, 0]] + bounds.days * DAY_US
        high = np.searchsorted(moves.at, last, "right")
        begin, end = leaving.ranges(payee[ways[:, -1]], ways[:, -1] + 1, high)
        which, place = leaving.places(begin, end)
        least = moves.amount[ways[which, 0]] * bounds.share
        fits = (moves.amount[place] >= least) & (moves.amount[place] * bounds.share <= moves.amount[ways[which, 0]])
        fits &= moves.at[place] > moves.at[ways[which, -1]]
        which, place = which[fits], place[fits]
        ways = np.column_stack([ways[which], place])
        home = payer[ways[:, 0]] == payee[place]
        found += [tuple(way) for way in ways[home].tolist()]
        ways = ways[~home & ~_comes_again(payer[ways], payee[place])]
        if len(ways) > bounds.most_open:
            cut += len(ways) - bounds.most_open
            ways = ways[: bounds.most_open]
        if not len(ways):
            break
    found.sort(key=lambda way: (-int(moves.amount[way[0]]), len(way), way))
    return Cycles(found[: bounds.most], cut + max(0, len(found) - bounds.most), wanted)


def bursts(book: Book, gathering: bool, bounds: PatternBounds, only: Ints | None = None) -> list[Burst]:
    """Of each party (`only` these, by number) its largest window, where enough others pay it or are paid by it."""
    moves, party = book.moves, parties_of(book)
    mine, other = (party[moves.dst], party[moves.src]) if gathering else (party[moves.src], party[moves.dst])
    counted = mine != other
    if only is not None:
        counted &= np.isin(mine, only)
    place = np.flatnonzero(counted & ~book.parties.is_note[other])
    place = place[np.argsort(mine[place], kind="stable")]
    begin = _window_begins(moves, mine[place], place, bounds.days)
    total = np.concatenate([np.zeros(1, np.int64), np.cumsum(moves.amount[place])])
    within = total[1:] - total[begin]
    rows = pl.DataFrame({"party": mine[place], "end": np.arange(len(place)), "begin": begin, "amount": within})
    best = (
        rows.filter(pl.col("amount") >= bounds.smallest_fen)
        .sort("amount", "end", descending=[True, False])
        .unique("party", keep="first")
    )
    which, at = spread(best["begin"].to_numpy(), best["end"].to_numpy() + 1)
    others = pl.DataFrame({"w": which, "o": other[place[at]]}).group_by("w").agg(pl.col("o").n_unique())
    count = np.zeros(best.height, np.int64)
    count[others["w"].to_numpy()] = others["o"].to_numpy()
    found = []
    for row, (who, end, first, amount) in enumerate(best.iter_rows()):
        if count[row] >= bounds.parties:
            found.append(Burst(who, int(count[row]), amount, tuple(place[first : end + 1].tolist())))
    return sorted(found, key=lambda burst: (-burst.amount_fen, burst.party))


def _window_begins(moves: Moves, party: Ints, place: Ints, days: int) -> Ints:
    """Of each payment, sorted by party and then time, where the window that it closes begins."""
    scale = max(len(moves), 1)
    earliest = np.searchsorted(moves.at, moves.at[place] - days * DAY_US, "left")
    return np.searchsorted(party * scale + place, party * scale + earliest)


def _comes_again(before: Ints, party: Ints) -> Bools:
    """Whether a way's last payee is one of its earlier payers."""
    return np.asarray((before == party[:, None]).any(axis=1))
