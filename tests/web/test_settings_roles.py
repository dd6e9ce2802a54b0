"""Who is shown which section of the settings, and is refused which."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from diagnostics.models import ApiToken
from tests.people import a_person
from tests.web.conftest import Page

pytestmark = pytest.mark.django_db

ADMIN_ONLY = ("/settings/people", "/settings/people/new", "/setup")
OWN = ("/settings/account", "/settings/tokens", "/settings/tokens/new")
LOOKED_AT = ("/settings/retention", "/settings/redaction", "/settings/system")
DEEDS = ("/settings/retention/prune", "/settings/people/new")


def as_somebody(client: Client, settings: Settings, role: str) -> Client:
    """A browser of somebody with a role, or of the demo's visitor."""
    if role == "guest":
        settings.DEMO = True
    elif role != "stranger":
        client.force_login(a_person("bo", role))
    return client


@pytest.mark.parametrize(
    ("role", "own", "admin_only"),
    [("viewer", 200, 403), ("responder", 200, 403), ("admin", 200, 200), ("guest", 302, 302)],
)
def test_each_role_is_let_look_at_its_own(
    client: Client, settings: Settings, role: str, own: int, admin_only: int
) -> None:
    somebody = as_somebody(client, settings, role)
    assert {path: somebody.get(path).status_code for path in LOOKED_AT} == dict.fromkeys(LOOKED_AT, 200)
    assert {path: somebody.get(path).status_code for path in OWN} == dict.fromkeys(OWN, own)
    assert {path: somebody.get(path).status_code for path in ADMIN_ONLY} == dict.fromkeys(ADMIN_ONLY, admin_only)


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), ("responder", 403), ("guest", 302)])
def test_deeds_of_admins_are_refused(client: Client, settings: Settings, role: str, status: int) -> None:
    somebody, target = as_somebody(client, settings, role), a_person("cy", "viewer")
    for path in (*DEEDS, f"/settings/people/{target.pk}"):
        answer = somebody.post(path, {"do": "deactivate", "name": "dd", "role": "admin"})
        assert answer.status_code == status, path
        if status == 403:
            assert "This takes the role admin." in answer.content.decode()
    assert User.objects.filter(username="cy", is_active=True).exists()
    assert not User.objects.filter(username="dd").exists()


def test_a_guest_makes_no_token_and_tries_nothing(client: Client, settings: Settings) -> None:
    guest = as_somebody(client, settings, "guest")
    for path in ("/settings/tokens/new", "/settings/redaction", "/settings/account"):
        assert guest.post(path, {"name": "x", "scope": "read", "days": "7", "text": "x"})["Location"].startswith(
            "/signin?next="
        )
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("path", [*ADMIN_ONLY, *OWN, *LOOKED_AT, "/settings/"])
def test_a_stranger_is_led_to_the_sign_in(client: Client, path: str) -> None:
    assert client.get(path)["Location"].startswith("/signin?next=%2F")


@pytest.mark.parametrize(
    ("role", "shown", "first"),
    [
        ("admin", "People Your account Tokens Retention Redaction System Badges Setup", "/settings/people"),
        ("responder", "Your account Tokens Retention Redaction System Badges", "/settings/account"),
        ("viewer", "Your account Tokens Retention Redaction System Badges", "/settings/account"),
        ("guest", "Retention Redaction System Badges", "/settings/retention"),
    ],
)
def test_each_is_shown_what_may_be_opened(
    client: Client, settings: Settings, role: str, shown: str, first: str
) -> None:
    somebody = as_somebody(client, settings, role)
    response = somebody.get("/settings/", follow=True)
    page = Page(response.content.decode(), response.status_code)
    assert response.redirect_chain == [(first, 302)]
    assert page.part('<nav class="tabs" id="sections"').text == shown
    assert ("Your account" in page.part('<details class="menu right"').text) is (role != "guest")


@pytest.mark.parametrize(
    ("role", "shown"), [("admin", True), ("responder", False), ("viewer", False), ("guest", False)]
)
def test_only_an_admin_is_shown_what_prunes(client: Client, settings: Settings, role: str, shown: bool) -> None:
    page = as_somebody(client, settings, role).get("/settings/retention").content.decode()
    assert ("Prune now" in page) is shown


@pytest.mark.parametrize(
    "path", ["/settings/retention/prune", "/settings/tokens/00000000-0000-4000-8000-000000000000/revoke"]
)
def test_what_does_something_takes_a_form(client: Client, path: str) -> None:
    client.force_login(a_person("bo", "admin"))
    assert client.get(path).status_code == 405


@pytest.mark.parametrize("path", [*ADMIN_ONLY, *OWN, *LOOKED_AT])
def test_every_section_has_a_title_and_one_sentence_first(client: Client, path: str) -> None:
    client.force_login(a_person("bo", "admin"))
    page = Page(client.get(path).content.decode(), 200)
    assert re.fullmatch(r"\S.* · Sickbay", page.title)
    assert page.html.count("<h1") == 1
    assert page.headline
