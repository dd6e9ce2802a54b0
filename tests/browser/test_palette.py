"""The palette and the keys, in a real browser and by keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Complaints, Open
from tests.browser.site import Site
from tests.browser.test_live import some


def opened(page: Page) -> None:
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-q")).to_be_focused()
    expect(page.locator("#palette-found [aria-label=Pages] [role=option]").last).to_be_visible()  # The server's own.


def test_from_anywhere_to_a_diagnosis_by_keys_alone(site: Site, visit: Open) -> None:
    some(site, "api", "web")
    page = visit("/codes/")
    opened(page)
    page.keyboard.type("web")
    options = page.locator("#palette-found [role=option]")
    expect(options.first).to_contain_text("Container app of web stops at start")
    expect(options.first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url("**/d/*")
    opened(page)
    expect(page.locator("#palette-found [aria-label=Recent] [role=option]")).to_have_count(0)  # But for this one.
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()


def test_where_its_reader_was_lately_comes_first(site: Site, visit: Open) -> None:
    number = site.do("open_diagnosis", name="api", cluster="prod-eu")
    page = visit(f"/d/{number}")
    page.goto(f"{site.url}/")
    opened(page)
    expect(page.locator("#palette-found [role=option]").first).to_contain_text(f"#{number} api")
    page.keyboard.press("Escape")
    page.locator("summary.who").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/signin")
    assert page.evaluate("localStorage.getItem('recent')") is None  # Whoever comes next is not told.


def test_the_arrows_walk_and_are_told_to_screen_readers(site: Site, visit: Open) -> None:
    page = visit("/")
    opened(page)
    field = page.locator("#palette-q")
    first = field.get_attribute("aria-activedescendant")
    page.keyboard.press("ArrowDown")
    second = field.get_attribute("aria-activedescendant")
    assert first != second
    expect(page.locator(f"#{second}")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    last = page.locator("#palette-found [role=option]").last
    expect(last).to_have_attribute("aria-selected", "true")  # Round the end.


def test_what_the_page_can_do_is_in_it(site: Site, visit: Open) -> None:
    page = visit("/")
    opened(page)
    page.keyboard.type("pause")
    page.keyboard.press("Enter")
    expect(page.locator("#live b")).to_have_text("Paused")


def test_a_search_that_fails_says_so_and_keeps_what_it_had(site: Site, visit: Open, complaints: Complaints) -> None:
    page = visit("/")
    opened(page)
    before = page.locator("#palette-found [role=option]").count()
    page.route("**/search?*", lambda route: route.abort())
    page.keyboard.type("x")
    expect(page.locator("#palette [role=status]")).to_contain_text("does not answer")
    assert page.locator("#palette-found [role=option]").count() == before
    assert complaints.pop().endswith("net::ERR_FAILED")


@pytest.mark.parametrize(
    ("keys", "path"),
    [("gt", "/"), ("gi", "/timeline"), ("gc", "/clusters/"), ("gn", "/notifications/"), ("gs", "/settings/")],
)
def test_two_keys_in_turn_go_to_a_page(site: Site, visit: Open, keys: str, path: str) -> None:
    page = visit("/codes/")
    page.keyboard.press(keys[0])
    expect(page.locator("#chord")).to_be_visible()
    page.keyboard.press(keys[1])
    page.wait_for_url(re.compile(re.escape(site.url + path)))


def test_the_list_of_keys_promises_only_what_the_page_has(site: Site, visit: Open) -> None:
    some(site, "api")
    page = visit("/codes/")
    page.keyboard.press("?")
    lines = page.locator("#keys .keys > div:visible")
    expect(lines.filter(has_text="Go to Triage")).to_have_count(1)
    for absent in ("Next, previous row", "Acknowledge", "YAML of the pod"):
        expect(lines.filter(has_text=absent)).to_have_count(0)
    page.keyboard.press("Escape")
    page.goto(f"{site.url}/")
    page.keyboard.press("?")
    expect(lines.filter(has_text="Next, previous row")).to_have_count(1)
