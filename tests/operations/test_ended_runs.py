"""Runs of containers that have ended are kept, each once, longer than the pod and its logs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from diagnostics.demo.resources import Json
from diagnostics.demo.server import ClusterServer
from diagnostics.models import Cluster, EndedRun
from diagnostics.operations import keeping
from diagnostics.operations.ended_runs import ended_runs, runs_ended
from diagnostics.operations.witnesses import MOST
from diagnostics.snapshot.pods import Pod
from tests.clusters import pod
from tests.operations.watched import crashing_pod, followed, look_once, stamp
from tests.servers import wait_for

pytestmark = pytest.mark.django_db(transaction=True)

KILLED = {"exitCode": 137, "reason": "OOMKilled", "startedAt": "2026-11-23T03:00:00Z"}
FIRST, SECOND = (KILLED | {"finishedAt": f"2026-11-23T03:0{minute}:00Z"} for minute in (1, 2))
RUNNING = {"running": {"startedAt": "2026-11-23T03:03:00Z"}}


def with_status(restarts: int, state: Json, last: Json) -> Pod:
    found = pod("cart-1")
    found["status"]["containerStatuses"][0] |= {"restartCount": restarts, "state": state, "lastState": last}
    return msgspec.convert(found, Pod)


def waiting(reason: str) -> Json:
    return {"waiting": {"reason": reason}}


@pytest.mark.parametrize(
    ("restarts", "state", "last", "told"),
    [
        (1, RUNNING, {"terminated": FIRST}, {0}),
        (1, {"terminated": SECOND}, {"terminated": FIRST}, {0, 1}),
        (1, waiting("CrashLoopBackOff"), {"terminated": SECOND}, {1}),
        (2, waiting(""), {"terminated": SECOND}, {1}),  # Made, counted, and not started yet.
        (2, waiting("ContainerCreating"), {"terminated": SECOND}, {1}),
        (0, {"terminated": FIRST}, {}, {0}),
        (0, RUNNING, {"terminated": FIRST}, set()),  # The kubelet has lost count.
        (
            1,
            RUNNING,
            {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}},
            set(),
        ),  # It ended at no time.
        (0, RUNNING, {}, set()),
    ],
)
def test_which_run_it_was_that_ended(restarts: int, state: Json, last: Json, told: set[int]) -> None:
    found = with_status(restarts, state, last)

    assert {run.restart for run in ended_runs(found)} == told


def test_every_phase_of_a_crash_loop_tells_of_the_same_runs() -> None:
    ended = with_status(1, {"terminated": SECOND}, {"terminated": FIRST})
    waits = with_status(1, waiting("CrashLoopBackOff"), {"terminated": SECOND})
    runs_again = with_status(2, RUNNING, {"terminated": SECOND})

    assert ended_runs(waits) == ended_runs(runs_again) < ended_runs(ended)
    assert [runs_ended(found.status.container_statuses[0]) for found in (ended, waits, runs_again)] == [2, 2, 2]


def rows(**lookups: Any) -> list[tuple[str, int, str, int]]:
    found = EndedRun.objects.filter(**lookups).order_by("pod_uid", "restart")
    return list(found.values_list("workload_name", "restart", "reason", "exit_code"))


def restart(found: Json) -> None:
    """The container runs again, and is killed: of the watch, as of a slow reader, only the end is seen."""
    status = found["status"]["containerStatuses"][0]
    ended = {"exitCode": 137, "reason": "OOMKilled", "startedAt": stamp(5), "finishedAt": stamp(2)}
    status |= {"restartCount": status["restartCount"] + 1, "lastState": {"terminated": ended}}


def heal(found: Json) -> None:
    found["status"] = pod("cart-1")["status"]


@pytest.mark.usefixtures("prompt")
def test_runs_are_stored_as_they_end_and_outlive_their_pod(server: ClusterServer, cluster: Cluster) -> None:
    server.store.put("pods", crashing_pod("cart-1"))
    with followed(cluster):
        wait_for(lambda: rows() == [("cart-1", 4, "Error", 1)], "the run that ended before anybody looked")
        server.store.modify("pods", "shop", "cart-1", restart)
        wait_for(lambda: len(rows()) == 2, "the next one")
        server.store.modify("pods", "shop", "cart-1", heal)
        wait_for(lambda: not cluster.suspects.exists(), "a healthy pod")

    assert rows() == [("cart-1", 4, "Error", 1), ("cart-1", 5, "OOMKilled", 137)]
    run = EndedRun.objects.get(restart=4)
    assert (run.pod_uid, run.namespace, run.workload_kind, run.container) == ("uid-shop-cart-1", "shop", "Pod", "app")
    assert run.started_at is not None
    assert run.ended_at > run.started_at


def test_of_many_that_fail_alike_those_are_kept_whose_json_is(server: ClusterServer, cluster: Cluster) -> None:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "cart-6d9f", "uid": "r1", "controller": True}
    for n in range(MOST + 2):
        found = crashing_pod(f"cart-{n}")
        found["metadata"]["ownerReferences"] = [owner]
        server.store.put("pods", found)

    look_once(cluster)

    assert EndedRun.objects.count() == MOST


def test_what_is_known_already_is_not_written_again(server: ClusterServer, cluster: Cluster) -> None:
    server.store.put("pods", crashing_pod("cart-1"))
    look_once(cluster)
    server.store.modify("pods", "shop", "cart-1", lambda found: found["metadata"].update(labels={"seen": "again"}))
    picture = keeping.load(cluster, cluster.suspects.get().seen_at)
    held = picture.suspects["uid-shop-cart-1"]

    for expected in (1, 0):  # Whoever takes over writes it once more, and nothing comes of it.
        picture.unsaved.ended.clear()
        picture.hold(held.pod, b"{}")
        assert len(picture.unsaved.ended) == expected
    picture.hold(held.pod, b"{}")
    with CaptureQueriesContext(connection) as queries:
        keeping.save(cluster, picture)
    assert not any("endedrun" in query["sql"] for query in queries)
    assert len(rows()) == 1
