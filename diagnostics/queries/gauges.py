"""What is measured of the whole product, read from rows: `/metrics` shows it, and keeps no numbers of its own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Avg, Count, Max, Q

from diagnostics.models import Channel, Cluster, Delivery, Diagnosis, Run
from diagnostics.queries.narrowing import IS_OPEN

SERIES_LIMIT = 2_000  # Combinations of cluster, severity and code that are told apart; the others are "other" codes.
OTHER = "other"


class OpenKey(NamedTuple):
    """What open diagnoses are counted by; the severity as a number."""

    cluster: str
    severity: int
    code: str


class DeliveryKey(NamedTuple):
    """What deliveries are counted by."""

    channel: str
    state: str


@dataclass(frozen=True, slots=True)
class ClusterGauge:
    """One cluster, and what of it could not be read or judged."""

    name: str
    age: float  # Seconds since its watches were last known to be true; since it was added if it was never read.
    paused: bool
    failing: bool
    pods: int
    malformed: int  # Objects of the last sweep that could not be decoded.
    unavailable: Counter[str]  # What could not be read, by why: "forbidden", or a kind of `kube.errors`.
    crashed: int  # Checks that raised.


@dataclass(frozen=True, slots=True)
class RunGauge:
    """The kept runs of one kind in one cluster, in seconds."""

    cluster: str
    kind: str
    last: float
    mean: float
    longest: float
    kept: int
    failed: int


@dataclass(frozen=True, slots=True)
class ChannelGauge:
    """One channel."""

    name: str
    kind: str
    enabled: bool
    failing: bool
    failures: int  # In a row.


def open_diagnoses() -> Counter[OpenKey]:
    """How many are open; the rarest combinations above SERIES_LIMIT are counted under the code `other`."""
    grouped = Diagnosis.objects.filter(IS_OPEN).order_by().values_list("cluster__name", "severity", "code")
    found: Counter[OpenKey] = Counter()
    for position, (cluster, severity, code, count) in enumerate(grouped.annotate(open=Count("pk")).order_by("-open")):
        found[OpenKey(cluster, severity, code if position < SERIES_LIMIT else OTHER)] += count
    return found


def clusters(now: datetime) -> list[ClusterGauge]:
    """All clusters, by name."""
    columns = ("name", "fresh_at", "added_at", "paused", "failing_since", "pods_seen", "malformed", "gaps", "crashed")
    return [
        ClusterGauge(
            name=row.name,
            age=max((now - (row.fresh_at or row.added_at)).total_seconds(), 0.0),
            paused=row.paused,
            failing=row.failing_since is not None,
            pods=row.pods_seen,
            malformed=row.malformed,
            unavailable=Counter(gap["error"] for gap in row.gaps),
            crashed=len(row.crashed),
        )
        for row in Cluster.objects.only(*columns)
    ]


def runs() -> list[RunGauge]:
    """The kept runs by cluster and kind."""
    grouped = Run.objects.order_by("cluster__name", "kind").values_list("cluster__name", "kind")
    measured = grouped.annotate(
        newest=Max("pk"),
        mean=Avg("seconds"),
        longest=Max("seconds"),
        kept=Count("pk"),
        failed=Count("pk", filter=~Q(failure="")),
    )
    rows = list(measured)
    last = dict(Run.objects.filter(pk__in=[newest for _, _, newest, *_ in rows]).values_list("pk", "seconds"))
    # One that was pruned in between is missing from `last`.
    return [RunGauge(cluster, kind, last[newest], *rest) for cluster, kind, newest, *rest in rows if newest in last]


def deliveries() -> Counter[DeliveryKey]:
    """How many deliveries are stored."""
    grouped = Delivery.objects.order_by().values_list("channel__name", "state").annotate(stored=Count("pk"))
    return Counter({DeliveryKey(channel, state): count for channel, state, count in grouped})


def channels() -> list[ChannelGauge]:
    """All channels by name. Their settings are not read: nothing is decrypted."""
    columns = Channel.objects.values_list("name", "kind", "enabled", "failing_since", "failures")
    return [
        ChannelGauge(name, kind, enabled, failing_since is not None, failures)
        for name, kind, enabled, failing_since, failures in columns
    ]
