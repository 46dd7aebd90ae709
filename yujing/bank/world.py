"""The whole invented bank in memory: the one place where its parts are put together, in the order they need each other."""

from dataclasses import dataclass

import numpy as np

from yujing.bank.activity import Indicators, Statements, draw_statements, watch_indicators
from yujing.bank.casting import Cast, choose_cast, write_script
from yujing.bank.channels import Channels, build_channels
from yujing.bank.credit import Lines, Notes, Slots, credit_limits, draw_notes, invent_slots, open_lines
from yujing.bank.distress import Distress, simulate_distress
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
    """Who is there and how they are tied, before anything happens."""

    firms: Firms
    persons: Persons
    ownership: Ownership
    guarantees: Guarantees
    supplies: Supplies
    limit_fen: Ints
    slots: Slots
    channels: Channels
    cast: Cast


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
    """An invented bank; equal plans make equal worlds."""

    plan: BankPlan
    society: Society
    distress: Distress
    book: Book
    reports: Reports
    accounts: Accounts
    transfers: Transfers
    invoices: Invoices


def invent_world(plan: BankPlan) -> World:
    """Ties first, then distress over them, then everything that shows of it."""
    society = _found(plan)
    firms, supplies = society.firms, society.supplies
    distress = simulate_distress(plan, firms, society.channels, write_script(plan, firms, society.cast))
    book, round_trip = _lend(plan, society, distress)
    indicators = watch_indicators(plan, firms, distress)
    accounts = open_accounts(plan, firms, society.persons)
    moves = [pay_suppliers(plan, firms, supplies, distress), move_inside(plan, firms, society.ownership, distress), round_trip]
    return World(
        plan=plan,
        society=society,
        distress=distress,
        book=book,
        reports=_report(plan, society, distress, indicators),
        accounts=accounts,
        transfers=as_transfers(plan, firms, society.persons, accounts, moves),
        invoices=issue_invoices(plan, firms, supplies, indicators, distress),
    )


def _found(plan: BankPlan) -> Society:
    firms, persons = invent_firms(plan), invent_persons(plan)
    ownership = invent_ownership(plan, firms, persons)
    limit = credit_limits(plan, firms)
    guarantees = invent_guarantees(plan, firms, limit, ownership.parent, ownership.controller)
    supplies, slots = invent_supplies(plan, firms), invent_slots(plan, firms, limit)
    channels = build_channels(plan, firms, guarantees, supplies, ownership)
    cast = choose_cast(plan, firms, ownership, guarantees, slots)
    return Society(firms, persons, ownership, guarantees, supplies, limit, slots, channels, cast)


def _lend(plan: BankPlan, society: Society, distress: Distress) -> tuple[Book, Moves]:
    """The book, in which the round trip's last note is paid out to its payee, and the money that comes back of it."""
    notes, cast = draw_notes(plan, society.firms, society.slots, distress.failed), society.cast
    dues = fall_due(plan, notes, distress)
    paid_out = pay_out(plan, notes, society.supplies)
    last = int(np.flatnonzero(notes.firm[paid_out.note] == cast.round_trip)[-1])
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
