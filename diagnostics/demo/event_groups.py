"""Core events as their own API group shows them: the same objects, other field names.

Source: pkg/apis/events/v1/conversion.go.
"""

from __future__ import annotations

from diagnostics.demo.resources import Json

_LEFT_OUT_WHEN_BLANK = frozenset({"reportingController", "reportingInstance", "action"})
# Field of events.k8s.io/v1 to field of v1, in the order in which the API server writes them.
_FIELDS = {
    "metadata": "metadata",
    "eventTime": "eventTime",
    "series": "series",
    "reportingController": "reportingComponent",
    "reportingInstance": "reportingInstance",
    "action": "action",
    "reason": "reason",
    "regarding": "involvedObject",
    "related": "related",
    "note": "message",
    "type": "type",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}


def in_own_group(event: Json) -> Json:
    """A core/v1 event as events.k8s.io/v1."""
    served = {ours: event[theirs] for ours, theirs in _FIELDS.items() if theirs in event}
    return {field: value for field, value in served.items() if value or field not in _LEFT_OUT_WHEN_BLANK}
