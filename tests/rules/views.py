"""Small objects other than pods for unit tests of rules: as JSON to change, as the engine hands them to the rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec

from diagnostics.engine.context import suspects, views
from diagnostics.rules.model import Check
from diagnostics.rules.subject import ObjectView
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.objects import CronJob, Event, Node, Workload
from diagnostics.snapshot.pods import Pod
from diagnostics.snapshot.traffic import Autoscaler, Budget

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
Json = dict[str, Any]
_PLACES = {
    "Node": "nodes",
    "Deployment": "deployments",
    "StatefulSet": "statefulsets",
    "DaemonSet": "daemonsets",
    "Job": "jobs",
    "CronJob": "cronjobs",
    "HorizontalPodAutoscaler": "autoscalers",
    "PodDisruptionBudget": "budgets",
}
_TYPES: dict[str, Any] = {
    "Node": Node,
    "CronJob": CronJob,
    "HorizontalPodAutoscaler": Autoscaler,
    "PodDisruptionBudget": Budget,
}


def at(minutes: float) -> str:
    """That many minutes before `NOW`, as the API writes it."""
    moment = datetime.fromtimestamp(NOW.timestamp() - minutes * 60, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def named(name: str, owner: tuple[str, str] | None = None, **fields: Any) -> Json:
    """The metadata of an object of namespace shop, made an hour ago."""
    owners = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    made = {
        "name": name,
        "namespace": "shop",
        "uid": f"u-{name}",
        "creationTimestamp": at(60),
        "ownerReferences": owners,
    }
    return {**made, **fields}


def condition(type_: str, status: str, reason: str = "", message: str = "", minutes: float = 30) -> Json:
    """A condition that has been so for those minutes."""
    times = {"lastTransitionTime": at(minutes), "lastUpdateTime": at(minutes)}
    return {"type": type_, "status": status, "reason": reason, "message": message, **times}


def event(kind: str, name: str, reason: str, message: str = "", minutes: float = 1, **fields: Any) -> Json:
    """An event about an object, of so many minutes ago."""
    about = {"kind": kind, "name": name, "uid": fields.pop("uid", f"u-{name}")}
    times = {"firstTimestamp": at(minutes), "lastTimestamp": at(minutes)}
    return {"involvedObject": about, "reason": reason, "message": message, **times, **fields}


def cluster(pods: Iterable[Json] = (), events: Iterable[Json] = (), **objects: Iterable[Json]) -> Snapshot:
    """A snapshot at `NOW` of those pods, which are suspects, and of objects by kind (`Deployment=[...]`)."""
    made = Snapshot(cluster="lab", now=NOW, suspects=[msgspec.convert(pod, Pod) for pod in pods])
    made.add_events(msgspec.convert(document, Event) for document in events)
    for kind, documents in objects.items():
        for found in (msgspec.convert(document, _TYPES.get(kind, Workload)) for document in documents):
            name = found.metadata.name
            getattr(made, _PLACES[kind])[name if kind == "Node" else (found.metadata.namespace, name)] = found
    return made


def view(snapshot: Snapshot, kind: str, name: str = "") -> ObjectView[Any]:
    """An object of that kind as the rules see it; the first one, if no name is given."""
    every = views(snapshot, frozenset({kind}), suspects(snapshot))
    return next(found for found in every if name in ("", found.metadata.name))


def codes(check: Check, of: ObjectView[Any]) -> list[str]:
    """The codes that the check concludes."""
    return [finding.rule.code for finding in check.judge(of)]
