"""Beneficial owners of every firm by the tests of 受益所有人信息管理办法 (order 3 of 2024), and what is not known.

Article 6, any of: 25% and more of the equity in the end; of the votes (or of profit, of which the data tell no more than of
equity); control alone or jointly, as computed from votes or as filed. Who manages daily only where none is found. Of firms that
the state controls the legal representative (article 7).
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.knowledge.control.holdings import TOLERANCE, Bools, Floats, Holdings, Ints, among, distinct
from graph.knowledge.control.interest import Interests
from graph.knowledge.control.pairs import Control

QUARTER = 0.25
ROWS_AT_ONCE = 200_000
_MANAGERS = ("manager", "legal_representative", "chairman")  # who manages daily, the first that is told


@dataclass(frozen=True)
class Stakes:
    """Interest and votes of a person (`src`) in a firm (`dst`) where any test of article 6 is met; `by` names the tests."""

    src: Ints
    dst: Ints
    interest: Floats
    votes: Floats
    tests: dict[str, Bools]


@dataclass(frozen=True)
class Posts:
    """Who stands in for a beneficial owner: `role` is manager, legal_representative or chairman."""

    src: Ints
    dst: Ints
    role: Ints


def interests_of(interests: Interests, src: Ints, dst: Ints) -> Floats:
    """What each `src` owns of each `dst` in the end."""
    found = np.zeros(len(src))
    if not len(src):
        return found
    order = np.argsort(src, kind="stable")
    rows, first = np.unique(src[order], return_index=True)
    ends = np.r_[first[1:], len(src)]
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[begin : begin + ROWS_AT_ONCE]
        mine = order[first[begin] : ends[min(begin + ROWS_AT_ONCE, len(rows)) - 1]]
        owned = interests.of(some)
        found[mine] = np.asarray(owned[np.searchsorted(some, src[mine]), dst[mine]]).ravel()
    return found


def stakes_of(holdings: Holdings, interests: Interests, control: Control) -> Stakes:
    """Everybody who meets a test, once for each firm."""
    equity = _quarters(interests, distinct(holdings.equity.src[holdings.person[holdings.equity.src]]))
    votes = control.alone.votes.tocoo()
    voter = holdings.person[control.holders[votes.row]] & (votes.data >= QUARTER - TOLERANCE)
    by_votes = _keys(control.holders[votes.row[voter]], np.asarray(votes.col[voter], np.int64), holdings.size)
    pairs = control.pairs
    person = holdings.person[pairs.src]
    alone = _keys(pairs.src[person & ~pairs.joint], pairs.dst[person & ~pairs.joint], holdings.size)
    jointly = _keys(pairs.src[person & pairs.joint], pairs.dst[person & pairs.joint], holdings.size)
    filed_src, filed_dst = holdings.numbers["filed", "src"], holdings.numbers["filed", "dst"]
    filed = _keys(filed_src[holdings.person[filed_src]], filed_dst[holdings.person[filed_src]], holdings.size)
    named = {"equity": equity, "votes": by_votes, "control": alone, "joint_control": jointly, "filed_control": filed}
    every = distinct(np.concatenate(list(named.values())))
    src, dst = every // max(holdings.size, 1), every % max(holdings.size, 1)
    tests = {name: among(every, keys) for name, keys in named.items()}
    return Stakes(src, dst, interests_of(interests, src, dst), control.commanded(src, dst), tests)


def unknown_of(holdings: Holdings, interests: Interests) -> Floats:
    """Of each entity the part whose owners in the end are not told: shares that nobody is told to hold, at whatever layer."""
    return interests.weigh(missing_of(holdings, interests))


def missing_of(holdings: Holdings, interests: Interests) -> Floats:
    """Of each entity itself the part that nobody is told to hold; of a circle without an owner all of it.

    Persons and the state end a chain: nothing of theirs is missing.
    """
    missing = np.maximum(0.0, 1 - holdings.equity.known)
    missing[missing < TOLERANCE] = 0
    missing[interests.closed] = 1
    missing[holdings.person | holdings.state] = 0
    return missing


def managers_of(holdings: Holdings, wanted: Bools, roles: tuple[str, ...] = _MANAGERS) -> Posts:
    """Of each wanted firm the persons in the first of these roles that anybody has."""
    posts = holdings.told.posts
    src, dst = holdings.numbers["posts", "src"], holdings.numbers["posts", "dst"]
    role = pc.fill_null(pc.index_in(posts["role"], value_set=pa.array(roles, pa.string())), len(roles))
    rank = np.asarray(role.to_numpy(), np.int64)
    best = np.full(holdings.size, len(roles), np.int64)
    np.minimum.at(best, dst, rank)
    kept = wanted[dst] & (rank == best[dst]) & (rank < len(roles))
    pair, first = np.unique(src[kept] * max(holdings.size, 1) + dst[kept], return_index=True)
    return Posts(pair // max(holdings.size, 1), pair % max(holdings.size, 1), rank[kept][first])


def _quarters(interests: Interests, persons: Ints) -> Ints:
    """Keys of (person, firm) where the interest comes to a quarter and more."""
    found = [np.zeros(0, np.int64)]
    for begin in range(0, len(persons), ROWS_AT_ONCE):
        some = persons[begin : begin + ROWS_AT_ONCE]
        owned = interests.of(some).tocoo()
        enough = owned.data >= QUARTER - TOLERANCE
        found.append(_keys(some[owned.row[enough]], np.asarray(owned.col[enough], np.int64), owned.shape[1]))
    return np.concatenate(found)


def _keys(src: Ints, dst: Ints, size: int) -> Ints:
    return distinct(src * size + dst)
