"""The demonstration cases as data: whom to look at, what to ask, what an officer should find. None of it is ingested."""

from typing import Any

import numpy as np

from yujing.bank.names import BANK_NAME
from yujing.bank.offer import open_offer
from yujing.bank.plan import FEN_PER_WAN, Ints
from yujing.bank.world import World


def describe_cases(world: World) -> dict[str, Any]:
    """The cases by name; `request` has the ingredients of what to ask, `body` what to send to the decision API as it is."""
    cast = world.society.cast
    return {
        "invented": True,
        "bank": BANK_NAME,
        "as_of": str(world.plan.today),
        "cases": [
            _ring(world),
            _near_maturity(world),
            _defaulter_guarantor(world),
            _related_payee(world),
            _round_trip(world),
            _clean(world, cast.everyone),
        ],
    }


def clean_applicant(world: World, others: Ints) -> int:
    """The healthiest borrower whom no failed firm can reach over any channel and who plays in no other case."""
    channels, distress, firms = world.society.channels, world.distress, world.society.firms
    touched = np.unique(channels.target[distress.failed[channels.source] < world.plan.months])
    fits = firms.borrower & (distress.failed >= world.plan.months) & (firms.size >= 1)
    fits[others] = False
    calm = distress.room.min(axis=1) - np.where(np.isin(np.arange(firms.count), touched), 100.0, 0.0)
    return int(np.where(fits, calm, -1000.0).argmax())


def _who(world: World, firm: int) -> dict[str, str]:
    firms = world.society.firms
    return {"name": firms.name[firm], "uscc": firms.code[firm], "customer": firms.customer[firm]}


def _ask(world: World, firm: int) -> int:
    return int(max(world.society.limit_fen[firm] // 4 // FEN_PER_WAN * FEN_PER_WAN, 10 * FEN_PER_WAN))


def _application(world: World, applicant: int, *guarantors: int) -> dict[str, Any]:
    """The body of `POST /v1/decisions/pre-loan`."""
    code = world.society.firms.code
    return {
        "applicant": {"uscc": code[applicant]},
        "amount_fen": _ask(world, applicant),
        "on": str(world.plan.today),
        "product": "working_capital",
        "guarantors": [{"uscc": code[guarantor]} for guarantor in guarantors],
    }


def _ring(world: World) -> dict[str, Any]:
    ring = world.society.cast.ring
    fallen = world.plan.month_start(np.array([world.distress.failed[ring[0]]]))[0]
    return {
        "case": "guarantee-circle",
        "stage": "post-loan",
        "firm": _who(world, int(ring[1])),
        "circle": [_who(world, int(member)) for member in ring],
        "overdue_member": _who(world, int(ring[0])),
        "overdue_since_month": str(fallen)[:7],
        "request": {"scan": {"as_of": str(world.plan.today)}},
        "find": {
            "zh": f"担保圈{len(ring)}户中一户自{str(fallen)[:7]}起逾期，其余尚未逾期：圈内代偿压力正在传导。",
            "en": f"One of {len(ring)} guarantors in a circle is overdue since {str(fallen)[:7]}; the others are not yet.",
        },
    }


def _near_maturity(world: World) -> dict[str, Any]:
    firm, notes = world.society.cast.near_maturity, world.book.notes
    due = np.flatnonzero((notes.firm == firm) & (notes.matures_on > np.datetime64(world.plan.today)))
    note = int(due[notes.matures_on[due].argmin()])
    return {
        "case": "near-maturity",
        "stage": "post-loan",
        "firm": _who(world, firm),
        "loan_note": notes.number[note],
        "matures_on": str(notes.matures_on[note]),
        "principal_fen": int(notes.principal_fen[note]),
        "request": {"scan": {"as_of": str(world.plan.today)}},
        "find": {
            "zh": "借据临近到期，而账户流入、纳税与用电连续数月下滑，到期还款来源不足。",
            "en": "A note matures within weeks while inflow, tax and electricity have been falling for months.",
        },
    }


def _defaulter_guarantor(world: World) -> dict[str, Any]:
    cast = world.society.cast
    return {
        "case": "defaulter-guarantor",
        "stage": "pre-loan",
        "firm": _who(world, cast.defaulter_borrower),
        "guarantor": _who(world, cast.defaulter),
        "request": {
            "pre_loan": {
                "uscc": world.society.firms.code[cast.defaulter_borrower],
                "amount_fen": _ask(world, cast.defaulter_borrower),
                "product": "working_capital",
                "guarantors": [world.society.firms.code[cast.defaulter]],
            }
        },
        "body": _application(world, cast.defaulter_borrower, cast.defaulter),
        "find": {
            "zh": "申请人自身无异常，其保证人已违约并被列为失信被执行人。",
            "en": "The applicant itself looks well; its guarantor has defaulted and is a listed defaulter.",
        },
    }


def _related_payee(world: World) -> dict[str, Any]:
    cast, firms, offer = world.society.cast, world.society.firms, open_offer(world)
    payee = {"account": world.accounts.firm[cast.drawdown_payee], "firm": {"uscc": firms.code[cast.drawdown_payee]}}
    order = {"contract": offer.contract, "amount_fen": offer.amount_fen, "on": str(world.plan.today), "purpose": "购买原材料"}
    return {
        "case": "related-payee",
        "stage": "drawdown",
        "firm": _who(world, cast.drawdown_borrower),
        "payee": {**_who(world, cast.drawdown_payee), "account": world.accounts.firm[cast.drawdown_payee]},
        "request": {
            "drawdown": {
                "uscc": firms.code[cast.drawdown_borrower],
                "contract": offer.contract,
                "amount_fen": offer.amount_fen,
                "payee_uscc": firms.code[cast.drawdown_payee],
                "payee_account": world.accounts.firm[cast.drawdown_payee],
                "purpose": "购买原材料",
            }
        },
        "body": {**order, "borrower": {"uscc": firms.code[cast.drawdown_borrower]}, "payee": payee, "entrusted": True},
        "find": {
            "zh": "受托支付的收款人与借款人同受一人控制（或为母公司），且登记电话相同。",
            "en": "The payee is controlled by the borrower's own controller (or is its parent), and shares its phone.",
        },
    }


def _round_trip(world: World) -> dict[str, Any]:
    """The note whose money was paid to the payee that sends it back (`world._lend`)."""
    cast, notes, paid_out = world.society.cast, world.book.notes, world.book.disbursements
    to_payee = paid_out.entrusted & (paid_out.payee == cast.round_trip_payee)
    planted = paid_out.note[to_payee & (notes.firm[paid_out.note] == cast.round_trip)]
    note = int(planted[notes.drawn_on[planted].argmax()])
    return {
        "case": "round-trip",
        "stage": "drawdown",
        "firm": _who(world, cast.round_trip),
        "payee": _who(world, cast.round_trip_payee),
        "loan_note": notes.number[note],
        "drawn_on": str(notes.drawn_on[note]),
        "request": {"scan": {"as_of": str(world.plan.today)}},
        "find": {
            "zh": "贷款受托支付后七日内，收款人将大部分资金转回借款人及其实际控制人。",
            "en": "Within seven days of the drawdown the payee sent most of it back to the borrower and its controller.",
        },
    }


def _clean(world: World, others: Ints) -> dict[str, Any]:
    firm = clean_applicant(world, others)
    return {
        "case": "clean",
        "stage": "pre-loan",
        "firm": _who(world, firm),
        "request": {
            "pre_loan": {"uscc": world.society.firms.code[firm], "amount_fen": _ask(world, firm), "product": "working_capital"}
        },
        "body": _application(world, firm),
        "find": {"zh": "自身与关联方均无异常，用作对照。", "en": "Nothing wrong with it or around it: the control."},
    }
