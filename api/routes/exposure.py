"""What is out to a client and its connected clients, and the limits on it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import readable, to_json
from api.calls import ReadingGraph
from api.days import resolve_day
from api.exposure import read_exposure, read_limit_uses
from api.finding import find_firm
from api.wire.exposure import ExposureQuery, FirmExposure, LimitQuery, LimitUses

router = APIRouter(prefix="/v1", tags=["exposure"])


@router.get("/firms/{firm_id}/exposure", response_model=FirmExposure, summary="What is out to a firm, and what a loan would do")
def read_firm_exposure(call: ReadingGraph, firm_id: str, query: Annotated[ExposureQuery, Query()]) -> Response:
    """By component with its rows, for the firm and its connected clients; each limit before and after, and which binds."""
    day = call.days.open(resolve_day(call.platform, query.as_of))
    shown = read_exposure(call.platform, day.rows, find_firm(call.platform, firm_id), query)
    return readable(call.request, to_json(shown))


@router.get("/exposures", response_model=LimitUses, summary="Who is near a limit or over it")
def list_exposures(call: ReadingGraph, query: Annotated[LimitQuery, Query()]) -> Response:
    """Uses of every limit, the highest first, out of the knowledge book of the day."""
    day = call.days.open(resolve_day(call.platform, query.as_of))
    return readable(call.request, to_json(read_limit_uses(call.platform, day.snapshot, query)))
