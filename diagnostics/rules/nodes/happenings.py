"""What a node's events tell, and what is booked on it (catalogue B12)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from diagnostics.rules.clues import core
from diagnostics.rules.model import Confidence, Finding, Rule, check
from diagnostics.rules.nodes import rules
from diagnostics.rules.nodes.readiness import CORDONED
from diagnostics.rules.nodes.words import NodeView, finding, node_events
from diagnostics.snapshot.display import short_duration
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.requests import amounts

LATELY = timedelta(minutes=15)
NEWS = timedelta(hours=1)
# More changes than this within `LATELY` are flapping: one outage makes two.
STEADY = 2
# A node is full before the last place is taken.
FULL_AT = 0.95

_TELLING = ("Rebooted", *rules.BY_EVENT)
_GC_EVENTS = ("ImageGCFailed", "FreeDiskSpaceFailed", "ContainerGCFailed", "InvalidDiskCapacity")
# Every kubelet says this once when it starts, before it has measured its disk.
_AT_START = "invalid capacity 0 on image filesystem"
# The kernel's words for one container at its limit, which is no matter of the node's.
_OF_A_CONTAINER = "Memory cgroup out of memory"


@check(rules.FLAPPING, needs=("events",), about=("Node",))
def flapping(node: NodeView) -> Iterator[Finding]:
    """Nodes that go to and fro between ready and not ready."""
    events = [event for event in node_events(node, "NodeReady", "NodeNotReady") if node.age(event.at) <= LATELY]
    changes = sum(event.times if node.age(event.since) <= LATELY else 1 for event in events)
    if changes > STEADY and not node.item.spec.unschedulable:
        began = min((event.since for event in events if event.since and node.age(event.since) <= LATELY), default=None)
        quotes = (node.quote_event(event) for event in events[:4])
        yield finding(node, rules.FLAPPING, *quotes, since=began or events[-1].at, changes=changes)


@check(rules.CORDONED_LONG, about=("Node",))
def cordoned(node: NodeView) -> Iterator[Finding]:
    """Nodes that take no new pods, since the time of their taint."""
    taints = (taint for taint in node.item.spec.taints if taint.key == CORDONED)
    taint = next(taints, None)
    if node.item.spec.unschedulable and taint is not None and taint.time_added is not None:
        since = taint.time_added
        quotes = (node.quote("spec.unschedulable", "true"), node.quote("spec.taints", taint, since))
        age = short_duration(node.age(since))
        yield finding(node, rules.CORDONED_LONG, *quotes, since=since, path="spec.unschedulable", age=age)


@check(rules.REBOOTED, *rules.BY_EVENT.values(), needs=("events",), about=("Node",))
def happenings(node: NodeView) -> Iterator[Finding]:
    """What the kubelet and node-problem-detector saw on the node lately: the newest event of each reason."""
    newest: dict[str, Event] = {}
    for event in node_events(node, *_TELLING):
        if node.age(event.at) <= NEWS and _OF_A_CONTAINER not in event.text:
            newest.setdefault(event.reason, event)
    for reason, rule in (("Rebooted", rules.REBOOTED), *rules.BY_EVENT.items()):
        if reason in newest:
            yield _event_finding(node, newest[reason], rule)


@check(rules.IMAGE_GC, needs=("events",), about=("Node",))
def disk_not_freed(node: NodeView) -> Iterator[Finding]:
    """Nodes whose kubelet fails to free disk space, or cannot measure it."""
    failures = (e for e in node_events(node, *_GC_EVENTS) if node.age(e.at) <= LATELY and _AT_START not in e.text)
    if event := next(failures, None):
        yield _event_finding(node, event, rules.IMAGE_GC)


def _event_finding(node: NodeView, event: Event, rule: Rule) -> Finding:
    return finding(node, rule, node.quote_event(event), since=event.since or event.at, said=core(event.text))


@check(rules.FULL, about=("Node",))
def full(node: NodeView) -> Iterator[Finding]:
    """Nodes with hardly a place for one more pod. Nodes made for a single pod (Fargate's) are meant to be full."""
    booking = node.snapshot.bookings.get(node.metadata.name)
    most = int(amounts(node.item.status.allocatable).get("pods", 0))
    if booking is not None and most > 1 and booking.pods >= FULL_AT * most:
        quotes = (
            node.quote("status.allocatable.pods", most),
            node.quote("spec.nodeName", f"{booking.pods} pods that have not ended name this node"),
        )
        yield finding(
            node, rules.FULL, *quotes, since=None, confidence=Confidence.CERTAIN, count=booking.pods, most=most
        )
