"""The viewer of logs and YAML in a real browser: it answers while one types, and what is read stays."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.site import Site
from tests.browser.test_notifications import sign_in

PATH = "/c/prod-eu/p/cart-uid"
NOISE = [f"{n} INFO tick" for n in range(80)]
CRASH = [*NOISE, "WARN low on memory", "Traceback (most recent call last):", "KeyError: 'DATABASE_URL'"]


def opened(site: Site, visit: Open, path: str = PATH) -> Page:
    """The page of a pod with two runs; the latter one proves its diagnosis."""
    number = site.do("open_diagnosis", name="cart", cluster="prod-eu")
    site.do("keep_pod", name="cart", runs=[["an earlier run"], CRASH])
    page = sign_in(site, visit)
    page.goto(site.url + path.format(number=number))
    page.locator("#live b", has_text="Live").wait_for()
    return page


def test_the_line_that_proves_it_is_in_sight_and_the_page_stays_at_its_top(site: Site, visit: Open) -> None:
    page = opened(site, visit)
    assert page.evaluate("scrollY") == 0
    box, mark = page.locator("#log .log").bounding_box(), page.locator("#log mark").bounding_box()
    assert box
    assert mark
    assert box["y"] <= mark["y"] < box["y"] + box["height"]


def test_search_steps_through_what_it_finds_and_is_in_the_address(site: Site, visit: Open) -> None:
    page = opened(site, visit)
    log, count = page.locator("#log"), page.locator("#log [data-count]")
    field = log.get_by_role("searchbox")
    field.fill("TICK")
    expect(count).to_have_text("1 of 80")
    expect(log.locator(".found")).to_have_count(80)
    field.press("Enter")
    expect(count).to_have_text("2 of 80")
    field.press("Shift+Enter")
    log.get_by_role("button", name="Previous match").click()
    expect(count).to_have_text("80 of 80")
    field.fill("nowhere")
    expect(count).to_have_text("not found")
    field.fill("low on memory")
    field.press("Enter")
    page.reload()
    expect(log.locator(".found")).to_have_count(1)
    expect(field).to_have_value("low on memory")


def test_a_level_hides_what_is_less_and_keeps_the_numbers(site: Site, visit: Open) -> None:
    page = opened(site, visit)
    log = page.locator("#log")
    log.get_by_role("combobox").select_option("warning")
    expect(log.locator("[data-count]")).to_have_text("80 hidden")
    expect(log.locator(".log > :visible")).to_have_count(3)
    expect(log.locator("#L81")).to_contain_text("81WARN low on memory")
    assert "level=warning" in page.url


def test_wrapping_is_remembered_for_the_log_and_the_yaml(site: Site, visit: Open) -> None:
    page = opened(site, visit)
    page.locator("#yaml").get_by_role("button", name="Wrap").click()
    page.reload()
    for viewer in page.locator(".viewer .log").all():
        assert "soft" in (viewer.get_attribute("class") or "")
    expect(page.locator("#log").get_by_role("button", name="Wrap")).to_have_attribute("aria-pressed", "true")


def test_a_newer_log_waits_until_it_is_asked_for(site: Site, visit: Open) -> None:
    page = opened(site, visit, "/d/{number}")
    log = page.locator("#log")
    log.get_by_role("searchbox").fill("tick")
    site.do("keep_pod", name="cart", runs=[["an earlier run"], CRASH, ["the newest run", "KeyError: 'DATABASE_URL'"]])
    newer = log.get_by_role("button", name="Newer log: show it")
    expect(newer).to_be_visible()
    expect(log.locator("mark")).to_have_attribute("id", "L83")
    newer.click()
    expect(log.locator("#L1")).to_have_text("1the newest run")
    expect(newer).to_be_hidden()
    expect(log.get_by_role("button", name="Wrap")).to_be_visible()


def test_keys_lead_to_the_previous_log_and_to_the_yaml(site: Site, visit: Open) -> None:
    page = opened(site, visit, "/d/{number}")
    page.keyboard.press("p")
    page.wait_for_url("**/d/*?restart=2#log")
    page.keyboard.press("y")
    page.wait_for_url(f"**{PATH}#yaml")
    page.keyboard.press("f")
    page.wait_for_url("**/?cluster=prod-eu&namespace=shop&workload=Deployment%2Fcart")


def test_it_works_without_scripts(site: Site, visit: Open) -> None:
    number = site.do("open_diagnosis", name="cart", cluster="prod-eu")
    site.do("keep_pod", name="cart", runs=[CRASH])
    page = visit("/", live=False, java_script_enabled=False)
    page.goto(f"{site.url}{PATH}")
    log = page.locator("#log")
    log.get_by_role("searchbox").fill("memory")
    log.get_by_role("button", name="Show").click()
    expect(log.locator(".found")).to_have_count(1)
    expect(log.get_by_role("button", name="Wrap")).to_have_count(0)
    assert number
    assert page.url.endswith("#log")
