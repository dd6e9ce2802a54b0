"""When a CronJob is due: held to the times that robfig/cron gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.rules.jobs.schedule import parse

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # A Monday.


@pytest.mark.parametrize(
    ("schedule", "zone", "due"),
    [
        ("* * * * *", "", ["11-23 04:01", "11-23 04:02"]),
        ("*/20 3-5 * * *", "", ["11-23 04:20", "11-23 04:40"]),
        ("15/20 * * * *", "", ["11-23 04:15", "11-23 04:35"]),
        ("30 2 * * mon-fri/2", "", ["11-25 02:30", "11-27 02:30"]),
        ("0 0 1 * 0", "", ["11-29 00:00", "12-01 00:00"]),  # Day of month or weekday, where both are given.
        ("0 0 */2 * 1", "", ["12-07 00:00", "12-21 00:00"]),  # Both, where one begins with a star.
        ("0 0 ? DEC *", "", ["12-01 00:00", "12-02 00:00"]),
        ("0,30 6 * * *", "America/New_York", ["11-23 11:00", "11-23 11:30"]),
        ("@hourly", "", ["11-23 05:00", "11-23 06:00"]),
        ("@Weekly", "", ["11-29 00:00", "12-06 00:00"]),
        ("0 0 29 2 *", "", []),
    ],
)
def test_when_it_is_due(schedule: str, zone: str, due: list[str]) -> None:
    found = parse(schedule, zone)
    assert found is not None
    assert [f"{moment:%m-%d %H:%M}" for moment in islice(found.after(NOW), 2)] == due


@pytest.mark.parametrize(
    "schedule",
    ["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "5-1 * * * *", "a * * * *", "*/0 * * * *", "@every 5m"],
)
def test_what_is_no_schedule(schedule: str) -> None:
    assert parse(schedule) is None


@pytest.mark.parametrize("zone", ["Mars/Base", "../etc"])
def test_what_is_no_time_zone(zone: str) -> None:
    assert parse("* * * * *", zone) is None


def test_what_is_the_same_in_every_zone() -> None:
    hourly, nightly, weekly = parse("5 * * * *"), parse("0 2 * * *"), parse("0 * * * 1")
    assert hourly
    assert nightly
    assert weekly
    assert (hourly.every_hour, nightly.every_hour, weekly.every_hour) == (True, False, False)


@given(
    st.tuples(
        st.sampled_from(["*", "0", "*/7", "5-50/9"]),
        st.sampled_from(["*", "3", "22-23", "*/5"]),
        st.sampled_from(["*", "1", "28-31"]),
        st.sampled_from(["*", "11,12", "feb"]),
        st.sampled_from(["*", "0", "sat", "1-5"]),
    ),
    st.integers(0, 500_000),
)
def test_what_comes_next_is_due_and_nothing_before_it(fields: tuple[str, ...], minutes: int) -> None:
    schedule, start = parse(" ".join(fields)), NOW + timedelta(minutes=minutes)
    assert schedule is not None
    nearest = next(schedule.after(start))
    assert schedule.due(nearest)
    before = range(1, min((nearest - start) // timedelta(minutes=1), 3000))
    assert not any(schedule.due(start + timedelta(minutes=minute)) for minute in before)
