"""What is watched, what was last, and what a browser has missed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, OuterRef, QuerySet, Subquery

from diagnostics.models import Cluster, Diagnosis, Update

HEAL_LIMIT = 500  # Missed updates that are named one by one; beyond it a page simply fetches everything again.
OPENED_LIMIT = 10_000  # Diagnoses of the last days that are counted for a small chart.


@dataclass(frozen=True, slots=True)
class Missed:
    """What changed after a sequence number; `updates` is None where it is too much to name: fetch again."""

    seq: int
    updates: tuple[Update, ...] | None


def clusters() -> list[Cluster]:
    """All clusters by name, without the bulky fields that only the watchers need."""
    return list(Cluster.objects.defer("resource_versions", "bookings"))


def clusters_with_last_resolved() -> QuerySet[Cluster, tuple[str, datetime | None]]:
    """Each cluster's name and when its latest resolved diagnosis was resolved."""
    latest = Diagnosis.objects.filter(cluster=OuterRef("pk"), state=Diagnosis.State.RESOLVED).order_by("-resolved_at")
    return Cluster.objects.values_list("name", Subquery(latest.values("resolved_at")[:1]))


def last_resolved() -> Diagnosis | None:
    """The diagnosis that was resolved last."""
    resolved = Diagnosis.objects.filter(state=Diagnosis.State.RESOLVED).select_related("cluster")
    return resolved.order_by("-resolved_at", "number").first()


def opened_since_when_all_is_resolved(since: datetime) -> list[datetime]:
    """When diagnoses were opened since then; only right while none is open.

    Whatever opened since then and is resolved now was also resolved since then: the index of the resolved answers.
    """
    resolved = Diagnosis.objects.filter(state=Diagnosis.State.RESOLVED, resolved_at__gte=since, opened_at__gte=since)
    return list(resolved.values_list("opened_at", flat=True)[:OPENED_LIMIT])


def kept_since() -> datetime | None:
    """When the oldest diagnosis that is still stored was opened."""
    return Diagnosis.objects.order_by("number").values_list("opened_at", flat=True).first()


def latest_seq() -> int:
    """The newest sequence number; a page reads it before its rows, so that it never believes to know more."""
    newest: int | None = Update.objects.aggregate(newest=Max("seq"))["newest"]
    return newest or 0


def missed(since: int) -> Missed:
    """What a browser or web process that knows everything up to `since` has missed, oldest first.

    Numbers appear in their own order (`live.announce` sees to that), so nothing can come up behind the newest.
    """
    newest = latest_seq()
    later = Update.objects.filter(seq__gt=since, seq__lte=newest).select_related("cluster")
    updates = tuple(later.only("seq", "topic", "ids", "cluster__name").order_by("seq")[: HEAL_LIMIT + 1])
    known = since == newest or (since < newest and Update.objects.filter(seq__lte=since + 1).exists())
    return Missed(newest, updates if known and len(updates) <= HEAL_LIMIT else None)
