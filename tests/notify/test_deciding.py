"""When there is news, and when there is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from diagnostics.notify.deciding import Manners, Standing, Told, look_again, news
from diagnostics.notify.notice import Type

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
OPEN, RESOLVED = Standing(open=True, severity=2), Standing(open=False, severity=2)
AGAIN = Standing(open=True, severity=2, again=True)
ACKNOWLEDGED = Standing(open=True, severity=2, attended=True, acknowledged=True)
SNOOZED = Standing(open=True, severity=4, attended=True)
TOLD, TOLD_RESOLVED = Told(open=True, severity=2, at=AT), Told(open=False, severity=2, at=AT)
TOLD_ACKNOWLEDGED = Told(open=True, severity=2, at=AT, acknowledged=True)
HOURLY = Manners(repeat_after=timedelta(hours=1))


@pytest.mark.parametrize(
    ("standing", "told", "expected"),
    [
        (OPEN, None, Type.OPENED),
        (AGAIN, None, Type.REGRESSED),
        (AGAIN, TOLD_RESOLVED, Type.REGRESSED),
        (OPEN, TOLD_RESOLVED, Type.OPENED),
        (OPEN, TOLD, None),
        (Standing(open=True, severity=3), TOLD, Type.ESCALATED),
        (Standing(open=True, severity=1), TOLD, None),
        (RESOLVED, TOLD, Type.RESOLVED),
        (RESOLVED, None, None),
        (RESOLVED, TOLD_RESOLVED, None),
        (ACKNOWLEDGED, None, None),
        (ACKNOWLEDGED, TOLD, Type.ACKNOWLEDGED),
        (ACKNOWLEDGED, TOLD_ACKNOWLEDGED, None),
        (SNOOZED, None, None),
        (SNOOZED, TOLD, None),
    ],
)
def test_only_what_is_new_is_told(standing: Standing, told: Told | None, expected: Type | None) -> None:
    assert news(standing, told, Manners(), AT + timedelta(days=30)) is expected


def test_a_route_may_want_no_resolutions() -> None:
    assert news(RESOLVED, TOLD, Manners(send_resolved=False), AT) is None


@pytest.mark.parametrize(("minutes", "expected"), [(59, None), (60, Type.UPDATED)])
def test_a_reminder_comes_when_it_is_wanted_and_due(minutes: int, expected: Type | None) -> None:
    assert news(OPEN, TOLD, HOURLY, AT + timedelta(minutes=minutes)) is expected
    assert news(ACKNOWLEDGED, TOLD_ACKNOWLEDGED, HOURLY, AT + timedelta(minutes=minutes)) is None


def test_it_is_known_when_a_reminder_will_be_due() -> None:
    assert look_again(OPEN, TOLD, HOURLY) == AT + timedelta(hours=1)
    for standing, told, manners in [(OPEN, TOLD, Manners()), (OPEN, None, HOURLY), (SNOOZED, TOLD, HOURLY)]:
        assert look_again(standing, told, manners) is None
