"""What people do to a diagnosis: take it over, put it off, hand it on, say something, call it done.

Each is one transaction that proves the version it was decided upon, writes the row, the activity and the update for
browsers, and has announcements decided anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from diagnostics import live
from diagnostics.models import Activity, Diagnosis, Occurrence, Update

LONGEST_COMMENT = 10_000
FARTHEST = timedelta(days=366)  # A time that no calendar holds in every zone would break the pages that tell it.


class Changed(Exception):
    """Somebody, or the cluster, changed the diagnosis since it was read: read it again."""


class NotPossible(Exception):
    """What was asked makes no sense for the diagnosis as it stands. The text says why."""


class Triage:
    """One person's actions on one diagnosis. Raises Diagnosis.DoesNotExist, Changed and NotPossible.

    `version` is that of the diagnosis the person saw; None: whatever it is now.
    """

    def __init__(self, diagnosis: UUID, user: User | None, now: datetime, version: int | None = None) -> None:
        self._uuid = diagnosis
        self._user = user
        self._now = now
        self._version = version

    def acknowledge(self) -> Diagnosis:
        """Somebody knows and sees to it: no more reminders, no escalation."""
        with self._changing(Activity.Kind.ACKNOWLEDGED) as row:
            _must_be_open(row)
            row.acknowledged_at, row.acknowledged_by = self._now, self._user
        return row

    def unacknowledge(self) -> Diagnosis:
        """Nobody does, after all."""
        with self._changing(Activity.Kind.UNACKNOWLEDGED) as row:
            row.acknowledged_at = row.acknowledged_by = None
        return row

    def snooze(self, until: datetime, *, or_worse: bool = False) -> Diagnosis:
        """Out of sight until a time, or until it is more severe or has more pods than now."""
        detail = {"until": until.isoformat(), "or_worse": or_worse}
        with self._changing(Activity.Kind.SNOOZED, detail) as row:
            _must_be_open(row)
            if until <= self._now:
                raise NotPossible("it can be snoozed until a time that is still to come")
            if until > self._now + FARTHEST:
                raise NotPossible(f"it can be snoozed for {FARTHEST.days} days at most")
            row.snoozed_until = until
            row.snoozed_severity, row.snoozed_pods = (row.severity, row.pods_affected) if or_worse else (None, None)
        return row

    def unsnooze(self) -> Diagnosis:
        """Back in sight."""
        with self._changing(Activity.Kind.UNSNOOZED) as row:
            row.snoozed_until = row.snoozed_severity = row.snoozed_pods = None
        return row

    def assign(self, assignee: User) -> Diagnosis:
        """It is this person's."""
        with self._changing(Activity.Kind.ASSIGNED, {"to": assignee.get_username()}) as row:
            row.assignee = assignee
        return row

    def unassign(self) -> Diagnosis:
        """It is nobody's."""
        with self._changing(Activity.Kind.UNASSIGNED) as row:
            row.assignee = None
        return row

    def comment(self, text: str) -> Diagnosis:
        """Something to know about it."""
        if not text.strip() or len(text) > LONGEST_COMMENT:
            raise NotPossible(f"a comment has 1 to {LONGEST_COMMENT:,} characters")
        with self._changing(Activity.Kind.COMMENTED, {"text": text.replace("\0", "\ufffd")}) as row:
            pass
        return row

    def resolve(self) -> Diagnosis:
        """Done, by somebody's word; found failing again it regresses."""
        with self._changing(Activity.Kind.RESOLVED) as row:
            _must_be_open(row)
            row.state, row.resolved_at, row.clean_since = Diagnosis.State.RESOLVED, self._now, None
            row.last_fixed_by = self._user.get_username() if self._user else ""
            Occurrence.objects.filter(diagnosis=row, ended_at=None).update(ended_at=self._now)
        return row

    def reopen(self) -> Diagnosis:
        """Not done, after all; if nothing speaks for it any more it resolves by itself."""
        with self._changing(Activity.Kind.REOPENED) as row:
            if row.state != Diagnosis.State.RESOLVED:
                raise NotPossible("it is open")
            row.state, row.resolved_at = Diagnosis.State.REGRESSED, None
            row.occurrences_count += 1
            Occurrence.objects.create(
                diagnosis=row, started_at=self._now, pods_peak=row.pods_affected, verdict=row.verdict
            )
        return row

    @contextmanager
    def _changing(self, kind: Activity.Kind, detail: dict[str, Any] | None = None) -> Iterator[Diagnosis]:
        with transaction.atomic():
            rows = Diagnosis.objects.select_for_update(of=("self",)).select_related("cluster", "assignee")
            row = rows.get(uuid=self._uuid)
            if self._version is not None and row.version != self._version:
                raise Changed(f"#{row.number} was changed meanwhile; read it again")
            yield row
            row.version += 1
            row.notice_due_at = self._now
            row.save()
            Activity.objects.create(diagnosis=row, kind=kind, at=self._now, actor=self._user, detail=detail or {})
            live.announce(row.cluster, Update.Topic.DIAGNOSES, {row.uuid})


def _must_be_open(row: Diagnosis) -> None:
    if row.state == Diagnosis.State.RESOLVED:
        raise NotPossible("it is resolved")
