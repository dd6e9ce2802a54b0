"""What the triage page shows while nothing is failing: how it is known, and when it was last otherwise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.timezone import localdate, localtime

from dashboard.views.overview import Overview
from diagnostics import queries

TIDE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the small chart that says how busy the last days were."""

    day: date
    opened: int
    height: int

    @property
    def top(self) -> int:
        """Where it begins in a box of 40."""
        return 40 - self.height


def calm(overview: Overview) -> dict[str, Any]:
    """What an empty list says instead: when it was last otherwise."""
    today = localdate(overview.now)
    last = dict(queries.clusters_with_last_resolved())
    since = localtime(overview.now).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=TIDE_DAYS - 1)
    return {
        "last_resolved": queries.last_resolved(),
        "tide": tide(queries.opened_since_when_all_is_resolved(since), today),
        "freshness": [(beat, last.get(beat.name)) for beat in overview.beats],
    }


def tide(opened: Iterable[datetime], today: date) -> list[Bar]:
    """Diagnoses opened on each of the last seven days, today last."""
    per_day = Counter(localdate(at) for at in opened)
    days = [today - timedelta(days=back) for back in reversed(range(TIDE_DAYS))]
    highest = max((per_day[day] for day in days), default=0) or 1
    return [Bar(day, per_day[day], max(37 * per_day[day] // highest, 1)) for day in days]
