"""What is counted in equal lengths of time, and what happened, page by page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from diagnostics.engine.verdict import Change
from diagnostics.models import Cluster, Diagnosis, EndedRun, Occurrence, Rollout
from diagnostics.queries import Filter, flows, happenings
from diagnostics.queries.cursors import NoCursor
from diagnostics.queries.flows import LENGTHS, Ended, Opened, OpenedHere, Slots
from diagnostics.queries.happenings import DEPLOYS, DIAGNOSES, Kind
from diagnostics.rules.model import Severity
from tests.web import many
from tests.web.many import add_diagnoses
from tests.web.rows import a_cluster, a_diagnosis, resolved

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DAY = Slots.over(NOON - 24 * HOUR, NOON, 24)
EVERYTHING = DIAGNOSES | DEPLOYS


class TestSlots:
    @pytest.mark.parametrize(
        ("span", "length"),
        [
            (timedelta(hours=6), 10 * MINUTE),
            (timedelta(hours=24), HOUR),
            (timedelta(days=7), 6 * HOUR),
            (timedelta(days=14), 12 * HOUR),
            (timedelta(days=3650), timedelta(days=364)),
        ],
    )
    def test_a_longer_time_is_counted_in_longer_ones(self, span: timedelta, length: timedelta) -> None:
        slots = Slots.over(NOON - span, NOON, 40)
        assert slots.length == length
        assert slots.first <= NOON - span
        assert slots.end >= NOON

    def test_they_begin_on_full_hours_of_the_readers_clock(self) -> None:
        india = timedelta(hours=5, minutes=30)
        slots = Slots.over(NOON - 7 * timedelta(days=1) + 7 * MINUTE, NOON, 10, india)
        assert slots.length == timedelta(days=1)
        assert (slots.first + india).time() == datetime.min.time()

    def test_a_moment_lies_in_one_of_them(self) -> None:
        assert [DAY.holding(at) for at in (DAY.first, DAY.end - MINUTE)] == [0, DAY.count - 1]
        assert DAY.begin(1) == DAY.first + HOUR

    def test_more_than_the_longest_can_cover_is_refused(self) -> None:
        with pytest.raises(ValueError, match="cover"):
            Slots.over(datetime(1900, 1, 1, tzinfo=UTC), NOON, 2)

    def test_lengths_grow(self) -> None:
        assert list(LENGTHS) == sorted(set(LENGTHS))


@pytest.fixture
def cluster(db: None) -> Cluster:
    return a_cluster()


def failed(cluster: Cluster, name: str, at: datetime, **changes: Any) -> None:
    ended_at = changes.pop("ended_at", None)
    make = resolved if ended_at else a_diagnosis
    make(cluster, name, first_seen=at, **({"resolved_at": ended_at} if ended_at else {}), **changes)


def deployed(cluster: Cluster, name: str, at: datetime, **columns: str) -> Rollout:
    place = {"namespace": "shop", "workload_kind": "Deployment", "workload_name": name, "revision": "7", **columns}
    return Rollout.objects.create(cluster=cluster, at=at, **place)


class TestCounts:
    def test_what_opened_is_counted_by_cause_and_severity(self, cluster: Cluster) -> None:
        for minute in (0, 59):
            failed(cluster, f"api-{minute}", NOON - 2 * HOUR + minute * MINUTE, pods_affected=3)
        failed(cluster, "web", NOON - HOUR, code="image-not-found", severity="low")
        failed(cluster, "old", DAY.first - MINUTE)
        failed(cluster, "next", DAY.end)
        assert sorted(flows.opened(Filter(), DAY), key=lambda row: row.slot) == [
            Opened(22, "crash-config-env", Severity.HIGH, 2, 6),
            Opened(23, "image-not-found", Severity.LOW, 1, 1),
        ]

    def test_a_second_before_the_hour_belongs_to_the_hour_before(self, cluster: Cluster) -> None:
        failed(cluster, "api", NOON - HOUR - timedelta(microseconds=1))
        failed(cluster, "web", NOON - HOUR)
        assert sorted(row.slot for row in flows.opened(Filter(), DAY)) == [22, 23]

    def test_what_opened_is_counted_by_namespace(self, cluster: Cluster) -> None:
        failed(cluster, "api", NOON - HOUR)
        failed(cluster, "node", NOON - HOUR, namespace="")
        assert set(flows.opened_by_namespace(Filter(), DAY)) == {
            OpenedHere(23, "prod-eu", "shop", 1, 1),
            OpenedHere(23, "prod-eu", "", 1, 1),
        }

    def test_a_filter_narrows_all_of_it(self, cluster: Cluster) -> None:
        failed(cluster, "api", NOON - 2 * HOUR, ended_at=NOON - HOUR, namespace="billing")
        failed(cluster, "web", NOON - 2 * HOUR, ended_at=NOON - HOUR)
        billing = Filter(namespaces=("billing",))
        assert sum(row.diagnoses for row in flows.opened(billing, DAY)) == 1
        assert flows.healed(billing, DAY) == {23: 1}
        assert flows.healed(Filter(clusters=("elsewhere",)), DAY) == {}

    def test_what_another_diagnosis_explains_has_not_healed(self, cluster: Cluster) -> None:
        root = a_diagnosis(cluster, "root", first_seen=NOON - 2 * HOUR)
        symptom = resolved(cluster, "web", first_seen=NOON - 2 * HOUR, resolved_at=NOON - HOUR)
        symptom.explained_by = root
        symptom.save()
        failed(cluster, "api", NOON - 2 * HOUR, ended_at=NOON - HOUR)
        assert flows.healed(Filter(), DAY) == {23: 1}

    def test_of_very_many_one_in_so_many_stands_for_the_others(
        self, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = NOON - MINUTE
        add_diagnoses(cluster, range(2_000), now)
        monkeypatch.setattr(many, "RESOLVED", timedelta(hours=20))
        add_diagnoses(cluster, range(2_000), now, resolved=True)
        days = Slots.over(NOON - 4 * 24 * HOUR, NOON, 4)
        assert flows.one_in(Filter(), days) == 1
        exactly = flows.opened(Filter(), days)
        monkeypatch.setattr(flows, "EXACT_LIMIT", 400)
        one_in = flows.one_in(Filter(), days)
        assert one_in == 10
        for count in ("diagnoses", "pods"):
            expected = sum(getattr(row, count) for row in exactly)
            assert sum(getattr(row, count) for row in flows.opened(Filter(), days, one_in)) == pytest.approx(
                expected, rel=0.1
            )
        here = flows.opened_by_namespace(Filter(), days, one_in)
        assert sum(row.diagnoses for row in here) == pytest.approx(4_000, rel=0.1)
        assert sum(flows.healed(Filter(), days, one_in).values()) == pytest.approx(2_000, rel=0.1)

    def test_what_a_filter_leaves_is_counted_exactly_if_it_is_little(
        self, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(flows, "EXACT_LIMIT", 50)
        add_diagnoses(cluster, range(600), NOON - MINUTE)
        days = Slots.over(NOON - 4 * 24 * HOUR, NOON, 4)
        assert flows.one_in(Filter(), days) == 12
        assert 1 < flows.one_in(Filter(severities=(Severity.LOW,)), days) < 12
        assert flows.one_in(Filter(codes=(Diagnosis.objects.earliest("pk").code,)), days) == 1

    def test_choices_are_those_of_the_time(self, cluster: Cluster) -> None:
        failed(cluster, "api", NOON - HOUR, ended_at=NOON - MINUTE)
        failed(cluster, "old", DAY.first - MINUTE, code="image-not-found")
        choices = flows.choices(DAY.first, DAY.end)
        assert choices.exact
        assert (choices.codes, choices.namespaces) == ((("crash-config-env", 1),), (("shop", 1),))

    def test_runs_of_a_workload_are_counted_by_how_they_ended(self, cluster: Cluster) -> None:
        row = a_diagnosis(cluster, "api")
        for restart, code in enumerate((1, 1, 137)):
            ended(cluster, "api", restart, NOON - HOUR, exit_code=code, reason="OOMKilled" if code == 137 else "Error")
        ended(cluster, "web", 0, NOON - 3 * HOUR)
        assert flows.first_run_ended(row) == NOON - HOUR
        assert set(flows.ended_runs(row, DAY)) == {Ended(23, "Error", 1, 2), Ended(23, "OOMKilled", 137, 1)}


def ended(cluster: Cluster, name: str, restart: int, at: datetime, **columns: Any) -> EndedRun:
    how = {"reason": "Error", "exit_code": 1, **columns}
    place = {"namespace": "shop", "workload_kind": "Deployment", "workload_name": name, "container": "app"}
    return EndedRun.objects.create(cluster=cluster, pod_uid=f"{name}-uid", restart=restart, ended_at=at, **place, **how)


class TestHappenings:
    def test_the_newest_comes_first(self, cluster: Cluster) -> None:
        failed(cluster, "api", NOON - 3 * HOUR, ended_at=NOON - HOUR)
        deployed(cluster, "api", NOON - 2 * HOUR)
        page = happenings.page(Filter(), DAY.first, DAY.end, EVERYTHING)
        assert [it.kind for it in page.rows] == [Kind.ENDED, Kind.DEPLOYED, Kind.OPENED]
        assert page.older is None

    @pytest.mark.parametrize(("kinds", "found"), [(DIAGNOSES, {Kind.OPENED}), (DEPLOYS, {Kind.DEPLOYED})])
    def test_some_kinds_can_be_asked_for_alone(self, cluster: Cluster, kinds: set[Kind], found: set[Kind]) -> None:
        failed(cluster, "api", NOON - 3 * HOUR)
        deployed(cluster, "api", NOON - 2 * HOUR)
        assert {it.kind for it in happenings.page(Filter(), DAY.first, DAY.end, kinds).rows} == found

    def test_pages_follow_each_other_without_gap_or_repetition(
        self, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(happenings, "PAGE_SIZE", 3)
        for n in range(4):  # Of one moment there are several, of several kinds.
            failed(cluster, f"api-{n}", NOON - 5 * HOUR, ended_at=NOON - 4 * HOUR)
            deployed(cluster, f"api-{n}", NOON - 4 * HOUR)
        found, cursor = [], ""
        while True:
            page = happenings.page(Filter(), DAY.first, DAY.end, EVERYTHING, cursor)
            found += [(it.at, it.kind, it.key) for it in page.rows]
            if page.older is None:
                break
            cursor = page.older
        assert len(found) == len(set(found)) == 12
        assert found == sorted(found, reverse=True)

    def test_a_cursor_of_somebody_elses_making_is_refused(self) -> None:
        with pytest.raises(NoCursor):
            happenings.page(Filter(), DAY.first, DAY.end, EVERYTHING, "made:up")

    def test_it_says_what_failed_before_and_what_is_explained(self, cluster: Cluster) -> None:
        root = a_diagnosis(cluster, "root", first_seen=NOON - 30 * HOUR)
        row = resolved(cluster, "api", first_seen=NOON - 30 * HOUR, resolved_at=NOON - HOUR)
        row.explained_by = root
        row.save()
        Occurrence.objects.create(diagnosis=row, started_at=NOON - 2 * HOUR, verdict={})
        last, again = happenings.page(Filter(), DAY.first, DAY.end, DIAGNOSES).rows
        assert (last.kind, last.folded_under) == (Kind.ENDED, root.number)
        assert (again.kind, again.again, again.folded_under) == (Kind.OPENED, True, None)

    def test_places_narrow_deploys_too(self, cluster: Cluster) -> None:
        deployed(cluster, "api", NOON - HOUR)
        deployed(a_cluster("prod-us"), "web", NOON - HOUR, namespace="billing")
        for chosen, names in (
            (Filter(clusters=("prod-us",)), ["web"]),
            (Filter(namespaces=("shop",)), ["api"]),
            (Filter(workloads=("Deployment/api",)), ["api"]),
            (Filter(codes=("image-not-found",)), ["api", "web"]),
        ):
            found = happenings.deploys(chosen, DAY.first, DAY.end)
            assert sorted(deploy.workload for deploy in found) == names

    def test_what_a_diagnosis_says_was_changed_is_a_deploy_unless_it_was_seen(self, cluster: Cluster) -> None:
        seen_at, told_at = NOON - 2 * HOUR, NOON - 5 * HOUR
        for name, at in (("api", seen_at + timedelta(seconds=2)), ("web", told_at), ("old", NOON - 50 * HOUR)):
            failed(cluster, name, NOON - HOUR, changed=(Change("image", "a:1", "a:2", at=at),))
        deployed(cluster, "api", seen_at)
        found = happenings.deploys(Filter(), DAY.first, DAY.end)
        assert [(deploy.workload, deploy.at) for deploy in found] == [("web", told_at), ("api", seen_at)]

    def test_a_page_is_few_queries_whatever_is_stored(
        self, cluster: Cluster, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for n in range(9):
            failed(cluster, f"api-{n}", NOON - n * HOUR - MINUTE, ended_at=NOON - MINUTE)
            deployed(cluster, f"api-{n}", NOON - HOUR)
        with django_assert_num_queries(5):
            assert happenings.page(Filter(), DAY.first, DAY.end, EVERYTHING).rows
