"""Group clients and connected clients, and an officer's word on proposals."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from alerts.journal import Answer
from api import groups
from api.answers import readable, to_json
from api.calls import Call, ReadingGraph, Resolving
from api.days import resolve_day
from api.finding import find_firm
from api.idempotency import Attempt, RepeatableCall
from api.masking import mask_tokens
from api.opened import OpenDay
from api.wire import groups as wire
from api.wire.examples import GROUP_DECISION
from api.wire.firms import DayQuery
from graph.clock import now_on

router = APIRouter(prefix="/v1", tags=["groups"])


def _open(call: Call, query: wire.GroupDay | DayQuery) -> OpenDay:
    return call.days.open(resolve_day(call.platform, query.as_of))


@router.get("/firms/{firm_id}/group", response_model=wire.FirmGroup, summary="The group that a firm is in, and why")
def read_firm_group(call: ReadingGraph, firm_id: str, query: Annotated[DayQuery, Query()]) -> Response:
    """By the four limbs of article 3 of the guidelines on group clients, each reason with the rows that prove it."""
    shown = groups.read_firm_group(call.platform, _open(call, query).rows, find_firm(call.platform, firm_id))
    return readable(call.request, mask_tokens(to_json(shown)))


@router.get("/groups", response_model=wire.GroupList, summary="Group clients, the largest exposure first")
def list_groups(call: ReadingGraph, query: Annotated[wire.GroupQuery, Query()]) -> Response:
    """Of a day that `yujing knowledge` has computed."""
    shown = groups.list_groups(call.platform, _open(call, query).rows, query)
    return readable(call.request, mask_tokens(to_json(shown)))


@router.get("/groups/proposals", response_model=wire.DependenceList, summary="What an officer must confirm or reject")
def list_group_proposals(call: ReadingGraph, query: Annotated[wire.ProposalsQuery, Query()]) -> Response:
    """Economic dependence and ties that may make a group, with evidence and the day by which to decide."""
    shown = groups.list_dependences(call.platform, _open(call, query).rows, query)
    return readable(call.request, mask_tokens(to_json(shown)))


@router.get("/groups/{group_id}", response_model=wire.GroupView, summary="One group, with its connected clients")
def read_group(call: ReadingGraph, group_id: str, query: Annotated[wire.GroupDay, Query()]) -> Response:
    """Members with reasons, what became of it over time, and the exposure with and without what is pending."""
    shown = groups.read_group(call.platform, _open(call, query).rows, group_id)
    return readable(call.request, mask_tokens(to_json(shown)))


@router.post(
    "/groups/proposals/{proposal_id}/decisions",
    status_code=201,
    response_model=wire.DependenceView,
    summary="Confirm, reject, undo",
)
async def decide_group_proposal(
    call: Resolving,
    repeatable: RepeatableCall,
    proposal_id: str,
    said: Annotated[wire.GroupDecision, Body(openapi_examples=GROUP_DECISION)],
) -> Response:
    """Recorded with who and why; reversible. A group's page counts it at once, the book from its next computation."""
    return await repeatable.answer(partial(_decide, call, proposal_id, said))


def _decide(call: Call, proposal_id: str, said: wire.GroupDecision, attempt: Attempt) -> Answer:
    platform = call.platform
    today = platform.today()
    day = call.days.open(today)
    at = now_on(today, platform.ledger.time_zone)
    opened = groups.open_groups(platform, day.snapshot)
    found = opened.decide(proposal_id, said.verdict, call.principal.id, said.why, at)
    answer = Answer(201, mask_tokens(to_json(groups.proposals_shown(platform, day.rows, [found])[0])))
    told = {"dependent": found["dependent"], "on": found["on"], "kind": found["kind"], "why": said.why}
    platform.journal.note(
        call.principal.id, f"groups.{said.verdict}", proposal_id, told, (attempt.once, answer) if attempt.once else None
    )
    return answer
