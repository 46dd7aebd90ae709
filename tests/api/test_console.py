"""The pages: who may open them, that names cannot become markup, and what real Chromium sees at both widths."""

import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient

from alerts.said import ScanResult
from api.app import create_app
from api.console.page import COOKIE
from api.roles import Role
from tests.api.bank import CHENGHU, TINGSONG, TODAY, WANG, Bank, build_bank
from tests.api.conftest import open_client

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """A demo bank whose book has been scanned."""
    bank = build_bank(tmp_path_factory.mktemp("demo"), demo=True)
    open_client(bank).post("/v1/scans", json={}).raise_for_status()
    return bank


@pytest.fixture(scope="module")
def visitor(demo: Bank) -> TestClient:
    """Somebody at this machine, without any key."""
    return open_client(demo, role=None)


def test_the_desk_shows_the_last_scan_and_says_that_the_bank_is_invented(visitor: TestClient) -> None:
    page = visitor.get("/").text
    assert TINGSONG in page
    assert "逾期120天" in page
    assert "均为虚构" in page


def test_a_scan_of_a_past_day_changes_neither_the_desk_nor_the_list_of_today(tmp_path: Path) -> None:
    bank = build_bank(tmp_path, demo=True)
    with open_client(bank) as client:
        client.post("/v1/scans", json={})
        desk, listed = client.get("/").text, client.get("/v1/alerts").json()
        past = bank.platform.journal.alerts(limit=1).items[0].alert
        old = replace(past, id="A-old", cause="old", as_of=date(2026, 2, 28))
        bank.platform.journal.record_scan(ScanResult(old.as_of, 1, 4, 9, (old,), ()), "test")
        assert client.get("/").text == desk
        assert client.get("/v1/alerts").json() == listed
        assert [item["id"] for item in client.get("/v1/alerts?as_of=2026-03-01").json()["items"]] == ["A-old"]
        assert len(client.get("/v1/alerts?show=all").json()["items"]) == len(listed["items"]) + 1


def test_english_is_a_switch_that_links_keep(visitor: TestClient) -> None:
    page = visitor.get("/?lang=en").text
    assert "120 days past due" in page
    assert "invented" in page
    assert re.search(r'href="/alerts/[^"]+\?lang=en"', page)


def test_an_earlier_day_is_kept_by_links_and_plainly_marked(visitor: TestClient) -> None:
    page = visitor.get("/?as_of=2026-03-30").text
    assert "历史视图" in page
    assert TINGSONG not in page, "nothing had been raised by then"


def test_a_firm_and_an_alert_show_file_and_line_and_no_person(visitor: TestClient, demo: Bank) -> None:
    firm = visitor.get(f"/firms/{demo.ids[CHENGHU]}").text
    assert re.search(r"world\.csv:\d+", firm)
    assert "王**" in firm
    assert WANG not in firm
    link = re.search(r'href="(/alerts/[^"]+)"', visitor.get("/").text)
    assert link
    alert = visitor.get(link[1]).text
    assert re.search(r"world\.csv:\d+", alert)
    assert "规则依据" in alert


def test_a_firm_in_default_is_said_to_be_so_and_not_to_lack_a_score_yet(visitor: TestClient, demo: Bank) -> None:
    link = re.search(r'href="(/alerts/[^"]+)"', visitor.get(f"/firms/{demo.ids[TINGSONG]}").text)
    assert link
    for path in (f"/firms/{demo.ids[TINGSONG]}", link[1]):
        page = visitor.get(path).text
        assert "已违约，不评分" in page
        assert "尚无评分" not in page
        assert "没有发现信息缺口" not in page
    assert "尚无评分" in visitor.get(f"/firms/{demo.ids[CHENGHU]}").text


def test_a_search_with_one_hit_opens_it(visitor: TestClient, demo: Bank) -> None:
    assert visitor.get("/search", params={"q": "澄湖"}).url.path == f"/firms/{demo.ids[CHENGHU]}"
    assert CHENGHU in visitor.get("/search", params={"q": "杭州"}).text
    assert "没有找到企业" in visitor.get("/search", params={"q": "不存在"}).text


def test_what_a_visitor_types_is_never_markup(visitor: TestClient) -> None:
    page = visitor.get("/search", params={"q": "<script>alert(1)</script>\"'"}).text
    assert "<script" not in page


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/alerts/nothing", 404),
        ("/firms/nobody", 422),
        ("/firms/Firm-00000000000000000000000000000000", 404),
        ("/?as_of=2027-01-01", 422),
        ("/?as_of=yesterday", 422),
        ("/?lang=fr", 422),
        ("/?grade=pink", 422),
    ],
)
def test_a_page_that_cannot_be_shown_is_a_page_that_says_why(visitor: TestClient, path: str, status: int) -> None:
    refused = visitor.get(path)
    assert refused.status_code == status
    assert refused.headers["content-type"].startswith("text/html")
    assert "返回工作台" in refused.text


def test_the_demo_is_open_on_this_machine_alone(demo: Bank) -> None:
    app = create_app(demo.platform)
    elsewhere = TestClient(app, base_url="http://127.0.0.1", client=("10.0.0.7", 1), follow_redirects=False)
    rebound = TestClient(app, base_url="http://evil.example", client=("127.0.0.1", 1), follow_redirects=False)
    assert [client.get("/").headers.get("location") for client in (elsewhere, rebound)] == ["/sign-in", "/sign-in"]


def test_the_demo_opens_pages_alone_and_never_the_api(visitor: TestClient) -> None:
    assert visitor.get("/v1/alerts").status_code == 401
    assert visitor.post("/v1/scans", json={}).status_code == 401


def test_outside_the_demo_a_key_signs_in_and_out(bank: Bank) -> None:
    client = open_client(bank, role=None)
    assert client.get("/").url.path == "/sign-in"
    refused = client.post("/sign-in", data={"key": "guess"})
    assert refused.status_code == 401
    assert "No valid API key" in refused.text
    assert 'name="key"' in refused.text
    client.post("/sign-in", data={"key": bank.keys[Role.OFFICER]})
    assert client.get("/").url.path == "/"
    client.post("/sign-out", data={"x": "1"})
    assert client.get("/").url.path == "/sign-in"


def test_the_cookie_is_for_no_script_and_no_other_site(bank: Bank) -> None:
    client = open_client(bank, role=None)
    signed_in = client.post("/sign-in", data={"key": bank.keys[Role.OFFICER]}, follow_redirects=False)
    told = signed_in.headers["set-cookie"]
    assert told.startswith(f"{COOKIE}=")
    assert "HttpOnly" in told
    assert "SameSite=strict" in told


@pytest.fixture(scope="module")
def address(demo: Bank) -> Iterator[str]:
    """The demo on a port of its own."""
    server = uvicorn.Server(uvicorn.Config(create_app(demo.platform), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_chromium_opens_every_page_without_an_error_or_an_outside_request(
    address: str, demo: Bank, width: int, language: str
) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}")
    complaints: list[str] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.set_default_timeout(120_000)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(address) else complaints.append(asked.url))
        page.goto(f"{address}/?lang={language}&as_of={TODAY}")
        page.click(".sentences a")
        assert page.url.startswith(f"{address}/alerts/")
        page.click("h1 a")
        page.wait_for_load_state("networkidle")
        assert TINGSONG in page.inner_text("h1")
        assert page.evaluate("document.querySelector('.picture img').naturalWidth") == 1440
        page.fill("input[name=q]", "杭州")
        page.click(".search button")
        assert page.locator(".hits li").count() == 2
        assert page.evaluate("document.documentElement.scrollWidth") == width, "no page scrolls sideways"
        browser.close()
    assert complaints == []
