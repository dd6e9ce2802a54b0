"""Small pods for unit tests of rules: one container of Deployment cart on node n1, as JSON to change, as a suspect."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from diagnostics.rules.model import Check, Finding
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.pods import Pod

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
CART = WorkloadRef(kind="Deployment", name="cart", namespace="shop")
Json = dict[str, Any]


def pod(state: Json | None = None, *, ready_to_start: bool | None = True, **changes: Any) -> Json:
    """A pending pod whose container app is in that state; `changes` go into its spec."""
    conditions = [{"type": "PodScheduled", "status": "True", "lastTransitionTime": "2026-11-23T03:30:00Z"}]
    if ready_to_start is not None:
        moment = {"lastTransitionTime": "2026-11-23T03:30:05Z"}
        conditions.append({"type": "PodReadyToStartContainers", "status": str(ready_to_start), **moment})
    container = {"name": "app", "image": "registry.example/shop/cart:1.4", "imagePullPolicy": "IfNotPresent"}
    return {
        "metadata": {"name": "cart-1", "namespace": "shop", "uid": "u1", "creationTimestamp": "2026-11-23T03:29:59Z"},
        "spec": {"nodeName": "n1", "containers": [container], **changes},
        "status": {
            "phase": "Pending",
            "startTime": "2026-11-23T03:30:01Z",
            "conditions": conditions,
            "containerStatuses": [{"name": "app", "image": container["image"], "state": state or {}}],
        },
    }


def waiting(reason: str, message: str = "") -> Json:
    """The state of a container that waits."""
    return {"waiting": {"reason": reason, "message": message}}


def event(reason: str, message: str, *, container: str = "", uid: str = "u1", **fields: Any) -> Json:
    """An event about the pod, or about one of its containers."""
    about = {"kind": "Pod", "name": "cart-1", "namespace": "shop", "uid": uid}
    if container:
        about["fieldPath"] = f"spec.containers{{{container}}}"
    times = {"firstTimestamp": "2026-11-23T03:31:00Z", "lastTimestamp": "2026-11-23T03:59:00Z"}
    return {"involvedObject": about, "reason": reason, "message": message, **times, **fields}


def suspect(document: Json, events: Iterable[Json] = (), **fields: Any) -> Suspect:
    """The pod as rules see it, in a cluster that holds those events and whatever else `fields` put there."""
    made = msgspec.convert(document, Pod, strict=False)
    snapshot = Snapshot(cluster="lab", now=NOW, suspects=[made], **fields)
    snapshot.add_events(msgspec.convert(found, Event, strict=False) for found in events)
    return Suspect(snapshot, made, CART)


def found(check: Check, of: Suspect) -> list[Finding]:
    """Everything that the check concludes."""
    return list(check.judge(of))


def codes(check: Check, of: Suspect) -> list[str]:
    """The codes that the check concludes."""
    return [finding.rule.code for finding in found(check, of)]
