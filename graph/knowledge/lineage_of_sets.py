"""Identity of sets over time: which circle (or group) of today is which of the day before, and what became of each.

A pure function of the sets of the last computed day and the sets of today. The rule, for a set B of before and a set N of now,
over the weights of members (today's weight of a member that is in both):

    two sets are kin      where what they have in common weighs at least half of one of them
    their overlap         J(B, N) = weight(B and N) / weight(B or N), weighted Jaccard
    the identity of B     goes to the N of its kin with the greatest J that has not got one of another B; to one N at most

So of two that merge the one that overlaps more lends its identity, and of a split the part that overlaps most keeps it. A set
without an older identity gets one from its members: the same set found again on any machine is called the same.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

KIN = 0.5

SETS = pa.schema([("set", pa.string()), ("name", pa.string()), ("member", pa.string()), ("weight", pa.float64())])
"""Sets of a day, a row a member: the set's identity (any key, for sets of now), its name (null where sets have none)."""

LINEAGE = pa.schema(
    [
        ("set", pa.string()),  # the identity that the event is about
        ("event", pa.string()),
        ("other", pa.string()),  # the set of before or now that it is told against; null for what was born, ended, renamed
        ("overlap", pa.float64()),  # J of the two
        ("joined", pa.int64()),  # members that the other had not
        ("left", pa.int64()),  # members that only the other had
    ]
)

EVENTS = ("born", "kept", "grown", "shrunk", "changed", "merged", "absorbed", "split", "split_off", "ended", "renamed")
"""What LINEAGE says. kept, grown, shrunk, changed: one set of before, one of now; by who joined and who left. merged: it took in
`other`, which is absorbed. split: `other` was split off it. Every set of now and every set of before has at least one line."""

Ints = NDArray[np.int64]


def without_later_births(rows: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Lineage of one set, oldest first, without a birth of what was there already: it was told before the earlier day was."""
    alive, kept = False, []
    for row in rows:
        if not (row["event"] == "born" and alive):
            kept.append(row)
        alive = row["event"] not in {"ended", "absorbed"}
    return tuple(kept)


@dataclass(frozen=True)
class Followed:
    """`identities`: key of each set of now (columns `set`, `identity`), sorted by key. `lineage`: LINEAGE, sorted."""

    identities: pa.Table
    lineage: pa.Table

    def of(self, keys: pa.ChunkedArray | pa.Array) -> pa.Array:
        """The identities of sets of now by their keys."""
        found = pc.take(self.identities["identity"], pc.index_in(keys, value_set=self.identities["set"]))
        return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def follow(before: pa.Table, now: pa.Table, prefix: str) -> Followed:
    """Identities of the sets of `now` (SETS; no member twice in one set) after those of `before`; new ones begin with `prefix`.

    The order of rows does not matter. A member may be in several sets. Weights are above 0.
    """
    old, new = _Side.of(before), _Side.of(now)
    kin = _kin(old, new)
    heir = _heirs(kin, old, new)
    identities = _identities(old, new, heir, now, prefix)
    lineage = _lineage(old, new, kin, heir, identities)
    return Followed(pa.table({"set": new.keys, "identity": pa.array(identities, pa.string())}), lineage)


@dataclass(frozen=True)
class _Side:
    """One day's sets by number, in the order of their keys: an entry a member."""

    keys: pa.Array
    names: list[str | None]
    set_of: Ints
    member: pa.Array
    weight: NDArray[np.float64]
    size: Ints

    @classmethod
    def of(cls, sets: pa.Table) -> "_Side":
        keys = pc.unique(sets["set"]).sort()
        number = np.asarray(pc.index_in(sets["set"], value_set=keys).to_numpy(), np.int64)
        named = sets.group_by("set").aggregate([("name", "min")]).sort_by("set")["name_min"].to_pylist()
        weight = np.asarray(sets["weight"].to_numpy(), np.float64)
        member = sets["member"].combine_chunks()
        member = pa.concat_arrays(member.chunks) if isinstance(member, pa.ChunkedArray) else member
        return cls(keys, named, number, member, weight, np.asarray(np.bincount(number, minlength=len(keys)), np.int64))


@dataclass(frozen=True)
class _Kin:
    """Pairs of a set of before and a set of now that are kin, the greatest overlap first."""

    old: Ints
    new: Ints
    overlap: NDArray[np.float64]
    common: Ints


def _kin(old: _Side, new: _Side) -> _Kin:
    left = pa.table({"member": old.member, "old": old.set_of, "was": old.weight, "at": np.arange(len(old.set_of))})
    right = pa.table({"member": new.member, "new": new.set_of, "is": new.weight})
    both = left.join(right, "member", join_type="inner")
    at, pair_new = (np.asarray(both[name].to_numpy(), np.int64) for name in ("at", "new"))
    # A member of several sets has one weight: today's where it is in any set today.
    weight_now = np.asarray(both["is"].to_numpy(), np.float64)
    weight_old = old.weight.copy()
    weight_old[at] = weight_now
    heavy_old = np.bincount(old.set_of, weight_old, len(old.keys))
    heavy_new = np.bincount(new.set_of, new.weight, len(new.keys))
    width = max(1, len(new.keys))
    pair, place = np.unique(old.set_of[at] * width + pair_new, return_inverse=True)
    shared = np.bincount(place.ravel(), weight_now, len(pair))
    count = np.asarray(np.bincount(place.ravel(), minlength=len(pair)), np.int64)
    one, other = pair // width, pair % width
    overlap = shared / np.maximum(heavy_old[one] + heavy_new[other] - shared, 1e-300)
    near = shared * (1 + 1e-12) >= KIN * np.minimum(heavy_old[one], heavy_new[other])
    overlap = np.round(np.minimum(overlap, 1.0), 9)
    order = np.lexsort((other, one, -overlap))
    order = order[near[order]]
    return _Kin(one[order], other[order], overlap[order], count[order])


def _heirs(kin: _Kin, old: _Side, new: _Side) -> Ints:
    """Of each set of now the set of before whose identity it carries on; -1 where there is none."""
    heir = np.full(len(new.keys), -1, np.int64)
    alone = (np.bincount(kin.old, minlength=len(old.keys))[kin.old] == 1) & (
        np.bincount(kin.new, minlength=len(new.keys))[kin.new] == 1
    )
    heir[kin.new[alone]] = kin.old[alone]
    given: set[int] = set()
    for one, other in zip(kin.old[~alone].tolist(), kin.new[~alone].tolist(), strict=True):
        if one not in given and heir[other] < 0:
            heir[other] = one
            given.add(one)
    return heir


def _identities(old: _Side, new: _Side, heir: Ints, now: pa.Table, prefix: str) -> list[str]:
    named = old.keys.to_pylist()
    found: list[str | None] = [named[one] if one >= 0 else None for one in heir.tolist()]
    taken = set(named)  # a new set must not be taken for one of before, even where its members once made that one
    fresh = {number for number, identity in enumerate(found) if identity is None}
    members: dict[int, list[str]] = {number: [] for number in fresh}
    rows = np.flatnonzero(np.isin(new.set_of, np.fromiter(fresh, np.int64, len(fresh))))
    for number, member in zip(new.set_of[rows].tolist(), new.member.take(pa.array(rows)).to_pylist(), strict=True):
        members[number].append(member)
    for number in sorted(fresh):
        text, again = "\x1f".join(sorted(members[number])), 0
        while (identity := prefix + hashlib.sha256(f"{text}{again or ''}".encode()).hexdigest()[:16]) in taken:
            again += 1
        taken.add(identity)
        found[number] = identity
    return [identity or "" for identity in found]


def _lineage(old: _Side, new: _Side, kin: _Kin, heir: Ints, identities: list[str]) -> pa.Table:
    named = old.keys.to_pylist()
    children = np.bincount(kin.old, minlength=len(old.keys))
    parents = np.bincount(kin.new, minlength=len(new.keys))
    carried = np.isin(np.arange(len(old.keys)), heir)
    rows: list[tuple[str, str, str | None, float, int, int]] = []
    columns = zip(kin.old.tolist(), kin.new.tolist(), kin.overlap.tolist(), kin.common.tolist(), strict=True)
    for one, other, overlap, common in columns:
        joined, left = int(new.size[other]) - common, int(old.size[one]) - common
        was, now = named[one], identities[other]
        if heir[other] == one:
            rows.append((now, _change(joined, left), was, overlap, joined, left))
            if old.names[one] != new.names[other]:
                rows.append((now, "renamed", None, overlap, 0, 0))
            continue
        if parents[other] > 1 and not carried[one]:
            rows.append((now, "merged", was, overlap, joined, left))
            rows.append((was, "absorbed", now, overlap, left, joined))
        elif children[one] > 1:
            rows.append((now, "split_off", was, overlap, joined, left))
            rows.append((was, "split", now, overlap, left, joined))
    rows += [(identities[number], "born", None, 0.0, int(new.size[number]), 0) for number in np.flatnonzero(parents == 0)]
    rows += [(named[number], "ended", None, 0.0, 0, int(old.size[number])) for number in np.flatnonzero(children == 0)]
    order = sorted(rows, key=lambda row: (row[0], EVENTS.index(row[1]), row[2] or ""))
    columns_of = list(zip(*order, strict=True)) or [()] * len(LINEAGE)
    return pa.table([pa.array(list(values), field.type) for values, field in zip(columns_of, LINEAGE, strict=True)], LINEAGE)


def _change(joined: int, left: int) -> str:
    return ("changed" if left else "grown") if joined else ("shrunk" if left else "kept")
