"""Silences are set, changed and ended. Each has a reason and an end; what it would hide is known beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from diagnostics.models import Diagnosis, Silence
from diagnostics.notify.matching import matchers
from diagnostics.operations.refusing import Invalid, about
from diagnostics.operations.triaging import NotPossible
from diagnostics.operations.versions import unchanged

LONGEST = timedelta(days=30)
LONGEST_REASON = 500
COLUMNS = ("matchers", "reason", "starts_at", "ends_at")


def create(values: Mapping[str, Any], by: User | None, now: datetime) -> Silence:
    """A new silence: `matchers`, `reason`, `ends_at`, and `starts_at` if it is not now. Raises Invalid."""
    return _stored(
        Silence(created_by=by), {"matchers": [], "reason": "", "ends_at": now, "starts_at": now, **values}, now
    )


def change(silence: UUID, changes: Mapping[str, Any], now: datetime, version: int | None = None) -> Silence:
    """The same for one that has not ended. Raises Silence.DoesNotExist, Changed, NotPossible and Invalid."""
    with transaction.atomic():
        row = unchanged(Silence.objects.select_for_update(), silence, version)
        if row.ends_at <= now:
            raise NotPossible("the silence has ended: set a new one")
        row.version += 1
        return _stored(row, changes, now)


def end(silence: UUID, now: datetime, version: int | None = None) -> None:
    """Ends it now; one that has not begun is dropped, one that has ended stays in the history as it is.

    Raises Silence.DoesNotExist and Changed.
    """
    with transaction.atomic():
        row = unchanged(Silence.objects.select_for_update(), silence, version)
        if row.starts_at >= now:
            row.delete()
        elif row.ends_at > now:
            ends_at, row.ends_at, row.version = row.ends_at, now, row.version + 1
            row.save(update_fields=["ends_at", "version"])
            Diagnosis.objects.filter(notice_due_at=ends_at).update(
                notice_due_at=now
            )  # What it holds back waits for then.


def _stored(row: Silence, values: Mapping[str, Any], now: datetime) -> Silence:
    for name in (name for name in COLUMNS if name in values):
        setattr(row, name, values[name])
    _check(row, now)
    row.save()
    return row


def _check(row: Silence, now: datetime) -> None:
    with about("matchers"):
        if not matchers(row.matchers):
            raise Invalid({"matchers": ["a silence says what it is about: at least one matcher"]})
    if not row.reason.strip() or "\0" in row.reason or len(row.reason) > LONGEST_REASON:
        raise Invalid({"reason": [f"a silence needs a reason of at most {LONGEST_REASON} characters"]})
    if not max(row.starts_at, now) < row.ends_at <= row.starts_at + LONGEST:
        raise Invalid({"ends_at": [f"a silence ends after it begins, in the future, within {LONGEST.days} days"]})
