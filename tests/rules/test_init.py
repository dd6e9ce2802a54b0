from __future__ import annotations

from typing import Any

import pytest

from diagnostics.rules.dependencies.names import service_of
from diagnostics.rules.init import init_failed, init_running, sidecar_not_started, wants_log
from diagnostics.rules.init.waiting import LOOKED_AT, awaited
from diagnostics.rules.model import Confidence
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import ContainerLog
from tests.rules.pods import codes, event, found, pod, suspect, waiting

RUNNING = {"running": {"startedAt": "2026-11-23T03:50:00Z"}}
FAILED = {"exitCode": 1, "reason": "Error", "startedAt": "2026-11-23T03:58:00Z", "finishedAt": "2026-11-23T03:58:01Z"}


def init(state: dict[str, Any], *lines: str, status: Any = None, events: Any = (), **container: Any) -> Suspect:
    """A pod whose init container prepare is in that state and wrote those lines."""
    document = pod(waiting("PodInitializing"))
    document["spec"]["initContainers"] = [{"name": "prepare", "image": "tools:1", **container}]
    document["status"]["initContainerStatuses"] = [{"name": "prepare", "state": state, **(status or {})}]
    log = ContainerLog(lines=lines, missing="" if lines else "forbidden")
    return suspect(document, events, logs={("u1", "prepare"): log})


@pytest.mark.parametrize(
    ("state", "status", "expected"),
    [
        ({"terminated": FAILED}, {}, ["init-failed"]),
        (waiting("CrashLoopBackOff"), {"lastState": {"terminated": FAILED}}, ["init-failed"]),
        (RUNNING, {"lastState": {"terminated": FAILED}, "restartCount": 3}, ["init-failed"]),
        (waiting("ImagePullBackOff"), {"lastState": {"terminated": FAILED}}, []),
        ({"terminated": {"exitCode": 0, "reason": "Completed"}}, {}, []),
        ({"terminated": {**FAILED, "reason": "OOMKilled", "exitCode": 137}}, {}, []),
        (waiting("PodInitializing"), {}, []),
    ],
)
def test_an_init_container_failed_if_its_latest_run_did(state: Any, status: Any, expected: list[str]) -> None:
    assert codes(init_failed, init(state, status=status)) == expected


def test_a_failure_before_a_long_run_is_history() -> None:
    long_ago = {**FAILED, "finishedAt": "2026-11-23T03:00:00Z"}
    assert codes(init_failed, init(RUNNING, status={"lastState": {"terminated": long_ago}, "restartCount": 1})) == []


def test_it_counts_as_failing_since_the_first_end_or_back_off_that_is_known() -> None:
    first = event("BackOff", "Back-off restarting failed container prepare", firstTimestamp="2026-11-23T03:40:00Z")
    first["involvedObject"]["fieldPath"] = "spec.initContainers{prepare}"
    (finding,) = found(init_failed, init({"terminated": FAILED}, events=[first]))
    assert f"{finding.since:%H:%M}" == "03:40"


def test_evicted_and_deleted_pods_are_left_alone() -> None:
    for change in ({"status": {"reason": "Evicted"}}, {"metadata": {"deletionTimestamp": "2026-11-23T03:59:00Z"}}):
        document = pod(waiting("PodInitializing"))
        document["spec"]["initContainers"] = [{"name": "prepare"}, {"name": "proxy", "restartPolicy": "Always"}]
        document["status"]["initContainerStatuses"] = [{"name": "prepare", "state": {"terminated": FAILED}}]
        for part, fields in change.items():
            document[part] |= fields
        assert codes(init_failed, suspect(document)) == []


def test_one_that_runs_is_told_with_its_last_line() -> None:
    (finding,) = found(init_running, init(RUNNING, "copying", "half done "))
    assert finding.rule.code == "init-running-long"
    assert finding.params["said"] == 'It said last: "half done".'
    assert (finding.evidence[1].path, finding.evidence[1].value) == ("log, line 2 of 2", "half done")


def test_one_that_runs_without_a_log_says_why_there_is_none() -> None:
    (finding,) = found(init_running, init({"running": {}}))
    assert finding.params["said"] == "It has written nothing (forbidden)."
    assert finding.params["began"] == "an unknown time"


@pytest.mark.parametrize(
    ("line", "host", "service"),
    [
        ("waiting for orders-db", "orders-db", ("shop", "orders-db")),
        ("Waiting for the service orders-db:5432 ...", "orders-db", ("shop", "orders-db")),
        ("nslookup: can't resolve 'orders-db'", "orders-db", ("shop", "orders-db")),
        (
            "** server can't find orders-db.data.svc.cluster.local: NXDOMAIN",
            "orders-db.data.svc.cluster.local",
            ("data", "orders-db"),
        ),
        ("curl: (6) Could not resolve host: api.example.com", "api.example.com", None),
        ("nc: bad address 'orders-db'", "orders-db", ("shop", "orders-db")),
        ("connection to orders-db (10.0.0.3) 5432 refused", "orders-db", ("shop", "orders-db")),
        ("orders-db:5432 - no response", "orders-db", ("shop", "orders-db")),
        ("Postgres is unavailable - sleeping", "postgres", ("shop", "postgres")),
        ("lookup orders-db on 10.0.0.10:53: no such host", "orders-db", ("shop", "orders-db")),
    ],
)
def test_a_line_that_repeats_names_whom_it_waits_for(line: str, host: str, service: Any) -> None:
    told = awaited([line] * 3)
    assert told is not None
    assert (told.host, service_of(told.host, "shop", {})) == (host, service)


@pytest.mark.parametrize(
    "lines",
    [
        ["waiting for orders-db"] * 2,
        ["waiting for the lock"] * 9,
        ["waiting for 10.0.0.3"] * 9,
        ["copying files"] * 9,
        [],
        ["waiting for orders-db"] * 9 + ["working"] * LOOKED_AT,
    ],
)
def test_what_does_not_repeat_a_name_waits_for_nobody(lines: list[str]) -> None:
    assert awaited(lines) is None


def test_the_name_that_comes_back_most_often_is_the_one() -> None:
    told = awaited(["waiting for cache-a"] * 3 + ["waiting for queue-b"] * 5 + ["done with that"])
    assert told is not None
    assert (told.host, told.times, told.number) == ("queue-b", 5, 8)


def test_a_plain_word_is_believed_if_the_command_holds_it() -> None:
    lines = ["waiting for postgres"] * 3
    _, guess = found(init_running, init(RUNNING, *lines))
    _, sure = found(
        init_running, init(RUNNING, *lines, command=["sh", "-c", "until nc -z postgres 5432; do sleep 1; done"])
    )
    assert (guess.confidence, guess.params["hedge"]) == (Confidence.POSSIBLE, "Possibly: ")
    assert (sure.confidence, sure.params["hedge"]) == (Confidence.LIKELY, "")


def test_a_host_outside_the_cluster_is_no_service() -> None:
    _, finding = found(init_running, init(RUNNING, *["waiting for api.example.com"] * 3, args=["x"]))
    assert finding.offender is not None
    assert (finding.offender.kind, finding.offender.path) == (
        "Deployment",
        "spec.template.spec.initContainers[prepare].args",
    )
    assert finding.params["service"] is None


@pytest.mark.parametrize(
    ("container", "events", "said"),
    [
        ({"startupProbe": {"tcpSocket": {"port": 1}}}, [], "Its startup probe has not succeeded yet."),
        ({}, [], "It has no startup probe, so its postStart hook has not ended."),
        (
            {"startupProbe": {}},
            [event("Unhealthy", "Startup probe failed: refused. ")],
            "Startup probe failed: refused.",
        ),
    ],
)
def test_a_sidecar_that_does_not_start_says_what_holds_it(container: Any, events: list[Any], said: str) -> None:
    for about in events:
        about["involvedObject"]["fieldPath"] = "spec.initContainers{prepare}"
    of = init(RUNNING, restartPolicy="Always", status={"started": False}, events=events, **container)
    (finding,) = found(sidecar_not_started, of)
    assert finding.params["probe"] == said


def test_a_sidecar_is_neither_a_long_running_nor_a_failed_init_container() -> None:
    started = init(RUNNING, restartPolicy="Always", status={"started": True})
    failed = init({"terminated": FAILED}, restartPolicy="Always")
    assert codes(sidecar_not_started, started) == codes(init_running, started) == codes(init_failed, failed) == []
    assert [wants_log(container) for container in started.containers] == [False, False]


@pytest.mark.parametrize("check", [init_failed, init_running, sidecar_not_started])
def test_a_pod_that_goes_away_is_left_alone(check: Any) -> None:
    document = pod(waiting("PodInitializing"))
    document["metadata"]["deletionTimestamp"] = "2026-11-23T03:59:00Z"
    assert codes(check, suspect(document)) == []
