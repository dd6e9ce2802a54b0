"""One failing pod for the crash, probe and eviction tests: Deployment cart in namespace shop, container app."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from diagnostics.rules.model import Check, Finding
from diagnostics.rules.suspect import ContainerView, Suspect
from diagnostics.snapshot.cluster import ContainerLog, Snapshot, Unavailable
from diagnostics.snapshot.objects import Event, Node, Workload
from diagnostics.snapshot.pods import Pod

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
UID = "0b6f6a0e-3f7e-4f7b-9c41-000000000001"
NAME = "cart-6d9f8c7b5-x1z2y"
OWNER = {"kind": "ReplicaSet", "name": "cart-6d9f8c7b5", "uid": "rs", "controller": True}


def at(**ago: float) -> str:
    """That long ago, as the API writes it: `at(minutes=2)`."""
    return (NOW - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def ended(code: int = 1, reason: str = "Error", ran: float = 1, ago: float = 60, **more: Any) -> dict[str, Any]:
    """`terminated` of a run that lasted `ran` seconds and ended `ago` seconds ago."""
    times = {"startedAt": at(seconds=ago + ran), "finishedAt": at(seconds=ago)}
    return {"exitCode": code, "reason": reason, **times, **more}


def status(
    end: Mapping[str, Any] | None = None, *, now: str = "terminated", restarts: int = 5, **more: Any
) -> dict[str, Any]:
    """A container status: its latest run ended like that, and `now` it is terminated, waiting or running."""
    made: dict[str, Any] = {"name": "app", "restartCount": restarts, "ready": False, "started": False}
    if now == "terminated":
        made["state"] = {"terminated": end}
    else:
        waiting, running = {"waiting": {"reason": "CrashLoopBackOff"}}, {"running": {"startedAt": at(seconds=30)}}
        made |= {"state": waiting if now == "waiting" else running, "lastState": {"terminated": end} if end else {}}
    return {**made, **more}


def event(reason: str, message: str, *, ago: float = 60, container: str | None = "app", **more: Any) -> dict[str, Any]:
    """An event about the container, or about the pod if `container` is None, last seen `ago` seconds ago."""
    path = {"fieldPath": f"spec.containers{{{container}}}"} if container else {}
    return {
        "involvedObject": {"kind": "Pod", "name": NAME, "namespace": "shop", "uid": UID, **path},
        "reason": reason,
        "message": message,
        "firstTimestamp": at(seconds=ago),
        "lastTimestamp": at(seconds=ago),
        **more,
    }


def node_event(reason: str, *, ago: float = 60, **involved: str) -> dict[str, Any]:
    """An event about node n1, without a uid as the kubelet writes it."""
    return {**event(reason, f"{reason} of n1", ago=ago), "involvedObject": {"kind": "Node", "name": "n1", **involved}}


def suspect(
    *statuses: Mapping[str, Any],
    spec: Mapping[str, Any] | None = None,
    containers: Sequence[Mapping[str, Any]] = ({"name": "app"},),
    events: Sequence[Mapping[str, Any]] = (),
    log: Sequence[str] | str | None = None,
    previous: bool = False,
    metadata: Mapping[str, Any] | None = None,
    unread: Sequence[str] = (),
    **pod_status: Any,
) -> Suspect:
    """The pod with those container statuses; `log` is container app's lines, or why there is none."""
    document = {
        "metadata": {"name": NAME, "namespace": "shop", "uid": UID, "ownerReferences": [OWNER], **(metadata or {})},
        "spec": {"nodeName": "n1", "containers": list(containers), **(spec or {})},
        "status": {
            "phase": "Running",
            "startTime": at(minutes=10),
            "containerStatuses": list(statuses),
            **pod_status,
        },
    }
    pod = msgspec.convert(document, Pod)
    snapshot = Snapshot(cluster="lab", now=NOW, suspects=[pod])
    snapshot.deployments[("shop", "cart")] = Workload()
    snapshot.nodes["n1"] = msgspec.convert({"metadata": {"name": "n1", "uid": "node-uid"}}, Node)
    snapshot.add_events(msgspec.convert(list(events), list[Event]))
    snapshot.unavailable = [Unavailable(resource=resource, namespace="shop") for resource in unread]
    if log is not None:
        read = ContainerLog(missing=log) if isinstance(log, str) else ContainerLog(tuple(log), previous=previous)
        snapshot.logs[(UID, "app")] = read
    return Suspect(snapshot, pod, snapshot.owners.top(pod.metadata))


def container(of: Suspect, name: str = "app") -> ContainerView:
    """One container of it."""
    return next(one for one in of.containers if one.name == name)


def judge(check: Check, of: Suspect) -> list[Finding]:
    """What one check finds."""
    return list(check.judge(of))


def codes(check: Check, of: Suspect) -> list[str]:
    """The codes of what one check finds."""
    return [finding.rule.code for finding in check.judge(of)]
