"""The console's pages: the same readings as the API's, rendered for a person."""

from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles

from alerts.said import Stage
from api.answers import readable
from api.auth import platform_of, principal_of
from api.console import views
from api.console.page import COOKIE, PageQuery, SignedInPage, open_page, signed_in_page
from api.console.render import property_label, property_value, render, render_error, render_refused_sign_in
from api.console.words import language_of, say
from api.errors import UnauthenticatedError
from api.finding import find_firm
from api.masking import mask_tokens
from api.network import draw_network
from api.portrait import About, portrait, unscored_at
from api.problems import kind_of
from api.routes.alerts import visible_alert
from api.wire.networks import NetworkQuery
from graph.errors import YujingError

_STATIC = Path(__file__).with_name("static")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
SignedIn = Annotated[SignedInPage, Depends(signed_in_page)]
Asked = Annotated[PageQuery, Query()]


class PageRoute(APIRoute):
    """A route whose refusals are pages too, and lead to the sign-in form where nobody is signed in."""

    def get_route_handler(self) -> Handler:
        """The handler with refusals turned into pages."""
        handler = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handler(request)
            except UnauthenticatedError:
                return RedirectResponse("/sign-in", 303)
            except YujingError as error:
                return _refusal(request, kind_of(error).status, error.message, error.fix)
            except RequestValidationError as error:
                return _refusal(request, 422, "; ".join(str(item["msg"]) for item in error.errors()), "")

        return handled


router = APIRouter(route_class=PageRoute, include_in_schema=False)


def mount_console(app: FastAPI) -> None:
    """Adds the pages and their one stylesheet."""
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")


@router.get("/")
def desk(page: SignedIn, query: Asked) -> Response:
    """Alerts by grade."""
    items, following = views.desk_alerts(page, query.grade, query.cursor)
    return render(page, "desk.html", firms=views.by_firm(items), next=following, tiles=views.tiles(page), grade=query.grade)


@router.get("/search")
def search(page: SignedIn, query: Asked) -> Response:
    """Firms that a text finds; a single hit opens at once."""
    text = (query.q or "").strip()
    hits = page.platform.store.find_firms(text) if text else []
    if len(hits) == 1:
        return RedirectResponse(page.link(f"/firms/{hits[0].id}"), 303)
    return render(page, "search.html", items=hits, q=text)


@router.get("/firms/{firm_id}")
def firm(page: SignedIn, firm_id: str) -> Response:
    """The 360 of one firm."""
    day = page.call.days.open(page.as_of)
    shown = portrait(About(page.platform, page.call.principal, day, day.rows.home(find_firm(page.platform, firm_id))))
    return render(page, "firm.html", firm=shown, through=views.carriers(page, day.rows, shown.score))


@router.get("/firms/{firm_id}/network.svg")
def firm_network(page: SignedIn, firm_id: str) -> Response:
    """The exposure network as a picture."""
    picture = draw_network(page.platform, find_firm(page.platform, firm_id), page.as_of, NetworkQuery())
    return readable(page.request, mask_tokens(picture.encode()), "image/svg+xml")


@router.get("/alerts/{alert_id}")
def alert(page: SignedIn, alert_id: str) -> Response:
    """One alert with its evidence, as the ledger is known on the alert's own day."""
    record = visible_alert(page.platform.journal, page.call.principal, alert_id)
    day, score = page.call.days.open(record.alert.as_of), record.alert.evidence.score
    of_firm = record.alert.stage is not Stage.DATA  # else of a feed, which has no page and no score
    unscored = unscored_at(day, page.platform.vault, record.alert.firm.id) if of_firm and not score else None
    paths, through = views.routes(page, day.rows, record), views.carriers(page, day.rows, score)
    ontology = page.platform.ledger.ontology
    label = partial(property_label, ontology, language=page.language)
    cell = partial(property_value, ontology, language=page.language)
    return render(page, "alert.html", record=record, paths=paths, through=through, unscored=unscored, label=label, cell=cell)


@router.get("/sign-in")
def sign_in_form(request: Request, query: Asked) -> Response:
    """The form that takes an API key."""
    return render(open_page(request, query.lang), "sign_in.html", refused="")


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Keeps the key in a cookie that no script can read and no other site can send."""
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    secret, language = form.get("key", [""])[0], language_of(form.get("lang", [""])[0])
    try:
        await run_in_threadpool(principal_of, platform_of(request), secret)
    except UnauthenticatedError as error:
        page = open_page(request, language)
        return render_refused_sign_in(page, error.message)
    answer = RedirectResponse("/?lang=en" if language == "en" else "/", 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, secret, max_age=36_000, httponly=True, samesite="strict", secure=secure)
    return answer


@router.post("/sign-out")
def sign_out() -> Response:
    """Forgets the key."""
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _refusal(request: Request, status: int, message: str, fix: str) -> Response:
    language = language_of(request.query_params.get("lang", ""))
    heading = say("error_404" if status == 404 else "error_other", language)
    return render_error(open_page(request, language), status, heading=heading, message=message, fix=fix)
