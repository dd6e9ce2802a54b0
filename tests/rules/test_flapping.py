"""Ready by turns, or only once unready: told by counts and times alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from diagnostics.rules.probes import liveness_as_written, ready_by_turns
from diagnostics.rules.suspect import Suspect
from tests.rules.crashing import at, codes, event, suspect

PROBE = {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 5, "failureThreshold": 3}
FAILED = "Readiness probe failed: HTTP probe failed with statuscode: 503"


def pod(
    failures: int = 40, began: float = 20, last: float = 1, *, ready: bool = True, turned: float = 3, **more: Any
) -> Suspect:
    """A pod that has run for two hours; the numbers but the first are minutes ago."""
    running = {"running": {"startedAt": at(minutes=more.pop("started", 120))}}
    failed = event(
        "Unhealthy", FAILED, count=failures, firstTimestamp=at(minutes=began), lastTimestamp=at(minutes=last)
    )
    return suspect(
        {"name": "app", "ready": ready, "started": True, "state": running, **more.pop("status", {})},
        containers=[{"name": "app", "readinessProbe": PROBE}],
        events=[failed],
        conditions=[{"type": "Ready", "status": str(ready), "lastTransitionTime": at(minutes=turned)}],
        **more,
    )


@pytest.mark.parametrize(
    "flapping",
    [
        pod(),
        pod(ready=False, turned=1),
        pod(failures=9),
        pod(failures=60, began=60),
    ],
    ids=["ready now", "unready now", "just often enough", "for an hour, as often in each half"],
)
def test_is_ready_by_turns(flapping: Suspect) -> None:
    assert codes(ready_by_turns, flapping) == ["ready-flapping"]


@pytest.mark.parametrize(
    "steady",
    [
        pod(failures=8),
        pod(failures=40, began=150, started=300),
        pod(last=4),
        pod(turned=11),
        pod(last=11, turned=9),
        pod(failures=230),
        pod(failures=28),
        pod(ready=False, turned=1, began=1.2),
        pod(started=20),
        pod(metadata={"deletionTimestamp": at(minutes=1)}),
        pod(status={"state": {"waiting": {}}}),
    ],
    ids=[
        "unready twice at most",
        "as often, but over hours",
        "nothing failed since it came back",
        "ready for longer than ten minutes",
        "nothing failed for ten minutes",
        "one outage, each probe counted",
        "one outage, as the recorder lets it through",
        "unready for the first time",
        "failed while it started",
        "going away",
        "not running",
    ],
)
def test_is_steady(steady: Suspect) -> None:
    assert codes(ready_by_turns, steady) == []


def test_without_a_time_nothing_is_concluded() -> None:
    of = pod()
    assert codes(ready_by_turns, of) == ["ready-flapping"]
    for conditions in ([], [{"type": "Ready", "status": "True"}]):
        unknown = suspect(
            {"name": "app", "ready": True, "state": {"running": {"startedAt": at(hours=2)}}},
            containers=[{"name": "app", "readinessProbe": PROBE}],
            events=[event("Unhealthy", FAILED, count=40, firstTimestamp=at(minutes=20))],
            conditions=conditions,
        )
        assert codes(ready_by_turns, unknown) == []


LIVENESS = {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 5, "failureThreshold": 2}


def killed(said: str, ran: float = 12, ago: float = 60, **container: Any) -> Suspect:
    """A pod whose liveness probe killed its container that many seconds after its start."""
    times = {"startedAt": at(seconds=ago + ran), "finishedAt": at(seconds=ago - 2)}
    return suspect(
        {"name": "app", "state": {"running": {"startedAt": at(seconds=30)}}, "lastState": {"terminated": times}},
        containers=[{"name": "app", "livenessProbe": LIVENESS, **container}],
        events=[
            event("Unhealthy", f"Liveness probe failed: {said}", ago=ago),
            event("Killing", "Container app failed liveness probe, will be restarted", ago=ago),
        ],
    )


REFUSED = "dial tcp 10.0.0.1:8080: connect: connection refused"
BUSY = "HTTP probe failed with statuscode: 503"


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (killed(BUSY, readinessProbe=PROBE), ["probe-liveness-equals-readiness"]),
        (killed(BUSY), []),
        (killed(REFUSED), ["probe-budget"]),
        (killed(REFUSED, ran=17), []),
        (killed(REFUSED, ran=4), []),
        (killed(REFUSED, ports=[{"containerPort": 9090}]), []),
        (killed(REFUSED, ago=timedelta(hours=2).total_seconds()), []),
    ],
    ids=[
        "the same, overloaded",
        "no readiness probe",
        "killed as soon as possible",
        "killed later",
        "an earlier run was killed",
        "listens elsewhere",
        "long ago",
    ],
)
def test_liveness_as_it_is_written(of: Suspect, expected: list[str]) -> None:
    assert codes(liveness_as_written, of) == expected
