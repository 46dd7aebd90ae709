"""How groups and limits move: losses by member, capital less the expected loss, and which use of a limit changes its level."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.errors import InputError, NotComputedError
from graph.knowledge.exposure.rules import limits_beside
from models.contagion.arrays import Flags, Floats, Index, summed
from models.stress import words
from models.stress.answer import GroupMove, LimitMove, Limits
from models.stress.day import StressDay


@dataclass(frozen=True)
class Losses:
    """By firm: does it fall in the central run, how often over runs, what the bank loses (mean), what is gone of credit."""

    fell: Flags
    fell_mean: Floats
    expected: Floats
    gone: Floats

    @property
    def total(self) -> float:
        return float(self.expected.sum())


def group_moves(day: StressDay, losses: Losses, most: int) -> tuple[GroupMove, ...]:
    """Groups that lose anything, the largest expected loss first."""
    if day.memberships is None or not day.memberships.num_rows:
        return ()
    sets = _Sets.of(day)
    fell, mean, expected, credit = (
        sets.over(each) for each in (losses.fell.astype(float), losses.fell_mean, losses.expected, day.network.sheets.credit)
    )
    order = np.lexsort((np.array(sets.names), -fell, -expected))
    kept = [int(at) for at in order if expected[at] > 0 or fell[at] > 0][:most]
    return tuple(
        GroupMove(
            kind=sets.kinds[at],
            group=sets.names[at],
            members=int(sets.sizes[at]),
            fell=round(float(fell[at])),
            fell_mean=round(float(mean[at]), 4),
            credit_fen=round(float(credit[at])),
            expected_fen=round(float(expected[at])),
        )
        for at in kept
    )


@dataclass(frozen=True)
class _Sets:
    """Rows of memberships whose member is in the network: `set` number and `member` position of each."""

    kinds: list[str]
    names: list[str]
    sizes: Index
    set: Index
    member: Index

    @classmethod
    def of(cls, day: StressDay) -> "_Sets":
        rows = day.memberships
        assert rows is not None
        keys = pc.binary_join_element_wise(rows["kind"], rows["group"], "\x1f").combine_chunks().dictionary_encode()
        number = keys.indices.to_numpy().astype(np.int64)
        member = pc.fill_null(pc.index_in(rows["member"], value_set=day.network.firms), -1).to_numpy().astype(np.int64)
        told = [str(key).split("\x1f") for key in keys.dictionary.to_pylist()]
        sizes = np.bincount(number, minlength=len(told)).astype(np.int64)
        here = member >= 0
        return cls([t[0] for t in told], [t[1] for t in told], sizes, number[here], member[here])

    def over(self, values: Floats) -> Floats:
        """Over the members of each set."""
        return summed(self.set, values[self.member], len(self.names))


def limit_moves(day: StressDay, losses: Losses, most: int) -> Limits:
    """Every use of a limit again, with what is gone of credit and with less capital."""
    try:
        rows = day.book.read("limit_use", day.snapshot.as_of)
    except (NotComputedError, InputError):
        return Limits(capital_before_fen=None, capital_after_fen=None, levels={}, moves=(), said=words.NOT_COMPUTED)
    rows = rows.filter(pc.and_(pc.is_valid(rows["limit_fen"]), pc.invert(rows["pending"])))
    if not rows.num_rows:
        return Limits(capital_before_fen=None, capital_after_fen=None, levels={}, moves=(), said=None)
    settings = limits_beside(day.snapshot.ledger)
    capital = rows["capital_fen"].to_numpy().astype(float)
    left = np.maximum(capital - losses.total, 0.0)
    share = np.array([float(settings.rule(rule).limit) for rule in rows["rule"].to_pylist()])
    amount = rows["amount_fen"].to_numpy().astype(float)
    after = np.maximum(amount - _gone(day, losses, rows), 0.0)
    limit = np.floor(left * share)
    level = np.where(after > limit, "over", np.where((after > 0) & (after >= limit * float(settings.warning)), "near", "within"))
    before = np.array(rows["level"].to_pylist(), object)
    level = np.where((before == "not_determinable") & (level != "over"), "not_determinable", level.astype(object))
    names = {str(each): [int((before == each).sum()), int((level == each).sum())] for each in sorted({*before, *level})}
    use = np.divide(after, limit, out=np.full(len(after), np.nan), where=limit > 0)
    changed = np.flatnonzero(before != level)
    order = changed[np.argsort(-np.nan_to_num(use[changed], nan=np.inf), kind="stable")][:most]
    told = rows.take(pa.array(order)).to_pylist()
    titles = _titles(day)
    moves = tuple(
        LimitMove(
            subject=row["subject"],
            name=titles.get(row["subject"], row["subject"]),
            rule=row["rule"],
            before=row["level"],
            after=str(level[at]),
            use_before=row["use"],
            use_after=None if np.isnan(use[at]) else round(float(use[at]), 9),
            amount_before_fen=row["amount_fen"],
            amount_after_fen=round(float(after[at])),
            limit_before_fen=row["limit_fen"],
            limit_after_fen=int(limit[at]),
        )
        for at, row in zip(order.tolist(), told, strict=True)
    )
    return Limits(
        capital_before_fen=int(capital.max()),
        capital_after_fen=int(left.max()),
        levels={name: (counts[0], counts[1]) for name, counts in names.items()},
        moves=moves,
        said=None,
    )


def _gone(day: StressDay, losses: Losses, rows: pa.Table) -> Floats:
    """Of each row's amount, what guarantors paid or the bank lost on it: of a client its own, of a set its members'."""
    client = pc.fill_null(pc.index_in(rows["subject"], value_set=day.network.firms), -1).to_numpy().astype(np.int64)
    gone = np.where(client >= 0, losses.gone[client], 0.0)
    if day.memberships is not None and day.memberships.num_rows:
        sets = _Sets.of(day)
        by_name: dict[str, float] = {}
        for name, value in zip(sets.names, sets.over(losses.gone).tolist(), strict=True):
            by_name[name] = max(value, by_name.get(name, 0.0))
        gone += np.array([by_name.get(subject, 0.0) for subject in rows["subject"].to_pylist()])
    return gone


def _titles(day: StressDay) -> dict[str, str]:
    names = zip(day.network.firms.to_pylist(), day.network.about["name"].to_pylist(), strict=True)
    return {firm: name or firm for firm, name in names}
