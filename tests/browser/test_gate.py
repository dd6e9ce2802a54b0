"""Signing in by password as people do it: wrongly, too often, and with a form that lay open for too long."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.site import Site


@pytest.fixture
def stranger(site: Site, chromium: Browser) -> Iterator[Page]:
    """A browser at the sign-in, on its way to a page; not by `visit`: it complains of every status that is an error."""
    page = chromium.new_page()
    page.goto(site.url + "/signin?next=/codes/")
    yield page
    page.context.close()


def attempt(page: Page, name: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")


def test_a_wrong_password_is_told_and_the_name_kept(stranger: Page) -> None:
    attempt(stranger, "ana")
    expect(stranger.get_by_role("alert")).to_contain_text("do not belong together")
    expect(stranger.get_by_label("User name")).to_have_value("ana")
    expect(stranger.get_by_label("Password")).to_be_focused()


def test_after_ten_of_them_one_has_to_wait(stranger: Page) -> None:
    heading = stranger.get_by_role("heading", level=1)
    for _ in range(2 * 10 + 1):  # Twice as often as it takes: a quarter of an hour may end in between.
        with stranger.expect_navigation():
            attempt(stranger, "bob")
        if heading.inner_text() != "Sign in":
            break
    expect(heading).to_have_text("Too many attempts to sign in failed")


def test_a_form_without_its_cookie_leads_back_to_a_new_one(stranger: Page, site: Site) -> None:
    stranger.context.clear_cookies()
    attempt(stranger, "ana")
    expect(stranger.get_by_role("heading", level=1)).to_have_text("This form was too old to be trusted")
    stranger.get_by_role("link", name="Open the page again").click()
    expect(stranger).to_have_url(site.url + "/signin?next=/codes/")
