"""How patiently a cluster that fails is tried again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from diagnostics.operations.freezing import LATEST, SOONEST, pause

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(("failing_for", "about"), [(0, 2), (2, 2), (10, 5), (60, 30), (120, 60), (86_400, 60)])
def test_pauses_grow_with_the_time_that_it_fails(failing_for: int, about: int) -> None:
    for _ in range(50):
        assert about * SECOND * 0.75 <= pause(failing_for * SECOND) <= about * SECOND * 1.25


def test_many_watchers_do_not_come_back_together() -> None:
    assert len({pause(60 * SECOND) for _ in range(20)}) > 10
    assert SOONEST < LATEST


def test_what_the_server_asks_for_is_kept() -> None:
    assert pause(60 * SECOND, 7.0) == 7 * SECOND
