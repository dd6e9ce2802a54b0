"""The timeline's page and the figures that it draws."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dashboard.environment import PROJECT
from diagnostics.models import Cluster, EndedRun, Rollout
from diagnostics.queries import flows, happenings
from tests.web.conftest import Look
from tests.web.rows import a_cluster, a_diagnosis, before, resolved

pytestmark = pytest.mark.django_db
QUERIES = 24  # Of the page, those of its frame included.
PAGE = "/timeline"


@pytest.fixture
def cluster() -> Cluster:
    row = a_cluster()
    Cluster.objects.filter(pk=row.pk).update(added_at=before(days=60))
    return row


def deployed(cluster: Cluster, name: str = "cart", **columns: Any) -> Rollout:
    place = {"namespace": "shop", "workload_kind": "Deployment", "workload_name": name, "revision": "42"}
    return Rollout.objects.create(cluster=cluster, **{"at": before(minutes=20), "by": "argocd", **place, **columns})


def figure(browser: Client, path: str = "/timeline/chart", **query: str) -> Any:
    return json.loads(browser.get(path, query).content)


def span(since: datetime, until: datetime) -> dict[str, str]:
    return {"since": since.isoformat(), "until": until.isoformat()}


class TestPage:
    def test_the_first_sentence_counts(self, look: Look, cluster: Cluster) -> None:
        a_diagnosis(cluster, "cart", pods_affected=2)
        resolved(cluster, "web", pods_affected=3)
        page = look(PAGE)
        assert re.search(r"2 diagnoses opened since .*, with 5 pods; 1 was resolved\.", page.text)
        assert page.part('<a href="/timeline" data-key').html.count("aria-current") == 1

    def test_what_happened_is_listed_with_links(self, look: Look, cluster: Cluster) -> None:
        row = resolved(cluster, "web")
        deployed(cluster)
        listed = look(PAGE).part('<section class="card" aria-labelledby="happened-h"')
        assert "Deployment cart, revision 42" in listed.text
        assert "by argocd" in listed.text
        assert listed.html.count(f'href="/d/{row.number}"') == 2
        assert {"New", "Resolved"} <= set(listed.text.split())

    def test_what_is_explained_by_another_is_not_told_as_healed(self, look: Look, cluster: Cluster) -> None:
        root = a_diagnosis(cluster, "root")
        row = resolved(cluster, "web")
        row.explained_by = root
        row.save()
        page = look(PAGE)
        assert f"part of #{root.number} since" in page.text
        assert "resolved." not in page.part('<span id="headline"').text

    def test_what_was_not_all_counted_is_told_as_such(
        self, look: Look, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for n in range(30):
            a_diagnosis(cluster, f"cart-{n}")
        assert "30 diagnoses opened" in look(PAGE).text
        monkeypatch.setattr(flows, "EXACT_LIMIT", 10)
        page = look(PAGE)
        assert re.search(r"About \d+ diagnoses opened", page.text)
        assert "Too many to count each: one in 3 diagnoses was counted" in page.text

    def test_the_table_has_what_the_chart_shows(self, look: Look, browser: Client, cluster: Cluster) -> None:
        for n in range(3):
            a_diagnosis(cluster, f"cart-{n}", first_seen=before(hours=n))
        a_diagnosis(cluster, "web", code="image-not-found")
        resolved(cluster, "old")
        table = look(PAGE).part('<details class="twin"').html
        rows = [re.findall(r'<td class="r[^>]*>(\S+?)</td>', row) for row in table.split("<tr>")[2:]]
        drawn = [trace["y"] for trace in figure(browser)["data"]]
        for shown, counted in zip(reversed(rows), zip(*drawn, strict=True), strict=True):
            assert [0 if text == "·" else int(text) for text in shown] == [abs(n or 0) for n in counted]

    @pytest.mark.parametrize(
        ("query", "words"), [({}, "24 h"), ({"span": "7d"}, "7 d"), ({"span": "nonsense"}, "24 h")]
    )
    @pytest.mark.usefixtures("cluster")
    def test_nothing_is_told_as_such(self, look: Look, query: dict[str, str], words: str) -> None:
        page = look(PAGE, **query)
        assert f"Nothing began to fail in these {words}" in page.text
        assert "data-chart" not in page.html
        assert "What happened" not in page.text

    def test_a_filter_that_hides_all_can_be_cleared(self, look: Look, cluster: Cluster) -> None:
        a_diagnosis(cluster)
        page = look(PAGE, code="image-not-found", span="7d")
        assert "The filter may hide what did." in page.text
        assert 'href="/timeline?span=7d"' in page.part('<section class="card blank"').html

    def test_the_time_before_watching_is_told(self, look: Look) -> None:
        cluster = a_cluster()
        Cluster.objects.update(added_at=before(hours=3))
        assert "No changes are recorded from before" in look(PAGE).text
        a_diagnosis(cluster, first_seen=before(hours=4))
        assert "of the time before, only what was still failing then is known." in look(PAGE).text

    def test_menus_narrow_it_and_keep_the_time(self, look: Look, cluster: Cluster) -> None:
        a_diagnosis(cluster, severity="low")
        a_diagnosis(cluster, "web", code="image-not-found")
        page = look(PAGE, span="7d", by="severity")
        assert 'href="/timeline?code=image-not-found&amp;span=7d&amp;by=severity"' in page.html
        narrowed = look(PAGE, code="image-not-found")
        assert "1 diagnosis opened" in narrowed.text
        a_cluster("prod-us")
        assert 'href="/timeline?cluster=prod-us&amp;code=image-not-found"' in look(PAGE, code="image-not-found").html

    def test_it_is_drawn_in_three_ways(self, look: Look, browser: Client, cluster: Cluster) -> None:
        a_diagnosis(cluster)
        assert "by cause" in look(PAGE).part("<h2").text
        assert "by severity" in look(PAGE, by="severity").part("<h2").text
        page = look(PAGE, view="heat")
        assert "prod-eu / shop 1" in page.part('<details class="twin"').text
        assert "plotly-cartesian" in page.html
        assert [trace["name"] for trace in figure(browser, by="severity")["data"]] == ["High"]
        assert [trace["type"] for trace in figure(browser, view="heat")["data"]] == ["heatmap"]

    def test_deploys_can_be_shown_alone_or_left_out(self, look: Look, browser: Client, cluster: Cluster) -> None:
        a_diagnosis(cluster)
        deployed(cluster)
        assert [trace["name"] for trace in figure(browser)["data"]] == ["crash-config-env", "deploy"]
        assert [trace["name"] for trace in figure(browser, show="diagnoses")["data"]] == ["crash-config-env"]
        assert [trace["name"] for trace in figure(browser, show="deploys")["data"]] == ["deploy"]
        page = look(PAGE, show="deploys", view="heat")  # There is no map of deploys.
        assert "1 deploy since" in page.text
        assert "crash-config-env" not in page.part('<section class="card" aria-labelledby="happened-h"').text

    def test_older_pages_follow(self, look: Look, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(happenings, "PAGE_SIZE", 2)
        for n in range(3):
            a_diagnosis(cluster, f"cart-{n}", first_seen=before(minutes=n + 1))
        page = look(PAGE)
        older = re.search(r'href="([^"]+before=[^"]+)#happened">Older', page.html)
        assert older
        assert "cart-2 stops" in look(older[1].replace("&amp;", "&")).text
        assert "cart-2 stops" not in page.text


class TestTimes:
    def test_an_earlier_time_has_its_ways_out(self, look: Look, cluster: Cluster) -> None:
        until = timezone.now() - timedelta(days=2)
        a_diagnosis(cluster, first_seen=until - timedelta(hours=1))
        page = look(PAGE, **span(until - timedelta(hours=6), until))
        assert re.search(r"1 diagnosis opened from .* to ", page.text)
        assert all(f">{way}</a>" in page.html for way in ("Zoom out", "Earlier", "Later"))

    def test_a_row_of_the_table_leads_into_its_time(self, look: Look, cluster: Cluster) -> None:
        a_diagnosis(cluster)
        inside = re.search(r'<a href="([^"]+)"[^<]+<time[^<]+</time></a></th><td class="r"[^>]*>1<', look(PAGE).html)
        assert inside
        assert "1 diagnosis opened" in look(inside[1].replace("&amp;", "&")).text

    def test_slots_are_the_readers(self, browser: Client, cluster: Cluster) -> None:
        a_diagnosis(cluster)
        browser.cookies["zone"] = "Asia/Kolkata"
        first = figure(browser)["layout"]["xaxis"]["range"][0]
        assert datetime.fromtimestamp(first / 1_000, UTC).minute == 30

    @pytest.mark.parametrize(
        "query",
        [
            {"since": "yesterday"},
            {"since": "2026-13-40T00:00:00Z"},
            {"since": "2026-11-23T12:00:00"},
            {"since": "2026-11-23T12:00:00Z", "until": "2026-11-22T12:00:00Z"},
            {"since": "2999-01-01T00:00:00Z"},
            {"since": "0001-01-01T00:00:00+14:00"},
            {"before": "made:up"},
        ],
    )
    def test_a_time_that_is_none_is_refused_and_says_what_to_do(self, look: Look, query: dict[str, str]) -> None:
        page = look(PAGE, **query)
        assert page.status == 400
        assert re.search(r"since has to be|begin before it ends|Older", page.text)

    @pytest.mark.parametrize("query", [{"since": "0001-01-01T00:00:00Z"}, {"since": "1970-01-01T00:00:00+14:00"}])
    def test_a_time_long_gone_is_cut(self, look: Look, cluster: Cluster, query: dict[str, str]) -> None:
        a_diagnosis(cluster)
        assert look(PAGE, **query).status == 200


class TestFigures:
    def test_whoever_has_the_newest_gets_nothing(self, browser: Client, cluster: Cluster) -> None:
        a_diagnosis(cluster)
        first = browser.get("/timeline/chart")
        assert not first["ETag"].startswith("W/")
        assert {"private", "no-cache"} == set(first["Cache-Control"].split(", "))
        again = browser.get("/timeline/chart", headers={"if-none-match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        a_diagnosis(cluster, "web")
        changed = browser.get("/timeline/chart", headers={"if-none-match": first["ETag"]})
        assert (changed.status_code, changed["ETag"] != first["ETag"]) == (200, True)

    @pytest.mark.parametrize("path", ["/timeline/chart", "/d/1/restarts"])
    def test_they_are_for_those_who_are_signed_in(self, client: Client, path: str) -> None:
        assert client.get(path).status_code == 401

    def test_a_time_that_is_none_is_refused(self, browser: Client) -> None:
        answer = browser.get("/timeline/chart?since=yesterday")
        assert answer.status_code == 400
        assert "2026-11-23T12:00:00Z" in answer.json()["detail"]

    def test_plotly_is_loaded_only_when_somebody_looks(self) -> None:
        program = "import sys, dashboard.asgi, dashboard.urls; print('plotly' in sys.modules)"
        command = [sys.executable, "-W", "ignore", "-c", program]
        told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT).stdout
        assert told.split() == ["False"]


@pytest.mark.parametrize("query", [{}, {"view": "heat"}])
def test_with_its_chart_the_page_is_light_enough(look: Look, cluster: Cluster, query: dict[str, str]) -> None:
    for n in range(60):
        a_diagnosis(cluster, f"cart-{n}", first_seen=before(minutes=20 * n))
    page = look(PAGE, **query)
    files = {PROJECT / "static" / name for name in re.findall(r'="/static/([^"#]+)', page.html)}
    assert {"charts.js", "plotly.css", "base.css"} <= {path.name for path in files}
    sent = [page.html.encode(), *(path.read_bytes() for path in files)]
    assert sum(len(gzip.compress(body)) for body in sent) < 600_000


class TestRestarts:
    def ended(self, cluster: Cluster, restart: int, **columns: Any) -> None:
        place = {"namespace": "shop", "workload_kind": "Deployment", "workload_name": "cart", "container": "app"}
        how = {"reason": "Error", "exit_code": 1, "ended_at": before(hours=restart), **columns}
        EndedRun.objects.create(cluster=cluster, pod_uid="cart-uid", restart=restart, **place, **how)

    def test_a_workload_that_ran_and_ended_has_a_card(self, look: Look, browser: Client, cluster: Cluster) -> None:
        row = a_diagnosis(cluster)
        self.ended(cluster, 1)
        self.ended(cluster, 2, reason="OOMKilled", exit_code=137)
        card = look(f"/d/{row.number}").part('<figure class="card" id="restarts"')
        assert "2 runs in Deployment cart ended since" in card.text
        assert "1 was killed at its memory limit (OOMKilled)" in card.text
        drawn = figure(browser, reverse("restarts-chart", args=[row.number]))
        assert [trace["name"] for trace in drawn["data"]] == ["Error, exit code 1", "OOMKilled, exit code 137"]

    def test_without_any_there_is_none(self, look: Look, browser: Client, cluster: Cluster) -> None:
        row = a_diagnosis(cluster)
        assert 'id="restarts"' not in look(f"/d/{row.number}").html
        assert browser.get(reverse("restarts-chart", args=[row.number])).status_code == 404
        assert browser.get(reverse("restarts-chart", args=[row.number + 1])).status_code == 404


@pytest.mark.parametrize(
    ("path", "queries"), [(PAGE, QUERIES), ("/timeline?view=heat", QUERIES - 5), ("/timeline/chart", 10)]
)
def test_the_number_of_queries_does_not_depend_on_what_is_stored(
    browser: Client, cluster: Cluster, path: str, queries: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(12):
        resolved(cluster, f"cart-{n}", first_seen=before(hours=n + 1), resolved_at=before(minutes=n), code=f"code-{n}")
        deployed(cluster, f"cart-{n}")
    with django_assert_num_queries(queries):
        assert browser.get(path).status_code == 200
