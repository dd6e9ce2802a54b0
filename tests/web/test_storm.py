"""Very many failures at once: when that is a storm, what is said of it, and how the causes compare."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from diagnostics.models import Cluster
from tests.people import a_person
from tests.web.conftest import Look, Page
from tests.web.rows import a_cluster, a_diagnosis, before

pytestmark = pytest.mark.django_db

STORM = '<section class="card storm"'
CAUSES = ("image-not-found", "crash-oom-limit", "node-unreachable", "sched-cordoned", "image-auth", "vol-attach-multi")


@pytest.fixture
def cluster() -> Cluster:
    return a_cluster()


def failing(cluster: Cluster, code: str, *pods: int) -> None:
    """A diagnosis with that cause for each number of failing pods."""
    for n, count in enumerate(pods):
        a_diagnosis(cluster, f"{code}-{n}", code=code, pods_affected=count, pods_total=count)


def is_storm(page: Page) -> bool:
    return STORM in page.html


def test_more_than_a_thousand_failing_pods_are_a_storm(look: Look, cluster: Cluster) -> None:
    failing(cluster, "image-not-found", 600)
    failing(cluster, "crash-oom-limit", 400)
    assert not is_storm(look())
    failing(cluster, "node-unreachable", 1)
    page = look()
    assert is_storm(page)
    assert page.headline == "Storm: 1,001 pods failing in prod-eu, 59 % share one cause"
    assert "2 other causes, listed below" in page.part(STORM).text


@pytest.mark.parametrize(("of_one", "of_another", "expected"), [(10, 10, True), (9, 11, True), (10, 9, False)])
def test_so_are_twenty_diagnoses_with_half_of_the_pods_of_one_cause(
    look: Look, cluster: Cluster, of_one: int, of_another: int, expected: bool
) -> None:
    failing(cluster, "image-not-found", *[2] * of_one)
    failing(cluster, "crash-oom-limit", *[2] * of_another)
    assert is_storm(look()) is expected


def test_many_small_causes_are_none(look: Look, cluster: Cluster) -> None:
    for code in CAUSES:
        failing(cluster, code, 1, 1, 1, 1)
    assert not is_storm(look())


def test_what_has_no_pods_makes_no_storm(look: Look, cluster: Cluster) -> None:
    failing(cluster, "svc-no-endpoints", *[0] * 20)
    page = look()
    assert not is_storm(page)
    assert 'id="summed"' not in page.html


def test_a_cause_of_less_than_half_is_not_called_shared(look: Look) -> None:
    for name in ("prod-eu", "prod-us"):
        cluster = a_cluster(name)
        for code, pods in zip(CAUSES, (200, 170, 150), strict=False):
            a_diagnosis(cluster, code, code=code, pods_affected=pods, pods_total=pods)
    page = look()
    assert page.headline == "Storm: 1,040 pods failing in 2 clusters, the largest cause has 38 %"
    assert "share one cause" not in page.text


def test_a_single_cause_has_no_others(look: Look, cluster: Cluster) -> None:
    failing(cluster, "image-not-found", 1_200)
    page = look()
    assert "100 % share one cause" in page.headline
    assert "other cause" not in page.part(STORM).text


def test_it_leads_to_its_largest_cause_and_to_a_silence_for_it(look: Look, cluster: Cluster) -> None:
    failing(cluster, "crash-oom-limit", 300)
    failing(cluster, "image-not-found", 500, 300)
    storm = look().part(STORM)
    assert 'href="/?code=image-not-found&amp;group=workload"' in storm.html
    assert 'href="/notifications/silences/new?code=image-not-found"' in storm.html
    assert '<rect width="72" height="8"/>' in storm.html


def test_a_viewer_is_offered_no_silence(client: Client, cluster: Cluster) -> None:
    failing(cluster, "image-not-found", 1_200)
    client.force_login(a_person("bo", "viewer"))
    html = client.get("/").content.decode()
    assert STORM in html
    assert "/notifications/silences/new" not in html


def test_its_list_opens_on_causes_unless_something_else_was_asked_for(look: Look, cluster: Cluster) -> None:
    failing(cluster, "image-not-found", 900, 300)
    failing(cluster, "crash-oom-limit", 100)
    assert look().html.count('<tr class="group"') == 2
    page = look(group="nothing")
    assert is_storm(page)
    assert '<tr class="group"' not in page.html


@pytest.mark.parametrize("query", [{"tab": "review"}, {"tab": "mine"}, {"severity": "high"}, {"q": "image"}])
def test_a_part_of_the_list_is_no_storm(look: Look, cluster: Cluster, query: dict[str, str]) -> None:
    failing(cluster, "image-not-found", 1_200)
    page = look(**query)
    assert not is_storm(page)
    assert page.headline == "1 new, 1 open in prod-eu"


def test_it_is_fetched_again_every_ten_seconds_at_most(look: Look, cluster: Cluster) -> None:
    failing(cluster, "image-not-found", 5)
    assert "data-gap" not in look().html
    failing(cluster, "crash-oom-limit", 1_200)
    assert ' data-gap="10000"' in look().html


def test_what_is_unknown_is_said_with_it(look: Look, cluster: Cluster) -> None:
    lost = a_cluster("prod-us", fresh_at=before(minutes=6), failing_since=before(minutes=6), failure="timed out")
    failing(lost, "image-not-found", 1_200)
    said = "Storm: 1,200 pods failing in 1 of 2 clusters, 100 % share one cause; prod-us unknown since"
    assert look().headline.startswith(said)


class TestSummedUp:
    """The bar above the list: what causes the failing pods have."""

    def bar(self, page: Page) -> tuple[list[str], list[tuple[str, str]], list[float]]:
        """Of each part what it says, where it leads, and how wide it is."""
        figure = page.part("<figure")
        items = [re.sub(r"<[^>]+>", "", item).strip() for item in re.findall(r"<li>(.*?)</li>", figure.html)]
        links = re.findall(r'<a href="([^"]*)">([^<]*)</a>', figure.html)
        widths = [float(width) for width in re.findall(r'x="[\d.]+" width="([\d.]+)"', figure.html)]
        return items, links, widths

    def test_five_causes_and_all_others_side_by_side(self, look: Look, cluster: Cluster) -> None:
        for n, code in enumerate((*CAUSES, "probe-timeout"), 1):
            failing(cluster, code, n, n, n)
        items, links, widths = self.bar(look())
        assert items[0] == "probe-timeout 21"
        assert items[-1] == "2 other causes 9"
        assert len(items) == 6
        assert links[0][0] == "/?code=probe-timeout"
        assert links[-1][0] == "/?group=cause"
        assert widths == sorted(widths[:5], reverse=True) + widths[5:]
        assert sum(widths) == pytest.approx(100, abs=0.1)

    def test_it_sums_up_what_the_list_is_narrowed_to(self, look: Look, cluster: Cluster) -> None:
        failing(cluster, CAUSES[0], *[2] * 10)
        failing(cluster, CAUSES[1], *[3] * 10)
        failing(a_cluster("prod-us"), CAUSES[2], *[9] * 10)
        items, links, _widths = self.bar(look(cluster="prod-eu"))
        assert items == [f"{CAUSES[1]} 30", f"{CAUSES[0]} 20"]
        assert links[0][0] == f"/?cluster=prod-eu&amp;code={CAUSES[1]}"

    def test_a_few_diagnoses_are_read_not_summed_up(self, look: Look, cluster: Cluster) -> None:
        failing(cluster, CAUSES[0], *[2] * 9)
        failing(cluster, CAUSES[1], *[3] * 10)
        assert "<figure" not in look(tab="review").html

    def test_one_cause_has_nothing_to_compare_with(self, look: Look, cluster: Cluster) -> None:
        failing(cluster, CAUSES[0], *[2] * 20)
        assert "<figure" not in look(tab="review").html

    def test_resolved_ones_may_be_a_million_and_are_not_counted(self, look: Look, cluster: Cluster) -> None:
        failing(cluster, CAUSES[0], *[2] * 10)
        failing(cluster, CAUSES[1], *[3] * 10)
        assert "<figure" not in look(tab="resolved").html
