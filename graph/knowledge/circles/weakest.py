"""What the bank loses when one member of a circle fails: its guarantors are called once, and pay out of their net assets.

For a failing member b with the exposure E[b] at this bank:

    pays at most   u[k] = min(amount of k's guarantees of b, net assets of k)      nothing where these are negative or not told
    loss           L[b] = E[b] - min(E[b], sum of u[k] over its guarantors, members of the circle or not)
    weakest link   the member with the greatest L (then the greatest exposure, then the first id)

Who pays what of it: those jointly and severally liable (连带责任保证, Civil Code art. 688) are called first, in proportion to
their amounts, and what one cannot pay falls on the others, up to their own u (art. 699); ordinary guarantors (一般保证, art. 687)
may refuse until the debtor's own assets are exhausted, so they are called for what is then left. Nothing is recovered from the
debtor. One round only: a guarantor whose call takes all that it has is told as exhausted, with its own exposure here; one whose
net assets are not told counts as paying nothing, and is not told as exhausted.
"""

from dataclasses import dataclass

import numpy as np

from graph.knowledge.circles.links import Bools, Floats, Ints, Links
from graph.knowledge.circles.rings import Rings


@dataclass(frozen=True)
class Losses:
    """Of each party: the loss if it fails, how many guarantors it has, and of how many the net assets are not told."""

    loss: Ints
    guarantors: Ints
    untold: Ints


@dataclass(frozen=True)
class Calls:
    """The calls on the guarantors of some failing parties, an entry a guarantor. `called`: what it pays, fen."""

    failing: Ints
    guarantor: Ints
    amount: Ints
    several: Bools
    called: Ints
    exhausted: Bools


def losses(links: Links) -> Losses:
    """O(guarantees): of a joint scheme what all members together could pay, less the failing member's own."""
    pairs, seats, n = links.pairs, links.seats, links.size
    able = np.minimum(pairs.amount, links.strength[pairs.src]).astype(np.float64)
    pays: Floats = np.bincount(pairs.dst, able, n).astype(np.float64)
    told = np.isnan(links.net_assets)
    guarantors = np.bincount(pairs.dst, minlength=n)
    untold = np.bincount(pairs.dst, told[pairs.src], n)
    schemes = len(seats.contracts)
    own = np.minimum(seats.gives, links.strength[seats.member]).astype(np.float64)
    others = np.bincount(seats.scheme, own, schemes)[seats.scheme] - own
    pays = pays + np.bincount(seats.member, others, n)
    guarantors = guarantors + np.bincount(seats.member, seats.sizes[seats.scheme] - 1, n)
    blank = told[seats.member].astype(np.float64)
    untold = untold + np.bincount(seats.member, np.bincount(seats.scheme, blank, schemes)[seats.scheme] - blank, n)
    pays = pays - _twice(links)
    loss = links.exposure - np.minimum(links.exposure, np.maximum(pays, 0)).astype(np.int64)
    return Losses(loss, guarantors.astype(np.int64), untold.astype(np.int64))


def _twice(links: Links) -> Floats:
    """What was counted twice where one guarantees a firm by itself and in a joint scheme: it has its net assets once."""
    pairs, seats, n = links.pairs, links.seats, links.size
    found = np.zeros(n)
    if not len(seats.member) or not len(pairs.src):
        return found
    begins = np.searchsorted(_sorted(seats.member), pairs.src, "left")
    ends = np.searchsorted(_sorted(seats.member), pairs.src, "right")
    by_member = np.argsort(seats.member, kind="stable")
    times = ends - begins
    pair = np.repeat(np.arange(len(pairs.src)), times)
    within = np.arange(len(pair)) - np.repeat(np.cumsum(times) - times, times)
    seat = by_member[np.repeat(begins, times) + within]
    shared = np.isin(seats.scheme[seat] * n + pairs.dst[pair], seats.scheme * n + seats.member)
    pair, seat = pair[shared], seat[shared]
    cap = links.strength[pairs.src[pair]]
    alone, joint = np.minimum(pairs.amount[pair], cap), np.minimum(seats.gives[seat], cap)
    both = np.minimum(pairs.amount[pair] + seats.gives[seat], cap)
    np.add.at(found, pairs.dst[pair], alone + joint - both)
    return found


def _sorted(values: Ints) -> Ints:
    return np.sort(values, kind="stable")


def weakest_links(links: Links, rings: Rings, found: Losses) -> Ints:
    """Of each circle its weakest member."""
    members = np.flatnonzero(rings.circle[: links.size] >= 0)
    order = np.lexsort((members, -links.exposure[members], -found.loss[members], rings.circle[members]))
    ranked = members[order]
    return ranked[np.unique(rings.circle[ranked], return_index=True)[1]]


def calls_on(links: Links, failing: Ints) -> Calls:
    """The calls when each of `failing` fails, on its own; joint schemes are taken apart for these alone."""
    wanted = np.zeros(links.size, np.bool_)
    wanted[failing] = True
    pairs, seats = links.pairs, links.seats
    kept = wanted[pairs.dst]
    parts = [(pairs.dst[kept], pairs.src[kept], pairs.amount[kept], pairs.several[kept])]
    starts = np.searchsorted(seats.scheme, np.arange(len(seats.contracts)))
    for seat in np.flatnonzero(wanted[seats.member]).tolist():
        begin = starts[seats.scheme[seat]]
        others = np.arange(begin, begin + seats.sizes[seats.scheme[seat]])
        others = others[others != seat]
        one = np.full(len(others), seats.member[seat], np.int64)
        parts.append((one, seats.member[others], seats.gives[others], np.ones(len(others), np.bool_)))
    of, guarantor, amount, several = (np.concatenate(column) for column in zip(*parts, strict=True))
    pair, place = np.unique(of * max(links.size, 1) + guarantor, return_inverse=True)
    total, joint = np.zeros(len(pair), np.int64), np.zeros(len(pair), np.bool_)
    np.add.at(total, place.ravel(), amount)
    np.logical_or.at(joint, place.ravel(), several)
    of, guarantor = pair // max(links.size, 1), pair % max(links.size, 1)
    able = np.minimum(total, links.strength[guarantor])
    owed = links.exposure.astype(np.float64)
    called = np.where(joint, _poured(of, total, np.where(joint, able, 0), owed), 0.0)
    left = owed - np.bincount(of, called, links.size)
    called = np.where(joint, called, _poured(of, total, np.where(joint, 0, able), left))
    paid = np.rint(called).astype(np.int64)
    told = ~np.isnan(links.net_assets[guarantor])  # else it is not known whether the call takes all
    spent = told & (paid >= links.strength[guarantor]) & (links.exposure[of] > 0)
    return Calls(of, guarantor, total, joint, paid, spent)


def _poured(group: Ints, amount: Ints, most: Ints, claim: Floats) -> Floats:
    """Each pays in proportion to `amount` up to `most`, so that a group pays its claim where it can.

    paid = min(most, t * amount) with the one t for which the group's sum is the claim; all of `most` where that is less.
    """
    weight = np.where(most > 0, amount, 0).astype(np.float64)
    level = np.where(weight > 0, most / np.maximum(weight, 1), 0.0)
    order = np.lexsort((level, group))
    g, u, a, r = group[order], most[order].astype(np.float64), weight[order], level[order]
    first = np.searchsorted(g, g, "left")
    run_u, run_a = np.concatenate([[0.0], np.cumsum(u)]), np.concatenate([[0.0], np.cumsum(a)])
    before = run_u[:-1] - run_u[first]
    behind = run_a[np.searchsorted(g, g, "right")] - run_a[:-1]
    rate = (claim[g] - before) / np.where(behind > 0, behind, 1)
    settles = np.where((rate <= r) & (behind > 0), np.arange(len(g)), len(g))
    stop = np.full(len(claim) + 1, len(g))
    np.minimum.at(stop, g, settles)
    at = stop[g]
    rates = np.concatenate([rate, [0.0]])[at]
    paid = np.zeros(len(group))
    paid[order] = np.where(np.arange(len(g)) < at, u, np.minimum(u, np.maximum(rates, 0) * a))
    return paid
