"""Fills a snapshot: a sweep over everything that is always read, then what the engine wants to look at more closely.

No request is made per healthy pod, and at most two per log. Only pods are indispensable; whatever else cannot be read
is listed in `snapshot.unavailable`, with the grant that would mend it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from diagnostics.kube import redact
from diagnostics.kube.access import IN_CLUSTER, Access
from diagnostics.kube.errors import ReadFailed
from diagnostics.kube.lists import decode, decoded, pages
from diagnostics.kube.logs import tail_of
from diagnostics.kube.resources import ALWAYS, BY_NAME, EVENTS, LOGS, PODS, Resource
from diagnostics.snapshot.cluster import ContainerLog, Snapshot, Unavailable
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.pods import LeanPod, Pod
from diagnostics.snapshot.sharing import Sharing
from diagnostics.snapshot.wanted import LogWanted, Wanted

REPLICASETS = BY_NAME["replicasets"]
MOST_LOGS = 200
LOG_THREADS = 8

Suspicious = Callable[[LeanPod, datetime], bool]
# Where a snapshot keeps the objects of each resource, by namespace and name, or by name at the cluster scope.
FIELDS = {
    "nodes": "nodes",
    "deployments": "deployments",
    "statefulsets": "statefulsets",
    "daemonsets": "daemonsets",
    "replicasets": "replicasets",
    "jobs": "jobs",
    "cronjobs": "cronjobs",
    "persistentvolumeclaims": "claims",
    "storageclasses": "storage_classes",
    "configmaps": "config_maps",
    "namespaces": "namespaces",
    "resourcequotas": "quotas",
    "limitranges": "limit_ranges",
    "serviceaccounts": "service_accounts",
    "services": "services",
    "endpointslices": "endpoint_slices",
    "ingresses": "ingresses",
    "networkpolicies": "network_policies",
    "horizontalpodautoscalers": "autoscalers",
    "poddisruptionbudgets": "budgets",
    "priorityclasses": "priority_classes",
    "runtimeclasses": "runtime_classes",
    "validatingwebhookconfigurations": "validating_webhooks",
    "mutatingwebhookconfigurations": "mutating_webhooks",
    "apiservices": "api_services",
}
# What controllers report of every pod that they make or remove: most of a healthy cluster's events about workloads.
ROUTINE = frozenset(
    {"SuccessfulCreate", "SuccessfulDelete", "ScalingReplicaSet", "SawCompletedJob", "Completed", "SuccessfulRescale"}
)
# Their events explain the pods of others.
_SHARED_KINDS = frozenset({"Node", "PersistentVolumeClaim"})


@dataclass(frozen=True, slots=True)
class Scope:
    """Which pods to look at: of these namespaces (None: of all), with these labels."""

    namespaces: tuple[str, ...] | None = None
    label_selector: str = ""

    def places(self, resource: Resource) -> tuple[str | None, ...]:
        """The namespaces in which a resource is listed; None stands for one list over all of them."""
        return self.namespaces if self.namespaces is not None and resource.namespaced else (None,)


@dataclass(slots=True)
class Sweep:
    """What one full pass brought: the snapshot, and whence to watch."""

    snapshot: Snapshot
    resource_versions: dict[tuple[str, str | None], str] = field(default_factory=dict)  # by resource name and namespace
    sharing: Sharing = field(default_factory=Sharing)


def sweep(
    access: Access,
    scope: Scope,
    *,
    suspicious: Suspicious,
    on_pod: Callable[[LeanPod], None] | None = None,
    on_suspect: Callable[[Pod, bytes], None] | None = None,
    without: Collection[tuple[str, str | None]] = (),
) -> Sweep:
    """Reads every pod of a scope, page by page, keeps the suspicious ones in full, then what is always read besides.

    `on_pod` is told of every pod, `on_suspect` of every suspect and its redacted JSON; lists in `without` are not read. Raises ReadFailed when pods can be read in none of
    the namespaces.
    """
    snapshot = Snapshot(
        cluster=access.name,
        now=datetime.now(UTC),  # Until the API server tells its own time.
        context="" if access.name == IN_CLUSTER else access.name,
        bookings_complete=scope == Scope(),
        counted_namespaces=frozenset(() if scope.label_selector else scope.namespaces or ()),
    )
    result = Sweep(snapshot)
    failures = [
        _read_pods(access, scope, place, result, suspicious, on_pod, on_suspect) for place in scope.places(PODS)
    ]
    if failures and all(failures):
        raise next(filter(None, failures))
    for resource in ALWAYS:
        if resource is not PODS:
            for place in scope.places(resource):
                if (resource.name, place) not in without:
                    _read(access, result, resource, place)
    return result


def enrich(
    access: Access, snapshot: Snapshot, wanted: Wanted, *, most_logs: int = MOST_LOGS, threads: int = LOG_THREADS
) -> None:
    """Reads what the engine wants into the snapshot: lists once each, then logs, a few at a time.

    Logs beyond the first `most_logs` are not read, and say so.
    """
    places = wanted.resources | wanted.around
    for name, namespace in sorted(places, key=lambda place: (place[0], place[1] or "")):
        if namespace is None or (name, None) not in places:
            _read(access, Sweep(snapshot), BY_NAME[name], namespace)
    _read_logs(access, snapshot, wanted.logs[:most_logs], threads)
    for log in wanted.logs[most_logs:]:
        snapshot.logs[log.uid, log.container] = ContainerLog(missing=f"not read: {most_logs} logs were read before it")


def _read_pods(
    access: Access,
    scope: Scope,
    place: str | None,
    result: Sweep,
    suspicious: Suspicious,
    on_pod: Callable[[LeanPod], None] | None,
    on_suspect: Callable[[Pod, bytes], None] | None,
) -> ReadFailed | None:
    """Reads the pods of one place; returns why it could not."""
    snapshot = result.snapshot
    with _noting(snapshot, PODS.name, place) as failures:
        for items in _items(access, result, PODS, place, scope.label_selector):
            for raw, pod in decoded(PODS, items, LeanPod, snapshot.malformed_objects):
                snapshot.count(pod)
                if on_pod is not None:
                    on_pod(pod)
                if suspicious(pod, snapshot.now):
                    _keep(result, raw, on_suspect)
    return failures[0] if failures else None


def _keep(result: Sweep, raw: msgspec.Raw, on_suspect: Callable[[Pod, bytes], None] | None) -> None:
    """Keeps a suspect in full."""
    redacted = redacted_object(raw)
    pod = decode(PODS, redacted, Pod, result.snapshot.malformed_objects)
    if pod is not None:
        pod = result.sharing.pod(pod)
        result.snapshot.suspects.append(pod)
        if on_suspect is not None:
            on_suspect(pod, bytes(redacted))


def redacted_object(raw: msgspec.Raw) -> msgspec.Raw:
    """An object's JSON without credentials: what rules may quote, and all that is ever stored of it."""
    return msgspec.Raw(msgspec.json.encode(redact.pod_object(msgspec.json.decode(raw))))


def _read(access: Access, result: Sweep, resource: Resource, place: str | None) -> None:
    """Reads one list into the snapshot, or notes why it could not be read."""
    snapshot = result.snapshot
    with _noting(snapshot, resource.name, place):
        for items in _items(access, result, resource, place):
            # Revisions are compared field by field, commands included; nobody quotes another workload's template.
            fit = map(redacted_object, items) if resource is REPLICASETS else items
            objects = (found for _, found in decoded(resource, fit, resource.type, snapshot.malformed_objects))
            if resource is EVENTS:
                snapshot.add_events(_relevant(objects, snapshot))
            else:
                _file(snapshot, resource, objects)


def _items(
    access: Access, result: Sweep, resource: Resource, place: str | None, label_selector: str = ""
) -> Iterator[list[msgspec.Raw]]:
    """The items of each page; the snapshot's clock and the list's time and version are taken from it in passing."""
    for page in pages(access, resource, place, label_selector=label_selector):
        result.snapshot.now = page.date or result.snapshot.now
        result.snapshot.read_at[resource.name, place] = result.snapshot.now
        result.resource_versions[resource.name, place] = page.resource_version
        yield page.items


def _file(snapshot: Snapshot, resource: Resource, objects: Iterable[Any]) -> None:
    kept = getattr(snapshot, FIELDS[resource.name])
    for found in objects:
        metadata = found.metadata
        kept[(metadata.namespace, metadata.name) if resource.namespaced else metadata.name] = found


def _relevant(events: Iterable[Any], snapshot: Snapshot) -> Iterator[Event]:
    """Events that may explain a suspect: about it, its owners or what it stands on; and every one that is no routine."""
    suspects = {pod.metadata.uid for pod in snapshot.suspects}
    owners = {owner.uid for pod in snapshot.suspects for owner in pod.metadata.owner_references}
    for event in events:
        about = event.involved_object
        if about.kind == "Pod":
            relevant = about.uid in suspects
        else:
            relevant = about.kind in _SHARED_KINDS or about.uid in owners or event.reason not in ROUTINE
        if relevant:
            yield msgspec.structs.replace(event, message=redact.text(event.message))


@contextmanager
def _noting(snapshot: Snapshot, resource: str, place: str | None) -> Iterator[list[ReadFailed]]:
    """Notes that a resource was read or, when that fails, why it was not; yields the list that receives the failure."""
    failures: list[ReadFailed] = []
    try:
        yield failures
        snapshot.read.add(resource)
    except ReadFailed as failure:
        failures.append(failure)
        snapshot.unavailable.append(_unavailable(resource, place, failure))


def _unavailable(resource: str, place: str | None, failure: ReadFailed) -> Unavailable:
    return Unavailable(resource=resource, namespace=place, error=failure.kind.value, grant=failure.grant)


def _read_logs(access: Access, snapshot: Snapshot, logs: tuple[LogWanted, ...], threads: int) -> None:
    refused: dict[str, ReadFailed] = {}

    def read(log: LogWanted) -> ContainerLog:
        if log.namespace in refused:  # What one log of a namespace is refused, all are.
            return ContainerLog(missing=refused[log.namespace].message)
        try:
            return tail_of(access, log)
        except ReadFailed as failure:
            refused[log.namespace] = failure
            return ContainerLog(missing=failure.message)

    with ThreadPoolExecutor(max_workers=threads) as pool:
        for log, found in zip(logs, pool.map(read, logs), strict=True):
            snapshot.logs[log.uid, log.container] = found
    snapshot.unavailable.extend(_unavailable(LOGS, place, failure) for place, failure in refused.items())
    if logs and not refused:
        snapshot.read.add(LOGS)
