"""The list of triage under the hands of somebody who works with it."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.site import Site
from tests.browser.test_notifications import sign_in

SIDEWAYS = "document.documentElement.scrollWidth - innerWidth"


def test_a_next_step_opens_in_its_place(site: Site, visit: Open) -> None:
    for n in range(20):
        site.do("open_diagnosis", name=f"w{n}", cluster="prod-eu")
    page = visit("/")
    page.evaluate("window.notReloaded = true")
    for _ in range(18):
        page.keyboard.press("j")
    row = page.locator("#rows > .is-at")
    scrolled, top = page.evaluate("scrollY"), row.evaluate("row => row.getBoundingClientRect().top")
    assert scrolled > 0
    page.keyboard.press("Space")
    expect(page.locator("#rows > .is-at + .peek")).to_be_visible()
    assert page.evaluate("scrollY") == scrolled
    assert row.evaluate("row => row.getBoundingClientRect().top") == top
    expect(row.locator(".peeks")).to_have_attribute("aria-expanded", "true")
    assert "peek=" in page.url
    page.keyboard.press("Space")
    expect(page.locator(".peek")).to_have_count(0)
    expect(row.locator(".peeks")).to_have_attribute("aria-expanded", "false")
    assert page.evaluate("window.notReloaded")


def test_what_is_done_in_an_opened_next_step_leaves_it_open(site: Site, visit: Open) -> None:
    for n in range(20):
        site.do("open_diagnosis", name=f"w{n}", cluster="prod-eu")
    page = sign_in(site, visit)
    page.goto(f"{site.url}/")
    page.locator("#rows .peeks").nth(2).click()
    page.locator(".peek").get_by_role("button", name="Acknowledge").click()
    expect(page.locator(".toast")).to_contain_text("Acknowledged")
    expect(page.locator(".peek")).to_have_count(1)


def test_no_long_mark_widens_a_phone(site: Site, visit: Open) -> None:
    site.do("open_diagnosis", name="web", cluster="prod-eu")
    site.do("change", name="web", last_fixed_by="a-tool-that-applies-manifests-from-a-repository, 2026-11-24 16:05 UTC")
    page = visit("/", width=320, height=800)
    expect(page.locator("#rows")).to_contain_text("last fixed by a-tool")
    assert page.evaluate(SIDEWAYS) == 0


def test_a_menu_shows_that_it_opens_and_a_search_hides_its_key(site: Site, visit: Open) -> None:
    for name in ("web", "api"):
        site.do("open_diagnosis", name=name, cluster="prod-eu")
    page = sign_in(site, visit)
    page.goto(f"{site.url}/?q=web")
    for menu in ("#menu-sort", "#menu-view"):
        expect(page.locator(f"{menu} > summary .i")).to_have_css("visibility", "visible")
    expect(page.locator(".top .find kbd")).to_be_hidden()
    expect(page.locator("#q")).to_have_value("web")


def test_what_is_done_to_those_chosen_leaves_room_on_a_phone(site: Site, visit: Open) -> None:
    site.do("open_diagnosis", name="web", cluster="prod-eu")
    page = sign_in(site, visit, width=375, height=812)
    page.goto(f"{site.url}/")
    page.locator("#rows [name=pick]").check()
    tops = page.locator(".bulk .btn:visible").evaluate_all("all => all.map(each => each.getBoundingClientRect().top)")
    assert len(set(tops)) == 2
