"""Charts as a browser draws them: under our policy, in both themes, zoomed by dragging, and from what it kept."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Complaints, Open
from tests.browser.site import Site
from tests.browser.test_live import some

BARS = ".plot .bars .point path >> visible=true"
FILL = "getComputedStyle(document.querySelector('.plot .bars .point path')).fill"


@pytest.fixture
def timeline(site: Site, visit: Open) -> Page:
    some(site, "api", "web")
    page = visit("/timeline")
    page.locator(BARS).first.wait_for()
    return page


def drag(page: Page, start: float, end: float) -> None:
    """Over the plot, between two parts of its width."""
    area = page.locator(".plot .nsewdrag").first.bounding_box()
    assert area
    y = area["y"] + area["height"] / 2
    page.mouse.move(area["x"] + start * area["width"], y)
    page.mouse.down()
    page.mouse.move(area["x"] + end * area["width"], y, steps=5)
    page.mouse.up()


@pytest.mark.parametrize("path", ["/timeline", "/timeline?by=severity", "/timeline?view=heat&span=7d"])
@pytest.mark.parametrize("how", [{"color_scheme": "dark"}, {"width": 375, "color_scheme": "light"}])
def test_they_are_drawn_without_an_exception_to_the_policy(
    site: Site, visit: Open, path: str, how: dict[str, Any]
) -> None:
    some(site, "api", "web")
    page = visit(path, **how)
    page.locator(".plot .main-svg").first.wait_for()
    expect(page.locator(".plot :is(.bars path, .hm image)").first).to_be_attached()
    expect(page.locator("[data-loading]")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_colours_follow_the_theme(timeline: Page) -> None:
    light = timeline.evaluate(FILL)
    timeline.get_by_role("button", name="Switch light and dark").click()
    timeline.wait_for_function(f"{FILL} !== '{light}'")


def test_what_lies_under_the_pointer_is_told_and_marked_in_the_list(timeline: Page) -> None:
    bar = timeline.locator(BARS).first.bounding_box()
    assert bar
    timeline.mouse.move(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)
    expect(timeline.locator(".tip")).to_contain_text("2 crash-config-env")
    expect(timeline.locator("#happened tr.is-hit")).to_have_count(2)


def test_dragging_zooms_by_the_address_and_back_undoes_it(timeline: Page) -> None:
    drag(timeline, 0.6, 0.99)
    timeline.wait_for_url("**/timeline?since=*&until=*")
    timeline.locator(BARS).first.wait_for()
    expect(timeline.get_by_role("link", name="Zoom out")).to_be_visible()
    timeline.go_back()
    timeline.wait_for_url("**/timeline")


def test_what_is_unchanged_is_not_sent_again(site: Site, timeline: Page) -> None:
    timeline.reload()
    timeline.locator(BARS).first.wait_for()
    assert 'GET /timeline/chart HTTP/1.1" 304' in site.log()


def test_it_is_drawn_again_now_and_then_but_not_under_the_pointer(timeline: Page) -> None:
    asked: list[str] = []
    timeline.on("request", lambda request: asked.append(request.url) if "/timeline/chart" in request.url else None)
    fresh = "document.dispatchEvent(new Event('fresh'))"
    timeline.evaluate(fresh)  # As when the page was fetched again.
    timeline.evaluate("(() => { const now = Date.now; Date.now = () => now() + 31000; })()")
    timeline.locator(".plot").hover()
    timeline.evaluate(fresh)
    assert asked == []
    timeline.locator("h1").hover()
    with timeline.expect_response("**/timeline/chart"):
        timeline.evaluate(fresh)


def test_a_chart_that_does_not_come_can_be_asked_for_again(site: Site, visit: Open, complaints: Complaints) -> None:
    some(site, "api")
    page = visit("/timeline", live=False)
    page.locator(BARS).first.wait_for()
    page.route("**/timeline/chart", lambda route: route.fulfill(status=503))
    page.reload()
    expect(page.get_by_text("The chart could not be loaded.")).to_be_visible()
    page.unroute("**/timeline/chart")
    page.get_by_role("button", name="Retry").click()
    page.locator(BARS).first.wait_for()
    expect(page.get_by_text("The chart could not be loaded.")).to_be_hidden()
    assert [text for text in complaints if "503" not in text] == []
    complaints.clear()


def test_without_scripts_the_table_has_it_all(site: Site, visit: Open) -> None:
    some(site, "api")
    page = visit("/timeline", live=False, java_script_enabled=False)
    expect(page.locator("noscript p")).to_be_visible()
    page.get_by_text("Show as table").click()
    expect(page.get_by_role("columnheader", name="crash-config-env")).to_be_visible()


def test_a_turned_phone_shows_the_whole_chart(site: Site, visit: Open) -> None:
    site.do("open_diagnosis", name="cart", cluster="prod-eu")
    page = visit("/timeline", width=812, height=375)
    drawing = page.locator(".plot .main-svg").first
    drawing.wait_for()
    page.set_viewport_size({"width": 375, "height": 812})
    expect(drawing).to_have_css("height", "240px")
    assert page.evaluate("document.querySelector('.plot .main-svg').clientWidth <= innerWidth")
