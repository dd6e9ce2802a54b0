"""Channels, routes and silences in a real browser, against a real receiver."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.site import Site
from tests.notify.receivers import Reply, receiving


def sign_in(site: Site, visit: Open, **how: int | str) -> Page:
    """A browser in which the administrator is signed in."""
    page = visit(site.do("link"), live=False, **how)
    page.locator("main button[type=submit]").click()
    page.locator("#live b", has_text="Live").wait_for()
    return page


def add_slack(page: Page, site: Site, name: str, url: str) -> None:
    page.goto(f"{site.url}/notifications/channels/new/slack")
    page.locator("#c-name").fill(name)
    page.get_by_label("Address (URL)").fill(url)
    page.get_by_role("button", name="Add channel").click()
    expect(page.locator(".toast")).to_contain_text("is added")


def test_from_nothing_to_a_message_that_arrived(site: Site, visit: Open) -> None:
    with receiving() as receiver:
        page = sign_in(site, visit)
        page.get_by_role("link", name="Notifications").click()
        expect(page.locator("h1")).to_have_text("No channel yet: diagnoses are only shown here")
        page.get_by_role("link", name="Add Slack").click()
        page.wait_for_url("**/channels/new/slack")
        add_slack(page, site, "#ops", receiver.url)
        page.get_by_role("button", name="Send test").click()
        expect(page.locator("#deliveries")).to_contain_text("on its way")
        assert site.do("deliver") == 1
        expect(page.locator("#deliveries")).to_contain_text("200 ok")  # By itself: nobody reloads the page.
        expect(page.locator("#health")).to_contain_text("delivered")
        assert "This is a test of channel #ops" in json.loads(receiver.received[0].body)["text"]


def test_a_dead_webhook_is_told_and_mended(site: Site, visit: Open) -> None:
    with receiving() as receiver:
        receiver.replies.append(Reply(404, b"no_service"))
        page = sign_in(site, visit)
        add_slack(page, site, "#ops", receiver.url)
        page.get_by_role("button", name="Send test").click()
        site.do("deliver")
        expect(page.locator(".banner", has_text="no_service")).to_be_visible()
        page.locator("main").get_by_role("link", name="Notifications").click()
        expect(page.locator("h1")).to_have_text("1 of 1 channels fails; 1 message did not arrive")
        page.get_by_role("button", name="Enable").click()
        page.get_by_role("button", name="Send again").click()
        site.do("deliver")
        expect(page.locator("#deliveries")).to_contain_text("200 ok")


def test_a_silence_is_seen_before_it_is_set_by_keyboard_alone(site: Site, visit: Open) -> None:
    number = site.do("open_diagnosis", name="api", cluster="prod-eu")
    page = sign_in(site, visit)
    page.goto(f"{site.url}/d/{number}?silence=1")
    expect(page.locator("h2", has_text="Would hide 1 of 1 open diagnoses")).to_be_visible()
    page.get_by_label("Reason").focus()
    page.keyboard.type("Upgrade")
    for key in ("Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#silences tbody")).to_contain_text("Upgrade")
    page.get_by_role("button", name="End now").click()
    expect(page.locator("#silences")).to_contain_text("1 ended")


def test_what_is_being_written_is_not_overwritten_by_news(site: Site, visit: Open) -> None:
    page = sign_in(site, visit)
    page.goto(f"{site.url}/notifications/routes/new")
    page.locator("#live b", has_text="Live").wait_for()
    page.locator("#r-name").fill("half writ")
    page.locator("#id_if-0-field").select_option("code")
    site.do("lose", cluster="prod-eu")
    expect(page.locator("[id^=banner-lost]")).to_have_count(1)
    assert page.locator("#r-name").input_value() == "half writ"
    assert page.locator("#id_if-0-field").input_value() == "code"


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (768, "dark"), (320, "dark")])
def test_no_page_scrolls_sideways(site: Site, visit: Open, width: int, scheme: str) -> None:
    number = site.do("open_diagnosis", name="api", cluster="prod-eu")
    page = sign_in(site, visit, width=width, color_scheme=scheme)
    add_slack(page, site, "a-channel-with-a-name-that-has-no-place-to-break-" * 2, "https://hooks.slack.example/x")
    channel = page.url
    kinds = [f"/notifications/channels/new/{kind}" for kind in ("template", "webhook", "email")]
    silence = f"/notifications/silences/new?diagnosis={number}"
    paths = ["/notifications/", f"/notifications/?try={number}", "/notifications/channels/new", *kinds, silence]
    for path in [*paths, "/notifications/routes/new", "/notifications/deliveries/", f"/d/{number}"]:
        page.goto(site.url + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    page.goto(channel)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), channel
