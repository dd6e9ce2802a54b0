"""Pictures and their rows: loads what is stored of a cluster, and stores what has changed since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db.models import Q

from diagnostics.kube.collect import FIELDS
from diagnostics.kube.decoders import convert
from diagnostics.kube.resources import BY_NAME
from diagnostics.models import Cluster, KeptEvent, KeptLog, KnownObject, RunningPods, Suspect
from diagnostics.operations import ended_runs, rollouts
from diagnostics.operations.bulk import chunks
from diagnostics.operations.packing import pack, unpack
from diagnostics.operations.picture import Held, Picture, Place, Unsaved
from diagnostics.snapshot.cluster import Booking, ContainerLog, Snapshot, Tally, Unavailable
from diagnostics.snapshot.meta import OwnerReference
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.owners import Key, WorkloadRef
from diagnostics.snapshot.placed import Kept, Placed
from diagnostics.snapshot.pods import Pod

LONGEST_UID = 253  # Whoever reports an event may write there what he likes.
EVENTS_LOADED = timedelta(hours=1)  # Of what is no suspect, as the cluster itself would list them.


# ---- Loading ---------------------------------------------------------------------------------------------------------


def load(cluster: Cluster, now: datetime) -> Picture:
    """What is stored of a cluster, with nothing unsaved; `now` is the API server's clock."""
    picture = Picture(_snapshot(cluster, now), versions=_places(cluster.resource_versions))
    for gap in convert(cluster.gaps, list[Unavailable]):
        (picture.unfollowed if gap.grant.startswith("watch ") else picture.gaps)[gap.resource, gap.namespace] = gap
    for known in KnownObject.objects.filter(cluster=cluster).iterator():
        resource = BY_NAME[known.resource]
        key = (known.namespace, known.name) if resource.namespaced else known.name
        getattr(picture.snapshot, FIELDS[resource.name])[key] = unpack(known.body, resource.type)
    for running in RunningPods.objects.filter(cluster=cluster):
        picture.snapshot.placed = Placed.of(unpack(running.body, Kept))
    # In the order of a sweep, so that the same ones are witnesses.
    for suspect in Suspect.objects.filter(cluster=cluster, gone_at=None).order_by("namespace", "name").iterator():
        picture.hold(picture.sharing.pod(unpack(suspect.body, Pod)))
        held = picture.suspects[suspect.uid]
        held.diagnosed, held.stored = suspect.diagnosed, True
    _load_evidence(cluster, picture, now)
    picture.unsaved, picture.touched = Unsaved(), set()
    return picture


def _snapshot(cluster: Cluster, now: datetime) -> Snapshot:
    return Snapshot(
        cluster=cluster.name,
        now=now,
        context=cluster.context,
        server_version=cluster.server_version,
        tallies={
            (namespace, convert(owner, OwnerReference)): Tally(total, ready)
            for namespace, owner, total, ready in cluster.tallies
        },
        bookings=convert(cluster.bookings, dict[str, Booking]),
        bookings_complete=not cluster.namespaces,
        counted_namespaces=frozenset(cluster.namespaces),
        read={resource for (resource, _), version in _places(cluster.resource_versions).items() if version},
        pods_seen=cluster.pods_seen,
    )


def _load_evidence(cluster: Cluster, picture: Picture, now: datetime) -> None:
    lately = Q(last_at__gte=now - EVENTS_LOADED)
    conditions = [lately, *(Q(object_uid__in=uids) for uids in chunks(picture.statics))]
    for condition in conditions:
        for kept in KeptEvent.objects.filter(condition, cluster=cluster).order_by("last_at"):
            picture.file(unpack(kept.body, Event))
    for uids in chunks(picture.suspects):
        for log in KeptLog.objects.filter(cluster=cluster, pod_uid__in=uids).order_by("restart"):
            picture.snapshot.logs[log.pod_uid, log.container] = unpack(log.body, ContainerLog)
            picture.log_runs[log.pod_uid, log.container] = log.restart


# ---- Columns of the cluster -------------------------------------------------------------------------------------------


def totals(picture: Picture) -> dict[str, Any]:
    """What only a sweep tells, for it alone sees every pod."""
    snapshot = picture.snapshot
    return {
        "bookings": msgspec.to_builtins(snapshot.bookings),
        "tallies": _tallies(snapshot),
        "pods_seen": snapshot.pods_seen,
    }


def positions(picture: Picture) -> dict[str, Any]:
    """From where the watches go on, and what cannot be read."""
    return {
        "resource_versions": {_name(place): version for place, version in picture.resume_from.items()},
        "gaps": msgspec.to_builtins([*picture.gaps.values(), *picture.unfollowed.values()]),
        "malformed": len({(bad.resource, bad.namespace, bad.name) for bad in picture.snapshot.malformed_objects}),
    }


def _tallies(snapshot: Snapshot) -> list[list[Any]]:
    """Those of controllers whose own status does not tell them."""
    owners = snapshot.owners
    return [
        [namespace, msgspec.to_builtins(owner), tally.total, tally.ready]
        for (namespace, owner), tally in snapshot.tallies.items()
        if (known := snapshot.workload(owners.of_controller(owner, namespace))) is None or not known.status.pods
    ]


def _name(place: Place) -> str:
    resource, namespace = place
    return f"{resource}/{namespace}" if namespace else resource


def _places(versions: dict[str, str]) -> dict[Place, str]:
    split = {name: name.partition("/") for name in versions}
    return {(resource, namespace or None): versions[name] for name, (resource, _, namespace) in split.items()}


# ---- Saving ----------------------------------------------------------------------------------------------------------


def save(cluster: Cluster, picture: Picture) -> None:
    """Stores what is unsaved. To be called in a transaction; should that fail, the picture is to be loaded anew."""
    unsaved, picture.unsaved = picture.unsaved, Unsaved()
    now = picture.snapshot.now
    _save_known(cluster, picture, unsaved)
    _save_events(cluster, unsaved.events.values(), now)
    _save_logs(cluster, picture, unsaved.logs)
    if unsaved.ended:
        ended_runs.save(cluster, unsaved.ended, picture.snapshot.owners)
    rollouts.save(cluster, unsaved.rollouts.values())
    if unsaved.counted:
        body = pack(picture.snapshot.placed.kept())
        RunningPods.objects.update_or_create(cluster=cluster, defaults={"body": body})
    _save_suspects(cluster, picture, {uid: picture.suspects[uid] for uid in unsaved.suspects}, None)
    _save_suspects(cluster, picture, {uid: held for uid, held in unsaved.gone.items() if held.diagnosed}, now)
    _forget_suspects(cluster, unsaved)


def _save_known(cluster: Cluster, picture: Picture, unsaved: Unsaved) -> None:
    rows = []
    for name, (namespace, object_name) in unsaved.known:
        key = (namespace, object_name) if BY_NAME[name].namespaced else object_name
        body = pack(getattr(picture.snapshot, FIELDS[name])[key])
        rows.append(KnownObject(cluster=cluster, resource=name, namespace=namespace, name=object_name, body=body))
    KnownObject.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=("cluster", "resource", "namespace", "name"),
        update_fields=("body",),
    )
    _forget_known(cluster, unsaved.forgotten)


def _forget_known(cluster: Cluster, forgotten: Iterable[tuple[str, Key]]) -> None:
    places: dict[tuple[str, str], list[str]] = defaultdict(list)
    for resource, (namespace, name) in forgotten:
        places[resource, namespace].append(name)
    for (resource, namespace), names in places.items():
        for chunk in chunks(names):
            KnownObject.objects.filter(cluster=cluster, resource=resource, namespace=namespace, name__in=chunk).delete()


def _save_events(cluster: Cluster, events: Iterable[Event], now: datetime) -> None:
    for chunk in chunks(events):
        _save_some_events(cluster, chunk, now)


def _save_some_events(cluster: Cluster, events: Iterable[Event], now: datetime) -> None:
    KeptEvent.objects.bulk_create(
        (
            KeptEvent(
                cluster=cluster,
                uid=event.metadata.uid,
                object_uid=event.involved_object.uid[:LONGEST_UID],
                body=pack(event),
                count=event.times,
                last_at=event.at or now,
            )
            for event in events
        ),
        update_conflicts=True,
        unique_fields=("cluster", "uid"),
        update_fields=("body", "count", "last_at"),
    )


def _save_logs(cluster: Cluster, picture: Picture, places: Iterable[tuple[str, str]]) -> None:
    KeptLog.objects.bulk_create(
        (
            KeptLog(
                cluster=cluster,
                pod_uid=uid,
                container=container,
                restart=picture.log_runs[uid, container],
                body=pack(picture.snapshot.logs[uid, container]),
                kept_at=picture.snapshot.now,
            )
            for uid, container in places
        ),
        update_conflicts=True,
        unique_fields=("cluster", "pod_uid", "container", "restart"),
        update_fields=("body", "kept_at"),
    )


def _save_suspects(cluster: Cluster, picture: Picture, held: dict[str, Held], gone_at: datetime | None) -> None:
    """Stores suspects as they are; of those whose row holds that already, only what became of them."""
    for uids in chunks(uid for uid, suspect in held.items() if suspect.stored):
        rows = Suspect.objects.filter(cluster=cluster, uid__in=uids)
        rows.update(
            seen_at=picture.snapshot.now, gone_at=gone_at, diagnosed=True
        )  # The only news there can be of them.
    owners = picture.snapshot.owners
    for suspects in chunks(suspect for suspect in held.values() if not suspect.stored):
        Suspect.objects.bulk_create(
            [
                _row(cluster, suspect, owners.top(suspect.pod.metadata), picture.snapshot.now, gone_at)
                for suspect in suspects
            ],
            update_conflicts=True,
            unique_fields=("cluster", "uid"),
            update_fields=("workload_kind", "workload_name", "body", "seen_at", "gone_at", "diagnosed"),
        )
        for suspect in suspects:
            suspect.body, suspect.stored = None, True


def _row(cluster: Cluster, suspect: Held, workload: WorkloadRef, now: datetime, gone_at: datetime | None) -> Suspect:
    metadata = suspect.pod.metadata
    return Suspect(
        cluster=cluster,
        uid=metadata.uid,
        namespace=metadata.namespace,
        name=metadata.name,
        workload_kind=workload.kind,
        workload_name=workload.name,
        body=suspect.body or pack(suspect.pod),
        seen_at=now,
        gone_at=gone_at,
        diagnosed=suspect.diagnosed,
    )


def _forget_suspects(cluster: Cluster, unsaved: Unsaved) -> None:
    """Deletes the rows of healthy pods, and with them what is evidence of nothing."""
    of_cluster = Q(cluster=cluster)
    for uids in chunks(unsaved.healthy):
        Suspect.objects.filter(of_cluster, uid__in=uids).delete()
    parted = {**unsaved.healthy, **unsaved.gone}
    for uids in chunks(uid for uid, held in parted.items() if not held.diagnosed):
        Suspect.objects.filter(of_cluster, uid__in=uids).delete()
        KeptEvent.objects.filter(of_cluster, object_uid__in=uids).delete()
        KeptLog.objects.filter(of_cluster, pod_uid__in=uids).delete()
