"""Stress: a scenario in, who falls and what is lost out."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Response

from alerts.journal import Answer
from api.answers import to_json
from api.calls import Call, ReadingGraph
from api.days import resolve_day
from api.idempotency import Attempt, RepeatableCall
from api.stress import read_stress
from api.wire.stress import StressRequest, StressView
from api.wire.stress_examples import STRESS

router = APIRouter(prefix="/v1", tags=["stress"])


@router.post("/stress", response_model=StressView, summary="Shock names, a group, an industry, a region or the economy")
async def run_stress_scenario(
    call: ReadingGraph, repeatable: RepeatableCall, asked: Annotated[StressRequest, Body(openapi_examples=STRESS)]
) -> Response:
    """Who falls in which round by which edge with its row, losses by branch, industry and region, groups, limits, quantiles.

    Nothing is kept: the same body on the same day and ledger gives the same answer. The first call of a day reads who owes whom.
    """
    return await repeatable.answer(partial(_run, call, asked))


def _run(call: Call, asked: StressRequest, attempt: Attempt) -> Answer:
    day = call.days.open(resolve_day(call.platform, asked.as_of))
    answer = Answer(200, to_json(read_stress(call.platform, day, asked)))
    if attempt.once is not None:
        call.platform.journal.finish_once(attempt.once, answer)
    return answer
