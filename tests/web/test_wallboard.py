"""The wallboard: as much as fits, readable without a hand on it, and green only where all is known."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from tests.web.conftest import Look, Page
from tests.web.rows import a_cluster, a_diagnosis, before, resolved

QUERIES = 17


def tile(page: Page, name: str) -> Page:
    """The tile of a cluster."""
    parts = page.html.split('<li class="tile')[1:]
    (found,) = (part.split("</li>")[0] for part in parts if f"</span>{name}</h2>" in part)
    return Page(f'<li class="tile{found}</li>', page.status)


def tiles(page: Page) -> list[str]:
    """The names of the clusters, as they are shown."""
    return [part.split("</span>")[1].split("</h2>")[0] for part in page.html.split('<li class="tile')[1:]]


def aged(columns: dict[str, Any]) -> dict[str, Any]:
    """Columns of a cluster, where a length of time means so long ago: tests are collected minutes before they run."""
    return {name: timezone.now() - value if isinstance(value, timedelta) else value for name, value in columns.items()}


def test_it_opens_with_the_sentence_and_lists_the_worst_first(look: Look) -> None:
    cluster = a_cluster()
    a_diagnosis(cluster, "web", severity="low")
    a_diagnosis(cluster, "api", severity="critical", pods_affected=2, pods_total=4)
    page = look("/tv")
    assert page.headline == "2 new, 2 open in prod-eu"
    assert "prod-eu / shop / api, new 2 of 4 pods for 14 min" in page.text
    assert page.text.index("shop / api") < page.text.index("shop / web")
    assert "2 open 1 critical, read" in tile(page, "prod-eu").text


def test_each_row_knows_what_is_left_behind_it(look: Look) -> None:
    cluster = a_cluster()
    for n in range(13):
        a_diagnosis(cluster, f"w{n}", severity="high" if n < 2 else "medium")
    page = look("/tv")
    behind = [part.split('"')[0] for part in page.html.split('data-behind="')[1:]]
    assert behind[:3] == ["13 more: 2 high, 11 medium", "12 more: 1 high, 11 medium", "11 more: 11 medium"]
    assert len(behind) == 13
    assert behind[-1] == "1 more: 1 medium"


def test_the_last_row_of_all_leaves_nothing_behind(look: Look) -> None:
    a_diagnosis(a_cluster())
    assert 'data-behind=""' in look("/tv").html


@pytest.mark.parametrize(
    ("columns", "said", "kind"),
    [
        ({}, "clear 40 pods, read", "clear"),
        ({"gaps": [{"resource": "pods/log", "grant": "", "error": ""}]}, "clear logs not readable, read", "clear"),
        ({"gaps": [{"resource": "pods", "grant": "", "error": ""}]}, "not known pods not readable, read", "doubt"),
        ({"malformed": 2}, "not known not all could be judged, read", "doubt"),
        ({"fresh_at": timedelta(seconds=90)}, "not known read", "doubt"),
        ({"fresh_at": timedelta(minutes=6)}, "not read for 6 min nothing open as of", "lost"),
        ({"fresh_at": None, "failing_since": timedelta(minutes=6)}, "cannot be read nothing known so far", "lost"),
        ({"fresh_at": None}, "not read yet nothing can be said yet", "unread"),
        ({"paused": True}, "paused nothing open as of", "paused"),
    ],
)
def test_a_tile_says_clear_only_where_that_is_known(look: Look, columns: dict[str, Any], said: str, kind: str) -> None:
    a_cluster(**aged(columns))
    shown = tile(look("/tv"), "prod-eu")
    assert said in shown.text
    assert f"is-{kind}" in shown.html


@pytest.mark.parametrize(("columns", "doubtful"), [({}, False), ({"fresh_at": timedelta(minutes=6)}, True)])
def test_nothing_is_green_while_one_cluster_is_late(look: Look, columns: dict[str, Any], doubtful: bool) -> None:
    a_cluster("staging")
    a_cluster(**aged(columns))
    page = look("/tv")
    assert ("doubtful" in page.html.split("<body")[1].split(">")[0]) is doubtful
    assert ("Nothing is failing." in page.text) is not doubtful


def test_what_was_lost_is_told_as_it_was(look: Look) -> None:
    a_diagnosis(a_cluster(fresh_at=before(minutes=6)))
    page = look("/tv")
    assert "not read for 6 min 1 open as of" in tile(page, "prod-eu").text
    assert 'class="stale"' in page.html


def test_nobody_watching_is_said_in_red(look: Look) -> None:
    a_cluster(fresh_at=before(minutes=9), lease_until=before(minutes=9))
    assert "Data is not being updated. No worker has read a cluster for" in look("/tv").part('<p class="alarm"').text


def test_the_most_urgent_cluster_comes_first_and_many_are_counted(look: Look) -> None:
    a_cluster("a-clear")
    a_diagnosis(a_cluster("b-low"), severity="low")
    a_diagnosis(a_cluster("c-critical"), severity="critical")
    a_cluster("d-lost", fresh_at=before(minutes=6))
    for n in range(8):
        a_cluster(f"z{n}")
    page = look("/tv")
    assert tiles(page)[:3] == ["d-lost", "c-critical", "b-low"]
    assert "2 more clusters" in page.part('<ul class="tiles"').text


def test_it_can_be_of_some_clusters_alone(look: Look) -> None:
    a_diagnosis(a_cluster(), "api")
    a_cluster("staging", fresh_at=before(minutes=6))
    page = look("/tv", cluster="prod-eu")
    assert page.headline == "1 new, 1 open in prod-eu"
    assert tiles(page) == ["prod-eu"]
    assert "doubtful" not in page.html.split("<body")[1].split(">")[0]


def test_a_cluster_that_is_not_there_is_never_fine(look: Look) -> None:
    a_cluster()
    assert look("/tv", cluster="gone").headline == "No cluster is named gone"
    both = look("/tv", cluster=["gone", "prod-eu"])
    assert "No cluster is named gone." in both.part('<p class="alarm" id="missing"').text


def test_it_waits_for_the_first_cluster(look: Look) -> None:
    page = look("/tv")
    assert page.headline == "No cluster is watched yet"
    assert "fills by itself" in page.text


def test_what_is_snoozed_is_no_row_and_no_tile(look: Look) -> None:
    row = a_diagnosis(a_cluster())
    row.snoozed_until = timezone.now() + timedelta(hours=1)
    row.save()
    page = look("/tv")
    assert page.headline == "Nothing open, 1 snoozed"
    assert "Nothing is open that is not snoozed." in page.text


def test_it_says_what_healed_last(look: Look) -> None:
    row = resolved(a_cluster(), "thumbs")
    assert f"Last resolved: #{row.number} thumbs" in look("/tv").text


def test_its_session_is_renewed_once_a_day(browser: Client) -> None:
    a_cluster()
    first = browser.get("/tv")
    assert "sickbay_session" in first.cookies
    assert "sickbay_session" not in browser.get("/tv").cookies


def test_a_guest_may_look_and_leaves_no_session(client: Client, settings: Settings, db: None) -> None:
    settings.DEMO = True
    a_cluster()
    assert client.get("/tv").status_code == 200
    assert not Session.objects.exists()


def test_what_is_stored_makes_no_more_queries(
    browser: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    browser.get("/tv")  # Renews the session.
    with django_assert_num_queries(QUERIES):
        browser.get("/tv", {"cluster": "prod-eu"})
    for name in ("prod-eu", "prod-us", "staging"):
        cluster = a_cluster(name)
        for n in range(5):
            a_diagnosis(cluster, f"{name}{n}", fingerprint=f"{name}{n}")
        resolved(cluster, f"{name}-old")
    with django_assert_num_queries(QUERIES + 1):  # And the rows of the list.
        browser.get("/tv", {"cluster": "prod-eu"})
