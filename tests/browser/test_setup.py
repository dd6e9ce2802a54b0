"""From an empty installation to the first message, as a newcomer goes who follows only what the pages say."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.site import Site
from tests.browser.test_clusters import WORD, kubeconfig
from tests.browser.test_notifications import sign_in
from tests.clusters import serving
from tests.notify.receivers import receiving

PASSWORD = "a long walk along the harbour"


def press(page: Page, name: str) -> None:
    """Follows a link of the page's own, not of its frame."""
    page.locator("main").get_by_role("link", name=name, exact=True).click()


def back_to_setup(page: Page, site: Site, headline: str) -> None:
    page.goto(f"{site.url}/")
    if page.locator("main").get_by_role("link", name="Set up Sickbay").is_visible():
        press(page, "Set up Sickbay")
    else:
        page.goto(f"{site.url}/setup")
    expect(page.locator("h1")).to_have_text(headline)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (320, "dark")])
def test_from_an_empty_installation_to_a_message_that_arrived(site: Site, visit: Open, width: int, scheme: str) -> None:
    site.do("reset")
    with serving(token=WORD) as lab, receiving() as receiver:
        page = sign_in(site, visit, width=width, color_scheme=scheme)
        back_to_setup(page, site, "Set Sickbay up: 0 of 3 steps done")
        press(page, "Set a password")
        for box in page.locator("#password input[type=password]").all():
            box.fill(PASSWORD)
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".toast")).to_be_visible()

        back_to_setup(page, site, "Set Sickbay up: 1 of 3 steps done")
        press(page, "Add a cluster")
        page.get_by_role("textbox", name="kubeconfig").fill(kubeconfig(lab.url))
        page.get_by_role("button", name="Test", exact=True).click()
        page.get_by_role("button", name="Add cluster", exact=True).click()
        expect(page.locator(".toast")).to_contain_text("edge is added")

        back_to_setup(page, site, "Set Sickbay up: 2 of 3 steps done")
        press(page, "Add channel")
        page.locator("main").get_by_role("link", name="Slack Incoming webhook").click()
        page.get_by_label("Name", exact=True).fill("#ops")
        page.get_by_label("Address (URL)").fill(receiver.url)
        page.get_by_role("button", name="Add channel").click()
        page.get_by_role("button", name="Send test").click()
        assert site.do("deliver") == 1
        expect(page.locator("#health")).to_contain_text("delivered")
        assert "This is a test of channel #ops" in json.loads(receiver.received[0].body)["text"]

        back_to_setup(page, site, "Sickbay is set up")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
