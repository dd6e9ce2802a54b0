"""Which workloads lack pods."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from diagnostics.rules.shortage import gap, short
from diagnostics.rules.subject import ObjectView
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.objects import CronJob, Event, Workload
from diagnostics.snapshot.owners import WorkloadRef

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def view(kind: str, *events: Event, **parts: Any) -> ObjectView[Any]:
    item = msgspec.convert({"metadata": {"name": "w", "uid": "w"}, **parts}, CronJob if kind == "CronJob" else Workload)
    snapshot = Snapshot(cluster="lab", now=NOW)
    snapshot.add_events(events)
    return ObjectView(snapshot, kind, item, WorkloadRef(kind=kind, name="w"))


@pytest.mark.parametrize(
    ("kind", "spec", "status", "expected"),
    [
        ("Deployment", {"replicas": 2}, {"replicas": 3, "updatedReplicas": 2, "readyReplicas": 2}, False),
        ("Deployment", {"replicas": 2}, {"replicas": 3, "updatedReplicas": 1, "readyReplicas": 2}, True),
        ("StatefulSet", {"replicas": 2}, {"replicas": 2, "readyReplicas": 1}, True),
        ("DaemonSet", {}, {"desiredNumberScheduled": 2, "currentNumberScheduled": 2, "numberReady": 2}, False),
        ("ReplicaSet", {"replicas": 0}, {}, False),
        ("Job", {"parallelism": 1}, {"active": 1}, False),
        ("Job", {"parallelism": 2}, {"active": 1}, True),
    ],
)
def test_short(kind: str, spec: dict[str, Any], status: dict[str, Any], expected: bool) -> None:
    assert short(view(kind, spec=spec, status=status)) is expected


def test_a_cron_job_is_short_when_it_could_not_make_a_job() -> None:
    refused = msgspec.convert({"involvedObject": {"kind": "CronJob", "uid": "w"}, "reason": "FailedCreate"}, Event)
    assert short(view("CronJob", refused))
    assert not short(view("CronJob"))


def test_more_than_enough_is_no_gap() -> None:
    assert gap(view("StatefulSet", spec={"replicas": 1}, status={"replicas": 3})) == (0, 1)
