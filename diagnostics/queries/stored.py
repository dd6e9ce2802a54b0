"""How much is stored: bytes, room, rows by kind, and how far back it reaches."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection
from django.db.models import Max, Min, Model

from diagnostics.models import (
    Activity,
    Delivery,
    Diagnosis,
    EndedRun,
    KeptEvent,
    KeptLog,
    Occurrence,
    Rollout,
    Run,
    Suspect,
    Update,
)
from diagnostics.queries.narrowing import COUNT_LIMIT

KINDS: tuple[type[Model], ...] = (
    *(Diagnosis, Occurrence, Activity, Suspect, KeptEvent, KeptLog, EndedRun, Rollout, Delivery, Run, Update),
)
SHORTEST_HISTORY = timedelta(days=1)  # Less says nothing of the days to come.


@dataclass(frozen=True, slots=True)
class Size:
    """What the database takes. `free` is the room left on its disk; None where only its own server knows."""

    used: int
    free: int | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """How long the room lasts at the pace so far; `days` is None where it lasts for all that is to be kept."""

    days: int | None


def size() -> Size:
    """Bytes of the database, and of the room beside it."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            return Size(cursor.fetchone()[0], None)
        cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
        used: int = cursor.fetchone()[0]
        cursor.execute("SELECT file FROM pragma_database_list WHERE name = 'main'")
        file: str = cursor.fetchone()[0]  # Blank for one in memory.
    return Size(used, shutil.disk_usage(Path(file).parent).free if file else None)


def outlook(size: Size, age: timedelta | None, keep: timedelta) -> Outlook | None:
    """How long the room lasts; None where that cannot be known (yet). `age` is that of the oldest evidence."""
    if size.free is None or age is None or age < SHORTEST_HISTORY:
        return None
    a_day = size.used / (age / timedelta(days=1))
    to_come = a_day * max((keep - age) / timedelta(days=1), 0.0)
    return Outlook(None if to_come <= size.free else int(size.free / a_day))


def oldest_evidence() -> datetime | None:
    """When the oldest event or log that is kept is from."""
    event: datetime | None = KeptEvent.objects.aggregate(oldest=Min("last_at"))["oldest"]
    log: datetime | None = KeptLog.objects.aggregate(oldest=Min("kept_at"))["oldest"]
    return min(filter(None, (event, log)), default=None)


def rows() -> dict[type[Model], int]:
    """Rows by kind: exact up to COUNT_LIMIT, above it estimated."""
    counted = {kind: kind._default_manager.order_by()[: COUNT_LIMIT + 1].count() for kind in KINDS}  # noqa: SLF001 - Django's public API in all but name
    many = [kind for kind, count in counted.items() if count > COUNT_LIMIT]
    return counted | {kind: max(_estimate(kind), COUNT_LIMIT + 1) for kind in many}


def _estimate(kind: type[Model]) -> int:
    """What PostgreSQL's planner believes; for SQLite the span of keys, for rows mostly go from its old end."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [kind._meta.db_table])  # noqa: SLF001 - as above
            return int(cursor.fetchone()[0])
    span = kind._default_manager.aggregate(first=Min("pk"), last=Max("pk"))  # noqa: SLF001 - as above
    return int(span["last"] - span["first"]) + 1 if span["last"] else 0
