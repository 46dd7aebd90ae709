"""Who controls a firm, and who its beneficial owners are."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import readable, to_json
from api.calls import ReadingGraph
from api.control import read_beneficial_owners, read_controllers
from api.days import resolve_day
from api.finding import find_firm
from api.masking import mask_tokens
from api.wire import control_examples as examples
from api.wire.control import BeneficialOwners, Controllers
from api.wire.firms import DayQuery

router = APIRouter(prefix="/v1/firms", tags=["firms"])


@router.get(
    "/{firm_id}/controllers",
    response_model=Controllers,
    responses={200: {"content": {"application/json": {"examples": examples.CONTROLLERS}}}},
    summary="Who controls a firm, over which chains",
)
def read_firm_controllers(call: ReadingGraph, firm_id: str, query: Annotated[DayQuery, Query()]) -> Response:
    """More than half of the votes, with all that one controls and acts with. A chain names the row of every link."""
    day = call.days.open(resolve_day(call.platform, query.as_of))
    shown = read_controllers(call.platform, day.rows, find_firm(call.platform, firm_id))
    return readable(call.request, mask_tokens(to_json(shown)))


@router.get(
    "/{firm_id}/beneficial-owners",
    response_model=BeneficialOwners,
    responses={200: {"content": {"application/json": {"examples": examples.BENEFICIAL_OWNERS}}}},
    summary="The beneficial owners of a firm, and what is not known",
)
def read_firm_beneficial_owners(call: ReadingGraph, firm_id: str, query: Annotated[DayQuery, Query()]) -> Response:
    """By the parallel tests of article 6 of 受益所有人信息管理办法 (2024); who manages daily only where nobody meets one."""
    day = call.days.open(resolve_day(call.platform, query.as_of))
    shown = read_beneficial_owners(call.platform, day.rows, find_firm(call.platform, firm_id))
    return readable(call.request, mask_tokens(to_json(shown)))
