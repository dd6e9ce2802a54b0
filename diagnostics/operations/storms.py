"""Storms: so many diagnoses at once that single messages would bury what they say. One message stands for them.

A storm begins with the tenth opening within five minutes in one cluster, and ends when openings are rare again. What
opens in between is told by the storm alone; so its resolution is not told either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Sum

from diagnostics.models import Channel, Delivery, Diagnosis, Storm
from diagnostics.notify.matching import SEVERITIES
from diagnostics.notify.notice import Type
from diagnostics.queries import public

WINDOW = timedelta(minutes=5)
MANY = 10  # Openings within the window that make a storm;
FEW = 5  # and fewer than that end it.
SHARES = 10  # Codes that a message lists.


class Storms:
    """The storms of the clusters that some rows belong to. To be used in one transaction."""

    def __init__(self, rows: Iterable[Diagnosis], now: datetime) -> None:
        self._now = now
        clusters = {row.cluster_id: row.cluster for row in rows}
        self._open = {storm.cluster_id: storm for storm in Storm.objects.filter(cluster__in=clusters, ended_at=None)}
        for cluster_id, opened in _openings(clusters, now).items():
            if opened >= MANY and cluster_id not in self._open:
                self._open[cluster_id] = Storm.objects.create(cluster=clusters[cluster_id], started_at=now)
        told = Delivery.objects.filter(thread__in=map(thread, self._open.values()), type=Type.STORM_STARTED)
        self._told = set(told.values_list("thread", "channel_id"))

    def of(self, row: Diagnosis) -> Storm | None:
        """The storm that tells of a diagnosis that opens now, if one rages in its cluster."""
        return self._open.get(row.cluster_id)

    def started(self, storm: Storm, channel: Channel, route: str) -> Delivery | None:
        """The one message of the storm for a channel; None if it has been told already."""
        if (thread(storm), channel.pk) in self._told:
            return None
        self._told.add((thread(storm), channel.pk))
        return _delivery(storm, channel, route, Type.STORM_STARTED, self._now)


def end(now: datetime) -> list[Delivery]:
    """Ends the storms in which little opens any more; returns what to tell those channels that were told they began."""
    deliveries: list[Delivery] = []
    for storm in Storm.objects.filter(ended_at=None, started_at__lte=now - WINDOW).select_related("cluster"):
        if _openings([storm.cluster_id], now).get(storm.cluster_id, 0) >= FEW:
            continue
        storm.ended_at = now
        storm.save(update_fields=["ended_at"])
        begun = Delivery.objects.filter(thread=thread(storm), type=Type.STORM_STARTED)
        begun = begun.select_related("channel").defer("channel__settings")
        deliveries += [_delivery(storm, told.channel, told.route, Type.STORM_ENDED, now) for told in begun]
    return deliveries


def thread(storm: Storm) -> str:
    """What the messages of one storm have in common."""
    return f"storm-{storm.pk}"


def _openings(clusters: Iterable[int], now: datetime) -> Counter[int]:
    """How many diagnoses opened lately, by cluster."""
    lately = Diagnosis.objects.filter(cluster__in=list(clusters), opened_at__gt=now - WINDOW)
    return Counter(dict(lately.values_list("cluster").annotate(n=Count("pk"))))


def _delivery(storm: Storm, channel: Channel, route: str, type_: Type, now: datetime) -> Delivery:
    return Delivery(
        channel=channel,
        thread=thread(storm),
        type=type_,
        route=route,
        data=_public(storm),
        created_at=now,
        due_at=now,
    )


def _public(storm: Storm) -> dict[str, Any]:
    """A storm as notices carry it: the codes with the most diagnoses first."""
    concerned = Diagnosis.objects.filter(cluster=storm.cluster, opened_at__gt=storm.started_at - WINDOW)
    by_code = concerned.values("code").annotate(diagnoses=Count("pk"), pods=Sum("pods_affected")).order_by("-diagnoses")
    shares = list(by_code[:SHARES])
    examples = {
        code: concerned.filter(code=code).order_by("-severity", "-pods_affected").first()
        for code in (share["code"] for share in shares)
    }
    totals = concerned.aggregate(diagnoses=Count("pk"), pods=Sum("pods_affected"))
    return {
        "cluster": storm.cluster.name,
        "url": public.page(f"/?cluster={storm.cluster.name}"),
        "diagnoses": totals["diagnoses"],
        "pods": totals["pods"] or 0,
        "started_at": public.time(storm.started_at),
        "ended_at": public.time(storm.ended_at),
        "shares": [
            {**share, "severity": SEVERITIES[example.severity], "example": example.summary}
            for share in shares
            if (example := examples[share["code"]]) is not None
        ],
    }
