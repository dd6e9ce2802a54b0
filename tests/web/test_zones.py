"""Pages tell times where their reader is; programs are told UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import timezone

from dashboard.views.deeds import tomorrow_morning
from diagnostics.models import Diagnosis
from tests.web.conftest import Look
from tests.web.rows import a_cluster, a_diagnosis

pytestmark = pytest.mark.django_db
AT = datetime(2026, 7, 3, 22, 30, tzinfo=UTC)


@pytest.fixture
def diagnosis() -> Diagnosis:
    return a_diagnosis(a_cluster(), first_seen=AT)


def test_a_page_is_written_in_the_zone_that_the_browser_tells(
    look: Look, browser: Client, diagnosis: Diagnosis
) -> None:
    browser.cookies["zone"] = "Asia/Kolkata"
    page = look(f"/d/{diagnosis.number}")
    assert 'data-zone="Asia/Kolkata"' in page.html
    assert (
        'datetime="2026-07-03T22:30:00Z" title="4 Jul 2026, 04:00:00 IST" data-clock>4 Jul, 04:00</time>' in page.html
    )


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "Europe", "UTC\x00", "x" * 3000])
def test_a_zone_that_nobody_knows_is_utc(look: Look, browser: Client, diagnosis: Diagnosis, zone: str) -> None:
    browser.cookies["zone"] = zone
    page = look(f"/d/{diagnosis.number}")
    assert page.status == 200
    assert 'title="3 Jul 2026, 22:30:00 UTC" data-clock>3 Jul, 22:30</time>' in page.html


def test_programs_are_told_utc(browser: Client, diagnosis: Diagnosis) -> None:
    browser.cookies["zone"] = "Asia/Kolkata"
    answer = browser.get(f"/api/v1/diagnoses/{diagnosis.uuid}").json()
    assert answer["first_seen"].startswith("2026-07-03T22:30:00")
    assert answer["first_seen"].endswith("Z")


def test_no_request_leaves_its_zone_to_the_next(look: Look, browser: Client) -> None:
    browser.cookies["zone"] = "Asia/Kolkata"
    look()
    assert timezone.get_current_timezone_name() == "UTC"
    del browser.cookies["zone"]
    assert 'data-zone="UTC"' in look().html


def test_a_snooze_until_tomorrow_ends_at_nine_where_its_reader_is(browser: Client, diagnosis: Diagnosis) -> None:
    browser.cookies["zone"] = "Asia/Kolkata"
    offered = browser.get(f"/d/{diagnosis.number}").content.decode()
    assert "Until tomorrow, 9:00 IST" in offered
    browser.post(f"/d/{diagnosis.number}", {"do": "snooze tomorrow", "version": diagnosis.version})
    diagnosis.refresh_from_db()
    assert diagnosis.snoozed_until
    assert diagnosis.snoozed_until.astimezone(UTC).strftime("%H:%M") == "03:30"


def test_tomorrow_is_the_readers_day_even_when_its_clock_is_put_on() -> None:
    with timezone.override("Europe/Berlin"):
        late = datetime(2026, 3, 27, 23, 30, tzinfo=UTC)  # Half past midnight there, of the day before the change.
        assert tomorrow_morning(late) == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)
