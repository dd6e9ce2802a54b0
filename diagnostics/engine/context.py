"""What a closer look at the suspects needs: logs and on-demand lists. Says what; reading it is kube's business."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from diagnostics.rules import wants, wants_around, wants_for, wants_log
from diagnostics.rules.shortage import WORKLOADS, short
from diagnostics.rules.subject import ObjectView, Subject
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.selectors import matches
from diagnostics.snapshot.surroundings import Surroundings
from diagnostics.snapshot.traffic import Autoscaler, Budget, Service
from diagnostics.snapshot.wanted import LogWanted, Wanted

# Pods by (kind, namespace, name) of what they belong to.
Members = dict[tuple[str, str, str], list[Suspect]]


# Of a Deployment the revisions are compared; a ReplicaSet whose owner is not known may have one of another kind.
_REVISED = frozenset({"Deployment", "ReplicaSet"})


def suspects(snapshot: Snapshot) -> list[Suspect]:
    """Every suspect with its workload, in an order that depends on nothing but their names."""
    owners, around = snapshot.owners, Surroundings(snapshot)
    ordered = sorted(snapshot.suspects, key=lambda pod: (pod.metadata.namespace, pod.metadata.name, pod.metadata.uid))
    return [Suspect(snapshot, pod, owners.top(pod.metadata), around) for pod in ordered]


def subjects(snapshot: Snapshot, kinds: frozenset[str]) -> Iterator[Subject]:
    """The suspects, then every object of the other kinds that some check is about, in the order of their names."""
    pods = suspects(snapshot)
    yield from pods
    yield from views(snapshot, kinds, pods)


def views(snapshot: Snapshot, kinds: frozenset[str], pods: Iterable[Suspect] = ()) -> Iterator[ObjectView[Any]]:
    """Every object of those kinds that is judged, in the order of their names, each with those of the pods that belong to it."""
    owners, members, around = snapshot.owners, _members(pods), Surroundings(snapshot)
    for kind, items in _objects(snapshot):
        if kind in kinds:
            judged = (key for key, item in items.items() if snapshot.judges(item.metadata.namespace))
            for item in (items[key] for key in sorted(judged)):
                workload = owners.top(item.metadata, kind)
                yield ObjectView(snapshot, kind, item, workload, _pods_of(kind, item, members), around)


def _pods_of(kind: str, item: Any, members: Members) -> Sequence[Suspect]:
    """The pods that belong to an object, or to the workload that it scales, or that it guards, or leads to."""
    namespace = item.metadata.namespace
    if isinstance(item, Autoscaler):
        target = item.spec.scale_target_ref
        return members.get((target.kind, namespace, target.name), ())
    if isinstance(item, Budget):
        near = members.get(("Namespace", "", namespace), ())
        return [pod for pod in near if matches(item.spec.selector, pod.pod.metadata.labels)]
    if isinstance(item, Service):
        near = members.get(("Namespace", "", namespace), ())
        return [pod for pod in near if item.selects(pod.pod.metadata.labels)]
    return members.get((kind, namespace, item.metadata.name), ())


def _members(pods: Iterable[Suspect]) -> Members:
    """The pods by what they belong to: their node, namespace, controller and workload."""
    members: Members = {}
    for pod in pods:
        workload, controller = pod.workload, pod.metadata.controller
        places = {
            ("Node", "", pod.pod.spec.node_name),
            ("Namespace", "", pod.namespace),
            (workload.kind, workload.namespace, workload.name),
        }
        if controller is not None:
            places.add((controller.kind, pod.namespace, controller.name))
        for place in places:
            members.setdefault(place, []).append(pod)
    return members


def _objects(snapshot: Snapshot) -> Iterator[tuple[str, dict[Any, Any]]]:
    yield "Node", snapshot.nodes
    yield "PersistentVolumeClaim", snapshot.claims
    yield "Deployment", snapshot.deployments
    yield "StatefulSet", snapshot.statefulsets
    yield "DaemonSet", snapshot.daemonsets
    yield "ReplicaSet", snapshot.replicasets
    yield "Job", snapshot.jobs
    yield "CronJob", snapshot.cronjobs
    yield "Namespace", snapshot.namespaces
    yield "APIService", snapshot.api_services
    yield "Service", snapshot.services
    yield "Ingress", snapshot.ingresses
    yield "HorizontalPodAutoscaler", snapshot.autoscalers
    yield "PodDisruptionBudget", snapshot.budgets


def wanted(snapshot: Snapshot) -> Wanted:
    """The logs and resources that the rules would look at, each once; and the revisions of Deployments, to compare."""
    found = suspects(snapshot)
    logs = (
        LogWanted(
            namespace=suspect.namespace,
            pod=suspect.pod.metadata.name,
            uid=suspect.pod.metadata.uid,
            container=container.name,
            previous_first=container.status.state.terminated is None,
        )
        for suspect in found
        for container in suspect.containers
        if wants_log(container)
    )
    resources = {want for suspect in found for want in wants(suspect)}
    short_ones = (view for view in views(snapshot, frozenset(WORKLOADS)) if short(view))
    resources.update(want for view in short_ones for want in wants_for(view))
    revisions = {("replicasets", suspect.namespace) for suspect in found if suspect.workload.kind in _REVISED}
    return Wanted(
        logs=tuple(logs), resources=frozenset(resources | revisions), around=frozenset(wants_around(snapshot))
    )
