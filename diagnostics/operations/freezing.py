"""A cluster that cannot be read is frozen: nothing opens or resolves; it is tried again, ever more patiently."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from django.utils import timezone

from diagnostics import live
from diagnostics.models import Cluster, Update
from diagnostics.operations.lease import Lease, fenced

SOONEST, LATEST = timedelta(seconds=2), timedelta(minutes=1)

THAWED: dict[str, Any] = {"failing_since": None, "failure": "", "failure_kind": "", "retry_at": None}


def freeze(lease: Lease, kind: str, failure: str, retry_after: float | None = None) -> bool:
    """Notes that a cluster could not be read and when to try again; returns whether that is news.

    Raises `LeaseLost`.
    """
    now, failure = timezone.now(), failure.replace("\0", "\ufffd")  # PostgreSQL keeps no NUL.
    cluster = Cluster.objects.get(pk=lease.cluster_id)
    since = cluster.failing_since or now
    with fenced(
        lease,
        now,
        failing_since=since,
        failure_kind=kind,
        failure=failure,
        retry_at=now + pause(now - since, retry_after),
    ):
        if (cluster.failing_since, cluster.failure) != (since, failure):
            live.announce(cluster, Update.Topic.CLUSTER)
    return (cluster.failing_since, cluster.failure_kind) != (since, kind)


def pause(failing_for: timedelta, retry_after: float | None = None) -> timedelta:
    """How long to wait after a failure: half as long again as it fails already, give or take a quarter.

    What the server asks for is kept. That makes pauses grow, and many watchers come back apart.
    """
    if retry_after is not None:
        return timedelta(seconds=retry_after)
    return min(max(failing_for / 2, SOONEST), LATEST) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
