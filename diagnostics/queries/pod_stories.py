"""One pod with everything that its page tells."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q

from diagnostics.kube.resources import BY_NAME
from diagnostics.models import Diagnosis, EndedRun, KeptEvent, KnownObject, Suspect
from diagnostics.operations.packing import unpack
from diagnostics.operations.picture import WORKLOADS
from diagnostics.queries.logs import logged_containers
from diagnostics.queries.pods import EVENTS, all_pods, around, names
from diagnostics.snapshot.display import columns
from diagnostics.snapshot.objects import Event, Node, Workload
from diagnostics.snapshot.pods import Pod

RUNS = 500  # Ended runs of a pod that are drawn.
SIBLINGS = 50
RELATED = 5
_RESOURCES = {kind: resource for resource, kind in WORKLOADS.items() if kind != "CronJob"}


@dataclass(frozen=True, slots=True)
class PodEvent:
    """A kept event; `of` is the object that it is about, blank for the pod itself."""

    of: str
    event: Event
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another kept pod of the same workload."""

    uid: str
    name: str
    status: str
    restarts: int
    node: str
    gone_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AsKept:
    """A kept pod."""

    row: Suspect
    pod: Pod
    manifest: dict[str, Any]  # Its redacted JSON: all of it, or of most pods that fail alike the judged fields alone.

    @property
    def kept_whole(self) -> bool:
        """Whether all of its JSON is kept: the API server sets `dnsPolicy` in every pod, and no check reads it."""
        return "dnsPolicy" in self.manifest.get("spec", {})


@dataclass(frozen=True, slots=True, kw_only=True)
class PodStory(AsKept):
    """A kept pod and what is known around it. What was not read, or is gone, is None."""

    diagnoses: tuple[Diagnosis, ...]  # That name it: the open ones first, of those the newest.
    related: tuple[Diagnosis, ...]  # If none does (any more): those of its workload, in the same order.
    events: tuple[PodEvent, ...]  # Of it and its owners, the latest first.
    logged: frozenset[str]  # Containers.
    ended: tuple[EndedRun, ...]  # In the order of their ends.
    workload: Workload | None
    node: Node | None
    siblings: tuple[Sibling, ...]  # Those that are still there first.


def as_kept(row: Suspect) -> AsKept:
    """A pod as its row has it."""
    return AsKept(row=row, pod=unpack(row.body, Pod), manifest=json.loads(zlib.decompress(row.body)))


def pod_story(cluster: str, uid: str) -> PodStory | None:
    """The pod with this uid in the cluster of this name; None if it is not kept."""
    row = all_pods().filter(cluster__name=cluster, uid=uid).first()
    if row is None:
        return None
    kept = as_kept(row)
    known = _known(row, kept.pod)
    workload: Workload | None = known.get(_RESOURCES.get(row.workload_kind, ""))
    known_to = sorted(around(row), key=lambda each: each.resolved_at is not None)
    naming = tuple(each for each in known_to if names(each, row))
    related = tuple(each for each in known_to if each.namespace)[:RELATED]
    return PodStory(
        row=row,
        pod=kept.pod,
        manifest=kept.manifest,
        diagnoses=naming,
        related=() if naming else related,
        events=tuple(_events(row, kept.pod, workload)),
        logged=logged_containers(row.cluster, uid),
        ended=tuple(EndedRun.objects.filter(cluster=row.cluster_id, pod_uid=uid).order_by("-ended_at")[:RUNS])[::-1],
        workload=workload,
        node=known.get("nodes"),
        siblings=tuple(_siblings(row)),
    )


def _known(row: Suspect, pod: Pod) -> dict[str, Any]:
    """The workload and the node of a pod as last read, by resource."""
    place = {"namespace": row.namespace, "name": row.workload_name}
    wanted = Q(resource=_RESOURCES.get(row.workload_kind, ""), **place)
    wanted |= Q(resource="nodes", name=pod.spec.node_name)
    found = KnownObject.objects.filter(wanted, cluster=row.cluster_id)
    return {each.resource: unpack(each.body, BY_NAME[each.resource].type) for each in found}


def _events(row: Suspect, pod: Pod, workload: Workload | None) -> list[PodEvent]:
    owners = {owner.uid: f"{owner.kind} {owner.name}" for owner in pod.metadata.owner_references}
    if workload:
        owners[workload.metadata.uid] = f"{row.workload_kind} {row.workload_name}"
    itself = {row.uid, pod.metadata.event_uid}
    kept = KeptEvent.objects.filter(cluster=row.cluster_id, object_uid__in={*itself, *owners} - {""})
    return [
        PodEvent("" if each.object_uid in itself else owners[each.object_uid], event, each.count, each.last_at)
        for each in kept.order_by("-last_at", "-pk")[:EVENTS]
        for event in [unpack(each.body, Event)]
    ]


def _siblings(row: Suspect) -> list[Sibling]:
    workload = {"workload_kind": row.workload_kind, "workload_name": row.workload_name}
    others = Suspect.objects.filter(cluster=row.cluster_id, namespace=row.namespace, **workload).exclude(pk=row.pk)
    return [_sibling(other) for other in others.order_by(F("gone_at").desc(nulls_first=True), "name")[:SIBLINGS]]


def _sibling(row: Suspect) -> Sibling:
    pod: Pod = unpack(row.body, Pod)
    shown = columns(pod)
    return Sibling(row.uid, row.name, shown.status, shown.restarts, pod.spec.node_name, row.gone_at)
