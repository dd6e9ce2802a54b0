"""Quiet hours: times of the week, in a place's own time, in which a route keeps its news for later."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

_MINUTES = re.compile(r"[0-9]{2}:[0-9]{2}")
_AFTER = timedelta(days=8)  # Quiet for longer than a week means quiet for ever.


class Quiet(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """From a time of day until another, on days 0 (Monday) to 6; past midnight where it ends before it begins.

    The days are those on which it begins. The same time twice is a whole day.
    """

    days: tuple[int, ...]
    from_: time
    to: time

    def __post_init__(self) -> None:
        if not self.days or not set(self.days) <= set(range(7)):
            raise ValueError("days are 0 (Monday) to 6 (Sunday)")
        if self.from_.tzinfo or self.to.tzinfo:
            raise ValueError("times of day are in the route's time zone and have none of their own")

    def end(self, at: datetime) -> datetime | None:
        """When the quiet that holds at this local time ends; None where none holds."""
        for back in (0, 1):  # It may have begun yesterday.
            day = (at - timedelta(days=back)).date()
            begin = datetime.combine(day, self.from_, at.tzinfo)
            end = datetime.combine(day + timedelta(days=self.to <= self.from_), self.to, at.tzinfo)
            if day.weekday() in self.days and begin <= at < end:
                return end
        return None


def hours(document: Any) -> tuple[Quiet, ...]:
    """Quiet hours as stored or posted. Raises msgspec.ValidationError, which says what is wrong where."""
    return msgspec.convert(_with_seconds(document), tuple[Quiet, ...])


def _with_seconds(document: Any) -> Any:
    """`22:00` as `22:00:00`, which is all that msgspec takes."""
    match document:
        case list() | tuple():
            return [_with_seconds(each) for each in document]
        case dict():
            return {name: _with_seconds(value) for name, value in document.items()}
        case str() if _MINUTES.fullmatch(document):
            return f"{document}:00"
    return document


def quiet_until(quiet: Iterable[Quiet], zone: str, now: datetime) -> datetime | None:
    """When it is no longer quiet, if it is now. Spans that touch or overlap are one; quiet without end is looked at again in a week."""
    spans, local = tuple(quiet), now.astimezone(ZoneInfo(zone))
    end = local
    while end - local < _AFTER:
        ends = [found for span in spans if (found := span.end(end))]
        if not ends:
            return None if end == local else end.astimezone(now.tzinfo)
        end = max(ends)
    return end.astimezone(now.tzinfo)
