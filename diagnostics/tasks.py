"""The Celery tasks: ids in, operations called. What they lose with a worker, the next tick makes good."""

from __future__ import annotations

import logging
from datetime import timedelta
from threading import Event
from typing import Any

from celery import shared_task
from celery.signals import worker_init, worker_ready, worker_shutting_down
from django.conf import settings
from django.utils import timezone

from diagnostics.kube.errors import ConfigurationError
from diagnostics.operations import announcing, bulletins, delivering, lease, pruning, sending, watching
from diagnostics.operations.clusters import watch_configured_clusters

SLICE_LIMIT = 1_800  # Seconds; a slice ends by itself with the interval between two sweeps.
QUEUED_FOR = 15  # Seconds after which nobody waits for a slice any more: the next tick asks again.

log = logging.getLogger(__name__)

_stopping = Event()


@worker_init.connect
def name_clusters(**_: Any) -> None:
    """A worker that starts makes sure that the configured clusters are there to be watched."""
    try:
        watch_configured_clusters()
    except ConfigurationError as error:
        log.warning("%s", error)


@worker_ready.connect
def take_over(**_: Any) -> None:
    """Has clusters watched at once whose watcher was killed on this machine, rather than with the end of its lease."""
    lease.free_orphans(timezone.now())
    tick()


@worker_shutting_down.connect
def stop(**_: Any) -> None:
    """Lets the slices of a stopping worker end and give their leases back."""
    _stopping.set()


@shared_task(name="diagnostics.tick")
def tick() -> None:
    """Starts what nobody watches: clusters that are new, were lost with their worker, or have rested long enough."""
    for cluster_id in lease.due(timezone.now()):
        follow.apply_async((cluster_id,), expires=QUEUED_FOR)


# Acknowledged at once: a slice that is lost is due again as soon as its lease has run out, long before any broker
# would deliver it anew.
@shared_task(name="diagnostics.follow", acks_late=False, time_limit=SLICE_LIMIT, soft_time_limit=SLICE_LIMIT - 60)
def follow(cluster_id: int) -> None:
    """Watches a cluster for one slice, and sees to it that the next one begins."""
    if watching.follow(cluster_id, _stopping):
        follow.apply_async((cluster_id,), expires=QUEUED_FOR)


# Both begin anew every few seconds and find their work in rows, so that a lost one is not missed.
@shared_task(name="diagnostics.announce", acks_late=False)
def announce() -> None:
    """Decides whom to tell of what has happened, and has it delivered."""
    now = timezone.now()
    if announcing.announce(now) + bulletins.announce(now):
        deliver.apply_async(expires=QUEUED_FOR)


@shared_task(name="diagnostics.deliver", acks_late=False)
def deliver() -> None:
    """Sends what is due."""
    delivering.deliver(sending.opened())
    delivering.give_up(timezone.now())


@shared_task(name="diagnostics.prune", acks_late=True)
def prune() -> None:
    """Applies the retention settings."""
    pruning.prune(timezone.now(), timedelta(days=settings.SICKBAY_RETENTION_DAYS))
