"""Guarantee circles: of the whole book, one by its identity, and the one that a firm is in."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api.answers import readable, to_json
from api.calls import Call, ReadingGraph
from api.circles import Sources, read_circle, read_circles, read_firm_circle
from api.days import resolve_day
from api.finding import find_firm
from api.masking import mask_tokens
from api.wire.circles import CircleQuery, CircleView, DayQuery, FirmGuarantees, GuaranteeCircles

router = APIRouter(prefix="/v1", tags=["guarantees"])

CircleId = Annotated[str, Path(max_length=60, description="the identity of a circle, Circle-…")]


@router.get("/guarantee-circles", response_model=GuaranteeCircles, summary="Guarantee circles, the greatest first")
def list_guarantee_circles(call: ReadingGraph, query: Annotated[CircleQuery, Query()]) -> Response:
    """By this bank's exposure inside, or by the loss if the weakest member fails. Of a day whose knowledge was computed."""
    return readable(call.request, mask_tokens(to_json(read_circles(_sources(call, query), query))))


@router.get("/guarantee-circles/{circle_id}", response_model=CircleView, summary="One guarantee circle")
def read_guarantee_circle(call: ReadingGraph, circle_id: CircleId, query: Annotated[DayQuery, Query()]) -> Response:
    """Members, the weakest link with the calls on its guarantors, the cheapest cut and what it needs, the rows, the lineage."""
    return readable(call.request, mask_tokens(to_json(read_circle(_sources(call, query), circle_id))))


@router.get("/firms/{firm_id}/guarantee-circles", response_model=FirmGuarantees, summary="A firm's guarantee circle and chain")
def read_firm_guarantee_circles(call: ReadingGraph, firm_id: str, query: Annotated[DayQuery, Query()]) -> Response:
    """Out of the knowledge book where the day was computed over this ledger, else by the same algorithm over the graph."""
    return readable(call.request, mask_tokens(to_json(read_firm_circle(_sources(call, query), find_firm(call.platform, firm_id)))))


def _sources(call: Call, query: DayQuery | CircleQuery) -> Sources:
    platform = call.platform
    day = call.days.open(resolve_day(platform, query.as_of))
    return Sources(platform.knowledge, platform.store, day.rows, platform.vault)
