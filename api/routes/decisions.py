"""Decisions before a loan and at drawdown: the two questions a loan system asks while a customer waits."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, TypeVar

from fastapi import APIRouter, Body, Response
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException

from alerts.journal import Answer
from alerts.requests import DrawdownRequest, PreLoanRequest
from alerts.said import Decision
from alerts.stages import Desk, drawdown, pre_loan
from api.answers import readable
from api.calls import Call, Deciding
from api.days import resolve_day
from api.idempotency import Attempt, RepeatableCall
from api.masking import mask_tokens
from api.wire.examples import DRAWDOWN, PRE_LOAN
from graph.errors import NotFoundError

router = APIRouter(prefix="/v1/decisions", tags=["decisions"])
_DECISION = TypeAdapter(Decision)
_Asked = TypeVar("_Asked", PreLoanRequest, DrawdownRequest)


@router.post("/pre-loan", status_code=201, response_model=Decision, summary="Before the loan: approve, refer or decline")
async def decide_pre_loan(
    call: Deciding, repeatable: RepeatableCall, application: Annotated[PreLoanRequest, Body(openapi_examples=PRE_LOAN)]
) -> Response:
    """An advice with its reasons, evidence, limits before and after, and what could not be seen."""
    resolve_day(call.platform, application.on, "on")
    return await repeatable.answer(partial(_decide, call, pre_loan, application))


@router.post("/drawdown", status_code=201, response_model=Decision, summary="At drawdown: release, hold or block")
async def decide_drawdown(
    call: Deciding, repeatable: RepeatableCall, payment: Annotated[DrawdownRequest, Body(openapi_examples=DRAWDOWN)]
) -> Response:
    """An advice on paying out, from the borrower's state, the payee's relations and the use of the money."""
    resolve_day(call.platform, payment.on, "on")
    return await repeatable.answer(partial(_decide, call, drawdown, payment))


@router.get("/pre-loan", include_in_schema=False)
@router.get("/drawdown", include_in_schema=False)
def refuse_reading_a_stage() -> Response:
    """A stage is asked, not read; without this its name would pass for the id of a decision."""
    raise HTTPException(405, "Method Not Allowed", {"Allow": "POST"})


@router.get("/{decision_id}", response_model=Decision, summary="A decision as it was given")
def read_decision(call: Deciding, decision_id: str) -> Response:
    """The decision with everything it stood on, unchanged since."""
    decision = call.platform.journal.decision(decision_id)
    if call.principal.branch and decision.branch != call.principal.branch:
        raise NotFoundError(f"There is no decision '{decision_id}'.", "Use the id that the decision came with.", "id")
    return readable(call.request, mask_tokens(_DECISION.dump_json(decision)))


def _decide(call: Call, stage: Callable[[Desk, _Asked, str], Decision], asked: _Asked, attempt: Attempt) -> Answer:
    """Decides, and commits decision, audit entry and the answer to repeat in one transaction."""
    decision = stage(call.days.open(asked.on).desk, asked, attempt.stable_id)
    answer = Answer(201, mask_tokens(_DECISION.dump_json(decision)))
    call.platform.journal.record_decision(decision, call.principal.id, attempt.once, answer)
    return answer
