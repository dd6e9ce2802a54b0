"""Silences: with a reason, an end, and a history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from diagnostics.models import Silence
from diagnostics.operations import silences
from diagnostics.operations.refusing import Invalid
from diagnostics.operations.triaging import Changed, NotPossible
from tests.operations.building import MINUTE, T0

pytestmark = pytest.mark.django_db
HOUR = 60 * MINUTE
SHOP = [{"field": "namespace", "op": "in", "value": ["shop"]}]


def set_one(**changes: Any) -> Silence:
    return silences.create({"matchers": SHOP, "reason": "Upgrade.", "ends_at": T0 + HOUR, **changes}, None, T0)


def test_a_silence_says_who_why_and_until_when() -> None:
    ada = User.objects.create_user("ada")
    row = silences.create({"matchers": SHOP, "reason": "Upgrade.", "ends_at": T0 + HOUR}, ada, T0)
    assert (row.created_by, row.starts_at, row.ends_at) == (ada, T0, T0 + HOUR)
    changed = silences.change(row.uuid, {"ends_at": T0 + 2 * HOUR}, T0 + MINUTE, 1)
    assert (changed.ends_at, changed.version) == (T0 + 2 * HOUR, 2)
    with pytest.raises(Changed):
        silences.change(row.uuid, {"reason": "Late."}, T0 + MINUTE, 1)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("matchers", {"matchers": []}),
        ("matchers", {"matchers": [{"field": "namespace"}]}),
        ("reason", {"reason": "  "}),
        ("reason", {"reason": "x" * 501}),
        ("ends_at", {"ends_at": T0}),
        ("ends_at", {"starts_at": T0 - 2 * HOUR, "ends_at": T0 - HOUR}),
        ("ends_at", {"ends_at": T0 + timedelta(days=30, seconds=1)}),
    ],
)
def test_what_is_no_silence_is_refused(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        set_one(**changes)
    assert set(refused.value.errors) == {field}


def test_one_that_began_is_ended_and_kept() -> None:
    row = set_one()
    silences.end(row.uuid, T0 + MINUTE)
    assert Silence.objects.get().ends_at == T0 + MINUTE
    silences.end(row.uuid, T0 + HOUR)
    assert Silence.objects.get().ends_at == T0 + MINUTE
    with pytest.raises(NotPossible):
        silences.change(row.uuid, {"reason": "Again."}, T0 + HOUR)


def test_one_that_has_not_begun_is_dropped() -> None:
    silences.end(set_one(starts_at=T0 + MINUTE).uuid, T0)
    assert not Silence.objects.exists()
