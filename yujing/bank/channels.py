"""The ways in which one firm's failure reaches another, as weighted, delayed, dated edges."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np

from yujing.bank.firms import GUARANTEE_COMPANY, Firms
from yujing.bank.guarantees import SHAPES, Guarantees
from yujing.bank.ownership import Ownership
from yujing.bank.plan import BankPlan, Bools, Floats, Ints, Texts
from yujing.bank.trade import Supplies

KINDS = ("guarantee", "trade", "ownership", "controller")
_ALWAYS = -(10**6), 10**6


@dataclass(frozen=True)
class Channels:
    """One edge an entry: when `source` fails in month t with start <= t < end, `target` is hit in month t + delay.

    `weight` is the hit before the common strength; `drains` marks parents that also draw on a subsidiary while they are
    merely weak. `relation` names what the edge runs over, as the source files do.
    """

    kind: Ints
    source: Ints
    target: Ints
    weight: Floats
    delay: Ints
    start: Ints
    end: Ints
    drains: Bools
    relation: Texts

    @property
    def count(self) -> int:
        return len(self.source)


@dataclass(frozen=True)
class _Part:
    kind: int
    source: Ints
    target: Ints
    weight: Floats
    relation: Texts
    start: Ints | None = None
    end: Ints | None = None
    drains: bool = False


def build_channels(plan: BankPlan, firms: Firms, guarantees: Guarantees, supplies: Supplies, ownership: Ownership) -> Channels:
    """Weights (before the common strength and a lognormal scatter, sigma 0.4):

    - guarantee, borrower to guarantor: 2.5 min(1.5, call / net assets), the call shared among the firms that guarantee;
    - trade: buyer to seller 3 x sales share, seller to buyer 1 x purchase share;
    - ownership: parent to subsidiary 1.3 x share (and 0.1 x share a month while the parent is weak),
      subsidiary to parent 1.5 x share x min(1, subsidiary's assets / parent's net assets);
    - controller: 0.9 between firms of one controller.
    """
    rng = plan.rng("channels")
    parts = [
        _over_guarantees(firms, guarantees),
        *_over_trade(firms, supplies),
        *_over_ownership(firms, ownership),
        _over_controllers(ownership, firms),
    ]
    count = sum(len(part.source) for part in parts)
    weight = np.concatenate([part.weight for part in parts]) * rng.lognormal(0.0, 0.4, count)
    return Channels(
        kind=np.concatenate([np.full(len(part.source), part.kind) for part in parts]),
        source=np.concatenate([part.source for part in parts]),
        target=np.concatenate([part.target for part in parts]),
        weight=weight,
        delay=rng.integers(1, 7, count),
        start=np.concatenate([np.full(len(p.source), _ALWAYS[0]) if p.start is None else p.start for p in parts]),
        end=np.concatenate([np.full(len(p.source), _ALWAYS[1]) if p.end is None else p.end for p in parts]),
        drains=np.concatenate([np.full(len(part.source), part.drains) for part in parts]),
        relation=np.concatenate([part.relation for part in parts]),
    )


def _over_guarantees(firms: Firms, guarantees: Guarantees) -> _Part:
    by_firm = np.flatnonzero(~guarantees.by_person)
    guarantor, borrower = guarantees.guarantor[by_firm], guarantees.borrower[by_firm]
    together = np.bincount(borrower, minlength=firms.count)
    joint = guarantees.shape[by_firm] == SHAPES.index("joint")
    call = guarantees.amount_fen[by_firm] / np.where(joint, np.sqrt(together[borrower]), 1.0)
    numbers = np.array(guarantees.number, dtype=object)[by_firm]
    weight = 2.5 * np.minimum(1.5, call / firms.net_assets_fen[guarantor])
    return _Part(0, borrower, guarantor, weight, numbers, guarantees.start[by_firm], guarantees.end[by_firm])


def _over_trade(firms: Firms, supplies: Supplies) -> tuple[_Part, _Part]:
    names = _arrows("supplies", firms.code[supplies.seller], firms.code[supplies.buyer])
    lost, short = supplies.sales_share > 0.02, supplies.purchase_share > 0.05
    return (
        _Part(1, supplies.buyer[lost], supplies.seller[lost], 3.0 * supplies.sales_share[lost], names[lost]),
        _Part(1, supplies.seller[short], supplies.buyer[short], supplies.purchase_share[short], names[short]),
    )


def _over_ownership(firms: Firms, ownership: Ownership) -> tuple[_Part, _Part]:
    holdings = ownership.holdings
    held = np.flatnonzero(holdings.by_firm & (holdings.holder > GUARANTEE_COMPANY))
    parent, child, share = holdings.holder[held], holdings.firm[held], holdings.share[held]
    names = _arrows("shares", firms.code[parent], firms.code[child])
    size = np.minimum(1.0, firms.assets_fen[child] / firms.net_assets_fen[parent])
    return (
        _Part(2, parent, child, 1.3 * share, names, drains=True),
        _Part(2, child, parent, 1.5 * share * size, names),
    )


def _over_controllers(ownership: Ownership, firms: Firms) -> _Part:
    """Topmost firms of one controller reach each other; below them ownership does."""
    tops = np.flatnonzero((ownership.group == np.arange(firms.count)) & (ownership.controller >= 0))
    behind = ownership.controller[tops]
    order = np.argsort(behind, kind="stable")
    groups = np.split(tops[order], np.flatnonzero(np.diff(behind[order])) + 1)
    pairs = np.array([pair for group in groups for pair in permutations(group, 2)], dtype=np.int64).reshape(-1, 2)
    names = _arrows("controller", firms.code[pairs[:, 0]], firms.code[pairs[:, 1]])
    return _Part(3, pairs[:, 0], pairs[:, 1], np.full(len(pairs), 0.9), names)


def _arrows(what: str, first: Texts, second: Texts) -> Texts:
    return np.array([f"{what}:{a}>{b}" for a, b in zip(first, second, strict=True)], dtype=object)
