"""Small clusters for the scheduling tests: nodes, what is booked on them, and one pod that waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from diagnostics.rules.model import Finding
from diagnostics.rules.scheduling import unscheduled
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import Booking, Snapshot
from diagnostics.snapshot.objects import Event, Node, Workload
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.pods import LeanPod, Pod
from diagnostics.snapshot.quantities import parse

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SINCE = "2026-11-23T03:30:00Z"
CONTROL_PLANE = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
POOL = {"key": "dedicated", "value": "batch", "effect": "NoSchedule"}


def node(
    name: str,
    *taints: Mapping[str, str],
    labels: Mapping[str, str] | None = None,
    cordoned: bool = False,
    **allocatable: str,
) -> Node:
    """A node with 4 CPUs and 8Gi unless said otherwise."""
    return msgspec.convert(
        {
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
            "spec": {"unschedulable": cordoned, "taints": list(taints)},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110", **allocatable}},
        },
        Node,
    )


def pod(
    message: str | None, reason: str = "Unschedulable", requests: Mapping[str, str] | None = None, **spec: Any
) -> Pod:
    """The pod `web-0` of StatefulSet `web`: pending, with that PodScheduled condition unless the message is None."""
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": reason,
        "message": message,
        "lastTransitionTime": SINCE,
    }
    container = {"name": "app", "resources": {"requests": dict(requests or {})}}
    return msgspec.convert(
        {
            "metadata": {"name": "web-0", "namespace": "shop", "uid": "u", "labels": {"app": "web"}},
            "spec": {"containers": [container], **spec},
            "status": {"phase": "Pending", "conditions": [] if message is None else [condition]},
        },
        Pod,
    )


def cluster(
    *nodes: Node, booked: Mapping[str, Mapping[str, str]] | None = None, replicas: int | None = None
) -> Snapshot:
    """A snapshot of these nodes; `booked` says what pods request of each, `replicas` how many `web` should have."""
    snapshot = Snapshot(cluster="lab", now=NOW, nodes={node.metadata.name: node for node in nodes})
    for name, requests in (booked or {}).items():
        amounts = {resource: parse(amount) for resource, amount in requests.items()}
        pods = int(amounts.pop("pods", parse(1)))
        snapshot.bookings[name] = Booking(requests=amounts, pods=pods)
    if replicas is not None:
        snapshot.statefulsets["shop", "web"] = msgspec.convert({"spec": {"replicas": replicas}}, Workload)
    return snapshot


def running(snapshot: Snapshot, name: str, on: str, **parts: Any) -> None:
    """Counts a healthy pod of Deployment `name` (of no controller if that ends in a digit) as a sweep would.

    `labels`, `namespace` and `requests` are its own; whatever else is given is part of its spec.
    """
    owners = [] if name[-1].isdigit() else [{"kind": "Deployment", "name": name, "controller": True}]
    labels, namespace = parts.pop("labels", {"app": name}), parts.pop("namespace", "shop")
    container = {"name": "app", "resources": {"requests": parts.pop("requests", {})}, "ports": parts.pop("ports", [])}
    document = {
        "metadata": {"name": name, "namespace": namespace, "labels": labels, "ownerReferences": owners},
        "spec": {"nodeName": on, "containers": [container], **parts},
        "status": {"phase": "Running"},
    }
    snapshot.count(msgspec.convert(document, LeanPod))


def event(reason: str, message: str, at: str = SINCE, component: str = "default-scheduler") -> Event:
    """An event about `web-0`."""
    return msgspec.convert(
        {
            "involvedObject": {"kind": "Pod", "name": "web-0", "uid": "u"},
            "reason": reason,
            "message": message,
            "lastTimestamp": at,
            "reportingComponent": component,
        },
        Event,
    )


def findings(snapshot: Snapshot, waiting: Pod, events: Sequence[Event] = ()) -> list[Finding]:
    """What the scheduling check says of the pod."""
    snapshot.suspects.append(waiting)
    snapshot.add_events(events)
    workload = WorkloadRef(kind="StatefulSet", name="web", namespace="shop")
    return list(unscheduled.judge(Suspect(snapshot, waiting, workload)))


def finding(snapshot: Snapshot, waiting: Pod, events: Sequence[Event] = ()) -> Finding:
    """The only thing that it says."""
    (only,) = findings(snapshot, waiting, events)
    return only
