"""The list taken together: headed on one page, counted beyond it, and where each group leads."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from dashboard.views import triage
from diagnostics.models import Cluster, Diagnosis
from diagnostics.queries import GROUPS_SHOWN, PAGE_SIZE
from tests.web.conftest import Look, Page
from tests.web.many import add_diagnoses
from tests.web.rows import a_cluster, a_diagnosis, before, resolved
from tests.web.test_triage import names

pytestmark = pytest.mark.django_db

MORE_THAN_A_PAGE = PAGE_SIZE + 10
IMAGE, OOM = "image-not-found", "crash-oom-limit"


def headings(page: Page) -> list[str]:
    """The text of each group's heading, in order."""
    rows = re.findall(r'<tr class="group".*?</tr>', page.html, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]


def leads(page: Page) -> list[str]:
    """Where the headings lead."""
    return re.findall(r'<h2><a href="([^"]*)">', page.html)


def counted(page: Page) -> list[Page]:
    """The rows that stand for a group each."""
    return [Page(f"<tr {part.partition('</tr>')[0]}</tr>", 200) for part in page.html.split('<tr id="g-')[1:]]


def lead(row: Page) -> str:
    """Where a counted row leads; blank if nowhere."""
    found = re.search(r'<th class="c-main" scope="row"><a href="([^"]*)">', row.html)
    return found[1] if found else ""


def on_node(row: Diagnosis, node: str) -> None:
    Diagnosis.objects.filter(pk=row.pk).update(node=node)


def many(cluster: Cluster, n: int = MORE_THAN_A_PAGE, **columns: Any) -> None:
    """More diagnoses than a page shows, all alike in some columns."""
    first = Diagnosis.objects.count()
    add_diagnoses(cluster, range(first, first + n), datetime.now(UTC))
    mine = Diagnosis.objects.order_by("-number")[:n].values("pk")
    Diagnosis.objects.filter(pk__in=list(mine.values_list("pk", flat=True))).update(snoozed_until=None, **columns)


class TestOnOnePage:
    """Few enough to be listed: each group has its heading and its rows below it."""

    @pytest.fixture(autouse=True)
    def rows(self) -> None:
        eu, us = a_cluster("prod-eu"), a_cluster("prod-us")
        on_node(a_diagnosis(eu, "cart", code=IMAGE, severity="critical", pods_affected=4), "node-7")
        on_node(a_diagnosis(eu, "db", code=OOM, severity="medium", namespace="data"), "node-7")
        a_diagnosis(us, "cart", code=IMAGE, severity="low", pods_affected=2)

    @pytest.mark.parametrize(
        ("by", "expected"),
        [
            ("cause", ["2 clusters image-not-found 2 diagnoses 6 pods", "crash-oom-limit 1 diagnosis 1 pod"]),
            ("workload", ["cart prod-eu / shop 1 diagnosis 4 pods", "db prod-eu / data", "cart prod-us / shop"]),
            ("node", ["Node node-7 prod-eu 2 diagnoses 5 pods", "On several nodes, or on none prod-us 1 diagnosis"]),
            ("namespace", ["Namespace shop prod-eu", "Namespace data prod-eu", "Namespace shop prod-us"]),
        ],
    )
    def test_groups_stand_in_the_order_of_their_worst(self, look: Look, by: str, expected: list[str]) -> None:
        page = look(group=by)
        found = headings(page)
        assert len(found) == len(expected)
        assert all(said in heading for said, heading in zip(expected, found, strict=True)), found
        assert found[0].startswith("Critical")
        assert sorted(names(page)) == ["cart", "cart", "db"]

    @pytest.mark.parametrize(
        ("by", "urls"),
        [
            ("cause", [f"/?code={IMAGE}", f"/?code={OOM}"]),
            ("namespace", ["/?cluster=prod-eu&amp;namespace=shop", "/?cluster=prod-eu&amp;namespace=data"]),
            ("node", ["/?cluster=prod-eu&amp;node=node-7"]),  # No filter says: on several nodes, or on none.
            ("workload", ["/?cluster=prod-eu&amp;namespace=shop&amp;workload=Deployment%2Fcart"]),
        ],
    )
    def test_a_heading_leads_to_its_own(self, look: Look, by: str, urls: list[str]) -> None:
        found = [url.removesuffix("&amp;group=nothing") for url in leads(look(group=by))]
        assert found[: len(urls)] == urls
        assert len(found) == {"cause": 2, "node": 1}.get(by, 3)

    def test_a_cause_is_said_in_words_with_its_code_beside_it(self, look: Look) -> None:
        eu = Cluster.objects.get(name="prod-eu")
        a_diagnosis(eu, "api", code="probe-refused")
        a_diagnosis(eu, "web", code="crash-app-unknown")
        a_diagnosis(eu, "old", code="gone-since")
        found = "\n".join(headings(look(group="cause")))
        assert "No process of the container accepts connections on the port that the readiness probe asks" in found
        assert " asks probe-refused " in found
        assert " crash-app-unknown 1 diagnosis" in found  # Nothing but what was found tells it from others.
        assert " gone-since 1 diagnosis" in found

    def test_the_rows_of_a_group_stay_together(self, look: Look) -> None:
        assert names(look(group="cause")) == ["cart", "cart", "db"]
        assert names(look(group="node")) == ["cart", "db", "cart"]

    def test_a_heading_leads_to_exactly_what_it_counts(self, look: Look) -> None:
        for by in ("cause", "workload", "node", "namespace"):
            page = look(group=by)
            counts = [int(n) for heading in headings(page) for n in re.findall(r"(\d+) diagnos", heading)]
            for url, n in zip(leads(page), counts, strict=False):
                assert len(names(look(url.replace("&amp;", "&")))) == n, (by, url)

    def test_the_way_of_grouping_is_kept_while_filters_change(self, look: Look) -> None:
        page = look(group="node", severity="critical")
        assert len(headings(page)) == 1
        assert 'href="/?tab=review&amp;severity=critical&amp;group=node"' in page.html
        assert 'href="/?severity=critical&amp;group=namespace"' in page.html
        assert "Group by node" in page.part('<details class="menu is-set" id="menu-group"').part("<summary").text

    def test_resolved_ones_are_listed_by_time_alone(self, look: Look) -> None:
        resolved(Cluster.objects.earliest("pk"), "old")
        page = look(tab="resolved", group="cause")
        assert headings(page) == []
        assert names(page) == ["old"]
        assert 'id="menu-group"' not in page.html

    def test_what_no_grouping_is_called_is_left_out(self, look: Look) -> None:
        assert headings(look(group="colour")) == []


class TestBeyondOnePage:
    """More than a page has: a group is a row, counted by the database."""

    def test_each_way_counts_groups_and_leads_on(self, look: Look) -> None:
        cluster = a_cluster("prod-eu")
        many(cluster, code=IMAGE, namespace="shop", node="node-7", workload_name="cart", pods_affected=3)
        a_diagnosis(cluster, "db", code=OOM, namespace="data", severity="low")
        inside = "/?cluster=prod-eu"
        for by, url in (
            ("cause", f"/?code={IMAGE}&amp;group=workload"),
            ("workload", f"{inside}&amp;namespace=shop&amp;workload=Deployment%2Fcart&amp;group=nothing"),
            ("node", f"{inside}&amp;node=node-7&amp;group=cause"),
            ("namespace", f"{inside}&amp;namespace=shop&amp;group=cause"),
        ):
            first, second = counted(look(group=by))
            assert lead(first) == url
            assert f"{3 * MORE_THAN_A_PAGE}" in first.part('<td class="c-pods" data-l="Pods failing"').text
            assert f"{MORE_THAN_A_PAGE}" in first.part('<td class="c-pods" data-l="Diagnoses"').text
            assert lead(second).startswith("/d/"), by

    def test_a_group_of_one_is_that_one(self, look: Look) -> None:
        many(a_cluster("prod-eu"), namespace="shop", severity=4)
        row = a_diagnosis(a_cluster("prod-us"), "db", code=OOM, severity="low")
        _many, last = counted(look(group="namespace"))
        assert lead(last) == f"/d/{row.number}"
        assert "DATABASE_URL is not set" in last.text

    def test_on_no_node_is_no_filter(self, look: Look) -> None:
        many(a_cluster(), node="")
        (row,) = counted(look(group="node"))
        assert "On several nodes, or on none" in row.text
        assert lead(row) == ""

    def test_a_cause_is_one_in_all_clusters_and_may_be_silenced(self, look: Look) -> None:
        for name in ("prod-eu", "prod-us"):
            many(a_cluster(name), code=IMAGE)
        (row,) = counted(look(group="cause"))
        assert "2 clusters" in row.text
        assert 'href="/notifications/silences/new?code=image-not-found"' in row.html
        assert len(counted(look(group="cause", cluster="prod-us"))) == 1
        assert "2 clusters" not in look(group="cause", cluster="prod-us").part("<tbody").text

    def test_the_same_name_in_two_clusters_is_two_groups(self, look: Look) -> None:
        for name in ("prod-eu", "prod-us"):
            many(a_cluster(name), namespace="shop")
        rows = counted(look(group="namespace"))
        assert sorted("prod-eu" in row.text for row in rows) == [False, True]

    def test_the_worst_group_comes_first_then_the_one_with_the_most_pods(self, look: Look) -> None:
        cluster = a_cluster()
        many(cluster, namespace="few", severity=2, pods_affected=1)
        many(cluster, namespace="most", severity=2, pods_affected=2)
        many(cluster, 2, namespace="worst", severity=4, pods_affected=1)
        found = [re.findall(r"<code>(\w+)</code>", row.html)[0] for row in counted(look(group="namespace"))]
        assert found == ["worst", "most", "few"]

    @pytest.mark.parametrize("by", ["workload", "cause"])
    def test_groups_have_pages_none_twice(self, look: Look, by: str) -> None:
        many(a_cluster(), GROUPS_SHOWN + 40)
        first, second = look(group=by), look(group=by, page=2)
        assert len(counted(first)) == GROUPS_SHOWN
        assert counted(second)
        assert f'href="/?group={by}&amp;page=2" rel="next"' in first.html
        assert f'href="/?group={by}" rel="prev"' in second.html
        titles = [row.part('<th class="c-main" scope="row"').text for page in (first, second) for row in counted(page)]
        assert len(set(titles)) == len(titles)

    def test_groups_count_what_the_list_is_narrowed_to(self, look: Look) -> None:
        cluster = a_cluster()
        many(cluster, namespace="shop", severity=3)
        many(cluster, namespace="data", severity=1)
        (row,) = counted(look(group="namespace", severity="high"))
        assert "shop" in row.text
        assert counted(look(group="namespace", severity="high", tab="mine")) == []


class TestWhatTheySay:
    """A counted group says what it is a group of, and what those in it suffer."""

    @pytest.fixture
    def cluster(self, monkeypatch: pytest.MonkeyPatch) -> Cluster:
        """One with a diagnosis. A page holds none, so that groups stand for theirs."""
        monkeypatch.setattr(triage, "PAGE_SIZE", 0)
        cluster = a_cluster("prod-eu")
        a_diagnosis(cluster, "cart", summary="Container app of cart stops at start: DATABASE_URL is not set.")
        return cluster

    def test_a_cause_says_what_the_newest_of_its_diagnoses_says(self, look: Look, cluster: Cluster) -> None:
        a_diagnosis(cluster, "web", summary="Container app of web stops at start: PORT is not set.", opened_at=before())
        listed = look(group="cause").part('<table class="list')
        assert "Container app of web stops at start: PORT is not set" in listed.text
        assert "the newest of 2" in listed.text
        assert "cart" not in listed.text

    @pytest.mark.usefixtures("cluster")
    @pytest.mark.parametrize(("by", "name"), [("workload", "Deployment cart"), ("namespace", "Namespace shop")])
    def test_a_group_of_one_is_named_and_says_what_that_one_says(self, look: Look, by: str, name: str) -> None:
        listed = look(group=by).part('<table class="list')
        assert name in listed.text
        assert "Container app of cart stops at start: DATABASE_URL is not set" in listed.text
        assert "the newest" not in listed.text
