"""The application: routes, errors and middleware around one platform."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api import portrait, problems
from api.console.pages import mount_console
from api.firms import TYPES, compile_questions
from api.middleware import BodyGate, HeadAsGet, QueryGate, RequestFrame
from api.openapi import document
from api.opened import DayBook
from api.platform import Platform
from api.routes import (
    alerts,
    circles,
    control,
    decisions,
    exposure,
    firms,
    flows,
    groups,
    health,
    resolution,
    scans,
    stress,
)
from api.scanning import ScanDesk
from graph.errors import YujingError
from graph.walks import exposure_types

_ROUTES = (
    decisions,
    scans,
    alerts,
    firms,
    control,
    circles,
    exposure,
    groups,
    flows,
    stress,
    resolution,
    health,
)


def create_app(platform: Platform) -> FastAPI:
    """The API and its pages over `platform`, which the app closes when it stops. No torch, no state of its own."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        warming = asyncio.create_task(asyncio.to_thread(_warm, app.state.days, platform)) if platform.warm else None
        yield
        if warming is not None:
            await warming
        app.state.scans.close()
        app.state.days.close()
        platform.store.close()

    app = FastAPI(
        title="预警 Yujing",
        version="1.0",
        docs_url=None,  # the stock pages need inline script from elsewhere; the plain document is at /openapi.json
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
    )
    app.state.platform = platform
    app.state.days = DayBook(platform)
    app.state.scans = ScanDesk(platform, app.state.days)
    problems.install(app)
    for module in _ROUTES:
        app.include_router(module.router)
    mount_console(app)
    app.add_middleware(BodyGate, max_bytes=platform.limits.body_bytes)
    app.add_middleware(QueryGate)
    app.add_middleware(HeadAsGet)
    app.add_middleware(RequestFrame)
    app.openapi = lambda: _document_once(app)  # type: ignore[method-assign]
    return app


def _warm(days: DayBook, platform: Platform) -> None:
    """Opens today. What goes wrong here will be told to the first caller, who can be told."""
    with contextlib.suppress(YujingError):
        day = days.open(platform.today())
        compile_questions(day.rows)
        day.held.prepare(TYPES)
        day.held.prepare(portrait.TYPES)
        day.held.prepare(exposure_types(platform.ledger.ontology))
        _ = day.desk


def _operation_id(route: APIRoute) -> str:
    return route.name


def _document_once(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = document(app)
    return app.openapi_schema
