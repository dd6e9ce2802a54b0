"""The reference of codes in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from diagnostics.rules.reference import entries
from tests.browser.conftest import Open
from tests.browser.site import Site


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 768, 375, 320])
def test_no_page_scrolls_sideways(site: Site, visit: Open, width: int, scheme: str) -> None:
    page = visit("/codes/", width=width, color_scheme=scheme)
    longest = max(entries(), key=len)
    for path in ("/codes/", "/codes/?q=nothing+has+this", f"/codes/{longest}", "/codes/create-quota-exceeded"):
        page.goto(site.url + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_from_a_diagnosis_to_its_code_and_back_to_all_that_have_it(site: Site, visit: Open) -> None:
    number = site.do("open_diagnosis", name="api", cluster="prod-eu")
    page = visit("/")
    page.locator("#rows a.ident").click()
    page.wait_for_url("**/codes/*")
    expect(page.locator("#here")).to_contain_text(f"#{number} api")
    page.locator("#here header a").click()
    page.wait_for_url("**/?code=*")
    expect(page.locator("#rows > tr:not(.peek)")).to_have_count(1)


def test_what_opens_is_counted_while_the_page_lies_open(site: Site, visit: Open) -> None:
    code = "crash-config-env"
    page = visit(f"/codes/{code}")
    expect(page.locator("#here")).to_contain_text("No open diagnosis has this cause.")
    site.do("open_diagnosis", name="api", cluster="prod-eu", code=code)
    expect(page.locator("#here header a")).to_have_text("1 in triage")


def test_the_list_is_searched_by_its_own_field(site: Site, visit: Open) -> None:
    page = visit("/codes/")
    page.locator("#codes-q").fill("oom limit")
    page.locator("#codes-q").press("Enter")
    page.wait_for_url("**/codes/?q=oom+limit")
    expect(page.locator(".codes a.mono").filter(has_text="crash-oom-limit")).to_be_visible()
