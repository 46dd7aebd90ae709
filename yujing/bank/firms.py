"""The firms and persons of the invented city: who they are, how big, and which of them borrow."""

from dataclasses import dataclass

import numpy as np

from yujing.bank.codes import credit_codes, identity_numbers
from yujing.bank.names import GUARANTEE_TRADE, PLACES, TRADES, firm_names, person_names, shared_trade_names
from yujing.bank.plan import FEN_PER_WAN, BankPlan, Bools, Days, Floats, Ints, Texts

SIZES = ("large", "medium", "small", "micro")
STATE_OWNER = 0  # firm 0 holds the state's shares; firm 1 is the guarantee company; neither borrows
GUARANTEE_COMPANY = 1
_SIZE_SHARES = (0.02, 0.11, 0.47, 0.40)
_TURNOVER_WAN = np.array([8000.0, 1500.0, 250.0, 45.0])  # a month
_HEADS = np.array([900.0, 160.0, 34.0, 8.0])


@dataclass(frozen=True)
class Firms:
    """One entry a firm in every array; a firm is its position."""

    name: Texts
    code: Texts  # USCC
    customer: Texts  # customer number in ECIF; empty: no customer, known from outside only
    size: Ints
    trade: Ints
    place: Ints
    branch: Ints
    officer: Ints
    state_owned: Bools
    listed: Bools
    borrower: Bools
    established: Days
    capital_fen: Ints
    assets_fen: Ints
    leverage: Floats  # liabilities / assets
    turnover_fen: Floats  # a month, at the start
    heads: Ints
    kwh: Floats  # electricity a month, at the start

    @property
    def count(self) -> int:
        return len(self.size)

    @property
    def net_assets_fen(self) -> Floats:
        return np.asarray(self.assets_fen * (1.0 - self.leverage))


@dataclass(frozen=True)
class Persons:
    """One entry a person in every array."""

    name: Texts
    id_number: Texts
    customer: Texts
    woman: Bools
    surname: Texts

    @property
    def count(self) -> int:
        return len(self.name)


def invent_firms(plan: BankPlan) -> Firms:
    """Sizes, industries and figures of every firm; heavier leverage where equity is thin."""
    rng, n = plan.rng("firms"), plan.firms
    size = rng.choice(4, n, p=_SIZE_SHARES)
    trade = rng.choice(len(TRADES), n, p=np.array([t.weight for t in TRADES]) / sum(t.weight for t in TRADES))
    place = rng.choice(len(PLACES), n, p=np.array([0.34, *[0.66 / 7] * 7]))
    size[:2], trade[:2], place[:2] = 0, GUARANTEE_TRADE, 0
    state_owned = (rng.random(n) < np.array([0.35, 0.08, 0.01, 0.0])[size]) & (np.arange(n) > GUARANTEE_COMPANY)
    state_owned[:2] = True
    listed = (rng.random(n) < np.array([0.18, 0.01, 0.0, 0.0])[size]) & (np.arange(n) > GUARANTEE_COMPANY)
    customer = rng.random(n) < 0.92
    borrower = customer & (rng.random(n) < 0.90)
    customer[:2], borrower[:2] = True, False
    turnover = _TURNOVER_WAN[size] * FEN_PER_WAN * rng.lognormal(0.0, 0.5, n)
    assets = turnover * 12 * rng.lognormal(-0.15, 0.35, n)
    names = firm_names(plan, rng, (place, trade, listed | (rng.random(n) < 0.05)))
    own = ("", "") if plan.block is None else tuple(name for name, _ in shared_trade_names(plan)[:2])
    names[STATE_OWNER] = f"{PLACES[0]}市{own[0]}国有资产经营有限公司"
    names[GUARANTEE_COMPANY] = f"{PLACES[0]}市{own[1]}中小企业融资担保有限公司"
    numbers = np.array([f"C{8_000_000 + k:09d}" for k in rng.permutation(n) + plan.first("firms")], dtype=object)
    return Firms(
        name=np.array(names, dtype=object),
        code=np.array(credit_codes(rng, (place + 1) * 100 + rng.integers(1, 9, n), plan), dtype=object),
        customer=np.where(customer, numbers, "").astype(object),
        size=size,
        trade=trade,
        place=place,
        branch=(place + len(PLACES) * plan.society) * 2 + rng.integers(0, 2, n),
        officer=(place + len(PLACES) * plan.society) * 8 + rng.integers(0, 8, n),
        state_owned=state_owned,
        listed=listed,
        borrower=borrower,
        established=np.datetime64("2018-12-31") - np.floor(rng.gamma(2.2, 1500.0, n)).astype("timedelta64[D]"),
        capital_fen=(np.ceil(assets * rng.uniform(0.08, 0.3, n) / FEN_PER_WAN) * FEN_PER_WAN).astype(np.int64),
        assets_fen=assets.astype(np.int64),
        leverage=np.clip(rng.normal(0.56, 0.14, n), 0.12, 0.92),
        turnover_fen=turnover,
        heads=np.maximum(2, _HEADS[size] * rng.lognormal(0.0, 0.4, n)).astype(np.int64),
        kwh=turnover / FEN_PER_WAN * rng.lognormal(4.5, 0.6, n) * np.where(trade <= 10, 2.5, 0.6),
    )


def other_lenders(plan: BankPlan, firms: Firms) -> Ints:
    """With how many other banks each firm borrows at the start; the larger, the more."""
    return np.asarray(plan.rng("lenders").binomial(5, np.array([0.75, 0.5, 0.3, 0.15])[firms.size]))


def invent_persons(plan: BankPlan) -> Persons:
    """Seventeen persons for ten firms; about half are customers of the bank."""
    rng, count = plan.rng("persons"), int(plan.firms * 1.7)
    woman = rng.random(count) < 0.36
    names = person_names(rng, woman)
    numbers = np.array([f"P{6_000_000 + k:09d}" for k in rng.permutation(count) + plan.first("persons")], dtype=object)
    return Persons(
        name=np.array(names, dtype=object),
        id_number=np.array(identity_numbers(plan, rng, woman), dtype=object),
        customer=np.where(rng.random(count) < 0.75, numbers, "").astype(object),
        woman=woman,
        surname=np.array([name[0] for name in names], dtype=object),
    )
