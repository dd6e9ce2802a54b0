"""What people do to a diagnosis is kept, told, and never overwrites what somebody else did meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from diagnostics.models import Activity, Diagnosis, Update
from diagnostics.operations.recording import record
from diagnostics.operations.triaging import LONGEST_COMMENT, Changed, NotPossible, Triage
from tests.operations.building import MINUTE, T0, a_cluster, judgement, verdict

pytestmark = pytest.mark.django_db
NOW, LATER = T0 + MINUTE, T0 + 60 * MINUTE


@pytest.fixture
def row() -> Diagnosis:
    record(a_cluster(), judgement(verdict()), T0)
    Diagnosis.objects.update(notice_due_at=None)
    return Diagnosis.objects.get()


@pytest.fixture
def ada() -> Any:
    return get_user_model().objects.create(username="ada")


def last(row: Diagnosis) -> Activity:
    return row.activity.latest("pk")


@pytest.mark.parametrize(
    ("act", "kind", "columns"),
    [
        (lambda triage: triage.acknowledge(), "acknowledged", {"acknowledged_at": NOW}),
        (lambda triage: triage.unacknowledge(), "unacknowledged", {"acknowledged_at": None, "acknowledged_by": None}),
        (lambda triage: triage.snooze(LATER), "snoozed", {"snoozed_until": LATER, "snoozed_pods": None}),
        (lambda triage: triage.snooze(LATER, or_worse=True), "snoozed", {"snoozed_severity": 3, "snoozed_pods": 1}),
        (lambda triage: triage.unsnooze(), "unsnoozed", {"snoozed_until": None}),
        (lambda triage: triage.unassign(), "unassigned", {"assignee": None}),
        (lambda triage: triage.comment("Rolled back."), "commented", {}),
        (lambda triage: triage.resolve(), "resolved", {"state": "resolved", "resolved_at": NOW}),
    ],
)
def test_an_action_is_kept_with_who_and_when(
    row: Diagnosis, ada: Any, act: Callable[[Triage], Diagnosis], kind: str, columns: dict[str, Any]
) -> None:
    act(Triage(row.uuid, ada, NOW, version=1))
    row.refresh_from_db()
    assert {name: getattr(row, name) for name in columns} == columns
    assert (row.version, row.notice_due_at) == (2, NOW)
    assert (last(row).kind, last(row).actor, last(row).at) == (kind, ada, NOW)
    assert Update.objects.latest("pk").ids == [str(row.uuid)]


def test_it_is_assigned_to_somebody(row: Diagnosis, ada: Any) -> None:
    Triage(row.uuid, None, NOW).assign(ada)
    row.refresh_from_db()
    assert (row.assignee, last(row).detail, last(row).actor) == (ada, {"to": "ada"}, None)


def test_who_acts_on_what_he_saw_before_it_changed_is_told_so(row: Diagnosis, ada: Any) -> None:
    Triage(row.uuid, ada, NOW, version=1).acknowledge()
    with pytest.raises(Changed, match="read it again"):
        Triage(row.uuid, ada, NOW, version=1).resolve()
    row.refresh_from_db()
    assert row.state == "new"


def test_a_resolved_one_may_be_reopened_and_counts_as_failing_again(row: Diagnosis, ada: Any) -> None:
    Triage(row.uuid, ada, NOW).resolve()
    assert row.occurrences.get().ended_at == NOW
    Triage(row.uuid, ada, LATER).reopen()
    row.refresh_from_db()
    assert (row.state, row.resolved_at, row.occurrences_count, row.occurrences.count()) == ("regressed", None, 2, 2)


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda triage: triage.snooze(T0), "still to come"),
        (lambda triage: triage.snooze(datetime.max.replace(tzinfo=UTC)), "for 366 days at most"),
        (lambda triage: triage.reopen(), "it is open"),
        (lambda triage: triage.comment("  "), "1 to 10,000"),
        (lambda triage: triage.comment("x" * (LONGEST_COMMENT + 1)), "1 to 10,000"),
    ],
)
def test_what_makes_no_sense_is_refused(row: Diagnosis, act: Callable[[Triage], Diagnosis], told: str) -> None:
    with pytest.raises(NotPossible, match=told):
        act(Triage(row.uuid, None, NOW))
    assert Diagnosis.objects.get().version == 1


@pytest.mark.parametrize(
    "act",
    [lambda triage: triage.acknowledge(), lambda triage: triage.snooze(LATER), lambda triage: triage.resolve()],
)
def test_what_is_resolved_needs_no_attention(row: Diagnosis, act: Callable[[Triage], Diagnosis]) -> None:
    Triage(row.uuid, None, NOW).resolve()
    with pytest.raises(NotPossible, match="it is resolved"):
        act(Triage(row.uuid, None, NOW))
