"""What each role is shown, and what it is let do."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboard.roles import Role, may, role_of
from diagnostics.models import Diagnosis
from tests.people import a_person
from tests.web.rows import a_cluster, a_diagnosis

pytestmark = pytest.mark.django_db


def test_who_was_given_no_role_only_looks() -> None:
    assert role_of(User.objects.create_user("ana")) == Role.VIEWER


def test_a_superuser_is_an_admin_whatever_the_role() -> None:
    assert role_of(a_person("ana", Role.VIEWER, is_superuser=True)) == Role.ADMIN


@pytest.mark.parametrize(
    ("role", "needed", "allowed"),
    [
        ("viewer", "viewer", True),
        ("viewer", "responder", False),
        ("responder", "responder", True),
        ("responder", "admin", False),
        ("admin", "responder", True),
    ],
)
def test_each_role_may_what_those_below_it_may(role: str, needed: str, allowed: bool) -> None:
    assert may(a_person("ana", role), Role(needed)) is allowed


def test_a_viewer_is_shown_no_action_and_refused_one(client: Client) -> None:
    row = a_diagnosis(a_cluster())
    client.force_login(a_person("ana", "viewer"))
    page = client.get(f"/d/{row.number}")
    assert b'value="acknowledge"' not in page.content
    answer = client.post(f"/d/{row.number}", {"do": "acknowledge", "version": "1"})
    assert answer.status_code == 403
    assert b"the role responder" in answer.content
    assert Diagnosis.objects.get().acknowledged_at is None


@pytest.mark.parametrize(("path", "status"), [("/notifications/routes/new", 403), ("/notifications/silences/new", 200)])
def test_a_responder_silences_but_does_not_configure(client: Client, path: str, status: int) -> None:
    client.force_login(a_person("bo", "responder"))
    assert client.get(path).status_code == status


def test_a_deactivated_account_is_signed_out(client: Client) -> None:
    user = a_person("ana")
    client.force_login(user)
    assert client.get("/").status_code == 200
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.get("/").status_code == 302
