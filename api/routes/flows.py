"""Where a firm's money went and came from, and the shapes of its payments."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import readable, to_json
from api.calls import ReadingGraph
from api.days import resolve_day
from api.finding import find_firm
from api.flows import read_flows, read_shapes
from api.masking import mask_tokens
from api.wire import flows_examples as examples
from api.wire.flows import FlowsQuery, FlowsShown, ShapesQuery, ShapesShown

router = APIRouter(prefix="/v1/firms", tags=["firms"])


@router.get(
    "/{firm_id}/flows",
    response_model=FlowsShown,
    responses={200: {"content": {"application/json": {"examples": examples.FLOWS}}}},
    summary="Where the money of a drawdown or payment went, or came from",
)
def read_firm_flows(call: ReadingGraph, firm_id: str, query: Annotated[FlowsQuery, Query()]) -> Response:
    """Traced in time order, first in first out or pro rata, conserved to the fen; every payment names its row."""
    day = call.days.open(resolve_day(call.platform, query.as_of))
    shown = read_flows(call.platform, day.rows, find_firm(call.platform, firm_id), query)
    return readable(call.request, mask_tokens(to_json(shown)))


@router.get("/{firm_id}/flow-shapes", response_model=ShapesShown, summary="Cycles, gathering and scattering around a firm")
def read_firm_flow_shapes(call: ReadingGraph, firm_id: str, query: Annotated[ShapesQuery, Query()]) -> Response:
    """Payments back to the firm, each later than the one before; from many to it and from it to many within a window."""
    day = call.days.open(resolve_day(call.platform, query.as_of))
    shown = read_shapes(call.platform, day.rows, find_firm(call.platform, firm_id), query)
    return readable(call.request, mask_tokens(to_json(shown)))
