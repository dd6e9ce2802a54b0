"""What a worker does for one cluster: take its lease, watch it for a slice, give the lease back."""

from __future__ import annotations

import logging
from contextlib import suppress
from threading import Event

from django.db import IntegrityError
from django.utils import timezone

from diagnostics.kube.errors import ReadFailed
from diagnostics.models import Cluster, Run
from diagnostics.operations import lease, ways
from diagnostics.operations.freezing import freeze
from diagnostics.operations.keeper import KEEPER
from diagnostics.operations.lease import Lease, LeaseLost
from diagnostics.operations.slices import Slice

INTERNAL = "internal"  # The kind of a failure that is ours.

log = logging.getLogger(__name__)


def follow(cluster_id: int, stopping: Event) -> bool:
    """Watches a cluster for one slice, unless somebody else does. Returns whether the next slice should follow at once.

    It ends early when `stopping` is set. A cluster that cannot be read is frozen, and due again after a while.
    """
    held = lease.take(cluster_id, timezone.now())
    if held is None:
        return False
    try:
        with KEEPER.keep(held):
            _watch(held, stopping)
    except ReadFailed as failure:
        if _freeze(held, failure.kind.value, str(failure), failure.retry_after):
            log.warning("cluster %s cannot be read, which is tried again and again: %s", cluster_id, failure)
        return False
    except LeaseLost:
        log.info("cluster %s is watched by somebody else now, or by nobody any more", cluster_id)
        return False
    except Exception as error:
        # Ours, not the cluster's: it must not look like silence either. The worker logs it with its traceback.
        _freeze(held, INTERNAL, f"Sickbay failed while it watched ({type(error).__name__}); its log says more.")
        raise
    finally:
        lease.release(held, timezone.now())
    return True


def _freeze(held: Lease, kind: str, failure: str, retry_after: float | None = None) -> bool:
    try:
        return freeze(held, kind, failure, retry_after)
    except LeaseLost:  # What to say of the cluster is the business of whoever took it.
        return False


def _watch(held: Lease, stopping: Event) -> None:
    run = Run(cluster=Cluster.objects.get(pk=held.cluster_id), kind=Run.Kind.FOLLOW, started_at=timezone.now())
    try:
        with ways.opened(ways.of(run.cluster)) as access:
            watched = Slice(run.cluster, held, access, stopping)
            watched.run()
            run.changes = watched.changes
    except ReadFailed as failure:
        run.failure = str(failure)
        raise
    finally:
        run.seconds = (timezone.now() - run.started_at).total_seconds()
        with suppress(IntegrityError):  # The cluster has been removed meanwhile, and with it all its runs.
            run.save()
