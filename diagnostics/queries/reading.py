"""What the pages about clusters show: how reading went, what is open, what would go with one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, Max, OuterRef, Subquery
from django.db.models.functions import TruncHour

from diagnostics.models import (
    Cluster,
    ClusterCredentials,
    Diagnosis,
    KeptEvent,
    KeptLog,
    Run,
    Suspect,
)
from diagnostics.queries.narrowing import IS_OPEN

HOURS = 24


@dataclass(frozen=True, slots=True)
class Reading:
    """How reading a cluster went: full lists by the hour, the present one last, in seconds; the latest; failed tries."""

    hours: tuple[float, ...]
    latest: float | None
    failed: int  # Since it fails.


@dataclass(frozen=True, slots=True)
class OpenIn:
    """The open diagnoses of a cluster, and the worst severity of them."""

    count: int
    worst: int


@dataclass(frozen=True, slots=True)
class Stored:
    """How much is stored of a cluster, and would go with it."""

    diagnoses: int
    pods: int
    events: int
    logs: int


def by_uuid(uuid: UUID) -> Cluster | None:
    """One cluster, without the bulky fields that only the watchers need."""
    return Cluster.objects.filter(uuid=uuid).defer("resource_versions", "bookings", "tallies").first()


def watched_as(identity: str) -> str:
    """The name of the cluster that is the one with this UID of kube-system; blank if none is, or it is not known."""
    if not identity:
        return ""
    return Cluster.objects.filter(identity=identity).values_list("name", flat=True).first() or ""


def credentials_stored_at(cluster: Cluster) -> datetime | None:
    """When the credentials of a cluster were pasted; None where none were. Nothing is decrypted."""
    return ClusterCredentials.objects.filter(cluster=cluster).values_list("stored_at", flat=True).first()


def readings(now: datetime) -> dict[int, Reading]:
    """How reading each cluster went, by its primary key."""
    longest, failed = _longest(now), _failed()
    sweeps = Run.objects.filter(cluster=OuterRef("pk"), kind=Run.Kind.SWEEP).order_by("-started_at")
    return {
        cluster: Reading(tuple(longest[cluster]), latest, failed.get(cluster, 0))
        for cluster, latest in Cluster.objects.values_list("pk", Subquery(sweeps.values("seconds")[:1]))
    }


def _longest(now: datetime) -> dict[int, list[float]]:
    """The slowest full list of each hour."""
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    since = this_hour - timedelta(hours=HOURS - 1)
    sweeps = Run.objects.filter(kind=Run.Kind.SWEEP, started_at__gte=since, started_at__lte=now).order_by()
    grouped = sweeps.annotate(hour=TruncHour("started_at", tzinfo=UTC)).values_list("cluster", "hour")
    found: dict[int, list[float]] = defaultdict(lambda: [0.0] * HOURS)
    for cluster, hour, seconds in grouped.annotate(Max("seconds")):
        found[cluster][(hour - since) // timedelta(hours=1)] = seconds
    return found


def _failed() -> dict[int, int]:
    tries = Run.objects.filter(started_at__gte=F("cluster__failing_since")).exclude(failure="").order_by()
    return dict(tries.values_list("cluster").annotate(Count("pk")))


def open_in() -> dict[int, OpenIn]:
    """What is open, by the cluster's primary key."""
    grouped = Diagnosis.objects.filter(IS_OPEN).order_by().values_list("cluster")
    return {cluster: OpenIn(n, worst) for cluster, n, worst in grouped.annotate(Count("pk"), Max("severity"))}


def stored(cluster: Cluster) -> Stored:
    """How much is stored of it."""
    return Stored(
        diagnoses=Diagnosis.objects.filter(cluster=cluster).count(),
        pods=Suspect.objects.filter(cluster=cluster).count(),
        events=KeptEvent.objects.filter(cluster=cluster).count(),
        logs=KeptLog.objects.filter(cluster=cluster).count(),
    )
