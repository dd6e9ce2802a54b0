"""Tokens let programs in for as long as they count, and nobody who only read the database."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from diagnostics.models import ApiToken
from diagnostics.operations import tokens
from diagnostics.operations.refusing import Invalid
from tests.operations.building import MINUTE, T0

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


def test_a_token_is_found_by_what_is_shown_and_only_its_digest_is_kept(ada: User) -> None:
    token, shown = tokens.create(ada, "ci", ["read"], T0)
    assert shown.startswith(f"sb_{token.key}.")
    secret = shown.partition(".")[2]
    assert token.digest == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in str(ApiToken.objects.values().get())
    assert tokens.find(shown, T0) == token


def test_nobody_has_more_than_can_be_looked_through(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST", 2)
    first, _ = tokens.create(ada, "one", ["read"], T0)
    tokens.create(ada, "two", ["read"], T0)
    with pytest.raises(Invalid, match="revoke one first"):
        tokens.create(ada, "three", ["read"], T0)
    tokens.create(User.objects.create_user("bob"), "his", ["read"], T0)
    tokens.revoke(first.uuid, T0, of=ada)
    tokens.create(ada, "three", ["read"], T0)


@pytest.mark.parametrize("change", [{"is_active": False}, {"expires_at": T0}, {"revoked_at": T0}])
def test_a_token_that_does_not_count_any_more_is_not_found(ada: User, change: dict[str, Any]) -> None:
    token, shown = tokens.create(ada, "ci", ["read"], T0 - MINUTE)
    if "is_active" in change:
        User.objects.update(**change)
    else:
        ApiToken.objects.filter(pk=token.pk).update(**change)
    assert tokens.find(shown, T0) is None


def test_what_is_no_token_is_not_found(ada: User) -> None:
    _, shown = tokens.create(ada, "ci", ["read"], T0)
    for wrong in (shown[:-1], shown[:-1] + ("a" if shown[-1] != "a" else "b"), "sb_.", "", shown.upper(), shown + "\0"):
        assert tokens.find(wrong, T0) is None


def test_the_last_use_is_noted_to_the_minute(ada: User, django_assert_num_queries: Any) -> None:
    token, shown = tokens.create(ada, "ci", ["read"], T0)
    tokens.find(shown, T0 + 59 * SECOND)
    token.refresh_from_db()
    assert token.last_used_at == T0
    with django_assert_num_queries(1):
        tokens.find(shown, T0 + 30 * SECOND)


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [("read", {"read"}), ("triage", {"read", "triage"}), ("admin", {"read", "triage", "admin"})],
)
def test_who_may_change_may_also_read(ada: User, scope: str, allowed: set[str]) -> None:
    token, _ = tokens.create(ada, "ci", [scope], T0)
    assert {each for each in ApiToken.Scope if tokens.allows(token, each)} == allowed


def test_a_revoked_token_stays_revoked(ada: User) -> None:
    token, shown = tokens.create(ada, "ci", ["read"], T0)
    assert tokens.revoke(token.uuid, T0).revoked_at == T0
    assert tokens.revoke(token.uuid, T0 + MINUTE).revoked_at == T0
    assert tokens.find(shown, T0) is None


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": " "}),
        ("scopes", {"scopes": []}),
        ("scopes", {"scopes": ["root"]}),
        ("expires_at", {"expires_at": T0}),
    ],
)
def test_what_is_no_token_is_not_made(ada: User, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        tokens.create(**{"user": ada, "name": "ci", "scopes": ["read"], "now": T0, **changes})
    assert set(refused.value.errors) == {field}
