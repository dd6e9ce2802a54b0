"""What people do to a diagnosis on its page: each is confirmed, told, undoable, and overwrites nothing unseen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from diagnostics.models import Activity, Diagnosis
from tests.web.conftest import Look, Page
from tests.web.rows import a_cluster, a_diagnosis, before, resolved

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(db: None) -> Diagnosis:
    return a_diagnosis(a_cluster())


def post(browser: Client, row: Diagnosis, do: str, version: int | None = None) -> Page:
    """Presses a button on the page as it stands now, or as it stood at a version; the page that follows."""
    row.refresh_from_db()
    data = {"do": do, "version": row.version if version is None else version}
    response = browser.post(f"/d/{row.number}", data, follow=True)
    row.refresh_from_db()
    return Page(response.content.decode(), response.status_code)


def undo(page: Page) -> str:
    """What the confirmation offers to undo it; blank for nothing."""
    toast = page.part('<p class="toast').html
    return toast.split('value="')[1].split('"')[0] if "Undo" in toast else ""


def test_acknowledging_says_who_and_can_be_undone(browser: Client, row: Diagnosis) -> None:
    page = post(browser, row, "acknowledge")
    assert page.part('<p class="toast').text == "Acknowledged. Undo"
    assert "Acknowledged by ana" in page.part('<div class="title"').text
    assert "Acknowledged by ana" in page.part('<ol class="tl"').text
    page = post(browser, row, undo(page))
    assert row.acknowledged_at is None
    assert "Acknowledged by" not in page.part('<div class="title"').text


@pytest.mark.parametrize(
    ("do", "length", "or_worse"),
    [("1h", 1, False), ("8h", 8, False), ("7d", 168, False), ("worse", 720, True)],
)
def test_a_snooze_lasts_as_long_as_it_says(
    browser: Client, row: Diagnosis, do: str, length: int, or_worse: bool
) -> None:
    page = post(browser, row, f"snooze {do}")
    assert row.snoozed_until
    assert abs(row.snoozed_until - timezone.now() - timedelta(hours=length)) < timedelta(minutes=1)
    assert (row.snoozed_severity is not None) is or_worse
    assert ("until it gets worse" in page.part('<div class="title"').text) is or_worse
    assert post(browser, row, undo(page)).status == 200
    assert row.snoozed_until is None


def test_tomorrow_is_at_nine(browser: Client, row: Diagnosis) -> None:
    post(browser, row, "snooze tomorrow")
    assert row.snoozed_until
    assert (row.snoozed_until.hour, row.snoozed_until.minute) == (9, 0)
    assert (
        timedelta(hours=9)
        <= row.snoozed_until - timezone.now() + timedelta(seconds=9)
        <= timedelta(hours=33, minutes=1)
    )


def test_a_snooze_that_was_ended_or_changed_is_brought_back_as_it_was(browser: Client, row: Diagnosis) -> None:
    post(browser, row, "snooze worse")
    until = row.snoozed_until
    for do in ("unsnooze", "snooze 1h"):
        page = post(browser, row, do)
        assert row.snoozed_until != until
        post(browser, row, undo(page))
        assert (row.snoozed_until, row.snoozed_severity) == (until, row.severity)


def test_a_snooze_that_is_over_or_outgrown_is_not_shown(look: Look, row: Diagnosis) -> None:
    def shown(**columns: object) -> bool:
        Diagnosis.objects.update(**columns)
        return "Snoozed until" in look(f"/d/{row.number}").part('<div class="title"').text

    assert shown(snoozed_until=before(hours=-1))
    assert not shown(snoozed_severity=row.severity - 1)
    assert not shown(snoozed_severity=row.severity, snoozed_pods=0)
    assert not shown(snoozed_severity=None, snoozed_pods=None, snoozed_until=before(hours=1))


def test_it_is_assigned_to_anybody_and_back(browser: Client, row: Diagnosis, user: User) -> None:
    bo = User.objects.create_user("bo")
    page = post(browser, row, "assign ana")
    assert row.assignee == user
    assert undo(page) == "unassign"
    page = post(browser, row, "assign bo")
    assert row.assignee == bo
    assert "Assigned to bo by ana" in page.part('<ol class="tl"').text
    post(browser, row, undo(page))
    assert row.assignee == user
    page = post(browser, row, "unassign")
    assert row.assignee is None
    assert undo(page) == "assign ana"


def test_nobody_who_left_is_offered_or_taken(browser: Client, row: Diagnosis) -> None:
    User.objects.create_user("gone", is_active=False)
    User.objects.create_user("guest")
    page = post(browser, row, "assign gone")
    assert "Nothing was done: there is nobody of that name any more." in page.part('<p class="toast').text
    assert "assign gone" not in page.html
    assert "assign guest" not in page.html
    assert row.assignee is None


def test_resolving_names_who_and_can_be_undone(browser: Client, row: Diagnosis) -> None:
    page = post(browser, row, "resolve")
    assert "by ana" in page.part('<div class="banner calm" id="standing"').text
    assert "stayed clean" not in page.text
    assert "Last fixed by ana" in page.text
    assert 'value="acknowledge"' not in page.html
    post(browser, row, undo(page))
    assert row.state == Diagnosis.State.REGRESSED


def test_what_was_changed_meanwhile_is_not_overwritten(browser: Client, row: Diagnosis) -> None:
    post(browser, row, "acknowledge")
    page = post(browser, row, "resolve", version=row.version - 1)
    assert "It was changed meanwhile: nothing was done." in page.part('<p class="toast bad').text
    assert row.state == Diagnosis.State.NEW
    assert f'name="version" value="{row.version}"' in page.html
    assert "Acknowledged by ana" in page.part('<div class="title"').text


def test_a_comment_keeps_its_lines_and_is_never_markup(browser: Client, row: Diagnosis) -> None:
    response = browser.post(f"/d/{row.number}", {"comment": "<b>first</b>\r\nsecond\r\n"}, follow=True)
    item = Page(response.content.decode(), 200).part('<p class="say"').html
    assert item == '<p class="say">&lt;b&gt;first&lt;/b&gt;\nsecond</p>'
    response = browser.post(f"/d/{row.number}", {"comment": "  "}, follow=True)
    assert "Nothing was done: a comment has 1 to 10,000 characters." in response.content.decode()
    assert Activity.objects.filter(kind="commented").count() == 1


@pytest.mark.parametrize("do", ["", "delete", "snooze", "snooze soon", "snooze 2026-99-99", "snooze 2999-01-01T00:00"])
def test_what_no_button_asks_for_is_refused(browser: Client, row: Diagnosis, do: str) -> None:
    assert post(browser, row, do).status == 400
    assert row.version == 1


def test_without_the_version_that_was_seen_nothing_is_done(browser: Client, row: Diagnosis) -> None:
    for version in ("", "1" * 5_000):
        assert browser.post(f"/d/{row.number}", {"do": "resolve", "version": version}).status_code == 400
    row.refresh_from_db()
    assert row.state == Diagnosis.State.NEW


def test_an_unknown_number_is_not_found(browser: Client) -> None:
    for number in ("4711", "9" * 30):
        assert browser.post(f"/d/{number}", {"do": "resolve", "version": "1"}).status_code == 404


class TestGuest:
    @pytest.fixture(autouse=True)
    def demo(self, settings: Settings) -> None:
        settings.DEMO = True

    def test_looks_only(self, client: Client, row: Diagnosis) -> None:
        page = Page(client.get(f"/d/{row.number}").content.decode(), 200)
        assert "<form" not in page.part("<main").html.replace('<form class="find', "")

    def test_is_asked_to_sign_in_before_anything_is_done(self, client: Client, row: Diagnosis) -> None:
        response = client.post(f"/d/{row.number}", {"do": "resolve", "version": 1})
        assert (response.status_code, response["Location"]) == (302, f"/signin?next=%2Fd%2F{row.number}")
        row.refresh_from_db()
        assert row.state == Diagnosis.State.NEW


def test_nobody_acts_without_a_token_of_the_page(user: User, row: Diagnosis) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    assert strict.post(f"/d/{row.number}", {"do": "resolve", "version": 1}).status_code == 403


def test_what_explains_it_is_named_and_nothing_sounds_healed(look: Look) -> None:
    cluster = a_cluster()
    root = a_diagnosis(cluster, "db")
    row = resolved(cluster)
    Diagnosis.objects.filter(pk=row.pk).update(explained_by=root)
    banner = look(f"/d/{row.number}").part('<div class="banner note" id="standing"')
    assert f"Explained by #{root.number}" in banner.text
    assert f'href="/d/{root.number}"' in banner.html
    assert "nothing has healed" in banner.text


def test_a_page_full_of_people_costs_no_more(browser: Client, row: Diagnosis) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(f"/d/{row.number}").status_code == 200
        return len(queries)

    alone = cost()
    person = None
    for name in "bcdefgh":
        person = User.objects.create_user(name)
    Diagnosis.objects.update(assignee=person, acknowledged_by=person, acknowledged_at=timezone.now())
    Activity.objects.create(diagnosis=row, kind="acknowledged", at=timezone.now(), actor=person)
    assert cost() == alone
