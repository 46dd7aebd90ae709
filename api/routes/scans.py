"""Scans: the nightly question over the whole book."""

from functools import partial
from uuid import uuid4

from fastapi import APIRouter, Response

from alerts.journal import Answer
from api.answers import readable, to_json
from api.calls import Call, Scanning
from api.days import resolve_day
from api.idempotency import Attempt, RepeatableCall
from api.wire.scans import ScanRequest, ScanStatus

router = APIRouter(prefix="/v1/scans", tags=["scans"])


@router.post(
    "",
    status_code=201,
    response_model=ScanStatus,
    responses={202: {"model": ScanStatus, "description": "Still running: follow GET /v1/scans/{id}"}},
    summary="Scan the book on a day",
)
async def start_scan(call: Scanning, repeatable: RepeatableCall, asked: ScanRequest) -> Response:
    """Answers 201 with what was found, or 202 where that takes longer; then follow the scan by its id."""
    as_of = resolve_day(call.platform, asked.as_of)
    return await repeatable.answer(partial(_scan, call, ScanRequest(as_of=as_of)))


@router.get("/{scan_id}", response_model=ScanStatus, summary="How a scan stands")
def read_scan(call: Scanning, scan_id: str) -> Response:
    """Running, done with its counts, or failed with the reason."""
    return readable(call.request, to_json(call.scans.status(scan_id)))


def _scan(call: Call, asked: ScanRequest, attempt: Attempt) -> Answer:
    """Only the end is kept for a repeated call: one that came too early joins the running scan, or starts a lost one again."""
    assert asked.as_of is not None
    status = call.scans.run(attempt.stable_id or str(uuid4()), asked.as_of, call.principal.id)
    answer = Answer(201 if status.status == "done" else 202, to_json(status))
    if attempt.once is not None:
        if status.status == "done":
            call.platform.journal.finish_once(attempt.once, answer)
        else:
            call.platform.journal.give_up_once(attempt.once)
    return answer
