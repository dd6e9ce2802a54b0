"""Forgets what is no longer needed: diagnoses long resolved, evidence of pods long gone, what was told, sessions."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import Exists, F, OuterRef, QuerySet, Window
from django.db.models.functions import RowNumber

from diagnostics.models import (
    Cluster,
    Delivery,
    Diagnosis,
    EndedRun,
    KeptEvent,
    KeptLog,
    Rollout,
    Run,
    Silence,
    Storm,
    Suspect,
    Update,
)

UPDATES_KEPT = timedelta(days=1)  # A browser that slept longer fetches everything again.
RUNS_KEPT = 300  # A cluster: a day of full lists every ten minutes, and of what is watched between them.
LOGS_KEPT = 3  # A container: a crash loop writes one every few minutes.
ENDED_RUNS_KEPT = 200  # A container.
BATCH = 1_000  # Rows a transaction, so that nobody waits long for SQLite's one writer.


def prune(now: datetime, keep: timedelta) -> Counter[str]:
    """Deletes what is older than `keep`; returns how many of each kind it was ("diagnoses").

    A diagnosis takes its occurrences and activity along, uncounted. One that is open is kept, however old, as are the
    events and logs of a pod that is suspect still, and what is still to be delivered.
    """
    expired = now - keep
    doomed: list[QuerySet[Any]] = [
        Diagnosis.objects.filter(state=Diagnosis.State.RESOLVED, resolved_at__lt=expired),
        Suspect.objects.filter(gone_at__lt=expired),
        KeptEvent.objects.filter(~_of_suspect("object_uid"), last_at__lt=expired),
        KeptLog.objects.filter(~_of_suspect("pod_uid"), kept_at__lt=expired),
        _beyond(LOGS_KEPT, KeptLog.objects.all()),
        EndedRun.objects.filter(ended_at__lt=expired),
        _beyond(ENDED_RUNS_KEPT, EndedRun.objects.all()),
        Rollout.objects.filter(at__lt=expired),
        Delivery.objects.exclude(state=Delivery.State.PENDING).filter(created_at__lt=expired),
        Silence.objects.filter(ends_at__lt=expired),
        Storm.objects.filter(ended_at__lt=expired),
        Update.objects.filter(at__lt=now - UPDATES_KEPT),
        Session.objects.filter(expire_date__lt=now),
        *(_old_runs(cluster) for cluster in Cluster.objects.only("pk")),
    ]
    deleted: Counter[str] = Counter()
    for rows in doomed:
        deleted[str(rows.model._meta.verbose_name_plural)] += _delete(rows)  # noqa: SLF001 - Django's public API in all but name
    return deleted


def _of_suspect(column: str) -> Exists:
    return Exists(Suspect.objects.filter(cluster=OuterRef("cluster"), uid=OuterRef(column), gone_at=None))


def _beyond(kept: int, rows: QuerySet[Any]) -> QuerySet[Any]:
    """All but the latest rows of each container."""
    of_container = [F("cluster"), F("pod_uid"), F("container")]
    age = Window(RowNumber(), partition_by=of_container, order_by=F("restart").desc())
    beyond: QuerySet[Any] = rows.alias(age=age).filter(age__gt=kept)
    return beyond


def _old_runs(cluster: Cluster) -> QuerySet[Run]:
    latest = cluster.runs.order_by("-started_at", "-pk")[:RUNS_KEPT].values("pk")
    return cluster.runs.exclude(pk__in=list(latest.values_list("pk", flat=True)))


def _delete(rows: QuerySet[Any]) -> int:
    deleted = 0
    while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
        rows.model._base_manager.filter(pk__in=keys).delete()  # noqa: SLF001 - as above
        deleted += len(keys)
    return deleted
