"""How many diagnoses are open, of what, and how many opened and resolved in each hour or day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDay, TruncHour

from diagnostics.models import Diagnosis, Occurrence
from diagnostics.queries.narrowing import IS_OPEN
from diagnostics.rules.model import Severity

MOST_BUCKETS = 400
NAMED = 100  # Codes and namespaces, those with most first.


class Bucket(StrEnum):
    """How long each of the counted times is; they begin on the full hour, or at midnight UTC."""

    HOUR = "hour"
    DAY = "day"

    @property
    def length(self) -> timedelta:
        """Its length."""
        return timedelta(hours=1) if self is Bucket.HOUR else timedelta(days=1)

    def begin(self, moment: datetime) -> datetime:
        """When the one that holds a moment begins."""
        full = moment.replace(minute=0, second=0, microsecond=0)
        return full if self is Bucket.HOUR else full.replace(hour=0)


@dataclass(frozen=True, slots=True)
class OpenCounts:
    """Open diagnoses; each dictionary from name to count, most first."""

    total: int
    severities: dict[str, int]
    codes: dict[str, int]
    namespaces: dict[str, int]


@dataclass(frozen=True, slots=True)
class Flow:
    """What opened and what was resolved in the time from `at` on, each occurrence by itself."""

    at: datetime
    opened: int
    resolved: int


def open_counts() -> OpenCounts:
    """The open diagnoses."""
    severities = {Severity(int(value)).word: n for value, n in _tally("severity").items()}
    return OpenCounts(sum(severities.values()), severities, _tally("code"), _tally("namespace"))


def _tally(column: str) -> dict[str, int]:
    rows = Diagnosis.objects.filter(IS_OPEN).order_by().values_list(column)
    counted = rows.annotate(open=Count("pk")).order_by("-open", column)
    return {str(value): n for value, n in counted[:NAMED] if value != ""}


def flow(since: datetime, until: datetime, bucket: Bucket) -> list[Flow]:
    """Every bucket from the one of `since` to the one of `until`. Raises ValueError for more than MOST_BUCKETS."""
    first, last = bucket.begin(since), bucket.begin(until)
    if not 0 <= (last - first) / bucket.length < MOST_BUCKETS:
        raise ValueError(f"from since until until there is at least one {bucket}, and at most {MOST_BUCKETS}")
    opened = _counted("started_at", first, last + bucket.length, bucket)
    resolved = _counted("ended_at", first, last + bucket.length, bucket)
    moments = [first + n * bucket.length for n in range(round((last - first) / bucket.length) + 1)]
    return [Flow(at, opened.get(at, 0), resolved.get(at, 0)) for at in moments]


def _counted(column: str, since: datetime, until: datetime, bucket: Bucket) -> dict[datetime, int]:
    truncated = TruncHour(column) if bucket is Bucket.HOUR else TruncDay(column)
    within: QuerySet[Occurrence] = Occurrence.objects.filter(**{f"{column}__gte": since, f"{column}__lt": until})
    return dict(within.order_by().annotate(at=truncated).values_list("at").annotate(n=Count("pk")))
