"""Stores what a slice has learnt: verdicts, evidence and positions of the watches, in one transaction or not at all."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from django.utils import timezone

from diagnostics import live
from diagnostics.engine.verdict import Crashed, Judgement
from diagnostics.models import Cluster, Update
from diagnostics.operations import keeping
from diagnostics.operations.freezing import THAWED
from diagnostics.operations.lease import Lease, fenced
from diagnostics.operations.picture import Picture
from diagnostics.operations.recording import Recorded, hold_again, record

log = logging.getLogger(__name__)

# Columns of a cluster of which people are told when they change.
NEWS = frozenset({"gaps", "crashed", "malformed", "failing_since", "failing_checks", "server_version", "swept_at"})


class Storer:
    """Writes for one slice. A transaction that fails leaves the rows as they were, and the slice has to end."""

    def __init__(self, cluster: Cluster, lease: Lease, picture: Picture) -> None:
        self._cluster = cluster
        self._lease = lease
        self._picture = picture
        self._crashed: dict[tuple[str, str], Crashed] = {}

    def store(
        self,
        judgement: Judgement | None,
        namespaces: Collection[str] | None,
        awaited: Collection[str] = (),
        *,
        unseen: bool = False,
        **columns: Any,
    ) -> Recorded:
        """Stores a judgement, if there is one, of some namespaces or (None) of all, and all that is unsaved.

        Logs of the pods `awaited`, by uid, are on their way.
        `unseen` says that nobody watched for a while: what was clean before has to be clean again for the whole hold.
        Raises `LeaseLost`.
        """
        if judgement is not None:
            self._note_crashes(judgement, whole=namespaces is None)
        crashed = msgspec.to_builtins(list(self._crashed.values()))
        columns = {**THAWED, **keeping.positions(self._picture), "crashed": crashed, **columns}
        changed = {name: value for name, value in columns.items() if getattr(self._cluster, name) != value}
        with fenced(self._lease, timezone.now(), **changed):
            if unseen:
                hold_again(self._cluster, self._now)
            recorded = self._record(judgement, namespaces, awaited)
            keeping.save(self._cluster, self._picture)
            if recorded.ids:
                live.announce(self._cluster, Update.Topic.DIAGNOSES, recorded.ids)
            if NEWS & changed.keys():
                live.announce(self._cluster, Update.Topic.CLUSTER)
        if "failing_since" in changed:
            log.warning("cluster %s can be read again", self._cluster.pk)
        for name, value in changed.items():
            setattr(self._cluster, name, value)
        return recorded

    @property
    def _now(self) -> datetime:
        return self._picture.snapshot.now

    def _record(
        self, judgement: Judgement | None, namespaces: Collection[str] | None, awaited: Collection[str]
    ) -> Recorded:
        if judgement is None:
            return Recorded()
        unread = self._picture.gaps
        return record(self._cluster, judgement, self._now, namespaces=namespaces, unread=unread, awaited=awaited)

    def _note_crashes(self, judgement: Judgement, *, whole: bool) -> None:
        if whole:
            self._crashed.clear()
        self._crashed |= {(found.check, found.object): found for found in judgement.crashed}
