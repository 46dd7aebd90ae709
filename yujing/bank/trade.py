"""Who supplies whom: 1+N chains around core firms, and ordinary trade among the rest."""

from dataclasses import dataclass

import numpy as np

from yujing.bank.firms import GUARANTEE_COMPANY, Firms
from yujing.bank.names import TRADES
from yujing.bank.plan import BankPlan, Floats, Ints


@dataclass(frozen=True)
class Supplies:
    """One lasting trade a entry: yearly amount, the part it makes of the seller's sales and of the buyer's purchases."""

    seller: Ints
    buyer: Ints
    annual_fen: Floats
    sales_share: Floats
    purchase_share: Floats

    @property
    def count(self) -> int:
        return len(self.seller)


def invent_supplies(plan: BankPlan, firms: Firms) -> Supplies:
    """About three and a half trades a firm. A supplier leans on its core firm; the core firm hardly on it."""
    rng, n = plan.rng("trade"), firms.count
    stage = np.array([t.stage for t in TRADES])[firms.trade]
    cores = np.flatnonzero((firms.size <= 1) & (rng.random(n) < 0.6) & (np.arange(n) > GUARANTEE_COMPANY))
    others = np.flatnonzero(firms.size >= 2)
    leaning = rng.choice(others, int(len(others) * 0.55), replace=False)
    pull = firms.turnover_fen[cores] ** 0.5
    core = rng.choice(cores, len(leaning), p=pull / pull.sum())
    upstream = stage[leaning] <= stage[core]
    seller = np.where(upstream, leaning, core)
    buyer = np.where(upstream, core, leaning)
    first, second = rng.integers(2, n, int(n * 2.9)), rng.integers(2, n, int(n * 2.9))
    forward = (stage[first] < stage[second]) | ((stage[first] == stage[second]) & (first < second))
    seller = np.concatenate([seller, np.where(forward, first, second)])
    buyer = np.concatenate([buyer, np.where(forward, second, first)])
    _, once = np.unique(seller * n + buyer, return_index=True)
    once = once[seller[once] != buyer[once]]
    return _with_amounts(rng, firms, seller[once], buyer[once], once < len(leaning))


def _with_amounts(rng: np.random.Generator, firms: Firms, seller: Ints, buyer: Ints, lean: Floats) -> Supplies:
    yearly = firms.turnover_fen * 12
    wish = np.where(lean, rng.uniform(0.2, 0.7, len(seller)), rng.lognormal(-3.0, 0.8, len(seller)))
    smaller = np.minimum(yearly[seller], yearly[buyer] * 0.75)
    amount = wish * smaller
    sold = np.bincount(seller, amount, firms.count)
    bought = np.bincount(buyer, amount, firms.count)
    amount = amount / np.maximum(1.0, np.maximum(sold[seller] / (0.9 * yearly[seller]), bought[buyer] / (0.7 * yearly[buyer])))
    return Supplies(
        seller=seller,
        buyer=buyer,
        annual_fen=amount,
        sales_share=np.round(amount / yearly[seller], 4),
        purchase_share=np.round(amount / (0.75 * yearly[buyer]), 4),
    )
