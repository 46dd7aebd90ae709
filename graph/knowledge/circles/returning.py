"""The share of what a member guarantees that returns to it over the circle.

    F[i, j] = guarantees of i for j / all guarantees that i gives        (also to firms outside the circle: these do not return)
    N       = (I - F)^-1 over the members
    r[i]    = 1 - 1 / N[i, i]                                            (1 where no member guarantees anybody outside)

Read F as where one yuan of i's guarantee goes on to: j in turn stands behind those whom j guarantees. r[i] is the part that
comes back to i itself, the chance that the chain F returns to where it began (Kemeny and Snell, Finite Markov Chains, 1960,
theorem 3.2.4 for N). A pair that guarantees nobody else returns all: each is in the end its own guarantor. A and B guarantee
each other 60 and A also C 40: F[A, B] = 0.6, F[B, A] = 1, so r is 0.6 for both.

A member of a joint scheme of n gives its amount once, in equal parts to the n - 1 others. A guarantee of which no amount is
known counts as one fen, so that it stays a link.
"""

import numpy as np
from numpy.typing import NDArray

from graph.knowledge.circles.links import Floats, Ints, Links
from graph.knowledge.circles.rings import Rings

MOST = 500  # members of a circle for which the inverse is worked out; NaN for larger ones
_AT_ONCE = 4_000_000  # entries of matrices that are inverted together


def _given(links: Links) -> Floats:
    total = np.bincount(links.pairs.src, np.maximum(links.pairs.amount, 1), links.size)
    return np.asarray(total + np.bincount(links.seats.member, np.maximum(links.seats.gives, 1), links.size), np.float64)


def returning(links: Links, rings: Rings) -> Floats:
    """r of each party; NaN outside circles and in circles of more than MOST."""
    found = np.full(links.size, np.nan)
    circle = rings.circle[: links.size]
    members = np.flatnonzero(circle >= 0)
    members = members[np.argsort(circle[members], kind="stable")]
    sizes = np.bincount(circle[members], minlength=rings.count)
    place = np.zeros(links.size, np.int64)
    place[members] = np.arange(len(members)) - (np.cumsum(sizes) - sizes)[circle[members]]
    src, dst, amount = _within(links, circle, np.flatnonzero(sizes <= MOST))
    given = _given(links)
    share = amount / given[src]
    order = np.argsort(circle[src], kind="stable")
    src, dst, share = src[order], dst[order], share[order]
    for n in np.unique(sizes[sizes <= MOST]).tolist():
        of_size = np.flatnonzero(sizes == n)
        for some in np.array_split(of_size, max(1, len(of_size) * n * n // _AT_ONCE)):
            rank = np.full(rings.count, -1, np.int64)
            rank[some] = np.arange(len(some))
            at = rank[circle[src]]
            kept = at >= 0
            flow = np.zeros((len(some), n, n))
            np.add.at(flow, (at[kept], place[src[kept]], place[dst[kept]]), share[kept])
            mine = members[rank[circle[members]] >= 0]
            found[mine] = _chances(flow)[rank[circle[mine]], place[mine]]
    return found


def _chances(flow: NDArray[np.float64]) -> NDArray[np.float64]:
    closed = (flow.sum(axis=2) > 1 - 1e-9).all(axis=1)
    chance = np.ones(flow.shape[:2])
    inverse = np.linalg.inv(np.eye(flow.shape[1]) - flow[~closed])
    chance[~closed] = 1 - 1 / np.diagonal(inverse, axis1=1, axis2=2)
    return np.clip(chance, 0.0, 1.0)


def _within(links: Links, circle: Ints, wanted: Ints) -> tuple[Ints, Ints, Floats]:
    """Guarantees inside the wanted circles as pairs; joint schemes taken apart, for these circles are small."""
    small = np.zeros(int(circle.max(initial=-1)) + 2, np.bool_)
    small[wanted] = True
    pairs = links.pairs
    inside = (circle[pairs.src] == circle[pairs.dst]) & (circle[pairs.src] >= 0) & small[circle[pairs.src]]
    parts = [(pairs.src[inside], pairs.dst[inside], np.maximum(pairs.amount[inside], 1).astype(np.float64))]
    seats = links.seats
    kept = np.flatnonzero(small[circle[seats.member]])
    for some in np.split(kept, np.flatnonzero(np.diff(seats.scheme[kept])) + 1) if len(kept) else []:
        members, n = seats.member[some], len(some)
        left, right = np.repeat(members, n), np.tile(members, n)
        part = np.repeat(np.maximum(seats.gives[some], 1) / (n - 1), n)
        apart = left != right
        parts.append((left[apart], right[apart], part[apart]))
    src, dst, amount = (np.concatenate(column) for column in zip(*parts, strict=True))
    return src, dst, amount
