"""Firms: search, the 360 of one, and its exposure network as data or as a picture."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.answers import readable, to_json
from api.calls import ReadingGraph
from api.days import resolve_day
from api.finding import find_firm
from api.masking import mask_tokens
from api.network import draw_network, read_changes, read_network, wants_picture
from api.paths import read_paths
from api.portrait import About, chosen, portrait, some_parts
from api.wire import path_examples as examples
from api.wire.firms import Firm, FirmHits, FirmQuery, FoundFirm
from api.wire.networks import Network, NetworkQuery, Paths, PathsQuery
from api.wire.parts import FirmPageQuery, FirmParts
from graph.errors import InputError

router = APIRouter(prefix="/v1/firms", tags=["firms"])


@router.get("", response_model=FirmHits, summary="Find firms by id, code or name")
def find_firms(call: ReadingGraph, query: Annotated[FirmQuery, Query()]) -> Response:
    """Exact matches of id or code first, then names that contain the text."""
    hits = call.platform.store.find_firms(query.q, query.limit)
    items = tuple(FoundFirm(id=hit.id, name=hit.name or "", uscc=hit.uscc or "") for hit in hits)
    return readable(call.request, to_json(FirmHits(items=items)))


@router.get(
    "/{firm_id}",
    response_model=Firm | FirmParts,
    responses={200: {"content": {"application/json": {"examples": examples.PARTS}}}},
    summary="One firm: who it is, what it owes, who stands behind it",
)
def read_firm(call: ReadingGraph, firm_id: str, query: Annotated[FirmPageQuery, Query()]) -> Response:
    """By entity id or credit code. Every figure stands beside the file and line it came from. `parts` asks for some alone."""
    parts = chosen(query.parts) if query.parts else ()
    day = call.days.open(resolve_day(call.platform, query.as_of))
    about = About(call.platform, call.principal, day, day.rows.home(find_firm(call.platform, firm_id)))
    shown = some_parts(about, parts) if parts else portrait(about)
    return readable(call.request, mask_tokens(to_json(shown)))


@router.get(
    "/{firm_id}/network",
    response_model=Network,
    responses={200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}},
    summary="Who drags whom down: the exposure network",
)
def read_firm_network(call: ReadingGraph, firm_id: str, query: Annotated[NetworkQuery, Query()]) -> Response:
    """JSON, or the picture with `Accept: image/svg+xml` or `format=svg`. What was cut is counted, never silent."""
    as_of = resolve_day(call.platform, query.as_of)
    firm = find_firm(call.platform, firm_id)
    if wants_picture(query, call.request.headers.get("accept", "")):
        picture = draw_network(call.platform, firm, as_of, query)
        return readable(call.request, mask_tokens(picture.encode()), "image/svg+xml")
    reader = call.days.open(as_of).rows
    network = read_network(call.platform, reader, firm, query)
    if query.since:
        before = call.days.open(resolve_day(call.platform, query.since, "since")).rows
        network = network.model_copy(update={"changes": read_changes(call.platform, (before, reader), firm, query)})
    return readable(call.request, mask_tokens(to_json(network)))


@router.get(
    "/{firm_id}/paths",
    response_model=Paths,
    responses={200: {"content": {"application/json": {"examples": examples.PATHS}}}},
    summary="What ties two firms, and the ways risk can pass between them",
)
def read_firm_paths(call: ReadingGraph, firm_id: str, query: Annotated[PathsQuery, Query()]) -> Response:
    """All shortest paths, and the `k` that bear most risk either way, each with shares, reasons, relations and rows."""
    reader = call.days.open(resolve_day(call.platform, query.as_of)).rows
    before = call.days.open(resolve_day(call.platform, query.since, "since")).rows if query.since else None
    ends = find_firm(call.platform, firm_id), find_firm(call.platform, query.to)
    if ends[0] == ends[1]:
        raise InputError("to: both ends are the same firm.", "Name two firms.", "to")
    return readable(call.request, mask_tokens(to_json(read_paths(call.platform, reader, before, ends, query))))
