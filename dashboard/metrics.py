"""`/metrics`: what Prometheus scrapes, computed at each scrape from rows and from Redis, the same in every process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import IPv6Address, ip_address
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from rest_framework.exceptions import AuthenticationFailed

from dashboard import queues
from dashboard.api.authentication import allowed, token_of
from diagnostics.models import ApiToken, Delivery
from diagnostics.queries import gauges
from diagnostics.rules.model import Severity

Row = TypeVar("Row")
Labels = tuple[str, ...]
Series = Iterable[tuple[Labels, float]]
Columns = Mapping[str, tuple[str, Callable[[Row], float]]]  # By metric: what it is, and its value in a row.

OF_CLUSTERS: Columns[gauges.ClusterGauge] = {
    "freshness_seconds": (
        "Time since the cluster was last known to be watched; since it was added if it never was.",
        lambda row: row.age,
    ),
    "paused": ("Whether watching is paused.", lambda row: row.paused),
    "failing": ("Whether the last try to read the cluster failed.", lambda row: row.failing),
    "pods": ("Pods that the last sweep saw.", lambda row: row.pods),
    "malformed_objects": ("Objects of the last sweep that were not understood.", lambda row: row.malformed),
    "crashed_checks": ("Checks that failed themselves in the last judgement.", lambda row: row.crashed),
}
OF_RUNS: Columns[gauges.RunGauge] = {
    "last_seconds": ("How long the last sweep or follow slice took.", lambda row: row.last),
    "mean_seconds": ("How long the kept ones took on average.", lambda row: row.mean),
    "longest_seconds": ("How long the longest of the kept ones took.", lambda row: row.longest),
    "kept": ("Sweeps and follow slices that are kept.", lambda row: row.kept),
    "failed": ("Those of the kept ones that failed.", lambda row: row.failed),
}
OF_CHANNELS: Columns[gauges.ChannelGauge] = {
    "enabled": ("Whether the channel is enabled.", lambda row: row.enabled),
    "failing": ("Whether the channel's last send failed.", lambda row: row.failing),
    "failures": ("Sends of the channel that failed in a row.", lambda row: row.failures),
}

log = logging.getLogger(__name__)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The measurements, for a token with the scope read and for addresses in METRICS_ALLOW_CIDRS."""
    if not _may_scrape(request):
        return _refusal()
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    registry = CollectorRegistry()
    registry.register(Measurements())
    return HttpResponse(encode(registry), content_type=content_type)


def _may_scrape(request: HttpRequest) -> bool:
    if _is_listed(request.META.get("REMOTE_ADDR", "")):
        return True
    try:
        token = token_of(request)
    except AuthenticationFailed:
        return False
    return token is not None and allowed(token.user, token, ApiToken.Scope.READ)


def _is_listed(peer: str) -> bool:
    try:
        address = ip_address(peer)
    except ValueError:  # A unix socket has no address.
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in settings.METRICS_ALLOW_CIDRS)


def _refusal() -> HttpResponse:
    text = (
        "Send a token with the scope read (Authorization: Bearer sb_...), or put your address in METRICS_ALLOW_CIDRS.\n"
    )
    return HttpResponse(
        text, status=401, content_type="text/plain", headers={"WWW-Authenticate": 'Bearer realm="sickbay"'}
    )


class Measurements(Collector):
    """All metrics, read when they are collected."""

    def collect(self) -> Iterator[Metric]:
        """Every family, also those that have no series now."""
        yield _diagnoses()
        yield from _clusters()
        yield from _runs()
        yield from _channels()
        yield from _processes()


def _diagnoses() -> Metric:
    counts = gauges.open_diagnoses()
    return _family(
        "diagnoses_open",
        "Open diagnoses.",
        ("cluster", "severity", "code"),
        (((key.cluster, Severity(key.severity).word, key.code), count) for key, count in counts.items()),
    )


def _clusters() -> Iterator[Metric]:
    rows = gauges.clusters(timezone.now())
    yield from _columns("cluster", ("cluster",), {(row.name,): row for row in rows}, OF_CLUSTERS)
    yield _family(
        "cluster_unavailable",
        "What could not be read, by why; forbidden is a permission gap.",
        ("cluster", "error"),
        (((row.name, error), count) for row in rows for error, count in row.unavailable.items()),
    )


def _runs() -> Iterator[Metric]:
    yield from _columns("run", ("cluster", "kind"), {(row.cluster, row.kind): row for row in gauges.runs()}, OF_RUNS)


def _channels() -> Iterator[Metric]:
    rows = gauges.channels()
    yield from _columns("channel", ("channel", "kind"), {(row.name, row.kind): row for row in rows}, OF_CHANNELS)
    counts = gauges.deliveries()
    keys = [gauges.DeliveryKey(row.name, state) for row in rows for state in Delivery.State.values]
    yield _family(
        "deliveries", "Deliveries that are stored.", ("channel", "state"), ((key, counts[key]) for key in keys)
    )


def _processes() -> Iterator[Metric]:
    """What only Redis knows; absent while it is away."""
    try:
        waiting, seen, up = queues.waiting(), queues.seen(), True
    except RedisError as error:
        log.warning("metrics: redis: %s", error)
        waiting, seen, up = {}, {}, False
    yield _family("redis_up", "Whether Redis answers.", (), [((), up)])
    yield _family("queue_tasks", "Tasks that wait.", ("queue",), (((queue,), n) for queue, n in waiting.items()))
    yield _family(
        "worker_seen",
        "Whether a worker was seen in the last minute.",
        ("queue",),
        (((queue,), at is not None) for queue, at in seen.items()),
    )


def _columns(prefix: str, labels: Labels, rows: Mapping[Labels, Row], columns: Columns[Row]) -> Iterator[Metric]:
    for name, (text, value) in columns.items():
        yield _family(f"{prefix}_{name}", text, labels, ((key, value(row)) for key, row in rows.items()))


def _family(name: str, text: str, labels: Labels, series: Series) -> Metric:
    family = GaugeMetricFamily(f"sickbay_{name}", text, labels=labels)
    for values, value in series:
        family.add_metric(values, float(value))
    return family
