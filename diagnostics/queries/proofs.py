"""What speaks for a diagnosis, for programs: its evidence, its pods as they are kept, its log; and its like."""

from __future__ import annotations

from django.db.models import QuerySet

from diagnostics.models import Diagnosis, KeptLog, Suspect
from diagnostics.queries import public
from diagnostics.queries.pods import public_log
from diagnostics.queries.stories import PODS_LIMIT


def all_diagnoses() -> QuerySet[Diagnosis, Diagnosis]:
    """Every diagnosis with what its public shape reads."""
    rows = Diagnosis.objects.select_related("cluster", "assignee")
    return rows.defer("cluster__resource_versions", "cluster__bookings", "cluster__tallies", "cluster__gaps")


def evidence(row: Diagnosis) -> public.Json:
    """Everything that speaks for a diagnosis."""
    verdict = row.verdict
    named = verdict["pods"][:PODS_LIMIT]
    uids = [pod["uid"] for pod in named]
    kept = {pod.uid: pod for pod in Suspect.objects.filter(cluster=row.cluster_id, uid__in=uids).defer("body")}
    logs = KeptLog.objects.filter(cluster=row.cluster_id, pod_uid__in=uids, container=row.container)
    newest = logs.order_by("-kept_at", "-pk").first()
    return {
        "evidence": verdict["evidence"],
        "ruled_out": verdict["ruled_out"],
        "changed": verdict["changed"],
        "pods": [_pod(pod, kept.get(pod["uid"])) for pod in named],
        "log": public_log(newest) if newest else None,
    }


def similar(row: Diagnosis) -> QuerySet[Diagnosis, Diagnosis]:
    """The same cause elsewhere, or earlier under another name."""
    return all_diagnoses().filter(code=row.code).exclude(pk=row.pk)


def _pod(pod: public.Json, kept: Suspect | None) -> public.Json:
    return {
        "name": pod["name"],
        "uid": pod["uid"],
        "seen_at": public.time(kept.seen_at) if kept else None,
        "gone_at": public.time(kept.gone_at) if kept else None,
    }
