"""A diagnosis on paper."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.site import Site


def test_a_printed_diagnosis_says_whose_it_is_and_folds_nothing(site: Site, visit: Open) -> None:
    stored = site.do("fill")
    page = visit(f"/d/{stored['number']}", color_scheme="dark")
    heading = page.locator(".printed")
    expect(heading).to_be_hidden()
    folded = page.locator("main details:not(.menu)")
    assert folded.count() > 0
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(heading).to_contain_text(f"{site.url}/d/{stored['number']}")
    expect(heading).to_contain_text("cluster prod-eu")
    expect(page.locator("#printed")).to_contain_text("printed ")
    for part in folded.locator("> :not(summary)").all():
        expect(part).to_be_visible()
    for screens_own in (".rail", ".top", "#jump", "#print", "form"):
        for each in page.locator(screens_own).all():
            expect(each).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("main details[open]:not(.menu)").count() == 0
