"""Keys, themes, copying, narrow screens, and the way in."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Complaints, Open
from tests.browser.site import Site
from tests.browser.test_live import some


def test_a_list_can_be_walked_and_opened_by_keys(site: Site, visit: Open) -> None:
    some(site, "api", "web")
    page = visit("/")
    links = page.locator("#rows th > a")
    for key, at in (("j", 0), ("j", 1), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        expect(links.nth(at)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/d/*")


def test_the_search_is_a_key_away_and_finds(site: Site, visit: Open) -> None:
    some(site, "api", "web")
    page = visit("/")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("web./j")
    expect(page.locator("#live b")).to_have_text("Live")  # In an input keys are only text.
    page.locator("#q").fill("web")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=web")
    expect(page.locator("#diagnoses li")).to_have_count(1)


def test_keys_are_listed_and_can_be_switched_off(site: Site, visit: Open) -> None:
    some(site, "api")
    page = visit("/")
    page.keyboard.press("?")
    dialog = page.locator("#keys")
    expect(dialog).to_be_visible()
    page.locator("#keys-on").uncheck()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.reload()
    page.locator("#live b", has_text="Live").wait_for()
    page.keyboard.press(".")
    page.keyboard.press("?")
    expect(dialog).to_be_hidden()
    expect(page.locator("#live b")).to_have_text("Live")


@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_follows_the_system_until_it_is_switched_and_is_remembered(
    site: Site, visit: Open, system: str
) -> None:
    some(site, "api")
    page = visit("/", color_scheme=system)
    background = "getComputedStyle(document.body).backgroundColor"
    other = {"light": "dark", "dark": "light"}[system]
    first = page.evaluate(background)
    page.get_by_role("button", name="Switch light and dark").click()
    second = page.evaluate(background)
    assert first != second
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == other
    assert page.evaluate(background) == second


def test_a_command_is_copied_whole(site: Site, visit: Open) -> None:
    some(site, "api")
    page = visit("/", permissions=["clipboard-read", "clipboard-write"])
    page.locator(".peek [data-copy]").click()
    expect(page.locator(".peek .cmd .btn")).to_have_text("Copied")
    command = "kubectl -n shop set env deployment/api DATABASE_URL=value"
    assert page.evaluate("navigator.clipboard.readText()") == command
    page.evaluate("navigator.clipboard.writeText('')")
    page.keyboard.press("c")
    page.wait_for_function("async (text) => await navigator.clipboard.readText() === text", arg=command)


def test_a_command_is_copied_without_tls_too(site: Site, visit: Open) -> None:
    some(site, "api")
    page = visit("/signin", live=False, permissions=["clipboard-read", "clipboard-write"])
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto(site.url)
    page.locator(".peek [data-copy]").click()
    expect(page.locator(".peek .cmd .btn")).to_have_text("Copied")
    page.locator("#q").focus()
    page.keyboard.press("Control+V")
    expect(page.locator("#q")).to_have_value("kubectl -n shop set env deployment/api DATABASE_URL=value")


def test_ages_tick(site: Site, visit: Open) -> None:
    some(site, "api")
    age = visit("/").locator("#beats time").first
    before = age.inner_text()
    assert before.endswith(" s ago")
    expect(age).not_to_have_text(before)
    assert int(age.inner_text().split()[0]) > int(before.split()[0])


def test_a_menu_closes_on_escape_and_outside(site: Site, visit: Open) -> None:
    some(site, "api")
    page = visit("/")
    menu = page.locator("#menu-1")
    for outside in (False, True):
        menu.locator("summary").click()
        expect(menu.locator("a").first).to_be_visible()
        if outside:
            page.locator("h1").click()
        else:
            page.keyboard.press("Escape")
        expect(menu.locator("a").first).to_be_hidden()


def test_filters_are_links_and_back_works(site: Site, visit: Open) -> None:
    some(site, "api")
    some(site, "web", severity="critical")
    page = visit("/")
    page.locator("#menu-1 > summary").click()
    page.locator("#menu-1").get_by_role("link", name="Critical").click()
    page.wait_for_url("**/?severity=critical")
    expect(page.locator("#rows > tr:not(.peek)")).to_have_count(1)
    page.go_back()
    expect(page.locator("#rows > tr:not(.peek)")).to_have_count(2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 768, 375, 320])
def test_no_page_scrolls_sideways(site: Site, visit: Open, width: int, scheme: str) -> None:
    long = "x" * 120
    summary = f"Image registry.example.com/{long}:{long} of api does not exist in the registry."
    change = {"path": f"containers[{long}].image", "from": long, "to": None, "at": None, "by": None}
    number = site.do("open_diagnosis", name="api", cluster="prod-eu", summary=summary)
    site.do("change", name="api", changed=[change])
    page = visit("/", width=width, color_scheme=scheme)
    for path in ("/", f"/d/{number}", "/?tab=resolved", "/signin"):
        page.goto(site.url + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_times_are_told_in_the_readers_zone_from_the_first_page_on(site: Site, visit: Open) -> None:
    number = site.do("open_diagnosis", name="api", cluster="prod-eu")
    page = visit(f"/d/{number}", timezone_id="Asia/Kolkata")
    begun = page.locator("#where time[data-clock]").first
    utc = begun.get_attribute("datetime") or ""
    here = (datetime.fromisoformat(utc) + timedelta(hours=5, minutes=30)).strftime("%H:%M:%S")
    for _first_and_second_visit in range(2):
        expect(begun).to_have_attribute("title", re.compile(rf", {here} (GMT\+5:30|IST)$"))
        expect(begun).to_have_text(re.compile(f"{here[:5]}"))
        page.reload()
    assert page.evaluate("document.documentElement.dataset.zone") in ("Asia/Kolkata", "Asia/Calcutta")


def test_the_way_in(site: Site, visit: Open, complaints: Complaints) -> None:
    page = visit("/")
    expect(page.locator(".guest")).to_contain_text("Demo, read-only.")
    link = site.do("link")
    page.goto(link)
    page.get_by_role("button", name="Sign in as").or_(page.get_by_role("button", name="Sign in")).click()
    page.wait_for_url(site.url + "/")
    expect(page.locator(".guest")).to_have_count(0)
    page.locator("summary.who").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/signin")
    page.goto(link)
    expect(page.locator("h1")).to_have_text("This link no longer signs in")
    assert complaints.pop().endswith("status of 410 (Gone)")
