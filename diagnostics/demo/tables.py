"""The Table rendering, which kubectl asks for: columns and cells of pods, nodes, and of anything else.

Source: kubernetes v1.36, pkg/printers/internalversion/printers.go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from diagnostics.demo.resources import Json, Resource
from diagnostics.snapshot import display
from diagnostics.snapshot.objects import Event, Node
from diagnostics.snapshot.pods import LeanPod

NONE, UNKNOWN = "<none>", "<unknown>"
Cells = list[str | int]


@dataclass(frozen=True, slots=True)
class Printer:
    """How one resource is printed. Columns with priority 1 show with `-o wide` alone."""

    columns: tuple[tuple[str, int], ...]
    cells: Callable[[Json, datetime], Cells]

    @property
    def definitions(self) -> list[Json]:
        """`columnDefinitions` of the Table."""
        return [
            {
                "name": name,
                "type": "string",
                "format": "name" if name == "Name" else "",
                "description": "",
                "priority": priority,
            }
            for name, priority in self.columns
        ]


def printer(resource: Resource) -> Printer:
    """The printer of a resource; name and age where there is none of its own."""
    return _PRINTERS.get(resource.stored_as, _ANYTHING)


def _pod(found: Json, now: datetime) -> Cells:
    pod = msgspec.convert(found, LeanPod)
    shown = display.columns(pod)
    return [
        pod.metadata.name,
        f"{shown.ready}/{shown.total}",
        shown.status,
        display.restarts_column(shown, now),
        _age(pod.metadata.creation_timestamp, now),
        pod.status.pod_ip or NONE,
        pod.spec.node_name or NONE,
        pod.status.nominated_node_name or NONE,
        _gates(pod),
    ]


def _gates(pod: LeanPod) -> str:
    gates = pod.spec.readiness_gates
    met = [condition for gate in gates if (condition := pod.status.condition(gate.condition_type)) and condition.true]
    return f"{len(met)}/{len(gates)}" if gates else NONE


def _node(found: Json, now: datetime) -> Cells:
    node = msgspec.convert(found, Node)
    info = found["status"].get("nodeInfo", {})
    kernel, architecture = info.get("kernelVersion"), info.get("architecture")
    return [
        node.metadata.name,
        _node_status(node),
        _roles(node),
        _age(node.metadata.creation_timestamp, now),
        info.get("kubeletVersion", ""),
        _address(found, "InternalIP"),
        _address(found, "ExternalIP"),
        info.get("osImage") or UNKNOWN,
        f"{kernel} ({architecture})" if kernel else UNKNOWN,
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def _node_status(node: Node) -> str:
    ready = node.status.condition("Ready")
    status = "Unknown" if ready is None else "Ready" if ready.true else "NotReady"
    return f"{status},SchedulingDisabled" if node.spec.unschedulable else status


def _roles(node: Node) -> str:
    prefix = "node-role.kubernetes.io/"
    roles = {key.removeprefix(prefix) for key in node.metadata.labels if key.startswith(prefix)}
    roles.add(node.metadata.labels.get("kubernetes.io/role", ""))
    return ",".join(sorted(filter(None, roles))) or NONE


def _address(found: Json, type_: str) -> str:
    addresses = found["status"].get("addresses", ())
    return next((str(each["address"]) for each in addresses if each["type"] == type_), NONE)


def _event(found: Json, now: datetime) -> Cells:
    event = msgspec.convert(found, Event)
    about = event.involved_object
    return [
        _age(event.at, now),
        event.type,
        event.reason,
        f"{about.kind.lower()}/{about.name}",
        event.message.strip(),
        event.metadata.name,
    ]


def _workload(found: Json, now: datetime) -> Cells:
    status = found.get("status", {})
    return [
        found["metadata"]["name"],
        f"{status.get('readyReplicas', 0)}/{found['spec'].get('replicas', 0)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        _age_of(found, now),
    ]


def _anything(found: Json, now: datetime) -> Cells:
    return [found["metadata"]["name"], _age_of(found, now)]


def _age_of(found: Json, now: datetime) -> str:
    created = found["metadata"].get("creationTimestamp")
    return _age(datetime.fromisoformat(created) if created else None, now)


def _age(since: datetime | None, now: datetime) -> str:
    return UNKNOWN if since is None else display.short_duration(now - since)


_ANYTHING = Printer((("Name", 0), ("Age", 0)), _anything)
_PRINTERS = {
    "pods": Printer(
        (
            ("Name", 0),
            ("Ready", 0),
            ("Status", 0),
            ("Restarts", 0),
            ("Age", 0),
            ("IP", 1),
            ("Node", 1),
            ("Nominated Node", 1),
            ("Readiness Gates", 1),
        ),
        _pod,
    ),
    "nodes": Printer(
        (
            ("Name", 0),
            ("Status", 0),
            ("Roles", 0),
            ("Age", 0),
            ("Version", 0),
            ("Internal-IP", 1),
            ("External-IP", 1),
            ("OS-Image", 1),
            ("Kernel-Version", 1),
            ("Container-Runtime", 1),
        ),
        _node,
    ),
    "events": Printer(
        (("Last Seen", 0), ("Type", 0), ("Reason", 0), ("Object", 0), ("Message", 0), ("Name", 1)), _event
    ),
    "deployments.apps": Printer(
        (("Name", 0), ("Ready", 0), ("Up-to-date", 0), ("Available", 0), ("Age", 0)), _workload
    ),
}
