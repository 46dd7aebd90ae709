"""Money and paper that move between firms: accounts, transfers, invoices, disbursements."""

from dataclasses import dataclass

import numpy as np

from yujing.bank.activity import Indicators, festival
from yujing.bank.credit import Notes
from yujing.bank.distress import Distress
from yujing.bank.firms import Firms, Persons
from yujing.bank.ownership import Ownership
from yujing.bank.plan import BankPlan, Bools, Days, Floats, Ints, Texts
from yujing.bank.trade import Supplies

PURPOSES = ("货款", "往来款", "借款", "加工费", "运费")
_ENTRUSTED_FROM_FEN = 1_000_000_000  # 一千万元 a payee
_PAYMENTS_A_MONTH = 0.31
_INVOICES_A_MONTH = 0.31


@dataclass(frozen=True)
class Accounts:
    """`firm` and `person`: the account each pays from; those of firms that are no customers are at other banks."""

    firm: Texts
    person: Texts
    second: Texts  # a further account of some customers, empty for the others


@dataclass(frozen=True)
class Moves:
    """Transfers before they have names: ends are firms, or persons where the flag says so."""

    payer: Ints
    payee: Ints
    payee_is_person: Bools
    amount_fen: Floats
    month: Ints
    purpose: Ints
    day: Days | None = None  # where it matters; else any day of the month


@dataclass(frozen=True)
class Transfers:
    """One transfer an entry, in order of time; `at` is local time to the second."""

    payer: Texts
    payee: Texts
    payer_name: Texts
    payee_name: Texts
    amount_fen: Ints
    at: Days
    purpose: Texts


@dataclass(frozen=True)
class Invoices:
    """One invoice an entry; `state` 0 valid, 1 voided, 2 red (amounts below zero)."""

    seller: Ints
    buyer: Ints
    net_fen: Ints
    tax_fen: Ints
    day: Days
    state: Ints


@dataclass(frozen=True)
class Disbursements:
    """Where the money of each note drawn inside the months went; acceptances are paid out to nobody."""

    note: Ints
    payee: Ints
    amount_fen: Ints
    entrusted: Bools


def open_accounts(plan: BankPlan, firms: Firms, persons: Persons) -> Accounts:
    """An account for everybody; a quarter of the customers have a second one."""
    rng, first = plan.rng("accounts"), plan.first("ends")
    inside = firms.customer != ""
    own = [f"6209{k:012d}" for k in rng.permutation(firms.count) + first + 310_000]
    other = [f"9{bank:02d}8{k:012d}" for k, bank in enumerate(rng.integers(10, 30, firms.count), first)]
    second = [f"6210{k:012d}" for k in rng.permutation(firms.count) + first + 710_000]
    return Accounts(
        firm=np.where(inside, np.array(own, object), np.array(other, object)),
        person=np.array([f"6229{k:012d}" for k in rng.permutation(persons.count) + plan.first("persons") + 550_000], dtype=object),
        second=np.where(inside & (rng.random(firms.count) < 0.25), np.array(second, object), ""),
    )


def pay_suppliers(plan: BankPlan, firms: Firms, supplies: Supplies, distress: Distress) -> Moves:
    """Buyers pay with their business and their health; a failed buyer hardly pays. Only what the bank can see."""
    rng = plan.rng("payments")
    seen = np.flatnonzero((firms.customer[supplies.seller] != "") | (firms.customer[supplies.buyer] != ""))
    edge, month = _monthly(rng, seen, plan.months, _PAYMENTS_A_MONTH)
    seller, buyer = supplies.seller[edge], supplies.buyer[edge]
    strain = np.maximum(distress.strain[seller, month], distress.strain[buyer, month])
    pays = rng.random(len(edge)) < np.where(distress.failed[buyer] <= month, 0.12, 1.0)
    amount = supplies.annual_fen[edge] / 12 / _PAYMENTS_A_MONTH * np.exp(-0.12 * strain) * festival(plan)[month]
    amount = amount * rng.lognormal(0.0, 0.5, len(edge))
    purpose = rng.choice((0, 0, 0, 3, 4), len(edge))
    return Moves(buyer[pays], seller[pays], np.zeros(int(pays.sum()), bool), amount[pays], month[pays], purpose[pays])


def move_inside(plan: BankPlan, firms: Firms, ownership: Ownership, distress: Distress) -> Moves:
    """Between parents and subsidiaries, upwards when the parent is weak; and from firms to their controllers."""
    rng = plan.rng("inside")
    children = np.flatnonzero((ownership.parent > 1) & (firms.customer != ""))
    child, month = _monthly(rng, children, plan.months, 0.35)
    parent = ownership.parent[child]
    upwards = rng.random(len(child)) < np.where(distress.room[parent, month] < 1.0, 0.85, 0.4)
    owners = np.flatnonzero((ownership.controller >= 0) & (firms.customer != "") & (firms.size >= 2))
    owned, when = _monthly(rng, owners, plan.months, 0.08)
    amount = np.concatenate([firms.turnover_fen[child], firms.turnover_fen[owned] * 0.3])
    return Moves(
        payer=np.concatenate([np.where(upwards, child, parent), owned]),
        payee=np.concatenate([np.where(upwards, parent, child), ownership.controller[owned]]),
        payee_is_person=np.concatenate([np.zeros(len(child), bool), np.ones(len(owned), bool)]),
        amount_fen=amount * rng.lognormal(-2.2, 0.7, len(amount)),
        month=np.concatenate([month, when]),
        purpose=np.concatenate([np.full(len(child), 1), np.full(len(owned), 2)]),
    )


def as_transfers(plan: BankPlan, firms: Firms, persons: Persons, accounts: Accounts, moves: list[Moves]) -> Transfers:
    """All moves with accounts, names and times, in order of time."""
    rng = plan.rng("transfer times")
    payer, payee, amount, month, purpose = (
        np.concatenate([getattr(m, name) for m in moves]) for name in ("payer", "payee", "amount_fen", "month", "purpose")
    )
    personal = np.concatenate([m.payee_is_person for m in moves])
    any_day = plan.month_start(month) + np.floor(rng.random(len(month)) * 28).astype("timedelta64[D]")
    told = np.concatenate([np.full(len(m.month), np.datetime64("NaT"), "datetime64[D]") if m.day is None else m.day for m in moves])
    day = np.where(np.isnat(told), any_day, told)
    at = day.astype("datetime64[s]") + rng.integers(8 * 3600, 19 * 3600, len(month)).astype("timedelta64[s]")
    order = np.argsort(at, kind="stable")
    firm_end, person_end = np.where(personal, 0, payee), np.where(personal, payee, 0)
    return Transfers(
        payer=accounts.firm[payer][order],
        payee=np.where(personal, accounts.person[person_end], accounts.firm[firm_end])[order],
        payer_name=firms.name[payer][order],
        payee_name=np.where(personal, persons.name[person_end], firms.name[firm_end])[order],
        amount_fen=np.maximum(10_000, np.round(amount / 100) * 100).astype(np.int64)[order],
        at=at[order],
        purpose=np.array(PURPOSES, dtype=object)[purpose][order],
    )


def return_money(borrower: int, owner: int, payee: int, drawn_on: np.datetime64, amount_fen: int) -> Moves:
    """A round trip: three and four days after the drawdown the payee sends 65% back, to the borrower and its owner."""
    days = drawn_on + np.array([3, 4]).astype("timedelta64[D]")
    return Moves(
        payer=np.array([payee, payee]),
        payee=np.array([owner, borrower]),
        payee_is_person=np.array([True, False]),
        amount_fen=np.array([0.2, 0.45]) * amount_fen,
        month=np.zeros(2, dtype=np.int64),
        purpose=np.array([1, 1]),
        day=days,
    )


def issue_invoices(plan: BankPlan, firms: Firms, supplies: Supplies, indicators: Indicators, distress: Distress) -> Invoices:
    """Sellers invoice with their turnover; hardly anything goes to a buyer that has failed."""
    rng = plan.rng("invoices")
    edge, month = _monthly(rng, np.arange(supplies.count), plan.months, _INVOICES_A_MONTH)
    seller, buyer = supplies.seller[edge], supplies.buyer[edge]
    kept = rng.random(len(edge)) < np.where(distress.failed[buyer] < month, 0.2, 1.0)
    edge, month, seller, buyer = edge[kept], month[kept], seller[kept], buyer[kept]
    busy = indicators.turnover_fen[seller, month] / firms.turnover_fen[seller]
    gross = supplies.annual_fen[edge] / 12 / _INVOICES_A_MONTH * busy * rng.lognormal(0.0, 0.5, len(edge))
    state = rng.choice(3, len(edge), p=(0.96, 0.025, 0.015))
    sign = np.where(state == 2, -1, 1)
    rate = np.where(np.isin(firms.trade[seller], (13, 14, 15)), 0.06, 0.13)
    net = np.maximum(1000, np.round(gross / (1 + rate))).astype(np.int64)
    day = plan.month_start(month) + np.floor(rng.random(len(edge)) * 28).astype("timedelta64[D]")
    order = np.argsort(day, kind="stable")
    tax = np.round(net * rate).astype(np.int64)
    return Invoices(seller[order], buyer[order], (sign * net)[order], (sign * tax)[order], day[order], state[order])


def pay_out(plan: BankPlan, notes: Notes, supplies: Supplies) -> Disbursements:
    """To a supplier directly from ten million a note on, and half of the time below; else to the borrower's own account."""
    rng = plan.rng("disbursements")
    note = np.flatnonzero((notes.start >= 0) & (notes.product != 1))
    firm = notes.firm[note]
    order = np.argsort(supplies.buyer, kind="stable")
    first = np.searchsorted(supplies.buyer[order], firm)
    after = np.searchsorted(supplies.buyer[order], firm, side="right")
    large = notes.principal_fen[note] > _ENTRUSTED_FROM_FEN
    entrusted = (after > first) & (large | (rng.random(len(note)) < 0.5))
    pick = np.minimum(first + np.floor(rng.random(len(note)) * np.maximum(1, after - first)).astype(np.int64), len(order) - 1)
    payee = np.where(entrusted, supplies.seller[order][pick], firm)
    return Disbursements(note, payee, notes.principal_fen[note], entrusted)


def _monthly(rng: np.random.Generator, rows: Ints, months: int, rate: float) -> tuple[Ints, Ints]:
    """Each row in each month a Poisson number of times: rows and months, one entry each."""
    times = rng.poisson(rate, (len(rows), months))
    where, month = np.nonzero(times)
    again = times[where, month]
    return np.repeat(rows[where], again), np.repeat(month, again)
