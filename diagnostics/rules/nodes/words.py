"""What the checks of nodes have in common: quoting a node, and telling what its trouble bears upon."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, TypeAlias

from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule
from diagnostics.rules.subject import ObjectView
from diagnostics.rules.workloads.pods import unready
from diagnostics.snapshot.meta import Condition
from diagnostics.snapshot.objects import Event, Node

NodeView: TypeAlias = ObjectView[Node]


def finding(
    node: NodeView,
    rule: Rule,
    *evidence: Evidence,
    since: datetime | None,
    confidence: Confidence = Confidence.CERTAIN,
    path: str = "",
    **params: Any,
) -> Finding:
    """A finding about a node, which is its own offender; `path` is the field that has to change, if one does.

    A cause that explains why pods are not ready affects all of the node's pods that are not.
    """
    signature = str(params.get("condition", ""))
    offender = Offender("Node", node.metadata.name, path=path or None)
    found = node.finding(rule, confidence, *evidence, offender=offender, since=since, signature=signature, **params)
    return replace(found, affects=tuple(unready(node))) if "ready-no-cause" in rule.explains else found


def quote_condition(node: NodeView, condition: Condition) -> Evidence:
    """A condition of the node, as it stands."""
    value = f"{condition.status} {condition.reason}: {condition.message}".strip(": ")
    return node.quote(f"status.conditions[{condition.type}]", value, condition.last_transition_time)


def node_events(node: NodeView, *reasons: str) -> list[Event]:
    """The node's events, newest first. Kubelets give their node's name as uid, other components its uid."""
    name, uid = node.metadata.name, node.metadata.uid
    found = [event for key in {name, uid} for event in node.snapshot.events_of(key, *reasons)]
    return sorted(found, key=lambda event: (event.at or node.now, event.reason, event.message), reverse=True)


def pods_of(node: NodeView) -> str:
    """How many pods are on it: "112 pods"."""
    booking = node.snapshot.bookings.get(node.metadata.name)
    return _count(booking.pods if booking else len(node.pods), "pod")


def bearing(node: NodeView) -> str:
    """How many pods are on it, and of how many workloads those are that are not well; nothing for an empty node."""
    booking = node.snapshot.bookings.get(node.metadata.name)
    pods = max(booking.pods if booking else 0, len(node.pods))
    if not pods:
        return ""
    workloads = len({pod.workload for pod in node.pods})
    verb = "is" if pods == 1 else "are"
    if pods == len(node.pods):
        return f"; {_count(pods, 'pod')} of {_count(workloads, 'workload')} {verb} on it"
    failing = f", {len(node.pods)} of them, of {_count(workloads, 'workload')}, not well" if workloads else ""
    return f"; {_count(pods, 'pod')} {verb} on it{failing}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
