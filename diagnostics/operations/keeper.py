"""Keeps the leases of this process alive while its slices are busy reading: one thread and one connection for them all."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from operator import or_
from threading import Condition, Thread

from django.db import DatabaseError, connection
from django.db.models import Q
from django.utils import timezone

from diagnostics.models import Cluster
from diagnostics.operations.lease import TERM, Lease

EVERY = TERM.total_seconds() / 3
LONGEST = 1_800.0  # Seconds; a slice that takes longer is stuck, and somebody else is to have its cluster.

log = logging.getLogger(__name__)


class Keeper:
    """Extends leases, a few seconds apart, for as long as they are kept. A lost one is not extended, nor reported:
    its slice finds out when it writes.
    """

    def __init__(self) -> None:
        self._kept: dict[Lease, float] = {}  # Until when, by the monotonic clock.
        self._changed = Condition()
        self._thread: Thread | None = None

    @contextmanager
    def keep(self, lease: Lease) -> Iterator[None]:
        """Keeps a lease alive within the block."""
        with self._changed:
            self._kept[lease] = time.monotonic() + LONGEST
            if self._thread is None:
                self._thread = Thread(target=self._run, name="lease keeper", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._changed:
                del self._kept[lease]
                self._changed.notify_all()

    def _run(self) -> None:
        while self._wait():
            try:
                self._extend()
            except DatabaseError as error:  # The next round tries again; the fence guards what is written meanwhile.
                log.warning("leases not extended: %s", error)
            finally:
                connection.close()

    def _wait(self) -> bool:
        """Waits for the next round; False when there is nothing left to keep, and the thread has ended."""
        with self._changed:
            self._changed.wait_for(lambda: not self._kept, timeout=EVERY)
            if not self._kept:
                self._thread = None
            return bool(self._kept)

    def _extend(self) -> None:
        now = time.monotonic()
        with self._changed:
            kept = [Q(pk=lease.cluster_id, fence=lease.fence) for lease, until in self._kept.items() if now < until]
        if kept:
            held = Cluster.objects.filter(reduce(or_, kept), paused=False)
            held.update(lease_until=timezone.now() + TERM)


KEEPER = Keeper()
