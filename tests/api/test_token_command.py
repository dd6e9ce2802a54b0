"""`manage.py token`."""

from __future__ import annotations

import uuid
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from diagnostics.models import ApiToken
from tests.api.conftest import Program


def token(*arguments: str) -> str:
    out = StringIO()
    call_command("token", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def test_a_token_is_made_listed_and_revoked(ada: User) -> None:
    shown = token("create", "ci", "--user", "ada", "--scope", "triage", "--days", "30")
    assert Program(shown).get("/codes").status_code == 200
    row = ApiToken.objects.get()
    assert row.expires_at is not None
    assert 29 <= (row.expires_at - timezone.now()).days <= 30
    listed = token("list")
    assert f"{row.uuid}  ci  ada  triage  until" in listed
    assert shown.partition(".")[2] not in listed
    assert token("revoke", str(row.uuid)) == "Revoked ci."
    assert "revoked" in token("list")
    assert Program(shown).get("/codes").status_code == 401


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "ci", "--user", "nobody"), "no active user nobody"),
        (("create", " ", "--user", "ada"), "name"),
        (("create", "ci", "--user", "ada", "--days", "0"), "still to come"),
        (("create", "ci", "--user", "ada", "--days", "99999999"), "date value out of range"),
        (("revoke", str(uuid.UUID(int=0))), "there is no token"),
    ],
)
def test_what_cannot_be_is_said(ada: User, arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        token(*arguments)
