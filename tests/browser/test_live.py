"""A page that lies open stays true, and nothing jumps while somebody reads it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Open
from tests.browser.site import Site

TOP = "element => element.getBoundingClientRect().top"


def workloads(page: Page) -> list[str]:
    """The workloads of the listed rows, in order."""
    rows: list[str] = page.evaluate(
        "[...document.querySelectorAll('#rows > tr:not(.peek) .meta > :first-child')].map(e => e.title.split(' ')[1])"
    )
    return rows


def some(site: Site, *names: str, **changes: object) -> None:
    for name in names:
        site.do("open_diagnosis", name=name, cluster="prod-eu", **changes)


def test_a_new_failure_arrives_without_anything_moving(site: Site, visit: Open) -> None:
    for code in ("crash-config-env", "image-not-found", "crash-liveness"):  # No cause has half: that would be a storm.
        some(site, *(f"{code}-{n}" for n in range(10)), code=code)
    page = visit("/")
    search = page.locator("#q")
    search.fill("half a wo")
    page.mouse.move(5, 5)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.evaluate("window.notReloaded = true")
    last = page.locator("#rows > tr").last
    before = last.evaluate(TOP)
    some(site, "web", severity="critical")
    expect(page.locator("#headline")).to_have_text("31 new, 31 open in 1 of 2 clusters")
    expect(page).to_have_title("(31) Triage · Sickbay")
    expect(page.locator("#rail-open")).to_have_text("31")
    assert workloads(page)[0] == "web"
    assert abs(last.evaluate(TOP) - before) < 1
    expect(search).to_be_focused()
    expect(search).to_have_value("half a wo")
    assert page.evaluate("window.notReloaded")


def test_the_first_failure_ends_the_all_clear_and_the_last_one_brings_it_back(site: Site, visit: Open) -> None:
    page = visit("/")
    expect(page.locator("#headline")).to_have_text("Nothing is failing in 2 clusters")
    some(site, "web")
    expect(page.locator("#headline")).to_have_text("1 new, 1 open in 1 of 2 clusters")
    site.do("resolve", name="web")
    expect(page.locator("#headline")).to_have_text("Nothing is failing in 2 clusters")


def test_rows_change_in_place(site: Site, visit: Open) -> None:
    some(site, "api", "web")
    page = visit("/")
    page.locator("#menu-1 > summary").click()
    row = page.locator("#rows > tr", has_text="prod-eu / shop / web")
    row.evaluate("row => row.marked = true")
    site.do("change", name="web", summary="Quite another cause.", pods_affected=2)
    expect(row.locator("th > a")).to_have_text("Quite another cause")
    expect(row.locator(".c-pods")).to_contain_text("2 of 3")
    assert row.evaluate("row => row.marked")
    expect(page.locator("#menu-1")).to_have_attribute("open", "")


def test_new_rows_wait_while_the_pointer_is_in_the_list(site: Site, visit: Open) -> None:
    some(site, "api")
    page = visit("/")
    page.locator("#rows > tr").first.hover()
    some(site, "web", "db", severity="critical")
    pill = page.locator("#pill")
    expect(pill).to_have_text("2 new")
    expect(page.locator("#headline")).to_contain_text("3 open")
    assert workloads(page) == ["api"]
    page.mouse.move(5, 5)
    expect(pill).to_be_hidden()
    assert set(workloads(page)[:2]) == {"web", "db"}


def test_new_rows_wait_while_a_row_has_the_focus_and_the_pill_leads_to_them(site: Site, visit: Open) -> None:
    some(site, "api")
    page = visit("/")
    page.keyboard.press("j")
    some(site, "web", severity="critical")
    pill = page.locator("#pill")
    expect(pill).to_have_text("1 new")
    expect(page.locator("#rows th > a").first).to_be_focused()
    pill.click()
    expect(pill).to_be_hidden()
    assert workloads(page) == ["web", "api"]
    expect(page.locator("#rows th > a").first).to_be_focused()


def test_a_row_that_left_stays_in_its_place_while_the_list_is_read(site: Site, visit: Open) -> None:
    some(site, "api", "web", "db")
    page = visit("/")
    page.keyboard.press("j")
    site.do("resolve", name="web")
    expect(page.locator("#rows > tr.left")).to_contain_text("prod-eu / shop / web")
    assert len(workloads(page)) == 3
    page.keyboard.press("Escape")
    expect(page.locator("#rows > tr.left")).to_have_count(0)
    assert sorted(workloads(page)) == ["api", "db"]


def test_a_killed_server_is_noticed_and_healed(site: Site, visit: Open) -> None:
    some(site, "api")
    page = visit("/")
    live = page.locator("#live")
    site.kill()
    try:
        expect(live).to_contain_text("Reconnecting")
        expect(live).to_have_class(re.compile("late"))
        some(site, "web", severity="critical")
        site.do("resolve", name="api")
    finally:
        site.start()
    expect(live.locator("b")).to_have_text("Live", timeout=60_000)
    expect(page.locator("#rows > tr:not(.peek)")).to_contain_text(["prod-eu / shop / web"])
    healed, fresh = workloads(page), workloads(visit("/"))
    assert healed == fresh == ["web"]
    some(site, "db")
    expect(page.locator("#rows > tr:not(.peek)")).to_have_count(2)


def test_without_a_socket_the_page_asks(site: Site, visit: Open) -> None:
    page = visit("/signin", live=False)
    page.route_web_socket("**/ws/live", lambda socket: socket.close())
    page.goto(site.url)
    expect(page.locator("#live b")).to_have_text("Polling", timeout=30_000)
    some(site, "web")
    expect(page.locator("#headline")).to_contain_text("1 open", timeout=30_000)


def test_a_paused_page_waits_until_it_is_resumed(site: Site, visit: Open) -> None:
    some(site, "api")
    page = visit("/")
    witness = visit("/")
    page.keyboard.press(".")
    expect(page.locator("#live b")).to_have_text("Paused")
    some(site, "web")
    expect(witness.locator("#headline")).to_contain_text("2 open")
    expect(page.locator("#headline")).to_contain_text("1 open")
    page.keyboard.press(".")
    expect(page.locator("#live b")).to_have_text("Live")
    expect(page.locator("#headline")).to_contain_text("2 open")


def test_a_lost_cluster_is_told_at_once(site: Site, visit: Open) -> None:
    some(site, "api")
    page = visit("/")
    site.do("lose", cluster="prod-eu")
    expect(page.locator("#banners")).to_contain_text("prod-eu cannot be reached.")
    expect(page.locator("#rows > tr.stale")).to_have_count(1)


class TestDiagnosis:
    def test_follows_its_own_changes(self, site: Site, visit: Open) -> None:
        number = site.do("open_diagnosis", name="api", cluster="prod-eu")
        page = visit(f"/d/{number}")
        site.do("change", name="api", summary="Quite another cause.")
        expect(page.locator("h1")).to_have_text("Quite another cause")
        site.do("resolve", name="api")
        expect(page.locator("#standing")).to_contain_text("Resolved")

    def test_never_exchanges_evidence_under_the_eyes_of_its_reader(self, site: Site, visit: Open) -> None:
        number = site.do("open_diagnosis", name="api", cluster="prod-eu")
        page = visit(f"/d/{number}")
        piece = {"source": "pod", "object": "Pod/x", "path": "status.phase", "value": "Failed", "at": None}
        site.do("change", name="api", evidence=[piece])
        newer = page.get_by_role("button", name="Newer evidence")
        expect(newer).to_be_visible()
        expect(page.locator("#exhibits")).to_contain_text("KeyError")
        newer.click()
        expect(page.locator("#exhibits")).to_contain_text("phase is Failed")
        expect(newer).to_be_hidden()


def newer(route: Route) -> None:
    """What a newer version answers to a page that fetches itself again: it comes with another script."""
    if route.request.resource_type == "fetch":
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("</head>", '<script src="/new.js"></script></head>'))
    else:
        route.continue_()


def test_a_newer_sickbay_is_taken_up_unless_somebody_is_writing(site: Site, visit: Open) -> None:
    page = visit("/")
    page.evaluate("window.notReloaded = true")
    page.locator("#q").fill("half a wo")
    page.route(f"{site.url}/", newer)
    some(site, "web")
    expect(page.locator("#headline")).to_contain_text("1 new")
    assert page.evaluate("window.notReloaded")
    page.locator("#q").fill("")
    some(site, "api")
    page.wait_for_function("() => !window.notReloaded")
