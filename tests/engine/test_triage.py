"""Which pods deserve a closer look."""

from __future__ import annotations

from typing import Any

import pytest

from diagnostics.engine import EVER, suspicious
from tests.engine.building import NOW, pod


def healthy(document: dict[str, Any]) -> None:
    """Ready, both containers running, no restarts."""
    document["status"]["conditions"][0]["status"] = "True"
    for status in document["status"]["containerStatuses"]:
        status |= {"ready": True, "restartCount": 0}


def test_a_healthy_pod_is_quiet() -> None:
    """Nothing to see."""
    assert not suspicious(pod(change=healthy), NOW)


@pytest.mark.parametrize("phase", ["Pending", "Failed", "Unknown", ""])
def test_any_phase_but_running_and_succeeded_is_suspicious(phase: str) -> None:
    """Pending and failed pods are, and so is a phase we do not know."""

    def change(document: dict[str, Any]) -> None:
        healthy(document)
        document["status"]["phase"] = phase

    assert suspicious(pod(change=change), NOW)


def test_a_completed_pod_is_quiet_whatever_its_containers_say() -> None:
    """A Job's pod whose sidecar was killed after the work was done has succeeded."""

    def change(document: dict[str, Any]) -> None:
        document["status"]["phase"] = "Succeeded"
        document["status"]["containerStatuses"][1]["state"] = {"terminated": {"exitCode": 137}}

    assert not suspicious(pod(change=change), NOW)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["metadata"].update(deletionTimestamp="2026-11-23T03:59:00Z"),
        lambda d: d["status"]["conditions"][0].update(status="False"),
        lambda d: d["status"]["conditions"][0].update(status="Unknown"),
        lambda d: d["status"].update(conditions=[]),
        lambda d: d["status"]["conditions"].append({"type": "PodResizePending", "reason": "Infeasible"}),
        lambda d: d["status"]["conditions"].append({"type": "PodResizeInProgress", "reason": "Error"}),
        lambda d: d["status"].update(resize="Deferred"),
        lambda d: d["status"]["containerStatuses"][0].update(state={"waiting": {"reason": "CrashLoopBackOff"}}),
        lambda d: d["status"]["containerStatuses"][0].update(state={"terminated": {"exitCode": 0}}),
        lambda d: d["status"]["containerStatuses"][0].update(
            restartCount=1, lastState={"terminated": {"finishedAt": "2026-11-23T03:30:00Z"}}
        ),
        lambda d: d["status"]["containerStatuses"][0].update(restartCount=1, lastState={"terminated": {}}),
    ],
    ids=[
        "terminating",
        "not ready",
        "unknown",
        "no condition",
        "resize refused",
        "resize fails",
        "resize refused as of old",
        "waiting",
        "ended",
        "restarted",
        "restarted sometime",
    ],
)
def test_suspicious(change: Any) -> None:
    """Each of these alone makes a healthy pod suspicious."""

    def on_top(document: dict[str, Any]) -> None:
        healthy(document)
        change(document)

    assert suspicious(pod(change=on_top), NOW)


def test_old_restarts_are_history() -> None:
    """They are looked at only by a reader who asks for history."""

    def change(document: dict[str, Any]) -> None:
        healthy(document)
        document["status"]["containerStatuses"][0] |= {
            "restartCount": 7,
            "lastState": {"terminated": {"exitCode": 1, "finishedAt": "2026-11-20T03:30:00Z"}},
        }

    restarted = pod(change=change)
    assert not suspicious(restarted, NOW)
    assert suspicious(restarted, NOW, restarted_within=EVER)


def test_other_conditions_do_not_stand_in_for_readiness() -> None:
    """Ready is found wherever it stands among the conditions."""

    def change(document: dict[str, Any]) -> None:
        healthy(document)
        document["status"]["conditions"].insert(0, {"type": "PodScheduled", "status": "False"})

    assert not suspicious(pod(change=change), NOW)


@pytest.mark.parametrize(
    ("started", "ready", "expected"),
    [
        ("2026-11-23T03:00:00Z", "2026-11-23T03:55:00Z", True),
        ("2026-11-23T03:00:00Z", "2026-11-23T03:49:00Z", False),
        ("2026-11-23T03:50:00Z", "2026-11-23T03:55:00Z", False),
        (None, "2026-11-23T03:55:00Z", False),
        ("2026-11-23T03:00:00Z", None, False),
    ],
    ids=["ready again lately", "for longer than ten minutes", "has only started", "start unknown", "since unknown"],
)
def test_ready_again(started: str | None, ready: str | None, expected: bool) -> None:
    """A pod that became ready lately, though its containers run for long, may not stay so."""

    def change(document: dict[str, Any]) -> None:
        healthy(document)
        document["status"]["conditions"][0]["lastTransitionTime"] = ready
        for status in document["status"]["containerStatuses"]:
            status["state"] = {"running": {"startedAt": started}}

    assert suspicious(pod(change=change), NOW) is expected


def test_a_resize_on_its_way_is_no_trouble() -> None:
    """The condition has a reason only when something holds it up."""

    def change(document: dict[str, Any]) -> None:
        healthy(document)
        document["status"]["conditions"].append({"type": "PodResizeInProgress", "status": "True"})

    assert not suspicious(pod(change=change), NOW)
