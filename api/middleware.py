"""What every call passes: a request id, a log line, security headers, and a gate for the size and type of its body."""

import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import MediaTypeError, TooLargeError
from api.problems import defect_response, expected_response
from graph.errors import InputError

_log = structlog.get_logger("api")
UNSENT = 0
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"  # the API's one type, and the pages'


class RequestFrame:
    """Gives each call an id, answers with it and the security headers, and logs the route by its template.

    Neither query string nor body is ever logged: both may hold a name.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        started, status = time.perf_counter(), UNSENT

        async def send_framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                headers.update(_SECURITY)
                if "etag" not in headers:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, send_framed)
        except Exception as defect:
            if status != UNSENT:
                raise  # half an answer is out: only the server can end the connection
            await defect_response(Request(scope), defect)(scope, receive, send_framed)
        finally:
            _log.info(
                "request",
                method=scope["method"],
                route=getattr(scope.get("route"), "path", "-"),
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
                request_id=request_id,
                principal=state.get("principal", "-"),
            )


class QueryGate:
    """Refuses a parameter of the API that is given twice: which of the two counts would be a guess."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/v1/"):
            names = [name for name, _ in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)]
            if twice := next((name for name in names if names.count(name) > 1), ""):
                refusal = InputError(f"{twice[:60]}: given {names.count(twice)} times.", "Give it once.", twice[:60])
                await expected_response(Request(scope), refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class HeadAsGet:
    """Answers HEAD as GET without its body, so that every read has both."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, send_head)


class BodyGate:
    """Refuses a body that is too large (by header or by count) or of a type that its route does not read."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in {"POST", "PUT", "PATCH"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if refusal := self._refusal(scope["path"], headers):
            await expected_response(Request(scope), refusal)(scope, receive, send)
            return
        await self._app(scope, self._counted(receive), send)

    def _refusal(self, path: str, headers: Headers) -> MediaTypeError | TooLargeError | None:
        length = headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._max_bytes:
            return self._too_large()
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        known = _JSON if path.startswith("/v1/") else _FORM
        if _has_body(headers) and media_type != known:
            fix = f"Send the body as {known}, and say so: Content-Type: {known}."
            return MediaTypeError(f"A body of type '{media_type[:60]}' is not read here.", fix, "Content-Type")
        return None

    def _counted(self, receive: Receive) -> Callable[[], Awaitable[Message]]:
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max_bytes:
                refusal = self._too_large()
                raise HTTPException(413, refusal.message)  # the one kind that FastAPI lets pass while it reads a body
            return message

        return counted

    def _too_large(self) -> TooLargeError:
        return TooLargeError(f"The body is over {self._max_bytes:,} bytes.", "Send it in smaller parts.")


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
