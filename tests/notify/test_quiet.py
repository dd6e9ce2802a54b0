"""Quiet hours, across midnight, days and clocks that change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from diagnostics.notify.quiet import hours, quiet_until

WEEK = list(range(7))
NIGHTS = [{"days": WEEK, "from": "22:00", "to": "07:00:00"}]
WEEKEND = [{"days": [5, 6], "from": "00:00:00", "to": "00:00:00"}]


@pytest.mark.parametrize(
    ("spans", "zone", "now", "until"),
    [
        (NIGHTS, "UTC", "2026-11-23T21:59:00", None),
        (NIGHTS, "UTC", "2026-11-23T22:00:00", "2026-11-24T07:00:00"),
        (NIGHTS, "UTC", "2026-11-24T06:59:00", "2026-11-24T07:00:00"),
        (NIGHTS, "UTC", "2026-11-24T07:00:00", None),
        (NIGHTS, "Europe/Berlin", "2026-11-23T21:30:00", "2026-11-24T06:00:00"),
        (NIGHTS, "Europe/Berlin", "2026-10-25T00:30:00", "2026-10-25T06:00:00"),  # Summer time ends that night.
        (WEEKEND, "UTC", "2026-11-28T12:00:00", "2026-11-30T00:00:00"),  # A Saturday: until Monday.
        (WEEKEND + NIGHTS, "UTC", "2026-11-27T23:00:00", "2026-11-30T07:00:00"),
        ([], "UTC", "2026-11-28T12:00:00", None),
    ],
)
def test_it_is_known_until_when_it_is_quiet(spans: list[Any], zone: str, now: str, until: str | None) -> None:
    end = quiet_until(hours(spans), zone, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert end == (until and datetime.fromisoformat(until).replace(tzinfo=UTC))


def test_quiet_for_ever_is_looked_at_again() -> None:
    always = hours([{"days": WEEK, "from": "00:00:00", "to": "00:00:00"}])
    now = datetime(2026, 11, 23, tzinfo=UTC)
    end = quiet_until(always, "UTC", now)
    assert end is not None
    assert end > now


@pytest.mark.parametrize(
    "span", [{"days": [7], "from": "22:00:00", "to": "07:00:00"}, {"days": [], "from": "1", "to": "2"}]
)
def test_nonsense_is_refused(span: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        hours([span])
