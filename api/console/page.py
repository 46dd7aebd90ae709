"""What every page knows: who looks, at which day, in which language, and how to link on without losing either."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from alerts.said import Grade
from api.auth import DEMO_OFFICER, Principal, platform_of, principal_of
from api.calls import Call
from api.console.words import Language
from api.days import resolve_day
from api.errors import ForbiddenError
from api.platform import Platform
from api.roles import Permission
from api.wire.common import Day, Text

COOKIE = "yujing_key"
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class PageQuery(BaseModel):
    """What an address of the console may say. An empty field of a form is a field not filled in."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    lang: Language = "zh"
    as_of: Day | None = None
    q: Text | None = None
    grade: Grade | None = None
    cursor: Annotated[str, Field(max_length=400)] = ""


@dataclass(frozen=True)
class Page:
    """The frame around one page."""

    request: Request
    language: Language
    as_of: date
    today: date

    @property
    def platform(self) -> Platform:
        """Ledger, stores, scores and journal."""
        return platform_of(self.request)

    @property
    def path(self) -> str:
        return self.request.url.path

    @property
    def demo(self) -> bool:
        """Whether the data are invented: then every page says so."""
        return self.platform.demo

    @property
    def can_read(self) -> bool:
        """Whether search and day may be asked for."""
        return False

    @property
    def signed_in(self) -> bool:
        """Whether there is a key to sign out of."""
        return False

    def link(self, path: str, language: Language | None = None, **query: Any) -> str:
        """An address that keeps language and day; empty parameters are left out."""
        language = language or self.language
        carried = {"lang": language if language != "zh" else "", "as_of": self.as_of if self.as_of != self.today else ""}
        given = {name: str(value) for name, value in (carried | query).items() if value}
        return f"{path}?{urlencode(given)}" if given else path

    def carried(self, but: str) -> Iterator[tuple[str, str]]:
        """What a form of this page must hand on, without the field it asks for itself."""
        if self.language != "zh":
            yield "lang", self.language
        if self.as_of != self.today and but != "as_of":
            yield "as_of", self.as_of.isoformat()


@dataclass(frozen=True)
class SignedInPage(Page):
    """The frame for someone who may read: with a key in the cookie, or the demo officer."""

    call: Call

    @property
    def can_read(self) -> bool:
        return True

    @property
    def signed_in(self) -> bool:
        return self.call.principal is not DEMO_OFFICER


async def signed_in_page(request: Request, query: Annotated[PageQuery, Query()]) -> SignedInPage:
    """The frame for who may read; UnauthenticatedError leads to the sign-in form."""
    platform = platform_of(request)
    principal = await run_in_threadpool(_reader_of, platform, request)
    request.state.principal = principal.id
    if not (principal.may(Permission.READ_ALERTS) and principal.may(Permission.READ_GRAPH)):
        raise ForbiddenError(f"A key of role {principal.role} may not read these pages.", "Sign in with an officer's key.")
    as_of = resolve_day(platform, query.as_of)
    return SignedInPage(request, query.lang, as_of, platform.today(), Call(request, principal))


def open_page(request: Request, language: Language = "zh") -> Page:
    """The frame of a page that anyone may see: the sign-in form, an error."""
    today = platform_of(request).today()
    return Page(request, language, today, today)


def _reader_of(platform: Platform, request: Request) -> Principal:
    secret = request.cookies.get(COOKIE, "")
    if not secret and platform.demo and _is_local(request):
        return DEMO_OFFICER
    return principal_of(platform, secret)


def _is_local(request: Request) -> bool:
    # The host too: a page elsewhere that has its own name resolve to 127.0.0.1 must not read through the browser.
    client = request.client.host if request.client else ""
    return client in _LOOPBACK and (request.url.hostname or "") in _LOOPBACK
