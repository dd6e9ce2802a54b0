"""Nothing old looks fresh, and nothing that could not be seen looks healthy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.views import freshness
from dashboard.views.freshness import State
from diagnostics.models import Cluster
from tests.web.conftest import Look
from tests.web.rows import a_cluster, a_diagnosis, before, resolved

NOW = datetime(2026, 11, 23, 12, 4, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("columns", "state", "mark"),
    [
        ({"fresh_at": ago(59)}, State.FRESH, ""),
        ({"fresh_at": ago(61)}, State.LATE, "late"),
        ({"fresh_at": ago(181)}, State.LOST, "dead"),
        ({"fresh_at": ago(20), "failing_since": ago(10)}, State.LATE, "late"),
        ({"fresh_at": ago(90), "failing_since": ago(80)}, State.LOST, "dead"),
        ({}, State.UNREAD, "late"),
        ({"failing_since": ago(5)}, State.LOST, "dead"),
        ({"fresh_at": ago(5), "paused": True}, State.PAUSED, "late"),
        ({"fresh_at": ago(5), "gaps": [{"resource": "pods/log"}]}, State.FRESH, "late"),
    ],
)
def test_the_state_follows_from_what_was_last_known(columns: dict[str, Any], state: State, mark: str) -> None:
    beat = freshness.beat(Cluster(name="c", **columns), NOW)
    assert (beat.state, beat.mark) == (state, mark)


@pytest.mark.parametrize(
    ("columns", "since"),
    [
        ({"lease_owner": "w", "lease_until": NOW + timedelta(seconds=9)}, None),
        ({"lease_owner": "w", "lease_until": ago(30)}, None),  # Between two slices.
        ({"lease_owner": "w", "lease_until": ago(240)}, ago(240)),
        ({"lease_until": ago(240), "fresh_at": ago(200)}, ago(200)),
        ({}, ago(3600)),  # Never taken by anybody since it was added.
        ({"lease_until": ago(240), "paused": True}, None),
        ({"lease_until": ago(240), "retry_at": NOW + timedelta(seconds=30)}, None),  # Nobody is to read it now.
    ],
)
def test_that_nobody_watches_is_noticed(columns: dict[str, Any], since: datetime | None) -> None:
    assert freshness.unwatched_since([Cluster(name="c", added_at=ago(3600), **columns)], NOW) == since


def test_workers_are_counted_once_however_many_clusters_they_watch() -> None:
    until = NOW + timedelta(seconds=20)
    leases = [("w1", until), ("w1", until), ("w2", until), ("w3", ago(1)), ("", None)]
    clusters = [Cluster(name="c", lease_owner=owner, lease_until=end) for owner, end in leases]
    assert freshness.workers(clusters, NOW) == 2


@pytest.mark.django_db
class TestAllClear:
    def test_is_said_with_its_age_and_what_was_last(self, look: Look) -> None:
        cluster = a_cluster("prod-eu", pods_seen=2318)
        a_cluster("prod-us", fresh_at=before(seconds=30), pods_seen=2)
        row = resolved(cluster, "cart")
        page = look()
        assert page.headline == "Nothing is failing in 2 clusters"
        assert f"2,320 pods read, the slowest cluster 30 s ago. The last diagnosis, #{row.number} cart," in page.text
        assert 'class="card calm-card"' in page.html
        assert page.title == "Triage · Sickbay"

    def test_counts_the_last_seven_days(self, look: Look) -> None:
        cluster = a_cluster()
        for name, days in (("a", 1.2), ("b", 1.3), ("c", 3), ("d", 9)):
            opened_at = before(days=days)
            resolved(cluster, name, first_seen=opened_at, opened_at=opened_at)
        bars = [
            item.split("<b>")[1].split("</b>")[0] for item in look().part('<ul class="tide"').html.split("<li>")[1:]
        ]
        assert sum(map(int, bars)) == 3
        assert len(bars) == 7

    def test_of_an_installation_that_has_seen_nothing_yet(self, look: Look) -> None:
        a_cluster("demo")
        page = look()
        assert page.headline == "Nothing is failing in demo"
        assert "Nothing has been diagnosed so far." in page.text

    @pytest.mark.parametrize(
        ("columns", "headline"),
        [
            ({"fresh_at": timedelta(minutes=6.5)}, "Cannot say: prod-us not read for 6 min"),
            ({"fresh_at": timedelta(seconds=70)}, "Cannot say: prod-us not read for 1 min"),
            ({"fresh_at": None}, "Cannot say: prod-us was not read yet"),
            ({"paused": True}, "Cannot say: watching prod-us is paused"),
            (
                {"gaps": [{"resource": "pods", "namespace": "shop", "error": "forbidden", "grant": "list pods"}]},
                "Cannot say: the pods of prod-us may not be read",
            ),
            ({"malformed": 3}, "Cannot say: not all of prod-us could be judged"),
            (
                {"crashed": [{"check": "oom", "object": "Pod/x", "error": "KeyError('y')"}]},
                "Cannot say: not all of prod-us could be judged",
            ),
        ],
    )
    def test_is_withheld_while_anything_is_not_known(self, look: Look, columns: dict[str, Any], headline: str) -> None:
        a_cluster("prod-eu")
        now = timezone.now()  # The parameters are made long before the test runs.
        moments = {name: now - ago for name, ago in columns.items() if isinstance(ago, timedelta)}
        a_cluster("prod-us", **columns | moments)
        page = look()
        assert page.headline == headline
        assert 'class="card calm-card doubt"' in page.html

    def test_is_withheld_for_several_clusters(self, look: Look) -> None:
        a_cluster("prod-eu")
        for name in ("a", "b"):
            a_cluster(name, fresh_at=before(minutes=9))
        assert look().headline == "Cannot say: 2 of 3 clusters are not current"

    def test_gives_way_to_a_list_that_was_asked_for(self, look: Look) -> None:
        resolved(a_cluster(), "cart")
        page = look(tab="resolved")
        assert "cart" in page.part('<tbody id="rows"').text

    def test_does_not_answer_a_filter(self, look: Look) -> None:
        a_cluster()
        assert "0 of 0 match" in look(q="cart").text


@pytest.mark.django_db
class TestBlindSpots:
    def test_no_cluster(self, look: Look) -> None:
        page = look()
        assert page.headline == "No cluster is watched yet"
        assert "DEMO=1 make up" in page.text

    def test_a_lost_cluster_has_its_banner_and_its_rows_are_told_as_they_were(self, look: Look) -> None:
        lost = a_cluster(
            "prod-us", fresh_at=before(minutes=6.5), failing_since=before(minutes=6), failure="connection timed out"
        )
        a_diagnosis(a_cluster("prod-eu"), "cart")
        a_diagnosis(lost, "web", severity="low", last_seen=before(minutes=7))
        page = look()
        assert page.headline.startswith("2 new, 2 open in 2 clusters; prod-us unknown since ")
        banner = page.part(f'<div class="banner" id="banner-lost-{lost.pk}"').text
        assert banner.startswith("prod-us cannot be reached. Last read")
        assert "connection timed out. Its 1 diagnosis is shown as it was" in banner
        assert "1 is current. 1 as they were when last read." in page.text
        rows = page.html.split('<tr id="d-')[1:]
        assert [" stale" in row for row in rows] == [False, True]
        assert "as of" in rows[1]

    def test_a_cluster_that_was_only_resolved_in_is_not_frozen(self, look: Look) -> None:
        lost = a_cluster("prod-us", fresh_at=before(minutes=9))
        resolved(lost, "cart")
        assert " stale" not in look(tab="resolved").part('<tbody id="rows"').html

    @pytest.mark.parametrize(
        ("failure", "said"),
        [
            ("timed out", "9 min ago: timed out."),
            ("It refuses.", "9 min ago: It refuses."),
            ("There is no prod. Did you mean 'demo'?", "9 min ago: There is no prod. Did you mean 'demo'?"),
            ("", "9 min ago."),
        ],
    )
    def test_why_it_cannot_be_reached_ends_as_a_sentence(self, look: Look, failure: str, said: str) -> None:
        a_cluster("prod-us", fresh_at=before(minutes=9), failing_since=before(minutes=9), failure=failure)
        assert look().part('<div class="banner" id="banner-lost').text.endswith(said)

    def test_the_first_read_is_announced(self, look: Look) -> None:
        cluster = a_cluster("demo", fresh_at=None)
        page = look()
        assert page.headline == "Cannot say: demo was not read yet"
        assert "This page fills by itself" in page.text
        assert "nothing was failing" not in page.text
        a_diagnosis(cluster)
        assert "demo is being read for the first time." in look().text

    def test_no_worker_is_said_once_and_not_as_an_unreachable_cluster(self, look: Look) -> None:
        a_cluster("prod-eu", fresh_at=before(minutes=5), lease_until=before(minutes=4.5))
        text = look().text
        assert "Data is not being updated. No worker has read a cluster for 4 min." in text
        assert "cannot be reached" not in text
        assert "0 workers on watch" in text

    def test_a_missing_permission_is_shown_with_its_grant(self, look: Look) -> None:
        gap = {"resource": "pods/log", "namespace": "shop", "error": "forbidden", "grant": "get pods/log"}
        crash = {"check": "oom", "object": "Pod/x", "error": "KeyError('y')"}
        a_cluster("edge", gaps=[gap], crashed=[crash], malformed=3)
        page = look()
        assert page.headline == "Cannot say: not all of edge could be judged"
        assert "logs not readable" in page.text
        gaps = page.part('<section class="card gaps"').text
        assert "pods/log in namespace shop forbidden grant get pods/log" in gaps
        assert "Pod/x, by the check oom KeyError('y')" in gaps
        assert "3 objects not understood" in gaps

    def test_the_age_of_the_data_is_that_of_the_slowest_cluster_that_answers(self, look: Look) -> None:
        a_cluster("a", fresh_at=before(seconds=5))
        slow = a_cluster("b", fresh_at=before(seconds=40))
        a_cluster("c", fresh_at=before(minutes=30))
        button = look().part('<button class="live')
        assert slow.fresh_at
        assert f'datetime="{slow.fresh_at:%Y-%m-%dT%H:%M:%SZ}"' in button.html


@pytest.mark.django_db
def test_an_open_watch_that_is_silent_says_that_nothing_changed(look: Look) -> None:
    read_at = timezone.now()
    cluster = a_cluster(fresh_at=read_at)
    a_diagnosis(cluster, "cart", last_seen=before(hours=3))
    a_diagnosis(cluster, "web", severity="low", last_seen=before(minutes=5), clean_since=before(minutes=4))
    ages = [row.split('class="c-seen"')[1].split("</time>")[0] for row in look().html.split('<tr id="d-')[1:]]
    assert f"{read_at:%Y-%m-%dT%H:%M:%SZ}" in ages[0]
    assert ages[1].endswith("5 min ago")
