"""One call: who asks, and what the app holds for answering."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from api.auth import Principal, authenticate
from api.errors import ForbiddenError
from api.opened import DayBook
from api.platform import Platform
from api.roles import Permission
from api.scanning import ScanDesk


@dataclass(frozen=True)
class Call:
    """A request whose principal is known and may do what the route does."""

    request: Request
    principal: Principal

    @property
    def platform(self) -> Platform:
        """Ledger, stores, scores and journal."""
        platform: Platform = self.request.app.state.platform
        return platform

    @property
    def days(self) -> DayBook:
        """The open days of this process."""
        days: DayBook = self.request.app.state.days
        return days

    @property
    def scans(self) -> ScanDesk:
        """The scans of this process."""
        scans: ScanDesk = self.request.app.state.scans
        return scans


def call_for(permission: Permission | None) -> Callable[..., Coroutine[Any, Any, Call]]:
    """A dependency that gives the call: 401 without a valid key, 403 where its role may not."""

    async def allowed(request: Request, principal: Annotated[Principal, Depends(authenticate)]) -> Call:
        if permission is not None and not principal.may(permission):
            raise ForbiddenError(
                f"A key of role {principal.role} may not do this ({permission}).", "Ask an administrator for a key that may."
            )
        return Call(request, principal)

    return allowed


Deciding = Annotated[Call, Depends(call_for(Permission.DECIDE))]
Scanning = Annotated[Call, Depends(call_for(Permission.SCAN))]
ReadingAlerts = Annotated[Call, Depends(call_for(Permission.READ_ALERTS))]
ReadingGraph = Annotated[Call, Depends(call_for(Permission.READ_GRAPH))]
Resolving = Annotated[Call, Depends(call_for(Permission.RESOLVE))]
Known = Annotated[Call, Depends(call_for(None))]
