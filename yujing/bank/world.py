"""An invented bank, or one society of a large one: where its parts are put together, in the order they need each other."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from yujing.bank.activity import Indicators, Statements, draw_statements, watch_indicators
from yujing.bank.between import (
    TIES_BETWEEN,
    Guests,
    as_it_was,
    guarantee_guests,
    hold_with,
    invite,
    joined,
    leave_guests,
    one_way,
    trade_with,
)
from yujing.bank.casting import Cast, choose_cast, write_script
from yujing.bank.channels import Channels, build_channels
from yujing.bank.credit import Lines, Notes, Slots, credit_limits, draw_notes, invent_slots, open_lines
from yujing.bank.distress import Distress, Script, simulate_distress
from yujing.bank.events import (
    Bureau,
    Happenings,
    Lawsuits,
    file_lawsuits,
    follow_failures,
    note_authorities,
    report_bureau,
)
from yujing.bank.firms import Firms, Persons, invent_firms, invent_persons
from yujing.bank.flows import (
    Accounts,
    Disbursements,
    Invoices,
    Moves,
    Transfers,
    as_transfers,
    issue_invoices,
    move_inside,
    open_accounts,
    pay_out,
    pay_suppliers,
    return_money,
)
from yujing.bank.guarantees import Guarantees, invent_guarantees
from yujing.bank.ownership import Ownership, invent_ownership
from yujing.bank.plan import BankPlan, Ints
from yujing.bank.servicing import Dues, NoteStates, fall_due, month_end_states
from yujing.bank.trade import Supplies, invent_supplies


@dataclass(frozen=True)
class Society:
    """Who is there and how they are tied, before anything happens. Guests are the last of the firms."""

    firms: Firms
    persons: Persons
    ownership: Ownership
    guarantees: Guarantees
    supplies: Supplies
    limit_fen: Ints
    slots: Slots
    channels: Channels
    cast: Cast
    guests: Guests | None = None


@dataclass(frozen=True)
class Book:
    """What the bank lent and how it was paid."""

    lines: Lines
    notes: Notes
    dues: Dues
    states: NoteStates
    disbursements: Disbursements


@dataclass(frozen=True)
class Reports:
    """What is told about the firms from month to month."""

    indicators: Indicators
    statements: Statements
    bureau: Bureau
    lawsuits: Lawsuits
    court: Happenings
    authorities: Happenings


@dataclass(frozen=True)
class World:
    """An invented bank, or one society of a large one; equal plans make equal worlds.

    Ties and distress are there from the start; what shows of them is made when it is first asked for.
    """

    plan: BankPlan
    society: Society
    distress: Distress

    @property
    def book(self) -> Book:
        return self._lent[0]

    @cached_property
    def _lent(self) -> tuple[Book, Moves]:
        return _lend(self.plan, self.society, self.distress)

    @cached_property
    def accounts(self) -> Accounts:
        accounts, guests = open_accounts(self.plan, self.society.firms, self.society.persons), self.society.guests
        if guests is not None:
            accounts.firm[self.plan.firms :] = guests.account
        return accounts

    @cached_property
    def _indicators(self) -> Indicators:
        return watch_indicators(self.plan, self.society.firms, self.distress)

    @cached_property
    def reports(self) -> Reports:
        return _report(self.plan, self.society, self.distress, self._indicators)

    @cached_property
    def transfers(self) -> Transfers:
        plan, society, distress = self.plan, self.society, self.distress
        paid = pay_suppliers(plan, society.firms, society.supplies, distress)
        inside = move_inside(plan, society.firms, society.ownership, distress)
        return as_transfers(plan, society.firms, society.persons, self.accounts, [paid, inside, self._lent[1]])

    @cached_property
    def invoices(self) -> Invoices:
        return issue_invoices(self.plan, self.society.firms, self.society.supplies, self._indicators, self.distress)


def invent_world(plan: BankPlan, pool: Guests | None = None) -> World:
    """Ties first, then distress over them; `pool` are the firms of earlier societies that this one may be tied to."""
    society = _found(plan, pool)
    return World(plan, society, simulate_distress(plan, society.firms, society.channels, rehearse(plan, society)))


def rehearse(plan: BankPlan, society: Society) -> Script:
    """What must happen: the cases, and what befell the guests."""
    script = write_script(plan, society.firms, society.cast)
    return script if society.guests is None else as_it_was(plan, society.guests, script)


def guests_of(world: World) -> Guests:
    """The firms of this world that later societies may be tied to."""
    society = world.society
    told = world.distress.failed, society.limit_fen, world.accounts.firm
    return leave_guests(world.plan, society.firms, told, society.cast.everyone)


def _found(plan: BankPlan, pool: Guests | None) -> Society:
    firms, persons = invent_firms(plan), invent_persons(plan)
    ownership = invent_ownership(plan, firms, persons)
    limit = credit_limits(plan, firms)
    guarantees = invent_guarantees(plan, firms, limit, ownership.parent, ownership.controller)
    supplies, slots = invent_supplies(plan, firms), invent_slots(plan, firms, limit)
    cast = choose_cast(plan, firms, ownership, guarantees, slots)
    guests = invite(plan, pool, round(TIES_BETWEEN * supplies.count))
    if guests is not None:
        firms, limit = joined(firms, guests.firms), np.concatenate([limit, guests.limit_fen])
        supplies, guarantees = trade_with(plan, firms, supplies), guarantee_guests(plan, firms, guests, guarantees)
        ownership = hold_with(plan, guests, ownership)
    channels = one_way(plan, build_channels(plan, firms, guarantees, supplies, ownership))
    return Society(firms, persons, ownership, guarantees, supplies, limit, slots, channels, cast, guests)


def _lend(plan: BankPlan, society: Society, distress: Distress) -> tuple[Book, Moves]:
    """The book, in which the round trip's last note is paid out to its payee, and the money that comes back of it."""
    notes, cast = draw_notes(plan, society.firms, society.slots, distress.failed), society.cast
    dues = fall_due(plan, notes, distress)
    paid_out = pay_out(plan, notes, society.supplies)
    last = _newest_drawdown(plan, notes, paid_out, cast.round_trip)
    paid_out.payee[last], paid_out.entrusted[last] = cast.round_trip_payee, True
    note = paid_out.note[last]
    owner = int(society.ownership.controller[cast.round_trip])
    back = return_money(cast.round_trip, owner, cast.round_trip_payee, notes.drawn_on[note], int(notes.principal_fen[note]))
    book = Book(
        lines=open_lines(plan, society.firms, society.limit_fen, distress.failed),
        notes=notes,
        dues=dues,
        states=month_end_states(plan, notes, distress, dues),
        disbursements=paid_out,
    )
    return book, back


def _newest_drawdown(plan: BankPlan, notes: Notes, paid_out: Disbursements, firm: int) -> int:
    """The place of a firm's last disbursement that leaves four days for money to come back."""
    mine = np.flatnonzero(notes.firm[paid_out.note] == firm)
    drawn = notes.drawn_on[paid_out.note[mine]]
    early = mine[drawn + np.timedelta64(4, "D") <= np.datetime64(plan.today)]
    mine = early if len(early) else mine
    return int(mine[notes.drawn_on[paid_out.note[mine]].argmax()])


def _report(plan: BankPlan, society: Society, distress: Distress, indicators: Indicators) -> Reports:
    firms = society.firms
    return Reports(
        indicators=indicators,
        statements=draw_statements(plan, firms, distress, indicators.turnover_fen),
        bureau=report_bureau(plan, firms, distress, society.limit_fen),
        lawsuits=file_lawsuits(plan, firms, distress, society.supplies),
        court=follow_failures(plan, firms, distress, np.array([society.cast.defaulter])),
        authorities=note_authorities(plan, firms, distress),
    )
