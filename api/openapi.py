"""The OpenAPI document: FastAPI's, with our problems in place of its validation errors."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import MEDIA_TYPE, Problem

_REF = "#/components/schemas/{model}"
_DESCRIPTION = """\
Yujing answers loan systems before a loan, at drawdown and until it is repaid.

Every call carries an API key. Every POST may carry an `Idempotency-Key`: the same key with the same body gives the same answer.
Days are `YYYY-MM-DD` in the bank's time zone; `as_of` asks for what was known by the end of a day. Money is in fen (1 yuan = 100).
Errors are RFC 9457 problem documents whose `type` is stable.
"""


def document(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 of the JSON routes; the console's pages are not part of the contract."""
    schema = get_openapi(title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes)
    components = schema.setdefault("components", {}).setdefault("schemas", {})
    for stock in ("HTTPValidationError", "ValidationError"):
        components.pop(stock, None)
    shape = Problem.model_json_schema(by_alias=True, mode="serialization", ref_template=_REF)
    components.update(shape.pop("$defs", {}))
    components["Problem"] = shape
    for path in schema["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _problem_response()
    return schema


def _problem_response() -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
    return {"description": "A problem: what is wrong, in which field, and the fix", "content": content}
