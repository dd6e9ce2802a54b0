"""Loads a fixture folder, captured API answers as they were sent, into the snapshot that a reader would have made.

`python -m tests.rules.loading FOLDER...` prints what the engine says of each, in the shape of `expected.json`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from diagnostics.engine import EVER, judge, suspicious
from diagnostics.engine.verdict import Judgement, Verdict
from diagnostics.snapshot import admission, objects, traffic
from diagnostics.snapshot.cluster import ContainerLog, Snapshot, Unavailable
from diagnostics.snapshot.meta import Object
from diagnostics.snapshot.pods import LeanPod, Pod

T = TypeVar("T")
Files = dict[str, Path]  # The lists of a folder, by resource.
FIXTURES = Path(__file__).parent
# Objects that a fixture need not repeat: the nodes of the captured cluster.
SHARED = FIXTURES / "cluster"
_TIMESTAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z ?")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_WORKLOADS = ("deployments", "statefulsets", "daemonsets", "replicasets", "jobs")
_ABOUT_THE_FIXTURE = {"expected", "unavailable", "truth", "version"}
_ON_DEMAND = {
    "cronjobs": ("cronjobs", objects.CronJob),
    "persistentvolumeclaims": ("claims", objects.Claim),
    "configmaps": ("config_maps", objects.Keyed),
    "resourcequotas": ("quotas", admission.ResourceQuota),
    "limitranges": ("limit_ranges", admission.LimitRange),
    "serviceaccounts": ("service_accounts", objects.Named),
    "services": ("services", traffic.Service),
    "endpointslices": ("endpoint_slices", traffic.EndpointSlice),
    "ingresses": ("ingresses", traffic.Ingress),
    "networkpolicies": ("network_policies", traffic.NetworkPolicy),
    "horizontalpodautoscalers": ("autoscalers", traffic.Autoscaler),
    "poddisruptionbudgets": ("budgets", traffic.Budget),
}
_OF_THE_CLUSTER: dict[str, tuple[str, type[Object]]] = {
    "nodes": ("nodes", objects.Node),
    "storageclasses": ("storage_classes", objects.StorageClass),
    "priorityclasses": ("priority_classes", objects.Named),
    "runtimeclasses": ("runtime_classes", objects.Named),
    "validatingwebhookconfigurations": ("validating_webhooks", admission.WebhookConfiguration),
    "mutatingwebhookconfigurations": ("mutating_webhooks", admission.WebhookConfiguration),
    "apiservices": ("api_services", admission.ApiService),
}
# Every list but those of pods and events: the snapshot's field that holds it, and what its items are.
LISTS: dict[str, tuple[str, Any]] = {
    **{name: (name, objects.Workload) for name in _WORKLOADS},
    **_ON_DEMAND,
    **_OF_THE_CLUSTER,
}


def load(folder: Path) -> Snapshot:
    """The snapshot of one fixture: `now` is when it was captured. What is cluster-scoped may be in a `cluster/`."""
    return _filled([folder], next((near for near in _nearby(folder, "cluster") if near.is_dir()), SHARED))


def load_all(root: Path) -> Snapshot:
    """One snapshot of every captured namespace of a folder, as of a whole cluster."""
    return _filled(sorted(path.parent for path in root.glob("*/pods.json")), root / "cluster")


def _nearby(folder: Path, name: str) -> Iterator[Path]:
    """In a fixture, or beside it."""
    return (place / name for place in (folder, folder.parent))


def _filled(folders: list[Path], cluster: Path) -> Snapshot:
    captured = next(note for note in _nearby(folders[0], "captured-at.txt") if note.exists())
    snapshot = Snapshot(cluster="lab", now=datetime.fromisoformat(captured.read_text().strip()))
    places = {folder: _files(folder) for folder in (cluster, *folders)}
    for folder in folders:
        _fill(snapshot, folder, places[folder])
    for resource, (attribute, type_) in _OF_THE_CLUSTER.items():
        for files in places.values():  # What a fixture has of its own stands for the shared list.
            if resource in files:
                setattr(snapshot, attribute, _by_name(_items(files, resource, type_)))
    for files in places.values():
        if "version" in files:
            snapshot.server_version = json.loads(files["version"].read_bytes())["gitVersion"]
    snapshot.read = {resource for folder in folders for resource in places[folder]} - _ABOUT_THE_FIXTURE
    if cluster != SHARED:
        snapshot.read |= places[cluster].keys()
    return snapshot


def _files(folder: Path) -> Files:
    return {path.stem: path for path in folder.glob("*.json")}


def _fill(snapshot: Snapshot, folder: Path, files: Files) -> None:
    """Adds what one folder holds."""
    suspects = []
    for raw in _raw_items(files, "pods"):
        pod = msgspec.json.decode(raw, type=LeanPod)
        snapshot.count(pod)
        if suspicious(pod, snapshot.now, restarted_within=EVER):
            suspects.append(msgspec.json.decode(raw, type=Pod))
    snapshot.suspects.extend(suspects)
    snapshot.add_events(_items(files, "events", objects.Event))
    for resource in _WORKLOADS:
        getattr(snapshot, resource).update(_by_key(_items(files, resource, objects.Workload)))
    for resource, (attribute, type_) in _ON_DEMAND.items():
        getattr(snapshot, attribute).update(_by_key(_items(files, resource, type_)))
    if own := files.get("namespace"):  # The namespace of the captured objects.
        namespace = msgspec.json.decode(own.read_bytes(), type=admission.Namespace)
        snapshot.namespaces[namespace.metadata.name] = namespace
    if gaps := files.get("unavailable"):
        snapshot.unavailable.extend(msgspec.json.decode(gaps.read_bytes(), type=list[Unavailable]))
    snapshot.logs.update(_logs(folder, suspects))


@cache
def judged(folder: Path) -> tuple[datetime, Judgement]:
    """When a fixture was captured, and all that the engine says of it; judged once for all who ask."""
    snapshot = load(folder)
    return snapshot.now, judge(snapshot)


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
    now, judgement = judged(folder)
    assert not judgement.crashed, judgement.crashed
    about_nodes = any((place / "nodes.json").exists() for place in (folder, folder / "cluster"))
    shown = (verdict for verdict in judgement.verdicts if verdict.visible_at <= now)
    return [concise(verdict) for verdict in shown if about_nodes or verdict.workload.kind != "Node"]


def _raw_items(files: Files, resource: str) -> list[msgspec.Raw]:
    path = files.get(resource)
    return msgspec.json.decode(path.read_bytes(), type=objects.RawList).items or [] if path else []


def _items(files: Files, resource: str, type_: type[T]) -> list[T]:
    return [msgspec.json.decode(raw, type=type_) for raw in _raw_items(files, resource)]


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
                refused = folder / "logs" / f"{pod.metadata.name}.{status.name}.refused.txt"
                missing = refused.read_text().strip() if refused.exists() else "the container wrote nothing"
                yield (pod.metadata.uid, status.name), ContainerLog(missing=missing)


def _log_lines(path: Path) -> tuple[str, ...]:
    if not path.exists():
        return ()
    text = path.read_bytes().decode(errors="replace")
    lines = tuple(_ANSI.sub("", _TIMESTAMP.sub("", line))[:4096] for line in text.splitlines()[-200:])
    return () if lines and lines[0].startswith("unable to retrieve container logs") else lines


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(json.dumps(diagnoses(Path(name)), indent=2, ensure_ascii=False))  # noqa: T201
