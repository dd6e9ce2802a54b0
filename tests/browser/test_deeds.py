"""Taking over a diagnosis in a real browser, by pointer, by keys, and without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.site import Site
from tests.browser.test_notifications import sign_in


def opened(site: Site, visit: Open, **how: int | str) -> Page:
    """The page of a diagnosis, as the administrator sees it."""
    number = site.do("open_diagnosis", name="api", cluster="prod-eu")
    page = sign_in(site, visit, **how)
    page.goto(f"{site.url}/d/{number}")
    page.locator("#live b", has_text="Live").wait_for()
    return page


def test_from_taking_it_over_to_calling_it_done(site: Site, visit: Open) -> None:
    page = opened(site, visit)
    title, toast = page.locator("#title"), page.locator(".toast")
    page.get_by_role("button", name="Acknowledge").click()
    expect(title).to_contain_text("Acknowledged by admin")
    toast.get_by_role("button", name="Undo").click()
    expect(toast).to_contain_text("No longer acknowledged.")
    expect(title).not_to_contain_text("Acknowledged")
    page.locator("#do-snooze summary").click()
    page.get_by_role("button", name="Until it gets worse").click()
    expect(title).to_contain_text("Snoozed until it gets worse")
    page.get_by_label("Comment").fill("Rolled back.\nWatching it.")
    page.get_by_role("button", name="Comment").click()
    expect(page.locator("#timeline .say")).to_have_text("Rolled back.\nWatching it.")
    page.get_by_role("button", name="Resolve").click()
    expect(page.locator("#standing")).to_contain_text("by admin")


def test_by_keys_alone(site: Site, visit: Open) -> None:
    page = opened(site, visit)
    title = page.locator("#title")
    for key, said in (("a", "Acknowledged by admin"), ("m", "Assigned to admin")):
        page.keyboard.press(key)
        expect(title).to_contain_text(said)
        page.locator("#live b", has_text="Live").wait_for()
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="1 hour")).to_be_focused()
    page.keyboard.press("Enter")
    expect(title).to_contain_text("Snoozed until")
    page.locator("#live b", has_text="Live").wait_for()
    page.keyboard.press("e")
    expect(page.locator("#standing")).to_contain_text("by admin")


def test_news_neither_empties_a_comment_nor_makes_the_buttons_stale(site: Site, visit: Open) -> None:
    page = opened(site, visit)
    page.get_by_label("Comment").fill("half writ")
    site.do("change", name="api", summary="It is another thing now.", version=7)
    expect(page.locator("h1")).to_have_text("It is another thing now")
    assert page.get_by_label("Comment").input_value() == "half writ"
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("#title")).to_contain_text("Acknowledged by admin")


@pytest.mark.parametrize("width", [1440, 375])
def test_it_works_without_scripts(site: Site, visit: Open, width: int) -> None:
    number = site.do("open_diagnosis", name="api", cluster="prod-eu")
    page = visit(site.do("link"), live=False, java_script_enabled=False, width=width)
    page.locator("main button[type=submit]").click()
    page.goto(f"{site.url}/d/{number}")
    page.locator("#do-snooze summary").click()
    page.get_by_role("button", name="8 hours").click()
    expect(page.locator("#title")).to_contain_text("Snoozed until")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#title")).not_to_contain_text("Snoozed until")


def test_several_at_once_by_pointer_and_by_keys(site: Site, visit: Open) -> None:
    for name in ("api", "web", "db"):
        site.do("open_diagnosis", name=name, cluster="prod-eu")
    page = sign_in(site, visit)
    bar, tabs = page.locator(".bulk"), page.locator("#tabs")
    expect(bar).to_be_hidden()
    for n in (0, 1):
        page.locator("#rows").get_by_role("checkbox").nth(n).check()
    bar.get_by_role("button", name="Resolve").click()
    expect(tabs).to_contain_text("Resolved 2")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(tabs).to_contain_text("Resolved 0")
    page.locator("#live b", has_text="Live").wait_for()
    for key in ("k", "x", "j", "x", "a"):  # The walk goes on where it was: at the second one.
        page.keyboard.press(key)
    expect(page.locator(".toast")).to_contain_text("Acknowledged. 2 diagnoses.")
    expect(page.locator("#rows .c-sev", has_text="Acknowledged")).to_have_count(2)


def test_what_is_done_to_a_row_moves_nothing(site: Site, visit: Open) -> None:
    for n in range(30):
        site.do("open_diagnosis", name=f"w{n}", cluster="prod-eu")
    page = sign_in(site, visit)
    row = page.locator("#rows > tr:not(.peek)").nth(24)
    row.get_by_role("button", name="Acknowledge").focus()
    scrolled = page.evaluate("scrollY")
    assert scrolled > 0
    page.keyboard.press("Enter")
    expect(row).to_contain_text("Acknowledged")
    assert page.evaluate("scrollY") == scrolled
    expect(row).to_have_class("is-at")
