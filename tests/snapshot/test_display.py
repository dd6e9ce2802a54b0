"""kubectl's STATUS, READY and RESTARTS: equal to what a real API server's own Table says, and its corner cases."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from diagnostics.snapshot.display import columns, display_status, restarts_column, short_duration
from diagnostics.snapshot.pods import LeanPod
from tests.subsets import BATCH, RANDOM, pruned

CAPTURE = json.loads((Path(__file__).parent / "captured" / "pods.json").read_bytes())
CAPTURED_AT = datetime.fromisoformat(CAPTURE["now"])


@pytest.mark.parametrize("row", CAPTURE["pods"], ids=lambda row: row["pod"]["metadata"]["name"])
def test_the_columns_are_the_api_servers_own(row: dict[str, Any]) -> None:
    shown = columns(msgspec.convert(row["pod"], LeanPod))
    printed = [f"{shown.ready}/{shown.total}", shown.status, restarts_column(shown, CAPTURED_AT)]
    assert printed == row["columns"]


def state(**fields: Any) -> dict[str, Any]:
    """The status of a container, by the one state that it is in."""
    ready = fields.pop("ready", False)
    return {"ready": ready, "started": fields.pop("started", None), "state": fields}


RUNNING: dict[str, Any] = {"running": {}}
DONE = {"terminated": {"exitCode": 0, "reason": "Completed"}}
FAILED = {"terminated": {"exitCode": 1, "reason": "Error"}}


def status_of(
    *main: dict[str, Any],
    init: list[dict[str, Any]] | None = None,
    sidecars: tuple[int, ...] = (),
    metadata: dict[str, Any] | None = None,
    **status: Any,
) -> LeanPod:
    """A pod with containers c0, c1... and init containers i0, i1... in these states."""
    init = init or []
    document = {
        "metadata": metadata or {},
        "spec": {
            "containers": [{"name": f"c{place}"} for place in range(len(main))],
            "initContainers": [
                {"name": f"i{place}", "restartPolicy": "Always" if place in sidecars else ""}
                for place in range(len(init))
            ],
        },
        "status": {
            "phase": "Running",
            "containerStatuses": [{"name": f"c{place}", **one} for place, one in enumerate(main)],
            "initContainerStatuses": [{"name": f"i{place}", **one} for place, one in enumerate(init)],
            **status,
        },
    }
    return msgspec.convert(document, LeanPod)


def conditions(**values: str) -> list[dict[str, str]]:
    return [{"type": type_, "status": value} for type_, value in values.items()]


@pytest.mark.parametrize(
    ("pod", "status"),
    [
        pytest.param(status_of(phase="Pending"), "Pending", id="the phase"),
        pytest.param(status_of(phase="Failed", reason="Evicted"), "Evicted", id="a reason of its own"),
        pytest.param(
            status_of(conditions=[{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]),
            "SchedulingGated",
            id="gated",
        ),
        pytest.param(status_of(state(waiting={"reason": "ErrImagePull"})), "ErrImagePull", id="waiting"),
        pytest.param(status_of(state(waiting={})), "Running", id="waiting without a reason"),
        pytest.param(status_of(state(terminated={"exitCode": 3})), "ExitCode:3", id="ended without a reason"),
        pytest.param(status_of(state(terminated={"signal": 9, "exitCode": 137})), "Signal:9", id="by a signal"),
        pytest.param(status_of(state(**FAILED), state(waiting={"reason": "X"})), "Error", id="the first bad one"),
        pytest.param(
            status_of(state(**DONE), state(ready=True, **RUNNING), conditions=conditions(Ready="True")),
            "Running",
            id="done beside a running one, ready",
        ),
        pytest.param(
            status_of(state(**DONE), state(ready=True, **RUNNING), conditions=conditions(Ready="False")),
            "NotReady",
            id="done beside a running one, not ready",
        ),
        pytest.param(
            status_of(state(**DONE), state(**FAILED)), "Error", id="a failed sibling is not hidden by a completed one"
        ),
        pytest.param(status_of(state(**DONE), phase="Succeeded"), "Completed", id="all done"),
        pytest.param(status_of(init=[state(**FAILED)]), "Init:Error", id="init failed"),
        pytest.param(
            status_of(init=[state(terminated={"signal": 9, "exitCode": 1})]), "Init:Signal:9", id="init, signal"
        ),
        pytest.param(status_of(init=[state(terminated={"exitCode": 2})]), "Init:ExitCode:2", id="init, exit code"),
        pytest.param(
            status_of(init=[state(**DONE), state(waiting={"reason": "CrashLoopBackOff"})]),
            "Init:CrashLoopBackOff",
            id="init waits",
        ),
        pytest.param(
            status_of(init=[state(**DONE), state(waiting={"reason": "PodInitializing"})]), "Init:1/2", id="init is next"
        ),
        pytest.param(status_of(init=[state(**RUNNING)]), "Init:0/1", id="init runs"),
        pytest.param(
            status_of(state(ready=True, **RUNNING), init=[state(started=True, **RUNNING)], sidecars=(0,)),
            "Running",
            id="a started sidecar does not hold the pod up",
        ),
        pytest.param(
            status_of(
                state(waiting={"reason": "CrashLoopBackOff"}),
                init=[state(**RUNNING)],
                sidecars=(0,),
                conditions=conditions(Initialized="True"),
            ),
            "CrashLoopBackOff",
            id="a sidecar that restarts after the pod was initialized",
        ),
        pytest.param(
            status_of(metadata={"deletionTimestamp": "2026-11-23T03:00:00Z"}), "Terminating", id="being deleted"
        ),
        pytest.param(
            status_of(metadata={"deletionTimestamp": "2026-11-23T03:00:00Z"}, reason="NodeLost"),
            "Unknown",
            id="being deleted on a lost node",
        ),
        pytest.param(
            status_of(state(**DONE), metadata={"deletionTimestamp": "2026-11-23T03:00:00Z"}, phase="Succeeded"),
            "Completed",
            id="being deleted when it was over",
        ),
    ],
)
def test_status(pod: LeanPod, status: str) -> None:
    assert display_status(pod) == status


def test_ready_counts_sidecars_beside_main_containers() -> None:
    pod = status_of(
        state(ready=True, **RUNNING),
        state(ready=False, **RUNNING),
        init=[state(**DONE), state(started=True, ready=True, **RUNNING)],
        sidecars=(1,),
    )
    shown = columns(pod)
    assert (shown.ready, shown.total) == (2, 3)


def restarted(count: int, at: str | None = None) -> dict[str, Any]:
    last = {"terminated": {"exitCode": 1, **({"finishedAt": at} if at else {})}}
    return {"restartCount": count, "lastState": last, "state": RUNNING, "ready": True}


def test_restarts_are_those_of_the_containers_that_run_now() -> None:
    running = status_of(restarted(2), init=[{**restarted(5), "state": DONE}])
    initializing = status_of({"restartCount": 0}, init=[restarted(5)])
    assert (columns(running).restarts, columns(initializing).restarts) == (2, 5)


def test_the_age_of_restarts_is_that_of_the_newest() -> None:
    pod = status_of(restarted(2, "2026-11-23T03:00:00Z"), restarted(1, "2026-11-23T03:10:00Z"), restarted(1))
    assert restarts_column(columns(pod), datetime(2026, 11, 23, 3, 15, 30, tzinfo=UTC)) == "4 (5m30s ago)"


@pytest.mark.parametrize(("pod", "printed"), [(status_of(), "0"), (status_of(restarted(3)), "3")])
def test_restarts_without_an_age(pod: LeanPod, printed: str) -> None:
    assert restarts_column(columns(pod), CAPTURED_AT) == printed


@pytest.mark.parametrize(
    ("elapsed", "written"),
    [
        ({"seconds": -5}, "<invalid>"),
        ({"seconds": -1}, "0s"),
        ({"seconds": 0}, "0s"),
        ({"seconds": 119}, "119s"),
        ({"seconds": 120}, "2m"),
        ({"minutes": 6, "seconds": 9}, "6m9s"),
        ({"minutes": 10, "seconds": 59}, "10m"),
        ({"minutes": 179}, "179m"),
        ({"hours": 3}, "3h"),
        ({"hours": 3, "minutes": 12}, "3h12m"),
        ({"hours": 8, "minutes": 59}, "8h"),
        ({"hours": 47}, "47h"),
        ({"hours": 48}, "2d"),
        ({"days": 2, "hours": 4}, "2d4h"),
        ({"days": 8, "hours": 4}, "8d"),
        ({"days": 729}, "729d"),
        ({"days": 730}, "2y"),
        ({"days": 760}, "2y30d"),
        ({"days": 2920}, "8y"),
    ],
)
def test_short_duration(elapsed: dict[str, int], written: str) -> None:
    assert short_duration(timedelta(**elapsed)) == written


@settings(max_examples=25, deadline=None)
@given(RANDOM)
def test_any_subset_of_fields_is_malformed_or_shown(random: Random) -> None:
    for _ in range(BATCH):
        row, dropped = random.choice(CAPTURE["pods"]), {random.randint(1, 60) for _ in range(random.randrange(20))}
        try:
            pod = msgspec.convert(pruned(row["pod"], dropped), LeanPod)
        except msgspec.ValidationError:
            continue
        shown = columns(pod)
        assert shown.status or not pod.status.phase
        assert restarts_column(shown, CAPTURED_AT)
