"""Diagnoses for programs: found, read page by page, told apart by version, changed by whoever may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from dashboard.api.schema import openapi
from diagnostics.models import Cluster, Diagnosis
from tests.api.conftest import Program, problem_of
from tests.web.rows import a_cluster, a_diagnosis, a_kept_log, a_kept_pod, before, resolved

IN_A_MONTH = f"{timezone.now() + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}"
pytestmark = pytest.mark.django_db


@pytest.fixture
def cluster() -> Cluster:
    return a_cluster()


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["workload"]["name"] for row in answer.json()["results"]]


def path(row: Diagnosis, action: str = "") -> str:
    return f"/diagnoses/{row.uuid}{action}"


def test_a_diagnosis_is_told_as_the_contract_says(reader: Program, cluster: Cluster) -> None:
    row = a_diagnosis(cluster)
    body = reader.get(path(row)).json()
    assert (body["id"], body["number"], body["state"]) == (str(row.uuid), row.number, "new")
    assert body["url"].endswith(f"/d/{row.number}")
    assert body["workload"] == {"kind": "Deployment", "name": "cart"}
    assert body["offender"]["path"] == "spec.template.spec.containers[app].env"
    assert body["evidence"][0]["value"] == "KeyError: 'DATABASE_URL'"
    described = openapi()["components"]["schemas"]["Diagnosis"]
    assert set(body) == set(described["properties"]) == set(described["required"])
    assert reader.get("/diagnoses").json()["results"] == [body]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["db", "web", "cart"]),
        ({"cluster": "prod-us"}, ["db"]),
        ({"namespace": ["data", "shop"]}, ["db", "web", "cart"]),
        ({"namespace": ["data", "other"]}, ["db"]),
        ({"workload": "cart"}, ["cart"]),
        ({"workload": ["Deployment/cart", "StatefulSet/web"]}, ["cart"]),
        ({"severity": ["critical", "low"]}, ["web"]),
        ({"code": "image-not-found"}, ["web"]),
        ({"state": "resolved"}, ["db"]),
        ({"state": "open"}, ["web", "cart"]),
        ({"state": ["acknowledged", "snoozed"]}, ["web", "cart"]),
        ({"assignee": "ada"}, ["cart"]),
        ({"assignee": ["none", "ada"]}, ["db", "web", "cart"]),
        ({"q": "DATABASE_URL"}, ["db", "cart"]),
        ({"since": before(minutes=30).isoformat()}, ["db", "web", "cart"]),
        ({"until": before(minutes=30).isoformat()}, ["db"]),
        ({"since": "9999-12-31T23:59:59-23:00"}, []),
        ({"until": "0001-01-01T00:00:00+23:00"}, []),
        ({"ordering": "severity,-number"}, ["db", "cart", "web"]),
        ({"ordering": "number"}, ["cart", "web", "db"]),
    ],
)
def test_lists_are_narrowed_and_ordered(
    reader: Program, cluster: Cluster, ada: User, query: dict[str, Any], found: list[str]
) -> None:
    Diagnosis.objects.filter(pk=a_diagnosis(cluster).pk).update(assignee=ada, acknowledged_at=before(minutes=1))
    web = a_diagnosis(cluster, "web", code="image-not-found", severity="critical", summary="No such image.")
    Diagnosis.objects.filter(pk=web.pk).update(snoozed_until=timezone.now() + timedelta(hours=1))
    resolved(a_cluster("prod-us"), "db", namespace="data")
    assert names(reader.get("/diagnoses", **query)) == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"sevrity": "high"}, "sevrity"),
        ({"severity": "dreadful"}, "severity"),
        ({"state": "gone"}, "state"),
        ({"since": "yesterday"}, "since"),
        ({"namespace": "a\0b"}, "namespace"),
        ({"q": "x" * 201}, "q"),
        ({"ordering": "summary"}, "ordering"),
        ({"ordering": "number,-number"}, "ordering"),
        ({"page_size": "0"}, "page_size"),
        ({"page_size": "501"}, "page_size"),
        ({"cursor": "x"}, "cursor"),
        ({"fields": "id,secret"}, "fields"),
    ],
)
def test_what_cannot_be_asked_is_refused(reader: Program, query: dict[str, Any], field: str) -> None:
    assert set(problem_of(reader.get("/diagnoses", **query), 400)["errors"]) == {field}


def test_pages_hold_together_whatever_comes_and_goes(reader: Program, cluster: Cluster) -> None:
    rows = [a_diagnosis(cluster, f"w{n}", severity=("low", "high")[n % 2]) for n in range(7)]
    first = reader.get("/diagnoses", ordering="-severity", page_size=3).json()
    assert [row["workload"]["name"] for row in first["results"]] == ["w5", "w3", "w1"]
    assert first["previous"] is None
    a_diagnosis(cluster, "late")
    rows[6].delete()
    second = reader.get(first["next"].partition("/api/v1")[2]).json()
    assert [row["workload"]["name"] for row in second["results"]] == ["w4", "w2", "w0"]
    assert second["next"] is None
    back = reader.get(second["previous"].partition("/api/v1")[2]).json()
    assert [row["workload"]["name"] for row in back["results"]] == ["w5", "w3", "w1"]
    assert reader.get(back["next"].partition("/api/v1")[2]).json()["results"] == second["results"]
    before_it = reader.get(back["previous"].partition("/api/v1")[2]).json()
    assert [row["workload"]["name"] for row in before_it["results"]] == ["late"]


def test_a_cursor_of_another_ordering_is_refused(reader: Program, cluster: Cluster) -> None:
    for n in range(2):
        a_diagnosis(cluster, f"w{n}")
    link = reader.get("/diagnoses", page_size=1).json()["next"].partition("/api/v1")[2]
    assert "another ordering" in problem_of(reader.get(f"{link}&ordering=severity"), 400)["detail"]


def test_only_the_fields_that_are_asked_for(reader: Program, cluster: Cluster) -> None:
    row = a_diagnosis(cluster)
    assert reader.get("/diagnoses", fields="number,code").json()["results"] == [
        {"number": row.number, "code": "crash-config-env"}
    ]
    assert reader.get(path(row), fields="state").json() == {"state": "new"}


def test_a_list_costs_the_same_whatever_is_stored(reader: Program, django_assert_num_queries: Any) -> None:
    for n in range(30):
        a_diagnosis(a_cluster(f"c{n}"), f"w{n}")
    with django_assert_num_queries(3):  # The token, which page, its rows.
        assert len(names(reader.get("/diagnoses"))) == 30


def test_what_belongs_to_a_diagnosis(reader: Program, cluster: Cluster) -> None:
    row = a_diagnosis(cluster)
    other = resolved(a_cluster("prod-us"), "other")
    a_diagnosis(cluster, "web", code="image-not-found")
    a_kept_pod(row)
    a_kept_log(row, "starting", "KeyError")
    evidence = reader.get(path(row, "/evidence")).json()
    assert evidence["ruled_out"] == ["memory limit: the exit code is 1, not 137"]
    assert evidence["pods"][0]["gone_at"] is None
    assert evidence["pods"][0]["seen_at"]
    assert evidence["log"]["lines"] == ["starting", "KeyError"]
    occurrence = reader.get(path(row, "/occurrences")).json()["results"][0]
    assert (occurrence["ended_at"], occurrence["pods_peak"]) == (None, 1)
    assert [row["kind"] for row in reader.get(path(row, "/activity")).json()["results"]] == ["opened"]
    assert names(reader.get(path(row, "/similar"))) == [other.workload_name]


def test_who_has_it_already_is_told_so(reader: Program, cluster: Cluster) -> None:
    row = a_diagnosis(cluster)
    tag = reader.get(path(row))["ETag"]
    assert tag.startswith(f'"{row.uuid}-1-')
    assert reader.get(path(row), {"If-None-Match": tag}).status_code == 304
    Diagnosis.objects.filter(pk=row.pk).update(last_seen=timezone.now() + timedelta(minutes=1))
    assert reader.get(path(row), {"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize(
    ("action", "body", "told"),
    [
        ("acknowledge", {}, {"acknowledged_at": ...}),
        ("unacknowledge", {}, {"acknowledged_at": None}),
        ("snooze", {"until": IN_A_MONTH, "or_worse": True}, {"snoozed_until": IN_A_MONTH}),
        ("unsnooze", {}, {"snoozed_until": None}),
        ("assign", {"assignee": "ada"}, {"assignee": "ada"}),
        ("unassign", {}, {"assignee": None}),
        ("comment", {"text": "Rolled back."}, {}),
        ("resolve", {}, {"state": "resolved"}),
    ],
)
def test_people_change_it_by_program(
    responder: Program, cluster: Cluster, action: str, body: dict[str, Any], told: dict[str, Any]
) -> None:
    row = a_diagnosis(cluster)
    answer = responder.post(path(row, f"/{action}"), body)
    assert answer.status_code == 200, answer.content
    for name, value in told.items():
        assert answer.json()[name] == value or (value is ... and answer.json()[name])
    assert answer["ETag"].startswith(f'"{row.uuid}-2-')
    last = responder.get(path(row, "/activity")).json()["results"][0]
    assert last["actor"] == "ada"


def test_a_change_is_decided_upon_what_was_seen(responder: Program, cluster: Cluster) -> None:
    row = a_diagnosis(cluster)
    tag = responder.get(path(row))["ETag"]
    assert responder.post(path(row, "/acknowledge"), **{"if-match": tag}).status_code == 200
    problem_of(responder.post(path(row, "/resolve"), **{"if-match": tag}), 412)
    problem_of(responder.post(path(row, "/resolve"), **{"if-match": '"other"'}), 412)
    assert responder.post(path(row, "/resolve"), **{"if-match": "*"}).status_code == 200


@pytest.mark.parametrize(
    ("action", "body", "status"),
    [
        ("reopen", {}, 409),
        ("snooze", {"until": "2001-01-01T00:00:00Z"}, 409),
        ("snooze", {}, 400),
        ("assign", {"assignee": "nobody we know"}, 400),
        ("comment", {"text": "  "}, 400),
        ("comment", {"text": "a\0b"}, 400),
        ("comment", {"text": "x", "loud": True}, 400),
        ("comment", ["x"], 400),
    ],
)
def test_what_makes_no_sense_is_refused(
    responder: Program, cluster: Cluster, action: str, body: Any, status: int
) -> None:
    problem_of(responder.post(path(a_diagnosis(cluster), f"/{action}"), body), status)
    assert Diagnosis.objects.get().version == 1


def test_one_that_is_resolved_is_reopened(responder: Program, cluster: Cluster) -> None:
    row = resolved(cluster)
    assert responder.post(path(row, "/reopen")).json()["state"] == "regressed"


def test_what_does_not_exist_is_a_problem(responder: Program) -> None:
    missing = "/diagnoses/0f8c9a4e-7a60-4b5a-9f38-1d7e2f6f9a11"
    for path_ in (missing, f"{missing}/evidence", "/diagnoses/5", "/nothing", "/diagnoses/"):
        problem_of(responder.get(path_), 404)
    problem_of(responder.post(f"{missing}/acknowledge"), 404)
