"""What a node's other conditions say: pressure, its network, what agents on it have seen (catalogue B12)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.rules.clues import core
from diagnostics.rules.model import Confidence, Finding, check
from diagnostics.rules.nodes import rules
from diagnostics.rules.nodes.words import NodeView, bearing, finding, node_events, quote_condition
from diagnostics.snapshot.meta import Condition

PRESSURES = {
    "MemoryPressure": rules.MEMORY_PRESSURE,
    "DiskPressure": rules.DISK_PRESSURE,
    "PIDPressure": rules.PID_PRESSURE,
    "NetworkUnavailable": rules.NETWORK_UNAVAILABLE,
}
# Said by its own check, or by none: kubelets of old wrote OutOfDisk.
_KNOWN = frozenset({"Ready", "OutOfDisk", *PRESSURES, *rules.BY_CONDITION})
# By the end of its name a condition is good when True (KernelReady, EtcdIsVoter); any other is a complaint.
_GOOD_WHEN_TRUE = re.compile(r"(?:Ready|Healthy|Available|Initiali[sz]ed|Registered|Synced|Voter|Up|OK)$")


@check(*PRESSURES.values(), *rules.BY_CONDITION.values(), about=("Node",))
def conditions(node: NodeView) -> Iterator[Finding]:
    """Conditions that are known to be bad when True."""
    for condition in node.item.status.conditions:
        rule = PRESSURES.get(condition.type) or rules.BY_CONDITION.get(condition.type)
        if rule is None or not condition.true:
            continue
        events = node_events(node, "EvictionThresholdMet") if condition.type in PRESSURES else []
        yield finding(
            node,
            rule,
            quote_condition(node, condition),
            *(node.quote_event(event) for event in events[:1]),
            since=condition.last_transition_time,
            condition=condition.type,
            said=_said(condition),
            bearing=bearing(node),
        )


@check(rules.CUSTOM, about=("Node",))
def custom_conditions(node: NodeView) -> Iterator[Finding]:
    """Conditions of types that Kubernetes does not know, judged by their names."""
    for condition in node.item.status.conditions:
        good = "True" if _GOOD_WHEN_TRUE.search(condition.type) else "False"
        if condition.type in _KNOWN or condition.status in (good, "Unknown"):
            continue
        yield finding(
            node,
            rules.CUSTOM,
            quote_condition(node, condition),
            since=condition.last_transition_time,
            confidence=Confidence.LIKELY,
            condition=condition.type,
            status=condition.status,
            said=_said(condition),
            good=good,
        )


def _said(condition: Condition) -> str:
    return core(condition.message or condition.reason or "no reason is given")
