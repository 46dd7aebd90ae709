"""Who calls, and what they may do: an API key names a principal, its role grants permissions."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Request, Security
from fastapi.concurrency import run_in_threadpool
from fastapi.security import APIKeyHeader, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from api.errors import UnauthenticatedError
from api.platform import Platform
from api.roles import GRANTS, Permission, Role


@dataclass(frozen=True)
class Principal:
    """The caller: the key's id and name, its role, and the branch it is bound to (empty: all branches)."""

    id: str
    name: str
    role: Role
    branch: str = ""

    def may(self, permission: Permission) -> bool:
        return permission in GRANTS[self.role]


DEMO_OFFICER = Principal("demo", "demo officer", Role.OFFICER)

_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="an API key (`yujing keys create`)")
_bearer = HTTPBearer(auto_error=False, description="the same key as a bearer token")


def platform_of(request: Request) -> Platform:
    """The platform that the app was made with."""
    platform: Platform = request.app.state.platform
    return platform


def principal_of(platform: Platform, secret: str) -> Principal:
    """Whose key it is. Unknown and revoked keys answer alike, so that neither can be told from the other."""
    key = platform.journal.find_key(secret) if secret else None
    if key is None or key.revoked_at is not None:
        raise UnauthenticatedError(
            "No valid API key came with the call." if secret else "The call carries no API key.",
            "Send it as X-API-Key or as Authorization: Bearer; `yujing keys create` makes one.",
            "X-API-Key",
        )
    return Principal(key.id, key.name, Role(key.role), key.branch)


async def authenticate(
    request: Request,
    header: Annotated[str | None, Security(_header)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Principal:
    """The principal of this call; 401 without one."""
    secret = header or (bearer.credentials if bearer else "")
    principal = await run_in_threadpool(principal_of, platform_of(request), secret)
    request.state.principal = principal.id
    return principal
