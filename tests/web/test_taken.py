"""The lists of what somebody has put off or taken over: what is in which, and what rows say of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from diagnostics.models import Diagnosis
from diagnostics.rules.model import Severity
from tests.web.conftest import Look
from tests.web.rows import a_cluster, a_diagnosis, before, resolved
from tests.web.test_triage import names

pytestmark = pytest.mark.django_db


class TestSnoozed:
    """Out of the open list until its time has come, or until it is worse; never out of mind."""

    @pytest.fixture(autouse=True)
    def rows(self) -> None:
        cluster = a_cluster()
        a_diagnosis(cluster, "awake", state=Diagnosis.State.ONGOING)
        a_diagnosis(cluster, "asleep", pods_affected=2)

    def snooze(self, **columns: Any) -> None:
        columns = {"snoozed_until": before(hours=-1), **columns}
        assert Diagnosis.objects.filter(workload_name="asleep").update(**columns)

    def test_leaves_the_open_list_and_is_counted_apart(self, look: Look) -> None:
        self.snooze()
        page = look()
        assert page.part('<nav class="tabs"').text == "Needs review 0Open 1Mine 0Snoozed 1Resolved 0"
        assert (names(page), names(look(tab="review"))) == (["awake"], [])
        assert page.headline == "1 open in prod-eu, 1 snoozed"
        page = look(tab="snoozed")
        assert names(page) == ["asleep"]
        assert "until" in page.part('<div class="meta"').text
        assert look(q="asleep").part('<nav class="tabs"').text == "Needs review 0Open 0Mine 0Snoozed 1Resolved"

    @pytest.mark.parametrize(
        "columns",
        [
            {"snoozed_until": before(minutes=1)},
            {"snoozed_severity": Severity.MEDIUM, "snoozed_pods": 2},
            {"snoozed_severity": Severity.HIGH, "snoozed_pods": 1},
        ],
        ids=["time", "severity", "pods"],
    )
    def test_comes_back(self, look: Look, columns: dict[str, Any]) -> None:
        self.snooze(**columns)
        page = look()
        assert page.part('<nav class="tabs"').text == "Needs review 1Open 2Mine 0Snoozed 0Resolved 0"
        assert set(names(page)) == {"awake", "asleep"}
        assert "until" not in page.part("<tbody").text

    def test_stays_away_while_it_is_not_worse(self, look: Look) -> None:
        self.snooze(snoozed_severity=Severity.HIGH, snoozed_pods=2)
        assert names(look(tab="snoozed")) == ["asleep"]

    def test_is_not_health_where_nothing_else_is_open(self, look: Look) -> None:
        self.snooze()
        Diagnosis.objects.filter(workload_name="awake").delete()
        page = look()
        assert page.headline == "Nothing open, 1 snoozed"
        assert "Nothing is open that is not snoozed" in page.text
        assert 'id="calm"' not in page.html

    def test_is_nothing_once_it_is_resolved(self, look: Look) -> None:
        self.snooze(state=Diagnosis.State.RESOLVED, resolved_at=before(minutes=1))
        assert look().part('<nav class="tabs"').text == "Needs review 0Open 1Mine 0Snoozed 0Resolved 1"
        assert "Nothing is snoozed" in look(tab="snoozed").text


def test_mine_are_those_that_are_assigned_to_the_reader(look: Look, user: User) -> None:
    cluster = a_cluster()
    mine, done = a_diagnosis(cluster, "mine"), resolved(cluster, "done")
    other = a_diagnosis(cluster, "other")
    assert "Nothing is yours" in look(tab="mine").text
    Diagnosis.objects.filter(pk__in=[mine.pk, done.pk]).update(assignee=user)
    Diagnosis.objects.filter(pk=other.pk).update(assignee=User.objects.create_user("bo"))
    page = look(tab="mine")
    assert names(page) == ["mine"]
    assert "Mine 1" in page.part('<nav class="tabs"').text
    assert "Mine 0" in look(tab="mine", q="other").part('<nav class="tabs"').text
    assert "bo" in look(q="other").part('<div class="meta"').text


def test_a_row_that_somebody_sees_to_says_so(look: Look) -> None:
    row = a_diagnosis(a_cluster())
    assert "unread" in look().html
    Diagnosis.objects.filter(pk=row.pk).update(acknowledged_at=before(minutes=1))
    page = look()
    assert page.part('<td class="c-sev"').text.endswith("Acknowledged")
    assert "unread" not in page.html
    assert page.part('<nav class="tabs"').text.startswith("Needs review 0Open 1")
    assert "Nothing needs review" in look(tab="review").text
    Diagnosis.objects.filter(pk=row.pk).update(snoozed_until=before(hours=-1))
    assert look().part('<nav class="tabs"').text.startswith("Needs review 0Open 0Mine 0Snoozed 1")
