"""Who watches a cluster now: a lease that runs out by itself, with a fencing number that every write proves.

A lease alone is not safe: its holder may be stopped for longer than the lease runs, and go on writing when it wakes.
So whoever takes a lease raises the cluster's `fence`, and each transaction of a slice begins with an UPDATE that only
succeeds while the fence is still its own (Kleppmann, "How to do distributed locking"). The update also locks the
cluster's row until the transaction ends, so a rival waits, and then finds the lease extended.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from diagnostics.models import Cluster

TERM = timedelta(seconds=8)  # How soon another worker may take over from one that died.


class LeaseLost(Exception):
    """Somebody else watches this cluster now, or nobody is to watch it any more. Nothing was written."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to read and write one cluster until it is taken over."""

    cluster_id: int
    fence: int


def due(now: datetime) -> list[int]:
    """The clusters that nobody watches though somebody should: new ones, lost ones, those whose back-off is over."""
    return list(Cluster.objects.filter(_free(now)).order_by("lease_until", "pk").values_list("pk", flat=True))


def is_due(*, since: datetime) -> bool:
    """Whether some cluster is due since then: no worker was free to take it."""
    return Cluster.objects.filter(_free(since) & (Q(lease_until__isnull=False) | Q(added_at__lte=since))).exists()


def take(cluster_id: int, now: datetime) -> Lease | None:
    """The lease on a cluster, or None while it is watched, paused, backing off or gone."""
    with transaction.atomic():
        free = Cluster.objects.filter(_free(now), pk=cluster_id)
        if not free.update(fence=F("fence") + 1, lease_owner=_worker(), lease_until=now + TERM):
            return None
        return Lease(cluster_id, Cluster.objects.values_list("fence", flat=True).get(pk=cluster_id))


@contextmanager
def fenced(lease: Lease, now: datetime, **columns: Any) -> Iterator[None]:
    """One transaction of a slice. Extends the lease, sets columns of the cluster, and raises `LeaseLost` if it cannot.

    The row is locked until the transaction ends: all that is written inside is written by the holder of the lease.
    """
    began = time.monotonic()
    with transaction.atomic():
        extend(lease, now, **columns)
        yield
        took = timedelta(seconds=time.monotonic() - began)
        if took > TERM / 2:  # Nobody could extend it meanwhile, for the row was locked.
            extend(lease, now + took)


def extend(lease: Lease, now: datetime, **columns: Any) -> None:
    """Keeps the lease for another term and sets columns of its cluster, or raises `LeaseLost`."""
    held = Cluster.objects.filter(pk=lease.cluster_id, fence=lease.fence, paused=False)
    if not held.update(lease_until=now + TERM, **columns):
        raise LeaseLost


def release(lease: Lease, now: datetime) -> None:
    """Gives the lease back, so that the next slice need not wait for its end. One that was lost stays lost."""
    Cluster.objects.filter(pk=lease.cluster_id, fence=lease.fence).update(lease_owner="", lease_until=now)


def free_orphans(now: datetime) -> None:
    """Ends the leases of processes of this machine that are no more: their clusters need not wait until they run out.

    For a process that has just started, and holds none itself. Should an owner live after all, in a container that
    shares our name, it only loses its lease: the fence guards the rows.
    """
    machine = f"{socket.gethostname()}/"
    held = Cluster.objects.filter(lease_until__gt=now, lease_owner__startswith=machine)
    for owner in set(held.values_list("lease_owner", flat=True)):
        if owner == _worker() or not _lives(int(owner.removeprefix(machine))):
            held.filter(lease_owner=owner).update(lease_owner="", lease_until=now)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # Somebody else's.
        return True
    return True


def _free(now: datetime) -> Q:
    unleased = Q(lease_until=None) | Q(lease_until__lte=now)
    rested = Q(retry_at=None) | Q(retry_at__lte=now)
    return Q(paused=False) & unleased & rested


def _worker() -> str:
    return f"{socket.gethostname()}/{os.getpid()}"
