"""How an answer leaves: JSON once serialised, with an entity tag so that an unchanged answer costs a header."""

import hashlib

from fastapi import Request, Response
from pydantic import BaseModel


def to_json(body: BaseModel) -> bytes:
    """The bytes that go over the wire and into the idempotency record alike."""
    return body.model_dump_json(by_alias=True).encode()


def readable(request: Request, content: bytes, media_type: str = "application/json") -> Response:
    """A read's answer: 304 without a body where the caller already holds exactly these bytes."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept, Authorization, X-API-Key"}
    known = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
    if tag in known:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media_type)
