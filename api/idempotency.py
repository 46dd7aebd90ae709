"""The same key and the same body give the same answer, byte for byte, however often and however concurrently asked."""

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID, uuid5

from fastapi import Depends, Header, Request, Response
from fastapi.concurrency import run_in_threadpool

from alerts.journal import Answer, InProgressError, Journal, Once
from api.auth import Principal, authenticate, platform_of
from api.errors import KeyReusedError
from graph.errors import ConflictError, InputError

_FORM = re.compile(r"[\x21-\x7e]{1,200}")
_NAMESPACE = UUID("5d0f3a52-7c0b-5d8e-9f43-8f6b3e0b7a11")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.2  # seconds between looks at a call in flight

KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Names this call: repeat it unchanged after a lost connection, and the first answer comes again.",
        examples=["application-2026-000184"],
    ),
]


@dataclass(frozen=True)
class Attempt:
    """What the work of a call gets: its claim on the key (None without a key) and an id that a repetition has again."""

    once: Once | None
    stable_id: str


Work = Callable[[Attempt], Answer]


@dataclass(frozen=True)
class Repeatable:
    """One POST under its idempotency key."""

    journal: Journal
    principal: Principal
    key: str
    request_hash: str
    patience: float

    async def answer(self, work: Work) -> Response:
        """The stored answer of the first call, or the answer of `work`, which keeps it (`Attempt.once`) when it commits."""
        if not self.key:
            return _response(await run_in_threadpool(work, Attempt(None, "")))
        once = await self._begin()
        if once.answer is not None:
            return _response(once.answer, replayed=True)
        attempt = Attempt(once, str(uuid5(_NAMESPACE, f"{self.principal.id}\x1f{self.key}")))
        try:
            return _response(await run_in_threadpool(work, attempt))
        except BaseException:
            await run_in_threadpool(self.journal.give_up_once, once)
            raise

    async def _begin(self) -> Once:
        """The claim on the key, or its answer; waits a while for a call in flight, without holding a thread."""
        deadline, pause = time.monotonic() + self.patience, _FIRST_PAUSE
        while True:
            try:
                return await run_in_threadpool(self.journal.begin_once, self.key, self.principal.id, self.request_hash)
            except InProgressError:
                if time.monotonic() > deadline:
                    raise
            except ConflictError as reused:
                raise KeyReusedError(reused.message, reused.fix, reused.field) from None
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)


async def repeatable(request: Request, principal: Annotated[Principal, Depends(authenticate)], key: KeyHeader = None) -> Repeatable:
    """The idempotency of this call. InputError for a key that is no plain token."""
    if key is not None and not _FORM.fullmatch(key):
        raise InputError(
            "The Idempotency-Key must be 1 to 200 printable characters without spaces.", "Send a UUID.", "Idempotency-Key"
        )
    platform = platform_of(request)
    patience = platform.limits.in_flight_seconds
    return Repeatable(platform.journal, principal, key or "", await _hash(request), patience)


RepeatableCall = Annotated[Repeatable, Depends(repeatable)]


async def _hash(request: Request) -> str:
    """What is asked, whatever the order of its fields or the spaces between them."""
    body = await request.body()
    try:
        plain = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")) if body else ""
    except (ValueError, RecursionError):
        raise InputError("The body is not JSON.", "Send one well-formed JSON value of moderate depth.") from None
    return hashlib.sha256(f"{request.method} {request.url.path}\n{plain}".encode()).hexdigest()


def _response(answer: Answer, *, replayed: bool = False) -> Response:
    headers = {"Idempotent-Replayed": "true"} if replayed else {}
    return Response(answer.body, answer.status, headers, "application/json")
