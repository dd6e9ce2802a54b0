"""Events, nodes, workloads, claims, names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from diagnostics.snapshot.objects import Claim, Event, Keyed, Node, StorageClass, Taint, Workload


def event(**fields: Any) -> Event:
    return msgspec.convert(fields, Event)


def minute(number: int) -> str:
    return f"2026-11-23T03:{number:02}:00Z"


TIMES = [
    ("series", {"count": 9, "lastObservedTime": minute(5)}),
    ("lastTimestamp", minute(4)),
    ("eventTime", minute(3)),
    ("firstTimestamp", minute(2)),
    ("metadata", {"creationTimestamp": minute(1)}),
]


@pytest.mark.parametrize("first", range(5))
def test_an_event_was_last_seen_at_the_first_time_that_is_set(first: int) -> None:
    assert event(**dict(TIMES[first:])).at == datetime(2026, 11, 23, 3, 5 - first, tzinfo=UTC)


def test_an_event_without_any_time() -> None:
    assert (event().at, event().since) == (None, None)


@pytest.mark.parametrize(("kept", "at"), [(TIMES[2:], 2), ([TIMES[2], TIMES[4]], 3), (TIMES[4:], 1)])
def test_an_event_was_first_seen_at_its_first_time(kept: list[tuple[str, Any]], at: int) -> None:
    assert event(**dict(kept)).since == datetime(2026, 11, 23, 3, at, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "times"),
    [({}, 1), ({"count": 7}, 7), ({"series": {"count": 125}}, 125), ({"count": 3, "series": {"count": 2}}, 3)],
)
def test_how_often_an_event_was_seen(fields: dict[str, Any], times: int) -> None:
    assert event(**fields).times == times


def test_the_prefix_of_aggregated_events_is_no_part_of_the_message() -> None:
    assert event(message="(combined from similar events): Back-off pulling image").text == "Back-off pulling image"
    assert event(message="Back-off pulling image").text == "Back-off pulling image"


def test_a_taint_is_written_as_kubectl_writes_it() -> None:
    assert str(Taint(key="dedicated", value="gpu", effect="NoSchedule")) == "dedicated=gpu:NoSchedule"
    assert (
        str(Taint(key="node.kubernetes.io/unreachable", effect="NoExecute"))
        == "node.kubernetes.io/unreachable:NoExecute"
    )


@pytest.mark.parametrize(
    ("conditions", "ready"),
    [([], False), ([{"type": "Ready", "status": "Unknown"}], False), ([{"type": "Ready", "status": "True"}], True)],
)
def test_a_node_is_ready_when_it_says_so(conditions: list[dict[str, str]], ready: bool) -> None:
    assert msgspec.convert({"status": {"conditions": conditions}}, Node).ready is ready


@pytest.mark.parametrize(
    ("document", "desired"),
    [
        ({"spec": {"replicas": 3}}, 3),
        ({"spec": {"replicas": 0}, "status": {"desiredNumberScheduled": 4}}, 0),
        ({"status": {"desiredNumberScheduled": 4}}, 4),
        ({"spec": {"parallelism": 2}}, 2),
        ({}, 0),
    ],
)
def test_how_many_pods_a_workload_should_have(document: dict[str, Any], desired: int) -> None:
    assert msgspec.convert(document, Workload).desired == desired


def test_how_many_pods_a_workload_has() -> None:
    deployment = msgspec.convert({"status": {"replicas": 3, "readyReplicas": 2}}, Workload).status
    daemon_set = msgspec.convert({"status": {"currentNumberScheduled": 5, "numberReady": 4}}, Workload).status
    assert [(one.pods, one.ready_pods) for one in (deployment, daemon_set)] == [(3, 2), (5, 4)]


def test_a_workloads_condition() -> None:
    document = {"status": {"conditions": [{"type": "Progressing", "status": "False"}]}}
    status = msgspec.convert(document, Workload).status
    found = status.condition("Progressing")
    assert found is not None
    assert found.false
    assert status.condition("Available") is None


@pytest.mark.parametrize(
    ("phase", "bound", "lost"), [("Bound", True, False), ("Lost", False, True), ("Pending", False, False)]
)
def test_the_phases_of_a_claim(phase: str, bound: bool, lost: bool) -> None:
    claim = msgspec.convert({"status": {"phase": phase}}, Claim)
    assert (claim.bound, claim.lost) == (bound, lost)


def test_a_claim_for_a_single_pod() -> None:
    modes = [["ReadWriteOncePod"], ["ReadWriteOnce"]]
    assert [msgspec.convert({"spec": {"accessModes": mode}}, Claim).single_pod for mode in modes] == [True, False]


def test_the_default_class_is_marked_by_an_annotation() -> None:
    annotations = {"storageclass.kubernetes.io/is-default-class": "true"}
    assert msgspec.convert({"metadata": {"annotations": annotations}}, StorageClass).default
    assert not StorageClass().default


def test_a_config_maps_keys_are_known_and_its_values_are_not_decoded() -> None:
    keyed = msgspec.json.decode(b'{"data": {"b.yaml": "x: [", "a": "1"}, "binaryData": {"c": "AAA="}}', type=Keyed)
    assert keyed.keys == ("a", "b.yaml", "c")
