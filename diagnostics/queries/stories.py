"""One diagnosis with everything that its page tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F

from diagnostics.models import Activity, Diagnosis, Occurrence, Suspect
from diagnostics.queries.logs import RunLog, runs_of_one
from diagnostics.queries.narrowing import IS_OPEN, in_cluster
from diagnostics.queries.pod_stories import AsKept, as_kept

HISTORY_LIMIT = 50  # Occurrences and activities of one diagnosis that are shown.
PODS_LIMIT = 100  # Affected pods of one diagnosis that are shown.


@dataclass(frozen=True, slots=True)
class Story:
    """One diagnosis with everything that its page tells."""

    diagnosis: Diagnosis
    occurrences: tuple[Occurrence, ...]  # Newest first, as are the activities.
    activities: tuple[Activity, ...]  # But for announcements: `telling` has those.
    kept_pods: dict[str, tuple[datetime, datetime | None]] = field(default_factory=dict)  # uid: last seen, gone since.
    logs: tuple[RunLog, ...] = ()  # Of the container in the pod that is quoted, or another, the latest run first.
    pod: AsKept | None = None  # An affected pod that is kept, one that is still there if there is.
    neighbours: int = 0  # Other open diagnoses in its namespace.


def story(number: int) -> Story | None:
    """One diagnosis with its history, the pods kept of it, its log and its neighbours; None if there is none."""
    rows = Diagnosis.objects.select_related("cluster", "assignee", "acknowledged_by")
    rows = rows.defer("cluster__resource_versions", "cluster__bookings")
    diagnosis = rows.filter(number=number).first()
    if diagnosis is None:
        return None
    uids = [pod["uid"] for pod in diagnosis.verdict["pods"][:PODS_LIMIT]]
    return Story(
        diagnosis=diagnosis,
        occurrences=tuple(diagnosis.occurrences.order_by("-started_at").defer("verdict")[:HISTORY_LIMIT]),
        activities=_activities(diagnosis),
        kept_pods=_kept_pods(diagnosis, uids),
        logs=_logs(diagnosis, uids),
        pod=_pod(diagnosis, uids),
        neighbours=_neighbours(diagnosis),
    )


def _activities(diagnosis: Diagnosis) -> tuple[Activity, ...]:
    found = diagnosis.activity.exclude(kind=Activity.Kind.ANNOUNCED).select_related("actor")
    return tuple(found.order_by("-at", "-pk")[:HISTORY_LIMIT])


def _kept_pods(diagnosis: Diagnosis, uids: list[str]) -> dict[str, tuple[datetime, datetime | None]]:
    kept = Suspect.objects.filter(cluster=diagnosis.cluster_id, uid__in=uids)
    return {uid: (seen_at, gone_at) for uid, seen_at, gone_at in kept.values_list("uid", "seen_at", "gone_at")}


def _logs(diagnosis: Diagnosis, uids: list[str]) -> tuple[RunLog, ...]:
    quoted = {piece["object"] for piece in diagnosis.verdict["evidence"] if piece["source"] == "log"}
    best = {pod["uid"] for pod in diagnosis.verdict["pods"][:PODS_LIMIT] if f"Pod/{pod['name']}" in quoted}
    return runs_of_one(diagnosis.cluster, uids, best, diagnosis.container)


def _pod(diagnosis: Diagnosis, uids: list[str]) -> AsKept | None:
    kept = Suspect.objects.filter(cluster=diagnosis.cluster_id, uid__in=uids)
    row = kept.order_by(F("gone_at").desc(nulls_first=True), "name").first()
    if row is None:
        return None
    row.cluster = diagnosis.cluster
    return as_kept(row)


def _neighbours(diagnosis: Diagnosis) -> int:
    return (
        Diagnosis.objects.filter(IS_OPEN, in_cluster(diagnosis.cluster_id), namespace=diagnosis.namespace)
        .exclude(pk=diagnosis.pk)
        .count()
    )
