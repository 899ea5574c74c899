"""The pages of the default project in a real browser: the service's own, and the loop's report."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright
from test_installed import answers, free_port, run, started

import browser as browsers
from behaviour import SLUG

PHONE, DESK = 390, 1280
WIDTHS = pytest.mark.parametrize("width", [PHONE, DESK])
# What people who cannot see it are not told: neither named, nor marked as decoration.
UNNAMED = """() => [...document.querySelectorAll("img, svg, input, select, button")]
  .filter((one) => !one.closest("[aria-hidden=true]") && !one.closest("svg svg"))
  .filter((one) => !(one.getAttribute("aria-label") || one.getAttribute("alt")
    || one.labels?.length || (one.matches("button") && one.textContent.trim())))
  .map((one) => one.outerHTML.slice(0, 100))"""
OVERHANG = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Visit:
    """A page, and what went wrong on it."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        found = browsers.find()
    except browsers.NoBrowserError as error:
        pytest.fail(str(error))
    # Chromium has no sandbox for root.
    flags = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=found.program, args=flags, env={**os.environ, **found.env}
        )
        yield launched
        launched.close()


@contextmanager
def visit(browser: Browser, url: str, width: int = DESK) -> Iterator[Visit]:
    """Open a page, and write down its errors and whom it asks besides its own address."""
    home = url if url.startswith("file:") else "/".join(url.split("/")[:3])
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.set_default_timeout(20_000)
    seen = Visit(page)

    def asked(request: Request) -> None:
        if not request.url.startswith((home, "data:")):
            seen.foreign.append(request.url)

    page.on("request", asked)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("console", lambda said: seen.complaints.append(f"{said.type}: {said.text}"))
    page.goto(url, wait_until="networkidle")
    try:
        yield seen
    finally:
        page.close()


@pytest.fixture(scope="module")
def played(installed: Path, tools: dict[str, str]) -> Path:
    """The installed project after a short year."""
    run(f"poetry run {SLUG} loop replay --fresh", installed, tools)
    return installed


@pytest.fixture(scope="module")
def service(played: Path, tools: dict[str, str]) -> Iterator[str]:
    url = f"http://127.0.0.1:{free_port()}"
    with started(f"poetry run {SLUG} serve --port {url.rpartition(':')[2]}", played, tools) as one:
        assert answers(f"{url}/health/ready", one)
        yield url


@pytest.fixture
def report(played: Path) -> str:
    return (played / "var" / "reports" / "loop.html").as_uri()


@WIDTHS
@pytest.mark.parametrize("name", ["overview", "docs", "report"])
def test_a_page_is_whole(
    browser: Browser, name: str, width: int, request: pytest.FixtureRequest
) -> None:
    places = {"overview": ("service", "/"), "docs": ("service", "/docs"), "report": ("report", "")}
    fixture, path = places[name]
    with visit(browser, request.getfixturevalue(fixture) + path, width) as seen:
        assert len(seen.page.inner_text("body")) > 200
        assert (seen.complaints, seen.foreign) == ([], [])
        assert seen.page.evaluate(OVERHANG) <= 0
        if name != "docs":  # Swagger UI draws icons without a name
            assert seen.page.evaluate(UNNAMED) == []


@WIDTHS
def test_the_form_gives_a_prediction(browser: Browser, service: str, width: int) -> None:
    with visit(browser, service, width) as seen:
        expect(seen.page.locator("#versions")).to_contain_text("champion")
        seen.page.get_by_role("button", name="Predict").click()
        expect(seen.page.locator("#answer")).to_contain_text("Prediction")
        expect(seen.page.locator("#answer meter").first).to_be_visible()
        assert (seen.complaints, seen.foreign) == ([], [])
        assert seen.page.evaluate(OVERHANG) <= 0
        assert seen.page.evaluate(UNNAMED) == []


def test_what_the_contract_refuses_is_said_beside_its_field(browser: Browser, service: str) -> None:
    with visit(browser, service) as seen:
        field = seen.page.locator("#fields input[inputmode=decimal]").first
        field.fill("plenty")
        seen.page.get_by_role("button", name="Predict").click()
        expect(seen.page.locator("#answer")).to_contain_text("422")
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_be_focused()
        field.fill("1")
        seen.page.get_by_role("button", name="Predict").click()
        expect(field).not_to_have_attribute("aria-invalid", "true")
        # The browser itself complains of the 422.
        assert [one for one in seen.complaints if "422" not in one] == []


def test_the_page_asks_for_a_key_and_uses_it(
    browser: Browser, played: Path, tools: dict[str, str]
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    prefix = f"{SLUG.replace('-', '_').upper()}__SERVING__"
    keys = {f"{prefix}API_KEYS": '["open sesame"]', f"{prefix}API_KEY_SCOPES": '["predict"]'}
    command = f"poetry run {SLUG} serve --port {url.rpartition(':')[2]}"
    with started(command, played, tools | keys) as process:
        assert answers(f"{url}/health/ready", process)
        with visit(browser, url) as seen:
            seen.page.get_by_label("API key").fill("open sesame")
            seen.page.get_by_role("button", name="Use it").click()
            expect(seen.page.locator("#versions")).to_contain_text("champion")
            seen.page.get_by_role("button", name="Predict").click()
            expect(seen.page.locator("#answer")).to_contain_text("Prediction")
            expect(seen.page.locator("#span")).to_contain_text("scope metrics")
