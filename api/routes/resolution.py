"""Entity resolution: pairs of firms that may be one, and what officers decide about them."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from alerts.journal import Answer
from api.answers import readable, to_json
from api.calls import Call, ReadingGraph, Resolving
from api.days import resolve_day
from api.idempotency import Attempt, RepeatableCall
from api.paging import page_after
from api.wire.examples import RESOLUTION
from api.wire.resolution import ProposalList, ProposalQuery, ProposalView, ResolutionDecision
from graph.clock import now_on
from ingest.resolution.book import Word

router = APIRouter(prefix="/v1/resolution/proposals", tags=["resolution"])


@router.get("", response_model=ProposalList, summary="Firms that may be one")
def list_proposals(call: ReadingGraph, query: Annotated[ProposalQuery, Query()]) -> Response:
    """Pairs of the newest run with their waterfall of reasons; two valid different credit codes are never among them."""
    platform = call.platform
    end = (resolve_day(platform, query.as_of), platform.ledger.time_zone) if query.as_of else None
    found = platform.resolution.proposals(None if query.status == "all" else query.status, end)
    items, cursor = page_after(found, lambda each: (-each.bits, each.id), query.cursor, query.limit)
    return readable(call.request, to_json(ProposalList(items=tuple(ProposalView.of(each) for each in items), next=cursor)))


@router.get("/{proposal_id}", response_model=ProposalView, summary="One proposal")
def read_proposal(call: ReadingGraph, proposal_id: str) -> Response:
    """Both firms, the reasons, and what was decided."""
    return readable(call.request, to_json(ProposalView.of(call.platform.resolution.proposal(proposal_id))))


@router.post("/{proposal_id}/decisions", status_code=201, response_model=ProposalView, summary="Merge, reject, undo")
async def decide_proposal(
    call: Resolving,
    repeatable: RepeatableCall,
    proposal_id: str,
    said: Annotated[ResolutionDecision, Body(openapi_examples=RESOLUTION)],
) -> Response:
    """Recorded with who and why; reversible; no source row changes. Later answers of any route see the firms so."""
    return await repeatable.answer(partial(_decide, call, proposal_id, said))


def _decide(call: Call, proposal_id: str, said: ResolutionDecision, attempt: Attempt) -> Answer:
    platform = call.platform
    at = now_on(platform.today(), platform.ledger.time_zone)
    found = platform.resolution.decide(platform.ledger, proposal_id, said.verdict, Word(call.principal.id, said.why, at))
    answer = Answer(201, to_json(ProposalView.of(found)))
    told = {"keep": found.keep, "join": found.join, "why": said.why}
    platform.journal.note(
        call.principal.id, f"resolution.{said.verdict}", found.id, told, (attempt.once, answer) if attempt.once else None
    )
    return answer
