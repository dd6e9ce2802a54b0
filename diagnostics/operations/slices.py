"""One slice of watching a cluster: a sweep if one is due, then its changes as they come, until the next is due."""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import datetime, timedelta
from threading import Event
from typing import Any

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from diagnostics.kube.access import Access
from diagnostics.kube.errors import STANDING, Expired, FailureKind, ReadFailed
from diagnostics.kube.resources import EVENTS, PODS, Resource
from diagnostics.kube.watch import Change
from diagnostics.models import Cluster, Run
from diagnostics.operations import applying, keeping, lease
from diagnostics.operations.clock import ServerClock
from diagnostics.operations.lease import Lease
from diagnostics.operations.looking import Looker
from diagnostics.operations.picture import Place
from diagnostics.operations.storing import Storer
from diagnostics.operations.sweeping import take_sweep
from diagnostics.operations.watches import Listed, Told, Watches, costs_only_itself
from diagnostics.snapshot.cluster import Unavailable

INTERVAL = 0.5  # Seconds between two transactions, at least; a browser is told no more often.
BEAT = 10.0  # Seconds between two notes of how fresh the picture is, at most.
QUIET = 30.0  # Seconds of silence after which the API server is asked for a sign of life.
REACTION = 1.0  # Seconds in which a slice notices that it is to stop.
SHORTEST = 25.0  # Seconds that a slice lasts even where other clusters wait.
WAITING = timedelta(seconds=10)  # A cluster that is due for longer finds no free worker.
POLL = timedelta(seconds=30)  # Between two sweeps, where pods or events may be listed but not watched.
UNSEEN = timedelta(minutes=1)  # After so long without a watcher, what was clean has to prove it again.
BETWEEN_SWEEPS = 5.0  # Seconds, where watches are refused again and again for being too old.


class Slice:
    """Watches one cluster for its lease's holder. Raises ReadFailed, which freezes the cluster, and LeaseLost."""

    def __init__(self, cluster: Cluster, held: Lease, access: Access, stopping: Event) -> None:
        self._cluster = cluster
        self._access = access
        self._stopping = stopping
        self._clock = ServerClock()
        self._greet()
        self._picture = keeping.load(cluster, self._clock.now())
        self._picture.advance(self._clock.now())
        self._looker = Looker(access, self._picture)
        self._storer = Storer(cluster, held, self._picture)
        self._look_again: dict[str, datetime] = {}
        self._began = time.monotonic()
        self._swept = self._beat_at = self._not_before = 0.0
        self._others_wait = False
        self.changes = 0

    def run(self) -> None:
        """Sweeps, or goes on where the watches were left; then follows them until the next sweep is due."""
        if not self._cluster.resource_versions or self._sweep_is_due or self._may_be_another_cluster:
            self._sweep()
        else:
            self._look(None)
        while not self._is_over():
            try:
                self._follow()
            except Expired:
                self._stopping.wait(BETWEEN_SWEEPS if time.monotonic() < self._swept + BETWEEN_SWEEPS else 0)
                self._sweep()

    def _is_over(self) -> bool:
        return self._stopping.is_set() or self._others_wait or self._sweep_is_due

    @property
    def _sweep_is_due(self) -> bool:
        return self._cluster.swept_at is None or timezone.now() >= self._cluster.swept_at + self._interval

    @property
    def _may_be_another_cluster(self) -> bool:
        """Whether a sweep has to tell which cluster answers, before a watch goes on at versions that mean nothing to it."""
        moved = self._access.server != self._cluster.server
        return moved or self._cluster.failure_kind == FailureKind.OTHER_CLUSTER

    @property
    def _interval(self) -> timedelta:
        """Between two sweeps."""
        polled = any(resource in (PODS.name, EVENTS.name) for resource, _ in self._picture.unfollowed)
        return POLL if polled else timedelta(seconds=settings.SICKBAY_RECONCILE_SECONDS)

    def _greet(self) -> None:
        """Asks for a sign of life, and for the time."""
        try:
            self._clock.set(self._access.get("/version", timeout=QUIET / 2).date)
        except ReadFailed as failure:
            if failure.kind is not FailureKind.FORBIDDEN:
                raise
        self._greeted = time.monotonic()

    def _sweep(self) -> None:
        started = timezone.now()
        told = take_sweep(self._access, self._cluster, self._picture)
        self._clock.set(self._picture.snapshot.now)
        self._looker.forget()
        self._look(None, swept_at=started, fresh_at=timezone.now(), **keeping.totals(self._picture), **told)
        Run.objects.create(
            cluster=self._cluster,
            kind=Run.Kind.SWEEP,
            started_at=started,
            seconds=(timezone.now() - started).total_seconds(),
            changes=self._picture.snapshot.pods_seen,
        )
        self._swept = time.monotonic()

    def _follow(self) -> None:
        with Watches(self._access, self._picture.versions, self._interval.total_seconds()) as watches:
            while not self._is_over():
                for told in watches.batch(not_before=self._not_before, until=self._until()):
                    self._take(told)
                self._step(watches)

    def _until(self) -> float:
        """When to go on even if nothing changes, by the monotonic clock."""
        now = self._clock.now()
        appointments = ((at - now).total_seconds() for at in self._look_again.values())
        return time.monotonic() + max(0.0, min([REACTION, *appointments]))

    def _take(self, told: Told) -> None:
        place = (told.resource.name, told.namespace)
        match told.news:
            case ReadFailed() as failure:
                self._lose(told.resource, place, failure)
            case Listed() as listed:
                applying.relist(self._picture, told.resource, told.namespace, listed)
            case Change() as change:
                self._picture.unfollowed.pop(place, None)
                self.changes += 1
                applying.apply(self._picture, told.resource, told.namespace, change)

    def _lose(self, resource: Resource, place: Place, failure: ReadFailed) -> None:
        """Notes what cannot be followed any more, where the rest can. Raises the failure where it cannot."""
        picture, gap = self._picture, Unavailable(*place, failure.kind.value, failure.grant)
        listing = place in picture.unlisted
        if failure.kind in STANDING:
            (picture.gaps if listing else picture.unfollowed)[place] = gap
        elif not costs_only_itself(resource, failure, listing=listing):
            raise failure
        elif picture.gaps.get(place) != gap:
            picture.gaps[place], picture.versions[place] = gap, ""
            picture.touched.add("")

    def _step(self, watches: Watches) -> None:
        """Judges and stores, if there is anything to."""
        started, now = time.monotonic(), self._clock.now()
        applying.advance(self._picture, now)
        due = {name for name, at in self._look_again.items() if at <= now}
        namespaces = self._picture.touched | due | self._looker.due
        beat = started >= self._beat_at
        if not (namespaces or self._picture.unsaved or beat):
            return
        if beat:
            self._beat(watches)
        self._look(namespaces, **({"fresh_at": timezone.now()} if watches.all_open else {}))
        ended = time.monotonic()
        self._not_before = ended + max(INTERVAL, ended - started)  # However long it takes, half of the time is free.
        if beat:
            self._beat_at = ended + BEAT

    def _beat(self, watches: Watches) -> None:
        if max(self._greeted, watches.heard) < time.monotonic() - QUIET:
            self._greet()
        if time.monotonic() > self._began + SHORTEST:
            self._others_wait = lease.is_due(since=timezone.now() - WAITING)

    def _look(self, namespaces: Collection[str] | None, **columns: Any) -> None:
        """Judges some namespaces, or (None) all of them, and stores what comes of it."""
        self._picture.touched = set()
        judgement = None
        if namespaces is None or namespaces:
            judgement, namespaces = self._looker.judge(namespaces)
        fresh_at = self._cluster.fresh_at
        unseen = fresh_at is None or timezone.now() - fresh_at > UNSEEN
        recorded = self._storer.store(judgement, namespaces, self._looker.awaited, unseen=unseen, **columns)
        if judgement is not None:
            kept = () if namespaces is None else self._look_again.keys() - {*namespaces}
            self._look_again = {name: self._look_again[name] for name in kept} | recorded.look_again
        close_old_connections()
