"""Every refusal is an RFC 9457 problem document: what is wrong, in which field, and what to do about it."""

import re
import traceback
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from alerts.journal import InProgressError
from api.errors import ForbiddenError, KeyReusedError, MediaTypeError, TooLargeError, UnauthenticatedError
from graph.errors import ConflictError, InputError, NotComputedError, NotFoundError, UnavailableError, YujingError

MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger("api")


@dataclass(frozen=True)
class ProblemKind:
    """A stable name for a family of refusals; callers switch on `type`, never on the sentence."""

    status: int
    slug: str
    title: str

    @property
    def type(self) -> str:
        return f"urn:yujing:problem:{self.slug}"


INVALID = ProblemKind(422, "invalid-input", "The input cannot be used")
MALFORMED = ProblemKind(400, "malformed", "The request cannot be read")
METHOD_NOT_ALLOWED = ProblemKind(405, "method-not-allowed", "The route has no such method")
DEFECT = ProblemKind(500, "defect", "A defect of the server")

KINDS: dict[type[YujingError], ProblemKind] = {
    UnauthenticatedError: ProblemKind(401, "unauthenticated", "A valid API key is needed"),
    ForbiddenError: ProblemKind(403, "forbidden", "Not allowed for this key"),
    NotFoundError: ProblemKind(404, "not-found", "Not there"),
    NotComputedError: ProblemKind(404, "not-computed", "Not computed for that day"),
    InProgressError: ProblemKind(409, "in-flight", "The first call is still being answered"),
    ConflictError: ProblemKind(409, "conflict", "The state moved on"),
    TooLargeError: ProblemKind(413, "too-large", "The body is too large"),
    MediaTypeError: ProblemKind(415, "media-type", "The body has the wrong type"),
    KeyReusedError: ProblemKind(422, "idempotency-key-reused", "The idempotency key was used for another body"),
    InputError: INVALID,
    UnavailableError: ProblemKind(503, "unavailable", "A store does not answer"),
    YujingError: INVALID,
}
"""The one table from error classes to status codes; the nearest class in a subclass's ancestry counts."""

_BY_STATUS = {kind.status: kind for kind in (*KINDS.values(), INVALID, MALFORMED, DEFECT)} | {
    404: KINDS[NotFoundError],
    405: METHOD_NOT_ALLOWED,
    409: KINDS[ConflictError],
}


class FieldProblem(BaseModel):
    """One field that cannot be used."""

    model_config = ConfigDict(json_schema_extra={"example": {"in": "body", "field": "facility.amount_fen", "message": "…"}})

    place: str = Field(serialization_alias="in", description="body, query, path or header")
    field: str
    message: str
    fix: str


class Problem(BaseModel):
    """RFC 9457, with the members `field`, `fix`, `errors` and `request_id` added."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    field: str | None = None
    fix: str | None = None
    errors: list[FieldProblem] | None = None


_FIXES = {
    "missing": "Add it.",
    "extra_forbidden": "Remove it, or correct its spelling: unknown names are refused.",
    "json_invalid": "Send one well-formed JSON value.",
    "model_attributes_type": "Send a JSON object.",
    "value_error": "Correct it as the message says.",
    "date_from_datetime_parsing": "Write the day as YYYY-MM-DD.",
    "date_parsing": "Write the day as YYYY-MM-DD.",
    "date_type": "Write the day as a string, YYYY-MM-DD.",
    "int_type": "Write a whole number; money is in fen.",
    "int_parsing": "Write a whole number.",
    "int_from_float": "Write a whole number; money is in fen.",
    "dataclass_type": "Send a JSON object.",
    "model_type": "Send a JSON object.",
    "tuple_type": "Send a JSON list.",
    "list_type": "Send a JSON list.",
    "too_long": "Send fewer.",
    "string_type": "Send a JSON string.",
    "bool_type": "Send true or false.",
    "finite_number": "Write a finite number.",
    "enum": "Use one of the values named.",
    "literal_error": "Use one of the values named.",
}


def install(app: FastAPI) -> None:
    """Registers the handlers, so that no error leaves in another form."""
    app.add_exception_handler(YujingError, _on_expected)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)


def kind_of(error: YujingError) -> ProblemKind:
    """The row of the table that speaks for this error."""
    return next(KINDS[ancestor] for ancestor in type(error).__mro__ if ancestor in KINDS)


def problem_response(request: Request, kind: ProblemKind, detail: str, **members: Any) -> Response:
    """The document for one refusal, with the id under which it can be found in the log."""
    problem = Problem(
        type=kind.type,
        title=kind.title,
        status=kind.status,
        detail=detail,
        instance=request.url.path,
        request_id=getattr(request.state, "request_id", ""),
        **members,
    )
    headers = {"Cache-Control": "no-store"}
    if kind.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="yujing"'
    if kind.status in {409, 503}:
        headers["Retry-After"] = "1"
    text = problem.model_dump_json(exclude_none=True, by_alias=True)
    return Response(text, kind.status, headers, MEDIA_TYPE)


def expected_response(request: Request, error: YujingError) -> Response:
    """The document for an error that names its own field and fix."""
    return problem_response(request, kind_of(error), error.message, field=error.field or None, fix=error.fix or None)


async def _on_expected(request: Request, error: Exception) -> Response:
    assert isinstance(error, YujingError)
    return expected_response(request, error)


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = [_field_problem(item) for item in error.errors()]
    first = problems[0]
    kind = MALFORMED if error.errors()[0]["type"] == "json_invalid" else INVALID
    detail = f"{first.field}: {first.message}" if first.field else first.message
    return problem_response(request, kind, detail, field=first.field or None, fix=first.fix, errors=problems)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = _BY_STATUS.get(error.status_code) or ProblemKind(
        error.status_code, f"http-{error.status_code}", HTTPStatus(error.status_code).phrase
    )
    fix = "Send one well-formed JSON value of moderate depth." if error.status_code == 400 else None
    response = problem_response(request, kind, str(error.detail), fix=fix)
    response.headers.update(error.headers or {})
    return response


def defect_response(request: Request, error: Exception) -> Response:
    """The document for an error that nobody expected.

    Its sentence may quote data, so the log gets its class and the places it passed, and the caller neither.
    """
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-8:]]
    _log.error("defect", error=type(error).__name__, places=places, request_id=request.state.request_id)
    return problem_response(request, DEFECT, "This is ours to mend; the request id finds it in the log.")


def _field_problem(item: dict[str, Any]) -> FieldProblem:
    place, *path = [str(part) for part in item["loc"]] or ["body"]
    if item["type"] == "json_invalid":
        path = []
    fix = _FIXES.get(item["type"], "See the schema in /openapi.json.")
    return FieldProblem(place=place, field=".".join(path), message=_sentence(item), fix=fix)


_PYTHON_DAY = re.compile(r"datetime\.date\((\d+), (\d+), (\d+)\)")
_PLAIN = {
    "dataclass_type": "A JSON object is needed here",
    "model_type": "A JSON object is needed here",
    "model_attributes_type": "A JSON object is needed here",
    "dict_type": "A JSON object is needed here",
    "tuple_type": "A list is needed here",
    "list_type": "A list is needed here",
    "string_type": "A text is needed here",
    "bool_type": "true or false is needed here",
    "int_type": "A whole number is needed here",
    "missing": "Field required",
}
"""What the commonest refusals say: a caller writes JSON, and need not know what reads it."""


def _sentence(item: dict[str, Any]) -> str:
    message: str = (
        _PLAIN.get(item["type"]) or _too_many(item) or _day_out_of_reach(item) or item["msg"].removeprefix("Value error, ")
    )
    if item["type"] == "json_invalid":
        message = f"The body is not JSON at character {item['loc'][-1]}: {item['ctx']['error']}"
    return message.rstrip(".") + "."


def _too_many(item: dict[str, Any]) -> str:
    if item["type"] != "too_long":
        return ""
    return f"A list of at most {item['ctx']['max_length']} is needed here"


def _day_out_of_reach(item: dict[str, Any]) -> str:
    """A bound that is a day is told as the caller writes days, not as Python does."""
    day = _PYTHON_DAY.search(item["msg"])
    if day is None:
        return ""
    side = "or earlier" if item["type"].startswith("less") else "or later"
    return f"The day must be {date(*map(int, day.groups()))} {side}"
