"""Retention: what is kept how long, how much room it takes, and forgetting what is older."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings
from redis.exceptions import ConnectionError as NoRedis

from dashboard.celery import PRUNED_KEY
from diagnostics.models import Diagnosis, KeptLog, Update
from diagnostics.queries import stored
from diagnostics.queries.stored import Outlook, Size
from tests.web.conftest import Look, Page
from tests.web.rows import a_cluster, a_diagnosis, a_kept_log, before, resolved

pytestmark = pytest.mark.django_db

PATH = "/settings/retention"
GB, DAY = 10**9, timedelta(days=1)
# The session and its account, eight of the frame, a query a kind of row, two of the oldest evidence, and of the size
# two on SQLite and one on PostgreSQL.
QUERIES = 10 + len(stored.KINDS) + 2


@pytest.fixture(autouse=True)
def never_pruned() -> None:
    cache.delete(PRUNED_KEY)


def pruned(client: Client) -> Page:
    response = client.post("/settings/retention/prune", follow=True)
    return Page(response.content.decode(), response.status_code)


@pytest.fixture
def forgetful_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache whose Redis does not answer."""

    def refuse(*_args: Any, **_options: Any) -> None:
        raise NoRedis("refused")

    for method in ("get", "set", "get_many"):
        monkeypatch.setattr(cache, method, refuse)


class TestPage:
    def test_says_how_long_and_how_much(self, look: Look, settings: Settings) -> None:
        settings.SICKBAY_RETENTION_DAYS = 30
        diagnosis = a_diagnosis(a_cluster())
        a_kept_log(diagnosis, "a line")
        page = look(PATH)
        assert page.headline.startswith("Evidence is kept for 30 days and uses ")
        assert "Diagnoses 1 30 days after it resolved" in page.text
        assert "Their occurrences 1 as long as their diagnosis" in page.text
        assert "Ends of logs 1 30 days after it was read" in page.text
        assert "SICKBAY_RETENTION_DAYS in the environment says how many days; it is 30 now." in page.text
        assert "Last pruned not noted yet" in page.text

    def test_lists_every_kind_that_is_counted(self, look: Look) -> None:
        kinds = look(PATH).part("<tbody")
        assert kinds.html.count("<tr>") == len(stored.KINDS)

    def test_says_that_nothing_is_kept_yet(self, look: Look) -> None:
        text = look(PATH).text
        assert "Oldest evidence none yet" in text
        assert "Not known yet: that takes a day of evidence" in text

    def test_costs_the_same_however_much_is_kept(
        self, look: Look, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        cluster = a_cluster()
        for n in range(5):
            a_kept_log(a_diagnosis(cluster, f"app{n}"), "a line")
        with django_assert_num_queries(QUERIES + (1 if connection.vendor == "postgresql" else 2)):
            look(PATH)

    @pytest.mark.parametrize(
        ("outlook", "said"),
        [
            (Outlook(None), "; there is room for all of it"),
            (Outlook(40), "; about 40 days of room are left"),
        ],
    )
    def test_says_how_long_the_room_lasts(
        self, look: Look, monkeypatch: pytest.MonkeyPatch, outlook: Outlook, said: str
    ) -> None:
        monkeypatch.setattr(stored, "outlook", lambda *_args: outlook)
        assert look(PATH).headline.endswith(said)


class TestPruning:
    def test_forgets_what_is_too_old_and_says_how_much(self, browser: Client, settings: Settings) -> None:
        settings.SICKBAY_RETENTION_DAYS = 30
        cluster = a_cluster()
        resolved(cluster, "old", resolved_at=before(days=31), first_seen=before(days=32))
        kept = [
            resolved(cluster, "late", resolved_at=before(days=29)),
            a_diagnosis(cluster, first_seen=before(days=99)),
        ]
        page = pruned(browser)
        assert "1 row is forgotten: diagnoses 1." in page.part('<div class="toasts"').text
        assert set(Diagnosis.objects.all()) == set(kept)
        assert "Last pruned 0 s ago" in page.text

    def test_says_that_nothing_was_too_old(self, browser: Client, settings: Settings) -> None:
        settings.SICKBAY_RETENTION_DAYS = 30
        assert "Nothing is older than 30 days." in pruned(browser).part('<div class="toasts"').text

    @pytest.mark.usefixtures("forgetful_cache")
    def test_without_redis_it_is_done_all_the_same(self, browser: Client) -> None:
        resolved(a_cluster(), "old", resolved_at=before(days=999), first_seen=before(days=999))
        page = pruned(browser)
        assert page.status == 200
        assert "1 row is forgotten: diagnoses 1." in page.text
        assert "Last pruned not noted yet" in page.text


class TestSize:
    def test_of_the_database_and_the_room_beside_it(self) -> None:
        size = stored.size()
        assert size.used > 100_000  # Its tables alone take that.
        assert (size.free is None) is (connection.vendor == "postgresql")

    def test_room_is_that_of_the_databases_disk(self, monkeypatch: pytest.MonkeyPatch) -> None:
        if connection.vendor == "postgresql":
            pytest.skip("only its server knows")
        real = shutil.disk_usage
        monkeypatch.setattr(shutil, "disk_usage", lambda path: real(path)._replace(free=5 * GB))
        assert stored.size().free == 5 * GB


@pytest.mark.parametrize(
    ("used", "free", "days", "keep", "outlook"),
    [
        (1 * GB, None, 10, 90, None),  # Its server alone knows the disk.
        (1 * GB, 50 * GB, 0.5, 90, None),  # Half a day says nothing.
        (1 * GB, 50 * GB, 10, 90, Outlook(None)),  # 80 days to come take 8 GB.
        (1 * GB, 4 * GB, 10, 90, Outlook(40)),  # 0.1 GB a day.
        (9 * GB, 0, 90, 90, Outlook(None)),  # As much goes as comes.
        (9 * GB, 0, 120, 90, Outlook(None)),  # What belongs to a pod that is suspect still is older.
    ],
)
def test_outlook(used: int, free: int | None, days: float, keep: int, outlook: Outlook | None) -> None:
    assert stored.outlook(Size(used, free), timedelta(days=days), timedelta(days=keep)) == outlook


def test_no_evidence_has_no_outlook() -> None:
    assert stored.outlook(Size(GB, GB), None, 90 * DAY) is None


class TestRows:
    @pytest.fixture
    def signals(self) -> Callable[[int], None]:
        def make(count: int) -> None:
            cluster = a_cluster()
            Update.objects.bulk_create(Update(topic=Update.Topic.CLUSTER, cluster=cluster) for _ in range(count))

        return make

    def test_are_exact_up_to_a_thousand(self, signals: Callable[[int], None]) -> None:
        signals(1_000)
        assert stored.rows()[Update] == 1_000

    def test_are_estimated_above(self, signals: Callable[[int], None]) -> None:
        signals(1_200)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE diagnostics_update")
        assert stored.rows()[Update] == 1_200

    def test_are_never_said_to_be_fewer_than_were_counted(self, signals: Callable[[int], None]) -> None:
        signals(1_200)
        assert stored.rows()[Update] > 1_000  # PostgreSQL may never have been asked to analyze the table.


def test_oldest_evidence_is_an_event_or_a_log() -> None:
    assert stored.oldest_evidence() is None
    log = a_kept_log(a_diagnosis(a_cluster()), "a line")
    KeptLog.objects.update(kept_at=before(days=3))
    log.refresh_from_db()
    assert stored.oldest_evidence() == log.kept_at
