"""A real Chromium in front of a real site. Where there is none, the tests are skipped and say so."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.site import Site, running_site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
# A killed server is an error to the browser, and the very thing that some tests are about.
OUTAGE = (
    "WebSocket connection to",
    "net::ERR_CONNECTION_REFUSED",
    "net::ERR_EMPTY_RESPONSE",
    "net::ERR_CONNECTION_RESET",
)

Open = Callable[..., Page]
expect.set_options(timeout=20_000)  # Milliseconds. What is true in the end counts, however busy the machine is.


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks everything here, and skips it without a browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker("browser")
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip(reason="no Chromium: install the system's package `chromium`"))


@pytest.fixture(scope="session")
def site_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def site(site_of_all: Site) -> Site:
    """The site, with two clusters and nothing else in it."""
    site_of_all.do("reset", **{"prod-eu": {}, "prod-us": {}})
    return site_of_all


@pytest.fixture(scope="package")  # No longer: while it is open, its event loop keeps other tests from theirs.
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Complaints(list[str]):
    """What the browser complained about: violations of the policy, errors on the console, exceptions."""

    def hear(self, message: ConsoleMessage) -> None:
        """Keeps errors and warnings; an outage is told by `outages_allowed`."""
        if message.type in ("error", "warning"):
            self.append(message.text)

    def beyond_outages(self) -> list[str]:
        """All but those that a killed server explains."""
        return [text for text in self if not any(sign in text for sign in OUTAGE)]


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Fails a test at its end if the browser complained; outages may be expected, nothing else."""
    heard = Complaints()
    yield heard
    assert heard.beyond_outages() == []


@pytest.fixture
def visit(site: Site, chromium: Browser, complaints: Complaints) -> Iterator[Open]:
    """Opens a path in a browser of its own: `visit("/", width=375, color_scheme="dark")`. It waits until it is live."""
    with ExitStack() as stack:

        def open_page(path: str = "/", *, live: bool = True, width: int = 1440, height: int = 900, **how: Any) -> Page:
            context: BrowserContext = chromium.new_context(viewport={"width": width, "height": height}, **how)
            stack.callback(context.close)
            context.add_init_script(
                "addEventListener('securitypolicyviolation', (event) => console.error('policy', event.violatedDirective))"
            )
            page = context.new_page()
            page.on("console", complaints.hear)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(path if "://" in path else site.url + path)
            if live:
                page.locator("#live b", has_text="Live").wait_for()
            return page

        yield open_page
