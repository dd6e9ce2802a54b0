"""Loads a fixture folder, captured API answers as they were sent, into the snapshot that a reader would have made.

`python -m tests.rules.loading FOLDER...` prints what the engine says of each, in the shape of `expected.json`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from diagnostics.engine import EVER, judge, suspicious
from diagnostics.engine.verdict import Verdict
from diagnostics.snapshot import admission, objects
from diagnostics.snapshot.cluster import ContainerLog, Snapshot, Unavailable
from diagnostics.snapshot.meta import Object
from diagnostics.snapshot.pods import LeanPod, Pod

T = TypeVar("T")
FIXTURES = Path(__file__).parent
# Objects that a fixture need not repeat: the nodes of the captured cluster.
SHARED = FIXTURES / "cluster"
_TIMESTAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z ?")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_WORKLOADS = ("deployments", "statefulsets", "daemonsets", "replicasets", "jobs")
_ON_DEMAND = {
    "cronjobs": ("cronjobs", objects.CronJob),
    "persistentvolumeclaims": ("claims", objects.Claim),
    "configmaps": ("config_maps", objects.Keyed),
    "resourcequotas": ("quotas", admission.ResourceQuota),
    "limitranges": ("limit_ranges", admission.LimitRange),
    "serviceaccounts": ("service_accounts", objects.Named),
    "services": ("services", objects.Service),
}
_OF_THE_CLUSTER: dict[str, tuple[str, type[Object]]] = {
    "storageclasses": ("storage_classes", objects.StorageClass),
    "priorityclasses": ("priority_classes", objects.Named),
    "runtimeclasses": ("runtime_classes", objects.Named),
    "validatingwebhookconfigurations": ("validating_webhooks", admission.WebhookConfiguration),
    "mutatingwebhookconfigurations": ("mutating_webhooks", admission.WebhookConfiguration),
    "apiservices": ("api_services", admission.ApiService),
}


def load(folder: Path) -> Snapshot:
    """The snapshot of one fixture: `now` is when it was captured."""
    now = datetime.fromisoformat((folder / "captured-at.txt").read_text().strip())
    snapshot = Snapshot(cluster="lab", now=now)
    for raw in _raw_items(folder, "pods"):
        pod = msgspec.json.decode(raw, type=LeanPod)
        snapshot.count(pod)
        if suspicious(pod, now, restarted_within=EVER):
            snapshot.suspects.append(msgspec.json.decode(raw, type=Pod))
    snapshot.add_events(_items(folder, "events", objects.Event))
    snapshot.nodes = {node.metadata.name: node for node in _items(folder, "nodes", objects.Node)}
    for resource in _WORKLOADS:
        setattr(snapshot, resource, _by_key(_items(folder, resource, objects.Workload)))
    for resource, (attribute, type_) in _ON_DEMAND.items():
        setattr(snapshot, attribute, _by_key(_items(folder, resource, type_)))
    for resource, (attribute, type_) in _OF_THE_CLUSTER.items():
        setattr(snapshot, attribute, _by_name(_items(folder, resource, type_)))
    if (own := folder / "namespace.json").exists():  # The namespace of the captured objects.
        namespace = msgspec.json.decode(own.read_bytes(), type=admission.Namespace)
        snapshot.namespaces[namespace.metadata.name] = namespace
    snapshot.read = {path.stem for path in folder.glob("*.json")} - {"expected", "unavailable"}
    snapshot.unavailable = [Unavailable(**gap) for gap in _json(folder / "unavailable.json", [])]
    snapshot.logs = dict(_logs(folder, snapshot.suspects))
    return snapshot


def concise(verdict: Verdict) -> dict[str, Any]:
    """A verdict as `expected.json` states it."""
    return {
        "code": verdict.code,
        "workload": f"{verdict.workload.kind}/{verdict.workload.name}",
        "container": verdict.container,
        "offender": f"{verdict.offender.kind}/{verdict.offender.name}",
        "severity": verdict.severity,
        "confidence": verdict.confidence,
        "pods": verdict.pods_affected,
        "summary": verdict.summary,
    }


def diagnoses(folder: Path) -> list[dict[str, Any]]:
    """What a reader of that fixture would be shown: every verdict whose grace has elapsed.

    Of the shared nodes some are out of order, in every fixture alike: only a fixture with nodes of its own is about
    nodes.
    """
    snapshot = load(folder)
    judgement = judge(snapshot)
    assert not judgement.crashed, judgement.crashed
    about_nodes = (folder / "nodes.json").exists()
    shown = (verdict for verdict in judgement.verdicts if verdict.visible_at <= snapshot.now)
    return [concise(verdict) for verdict in shown if about_nodes or verdict.workload.kind != "Node"]


def _json(path: Path, default: object) -> Any:
    return json.loads(path.read_bytes()) if path.exists() else default


def _raw_items(folder: Path, resource: str) -> list[msgspec.Raw]:
    path = next((p for p in (folder / f"{resource}.json", SHARED / f"{resource}.json") if p.exists()), None)
    return [] if path is None else msgspec.json.decode(path.read_bytes(), type=objects.RawList).items or []


def _items(folder: Path, resource: str, type_: type[T]) -> list[T]:
    return [msgspec.json.decode(raw, type=type_) for raw in _raw_items(folder, resource)]


def _by_key(found: Iterable[Any]) -> dict[tuple[str, str], Any]:
    return {(item.metadata.namespace, item.metadata.name): item for item in found}


def _by_name(found: Iterable[Any]) -> dict[str, Any]:
    return {item.metadata.name: item for item in found}


def _logs(folder: Path, suspects: Iterable[Pod]) -> Iterator[tuple[tuple[str, str], ContainerLog]]:
    for pod in suspects:
        for status in (*pod.status.init_container_statuses, *pod.status.container_statuses):
            order = ("current", "previous") if status.state.terminated else ("previous", "current")
            for run in order:
                path = folder / "logs" / f"{pod.metadata.name}.{status.name}.{run}.txt"
                lines = _log_lines(path)
                if lines:
                    yield (pod.metadata.uid, status.name), ContainerLog(lines=lines, previous=run == "previous")
                    break
            else:
                yield (pod.metadata.uid, status.name), ContainerLog(missing="the container wrote nothing")


def _log_lines(path: Path) -> tuple[str, ...]:
    if not path.exists():
        return ()
    text = path.read_bytes().decode(errors="replace")
    lines = tuple(_ANSI.sub("", _TIMESTAMP.sub("", line))[:4096] for line in text.splitlines()[-200:])
    return () if lines and lines[0].startswith("unable to retrieve container logs") else lines


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(json.dumps(diagnoses(Path(name)), indent=2, ensure_ascii=False))  # noqa: T201
