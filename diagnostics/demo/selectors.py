"""Label and field selectors, as the `labelSelector` and `fieldSelector` parameters carry them.

Sources: apimachinery/pkg/labels (the grammar and its error texts), pkg/registry/core/*/strategy.go (which fields
each resource can be selected by).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from diagnostics.demo.resources import Json, Resource
from diagnostics.demo.statuses import bad_request

Selector = Callable[[Json], bool]

_SET = re.compile(r"^(?P<key>[^\s=!<>,()]+)\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)$")
_COMPARISON = re.compile(r"^(?P<key>[^\s=!<>,()]+)\s*(?P<operator>==|=|!=|>|<)\s*(?P<value>[^\s=!<>,()]*)$")
_EXISTENCE = re.compile(r"^(?P<absent>!\s*)?(?P<key>[^\s=!<>,()]+)$")

# Field label to where it is found, where the two differ.
_MOVED = {"source": "source.component", "reportingController": "reportingComponent"}
_EVERY = frozenset({"metadata.name", "metadata.namespace"})
_FIELDS: Mapping[str, frozenset[str]] = {
    "pods": frozenset(
        {
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        }
    ),
    "events": frozenset(
        {
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "reportingController",
            "source",
            "type",
        }
    ),
    "nodes": frozenset({"spec.unschedulable"}),
    "namespaces": frozenset({"status.phase"}),
    "jobs.batch": frozenset({"status.successful"}),
    "replicasets.apps": frozenset({"status.replicas"}),
}


def selector(resource: Resource, labels: str, fields: str) -> Selector | None:
    """Both selectors as one predicate over objects; None when there is none. Raises ApiError for a bad one."""
    demands = [*map(_label_demand, _split(labels)), *(_field_demand(resource, term) for term in _split(fields))]
    if not demands:
        return None
    return lambda found: all(demand(found) for demand in demands)


def _split(text: str) -> list[str]:
    """The terms between commas, except for the commas within parentheses."""
    return [term.strip() for term in re.split(r",(?![^(]*\))", text) if term.strip()]


def _label_demand(term: str) -> Selector:
    if match := _SET.match(term):
        values = frozenset(value.strip() for value in match["values"].split(","))
        return _membership(match["key"], values, wanted=match["operator"] == "in")
    if match := _COMPARISON.match(term):
        return _comparison(match["key"], match["operator"], match["value"])
    if match := _EXISTENCE.match(term):
        key, absent = match["key"], bool(match["absent"])
        return lambda found: (key not in _labels(found)) is absent
    raise bad_request(_unparsable(term))


def _membership(key: str, values: frozenset[str], *, wanted: bool) -> Selector:
    """`in` needs the label; `notin` is content without it."""
    return lambda found: (_labels(found).get(key) in values) is wanted


def _comparison(key: str, operator: str, value: str) -> Selector:
    if operator in ("=", "=="):
        return _membership(key, frozenset({value}), wanted=True)
    if operator == "!=":
        return _membership(key, frozenset({value}), wanted=False)
    if not value.lstrip("-").isdigit():
        raise bad_request(
            f"unable to parse requirement: values[0][{key}]: Invalid value: \"{value}\": for 'Gt', 'Lt' "
            "operators, the value must be an integer"
        )
    return lambda found: _beyond(_labels(found).get(key, ""), operator, int(value))


def _beyond(text: str, operator: str, bound: int) -> bool:
    if not text.lstrip("-").isdigit():
        return False
    return int(text) > bound if operator == ">" else int(text) < bound


def _unparsable(term: str) -> str:
    words = term.split()
    found = words[1] if len(words) > 1 else term
    return f"unable to parse requirement: found '{found}', expected: in, notin, =, ==, !=, gt, lt"


def _labels(found: Json) -> Mapping[str, str]:
    return found["metadata"].get("labels") or {}


def _field_demand(resource: Resource, term: str) -> Selector:
    match = re.match(r"^(?P<key>[^=!]+?)(?P<operator>!=|==|=)(?P<value>.*)$", term)
    if match is None:
        raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
    key, value, wanted = match["key"], match["value"], match["operator"] != "!="
    if key not in _EVERY | _FIELDS.get(resource.stored_as, frozenset()):
        raise bad_request(f"field label not supported: {key}")
    path = _MOVED.get(key, key).split(".")
    return lambda found: (_field(found, path) == value) is wanted


def _field(found: Json, path: list[str]) -> str:
    """A field as the API server compares it: blank when it is not set, booleans and numbers written out."""
    value: object = found
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
