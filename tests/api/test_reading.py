"""Pods, clusters, codes and statistics for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from diagnostics.models import Diagnosis, KeptEvent, Occurrence, Suspect
from diagnostics.operations.packing import pack
from diagnostics.rules import rules
from tests.api.conftest import Program, problem_of
from tests.web.rows import a_cluster, a_diagnosis, a_kept_log, a_kept_pod, before, resolved

pytestmark = pytest.mark.django_db
POD = {
    "metadata": {"name": "cart-6d9f-abcde", "namespace": "shop", "uid": "cart-uid"},
    "spec": {"nodeName": "n1", "containers": [{"name": "app"}]},
    "status": {
        "phase": "Running",
        "containerStatuses": [
            {"name": "app", "restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff"}}, "ready": False}
        ],
    },
}


def a_pod(diagnosis: Diagnosis, **columns: Any) -> Suspect:
    row = a_kept_pod(diagnosis, **columns)
    row.body = zipped(POD)
    row.save()
    return row


def zipped(document: dict[str, Any]) -> bytes:
    return pack(json.dumps(document).encode())


def test_a_pod_is_told_with_what_names_it(reader: Program) -> None:
    row = a_diagnosis(a_cluster())
    a_pod(row)
    told = reader.get("/pods/cart-uid").json()
    assert (told["name"], told["status"], told["ready"]) == ("cart-6d9f-abcde", "CrashLoopBackOff", "0/1")
    assert (told["restarts"], told["node"], told["cluster"]) == (7, "n1", "prod-eu")
    assert [each["number"] for each in told["diagnoses"]] == [row.number]


def test_its_events_and_logs_outlive_it(reader: Program) -> None:
    row = a_diagnosis(a_cluster())
    a_pod(row, gone_at=timezone.now())
    a_kept_log(row, "starting", "KeyError")
    event = {
        "reason": "BackOff",
        "message": "Back-off restarting",
        "type": "Warning",
        "source": {"component": "kubelet"},
    }
    columns = {"uid": "e1", "object_uid": "cart-uid", "body": zipped(event), "count": 4, "last_at": before(minutes=1)}
    KeptEvent.objects.create(cluster=row.cluster, **columns)
    told = reader.get("/pods/cart-uid/events").json()["results"]
    assert [(each["reason"], each["count"], each["source"]) for each in told] == [("BackOff", 4, "kubelet")]
    assert reader.get("/pods/cart-uid/logs").json()["results"][0]["lines"] == ["starting", "KeyError"]
    assert reader.get("/pods", gone="true").json()["results"][0]["gone_at"]
    assert reader.get("/pods", gone="false").json()["results"] == []


def test_pods_are_narrowed_and_cost_the_same(reader: Program, django_assert_num_queries: Any) -> None:
    cluster = a_cluster()
    for n in range(12):
        a_pod(a_diagnosis(cluster, f"w{n}", namespace=("shop", "data")[n % 2]))
    with django_assert_num_queries(3):  # The token, which page, its rows.
        assert len(reader.get("/pods").json()["results"]) == 12
    assert len(reader.get("/pods", namespace="data", cluster="prod-eu").json()["results"]) == 6
    assert len(reader.get("/pods", workload=["Deployment/w1", "w2"]).json()["results"]) == 2
    assert len(reader.get("/pods", q="W11-").json()["results"]) == 1


def test_a_pod_that_is_not_kept_is_a_problem(reader: Program) -> None:
    for path in ("/pods/x", "/pods/x/events", "/pods/x/logs", "/pods/%00"):
        problem_of(reader.get(path), 404)


def test_clusters_say_how_far_they_can_be_trusted(reader: Program, django_assert_num_queries: Any) -> None:
    gap = {"resource": "nodes", "namespace": None, "error": "forbidden", "grant": "list nodes"}
    a_cluster("a", gaps=[gap])
    a_cluster("b", fresh_at=before(hours=1), failing_since=before(hours=1), failure="Certificate expired; renew it.")
    a_cluster("c", paused=True)
    with django_assert_num_queries(2):
        told = reader.get("/clusters").json()["results"]
    assert [(each["name"], each["state"]) for each in told] == [("a", "fresh"), ("b", "lost"), ("c", "paused")]
    assert told[0]["gaps"] == [gap]
    assert told[1]["failure"] == "Certificate expired; renew it."


def test_codes_are_those_of_the_rules(reader: Program, django_assert_num_queries: Any) -> None:
    a_diagnosis(a_cluster())
    with django_assert_num_queries(2):
        told = {each["code"]: each for each in reader.get("/codes").json()["results"]}
    assert set(told) == set(rules())
    assert told["crash-config-env"]["open"] == 1
    assert reader.get("/codes/crash-config-env").json() == told["crash-config-env"]
    assert reader.get("/codes", fields="code").json()["results"][0].keys() == {"code"}
    problem_of(reader.get("/codes/no-such-code"), 404)


def test_statistics_count_what_is_open(reader: Program, django_assert_num_queries: Any) -> None:
    cluster = a_cluster()
    a_diagnosis(cluster, "cart")
    a_diagnosis(cluster, "web", severity="critical", code="image-not-found")
    a_diagnosis(cluster, "db", namespace="data")
    resolved(cluster, "old")
    with django_assert_num_queries(6):  # The token, three tallies, opened and resolved.
        told = reader.get("/stats").json()
    assert told["open"]["total"] == 3
    assert told["open"]["severity"] == {"high": 2, "critical": 1}
    assert told["open"]["code"] == {"crash-config-env": 2, "image-not-found": 1}
    assert told["open"]["namespace"] == {"shop": 2, "data": 1}


def test_statistics_count_by_time(reader: Program) -> None:
    row = a_diagnosis(a_cluster())
    at = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)
    Occurrence.objects.update(started_at=at, ended_at=at + timedelta(minutes=45))
    Occurrence.objects.create(diagnosis=row, started_at=at + timedelta(minutes=20), verdict={})
    told = reader.get("/stats", since="2026-03-01T09:10:00Z", until="2026-03-01T11:00:00Z").json()
    assert told["bucket"] == "hour"
    assert told["buckets"] == [
        {"at": "2026-03-01T09:00:00Z", "opened": 0, "resolved": 0},
        {"at": "2026-03-01T10:00:00Z", "opened": 2, "resolved": 0},
        {"at": "2026-03-01T11:00:00Z", "opened": 0, "resolved": 1},
    ]
    days = reader.get("/stats", since="2026-03-01T09:10:00Z", until="2026-03-02T11:00:00Z", bucket="day").json()
    assert [(each["opened"], each["resolved"]) for each in days["buckets"]] == [(2, 1), (0, 0)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}, "since"),
        ({"since": "2001-01-01T00:00:00Z"}, "since"),
        ({"bucket": "year"}, "bucket"),
        ({"until": "soon"}, "until"),
        ({"namespace": "shop"}, "namespace"),
    ],
)
def test_statistics_of_no_time_are_refused(reader: Program, query: dict[str, Any], field: str) -> None:
    assert set(problem_of(reader.get("/stats", **query), 400)["errors"]) == {field}
