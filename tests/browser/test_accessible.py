"""Every page as axe-core and a magnifying glass see it: WCAG 2.2 AA, both themes, both widths, 400 % zoom."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Open
from tests.browser.site import Site
from tests.browser.test_notifications import sign_in

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WIDTHS = (1440, 375)
ZOOMED = 320  # CSS pixels: what 1280 are at 400 %.

PAGES = (
    "/",
    "/?tab=review",
    "/?tab=resolved",
    "/?severity=info",
    "/?group=cause",
    "/?group=node",
    "/d/{number}",
    "/c/prod-eu/p/{uid}",
    "/timeline",
    "/timeline?view=heat",
    "/search",
    "/search?q=cart",
    "/search?q=zebra",
    "/codes/",
    "/codes/crash-config-env",
    "/clusters/",
    "/clusters/add",
    "/clusters/{cluster}",
    "/notifications/",
    "/notifications/channels/new",
    "/notifications/channels/new/slack",
    "/notifications/channels/{channel}",
    "/notifications/routes/new",
    "/notifications/routes/{route}",
    "/notifications/silences/new?diagnosis={number}",
    "/notifications/deliveries/",
    "/notifications/deliveries/{delivery}",
    "/settings/people",
    "/settings/account",
    "/settings/tokens",
    "/settings/retention",
    "/settings/redaction",
    "/settings/system",
    "/setup",
    "/badges/",
    "/tv",
    "/api/docs",
)

STRANGERS = {
    "/signin": "Sign in",
    "/signin/spent": "This link no longer signs in",
    "/nothing/here": "There is nothing here",
    "/d/4711": "There is no diagnosis #4711",
    "/signout": "This address takes no such request",
}


@pytest.fixture
def filled(site: Site, visit: Open) -> tuple[Page, dict[str, Any]]:
    """An administrator's browser, on a site that has something of everything."""
    stored = site.do("fill")
    return sign_in(site, visit), stored


def faults(page: Page) -> list[str]:
    """What axe finds, a line each: the rule and the element."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"]]


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_accessible(site: Site, filled: tuple[Page, dict[str, Any]], path: str) -> None:
    page, stored = filled
    page.goto(site.url + path.format(**stored))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert faults(page) == [], (scheme, width)
    page.set_viewport_size({"width": ZOOMED, "height": 256})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_strangers_see_is_accessible(site: Site, chromium: Browser) -> None:
    page = chromium.new_page()  # Not by `visit`: the browser complains of every status that is an error.
    for path, heading in STRANGERS.items():
        page.goto(site.url + path)
        assert page.get_by_role("heading", level=1).inner_text() == heading
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for width in (*WIDTHS, ZOOMED):
                page.set_viewport_size({"width": width, "height": 900})
                assert faults(page) == [], (path, scheme, width)
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.context.close()
