"""When a CronJob is due: its schedule as sets of minutes, hours, days (as robfig/cron reads them).

Source: github.com/robfig/cron/v3, `ParseStandard`, which the CronJob controller uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_DAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_BOUNDS: tuple[tuple[int, int, dict[str, int]], ...] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, _MONTHS),
    (0, 6, _DAYS),
)
_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_ANY = ("*", "?")
# A yearly schedule is due again within a leap year.
_DAYS_AHEAD = 367


@dataclass(frozen=True, slots=True)
class Schedule:
    """The minutes, hours, days, months and weekdays (Sunday is 0) at which it is due, in its time zone."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    both_days: bool  # Whether day and weekday must both match: where one of them is "any".
    zone: tzinfo

    @property
    def every_hour(self) -> bool:
        """Whether it is due in each hour of each day: then its time zone hardly matters."""
        return len(self.hours) == 24 and len(self.days) == 31 and len(self.weekdays) == 7 and len(self.months) == 12

    def due(self, moment: datetime) -> bool:
        """Whether it is due in the minute of that moment."""
        local = moment.astimezone(self.zone)
        return self._on(local.date()) and local.hour in self.hours and local.minute in self.minutes

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The moments at which it is due after that one, within a year."""
        first = moment.astimezone(self.zone).date()
        for ahead in range(_DAYS_AHEAD):
            day = first + timedelta(days=ahead)
            for at in self._times(day) if self._on(day) else ():
                if at > moment:
                    yield at

    def _times(self, day: date) -> Iterator[datetime]:
        for hour in sorted(self.hours):
            for minute in sorted(self.minutes):
                yield datetime.combine(day, time(hour, minute), self.zone).astimezone(UTC)

    def _on(self, day: date) -> bool:
        on_day, on_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and ((on_day and on_weekday) if self.both_days else (on_day or on_weekday))


@lru_cache(maxsize=1024)
def parse(schedule: str, zone: str = "") -> Schedule | None:
    """The schedule, or None for one that is malformed, has no fixed minutes ("@every 5m") or an unknown time zone.

    Without a zone UTC is taken; the controller takes its own machine's.
    """
    fields = _MACROS.get(schedule.strip().lower(), schedule).split()
    if len(fields) != len(_BOUNDS):
        return None
    try:
        minutes, hours, days, months, weekdays = (_field(f, *bounds) for f, bounds in zip(fields, _BOUNDS, strict=True))
        any_day = any(field.split("/")[0] in _ANY for field in (fields[2], fields[4]))
        return Schedule(minutes, hours, days, months, weekdays, any_day, ZoneInfo(zone) if zone else UTC)
    except (ValueError, ZoneInfoNotFoundError):
        return None


def _field(field: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    """The numbers that a field stands for: "1,5-9/2,mon". Raises ValueError for what cannot be read."""
    numbers: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        begin = low if first in _ANY else _number(first, names)
        end = high if first in _ANY or (step and not last) else _number(last or first, names)
        if not low <= begin <= end <= high:
            raise ValueError(part)
        numbers.update(range(begin, end + 1, int(step or 1)))
    return frozenset(numbers)


def _number(text: str, names: dict[str, int]) -> int:
    known = names.get(text.lower())
    return int(text) if known is None else known
