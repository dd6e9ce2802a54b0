"""The wallboard keeps itself true without a hand on it, and says so when it cannot."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Open
from tests.browser.site import Site
from tests.browser.test_live import some


def board(site: Site, visit: Open, width: int = 1920, height: int = 1080) -> Page:
    """The wallboard in a browser whose clock the test winds."""
    page = visit("/signin", live=False, width=width, height=height)
    page.clock.install()
    page.goto(f"{site.url}/tv")
    return page


def test_news_comes_by_itself(site: Site, visit: Open) -> None:
    page = board(site, visit)
    expect(page.locator("h1")).to_have_text("Nothing is failing in 2 clusters")
    some(site, "api")
    page.clock.run_for(16_000)
    expect(page.locator("h1")).to_have_text("1 new, 1 open in 1 of 2 clusters")
    expect(page.locator("#berths > li")).to_have_count(1)


def test_it_says_in_red_for_how_long_nothing_came_and_withholds_green(site: Site, visit: Open) -> None:
    page = board(site, visit)
    clear = page.locator(".is-clear .big").first
    green = clear.evaluate("(tile) => getComputedStyle(tile).color")
    page.route("**/tv", lambda route: route.fulfill(status=502))
    page.clock.run_for(40_000)
    expect(page.locator("#late")).to_contain_text("Not updated for 40 s. What you see is as it was.")
    assert clear.evaluate("(tile) => getComputedStyle(tile).color") != green
    page.unroute("**/tv")
    page.clock.run_for(15_000)
    expect(page.locator("#late")).to_be_hidden()
    assert clear.evaluate("(tile) => getComputedStyle(tile).color") == green


def test_a_screen_that_was_signed_out_says_where_to_sign_in(site: Site, visit: Open) -> None:
    page = board(site, visit)

    def led_away(route: Route) -> None:
        route.fulfill(status=302, headers={"Location": "/signin?next=/tv"})

    page.route("**/tv", led_away)
    page.clock.run_for(32_000)
    expect(page.get_by_role("link", name="This screen was signed out: sign in")).to_be_visible()


def test_what_does_not_fit_on_the_screen_is_counted(site: Site, visit: Open) -> None:
    some(site, *(f"w{n}" for n in range(14)))
    page = board(site, visit)
    shown = page.locator("#berths > li:visible").count()
    assert 3 <= shown < 12
    expect(page.locator("#behind")).to_have_text(f"{14 - shown} more: {14 - shown} high")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_a_phone_scrolls_instead(site: Site, visit: Open) -> None:
    some(site, *(f"w{n}" for n in range(14)))
    page = board(site, visit, width=375, height=812)
    expect(page.locator("#berths > li:visible")).to_have_count(12)
    expect(page.locator("#behind")).to_have_text("2 more: 2 high")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_is_dark_whatever_the_theme(site: Site, visit: Open) -> None:
    page = visit("/tv", live=False, color_scheme="light")
    color = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(map(int, re.findall(r"\d+", color))) < 60
