"""Pods that fail or have failed, as they are kept: their state, events and logs outlive them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from diagnostics.models import Diagnosis, KeptEvent, KeptLog, Suspect
from diagnostics.operations.packing import unpack
from diagnostics.queries import public
from diagnostics.queries.narrowing import IS_OPEN, in_cluster
from diagnostics.snapshot.cluster import ContainerLog
from diagnostics.snapshot.display import columns
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.pods import Pod

EVENTS = 200
LOGS = 50  # Of one pod; and
NAMED_BY = 50  # diagnoses that name it.


@dataclass(frozen=True, slots=True)
class KeptPod:
    """A pod with the diagnoses that name it, newest first."""

    row: Suspect
    diagnoses: tuple[Diagnosis, ...]


def all_pods() -> QuerySet[Suspect, Suspect]:
    """Every pod that is kept, with its cluster."""
    return Suspect.objects.select_related("cluster").defer("cluster__resource_versions", "cluster__bookings")


def pod(uid: str) -> KeptPod | None:
    """The pod with this uid; None if none is kept."""
    row = all_pods().filter(uid=uid).order_by("-seen_at").first()
    if row is None:
        return None
    return KeptPod(row, tuple(naming(row)))


def naming(row: Suspect) -> list[Diagnosis]:
    """The diagnoses that name a pod: its workload's, then the open ones of what it runs on; newest first."""
    return [each for each in around(row) if names(each, row)]


def around(row: Suspect) -> list[Diagnosis]:
    """Those that may: its workload's, and the open ones of what it runs on or pulls from; of each the newest."""
    of_cluster = Diagnosis.objects.filter(in_cluster(row.cluster_id)).order_by("-number")
    of_workload = of_cluster.filter(namespace=row.namespace, workload_name=row.workload_name)
    shared = of_cluster.filter(IS_OPEN, namespace="")
    # Asked for apart, each is answered from an index.
    return [*of_workload[:NAMED_BY], *shared[:NAMED_BY]]


def names(diagnosis: Diagnosis, row: Suspect) -> bool:
    """Whether a diagnosis names a pod as affected."""
    return any(pod["uid"] == row.uid for pod in diagnosis.verdict["pods"])


def events(row: Suspect) -> list[public.Json]:
    """Events about a pod, the latest first."""
    kept = KeptEvent.objects.filter(cluster=row.cluster_id, object_uid=row.uid).order_by("-last_at", "-pk")
    return [_event(each) for each in kept[:EVENTS]]


def logs(row: Suspect) -> list[public.Json]:
    """Tails of the logs of a pod's containers, the latest run first."""
    kept = KeptLog.objects.filter(cluster=row.cluster_id, pod_uid=row.uid).order_by("container", "-restart")
    return [public_log(each) for each in kept[:LOGS]]


def public_pod(row: Suspect) -> public.Json:
    """A pod in the public shape; `status` is kubectl's STATUS column as it was last seen."""
    known: Pod = unpack(row.body, Pod)
    shown = columns(known)
    return {
        "uid": row.uid,
        "cluster": row.cluster.name,
        "namespace": row.namespace,
        "name": row.name,
        "workload": {"kind": row.workload_kind, "name": row.workload_name},
        "status": shown.status,
        "ready": f"{shown.ready}/{shown.total}",
        "restarts": shown.restarts,
        "node": known.spec.node_name or None,
        "seen_at": public.time(row.seen_at),
        "gone_at": public.time(row.gone_at),
    }


def _event(row: KeptEvent) -> public.Json:
    event: Event = unpack(row.body, Event)
    return {
        "type": event.type,
        "reason": event.reason,
        "message": event.message,
        "count": row.count,
        "first_at": public.time(event.since),
        "last_at": public.time(row.last_at),
        "source": event.source.component or event.reporting_component or None,
    }


def public_log(row: KeptLog) -> public.Json:
    """One tail of a log in the public shape."""
    log: ContainerLog = unpack(row.body, ContainerLog)
    return {
        "container": row.container,
        "restart": row.restart,
        "previous": log.previous,
        "lines": list(log.lines),
        "missing": log.missing or None,
        "kept_at": public.time(row.kept_at),
    }
