"""Tokens: made with a secret that is shown once, no farther than their maker may go, listed, revoked."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from diagnostics.models import ApiToken
from diagnostics.operations import tokens
from tests.people import a_person
from tests.web.conftest import Look, Page
from tests.web.rows import before

pytestmark = pytest.mark.django_db

NEW = "/settings/tokens/new"
QUERIES = 11  # The session and its account, eight of the frame, and the list.


def asked(client: Client, **changes: str) -> Page:
    """The answer to the form for a new token."""
    response = client.post(NEW, {"name": "ci", "scope": "read", "days": "90", **changes})
    return Page(response.content.decode(), response.status_code)


def a_token(user: User, name: str = "ci", **columns: object) -> ApiToken:
    """A token that lets its program read."""
    token, _ = tokens.create(user, name, ["read"], timezone.now())
    ApiToken.objects.filter(pk=token.pk).update(**columns)
    return token


def as_role(client: Client, role: str) -> User:
    user = a_person("bo", role)
    client.force_login(user)
    return user


class TestMaking:
    def test_shows_a_secret_that_lets_a_program_in(self, browser: Client, user: User) -> None:
        page = asked(browser)
        assert page.headline == "Token ci is made"
        assert "Keep it now: it is not shown again." in page.text
        found = re.search(r'data-copy="(sb_[^"]+)"', page.html)
        assert found
        token = tokens.find(found[1], timezone.now())
        assert token
        assert (token.user, token.scopes) == (user, ["read"])
        assert token.expires_at
        assert timedelta(days=89) < token.expires_at - timezone.now() <= timedelta(days=90)
        assert Client().get("/api/v1/diagnoses", headers={"Authorization": f"Bearer {found[1]}"}).status_code == 200

    def test_shows_it_once_and_keeps_it_nowhere(self, browser: Client, look: Look) -> None:
        response = browser.post(NEW, {"name": "ci", "scope": "read", "days": "0"})
        assert "no-store" in response["Cache-Control"]
        page = response.content.decode()
        assert "It lets a program in until it is revoked." in page
        found = re.search(r"sb_[0-9a-f]{16}\.([\w-]+)", page)
        assert found
        for path in ("/settings/tokens", NEW, "/settings/account"):
            assert found[1] not in look(path).html
        assert found[1] not in str(ApiToken.objects.values())

    @pytest.mark.parametrize(
        ("role", "offered"),
        [("viewer", ["read"]), ("responder", ["read", "triage"]), ("admin", ["read", "triage", "admin"])],
    )
    def test_offers_and_takes_scopes_up_to_the_role(self, client: Client, role: str, offered: list[str]) -> None:
        as_role(client, role)
        assert re.findall(r'name="scope" value="(\w+)"', client.get(NEW).content.decode()) == offered
        for scope in ("read", "triage", "admin"):
            page = asked(client, name=f"for {scope}", scope=scope)
            assert page.status == (200 if scope in offered else 422)
        assert sorted(scope for token in ApiToken.objects.all() for scope in token.scopes) == sorted(offered)

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"name": ""}, "This field is required."),
            ({"name": "x" * 101}, "at most 100 characters"),
            ({"name": "taken"}, "You have a token of this name. Revoke it first, or choose another name."),
            ({"scope": "root"}, "Select a valid choice."),
            ({"days": "9999"}, "Select a valid choice."),
        ],
    )
    def test_says_what_cannot_be(self, browser: Client, user: User, changes: dict[str, str], said: str) -> None:
        a_token(user, "taken")
        page = asked(browser, **changes)
        assert page.status == 422
        assert said in page.text
        assert ApiToken.objects.count() == 1

    def test_a_name_is_free_again_once_its_token_counts_no_more(self, browser: Client, user: User) -> None:
        a_token(user, revoked_at=before(days=1))
        a_token(user, expires_at=before(days=1))
        a_token(a_person("bo"))
        assert asked(browser).headline == "Token ci is made"


class TestList:
    def test_an_admin_sees_those_of_everybody_with_their_state(self, look: Look, user: User) -> None:
        assert look("/settings/tokens").headline == "No program may come in by a token"
        bo = a_person("bo")
        a_token(user, "prometheus", last_used_at=before(minutes=3))
        a_token(bo, "script", expires_at=before(days=1))
        a_token(bo, "old", revoked_at=before(hours=2))
        a_token(a_person("cy", is_active=False), "left")
        page = look("/settings/tokens")
        assert page.headline == "1 token lets a program in"
        text = page.part('<section class="card" id="tokens"').text
        assert re.search(r"prometheus sb_[0-9a-f]{16} read ana 3 min ago it is revoked counts Revoke", text)
        assert re.search(r"script sb_\w+ read bo never .* expired Revoke", text)
        assert re.search(r"left sb_\w+ read cy never it is revoked stopped with its account", text)
        assert re.search(r"old sb_\w+ read bo never it is revoked revoked 2 h ago$", text)

    @pytest.mark.parametrize("role", ["viewer", "responder"])
    def test_everybody_else_sees_their_own(self, client: Client, role: str) -> None:
        a_token(a_person("cy", "admin"), "not mine")
        user = as_role(client, role)
        a_token(user, "mine")
        page = Page(client.get("/settings/tokens").content.decode(), 200)
        assert page.headline == "You have 1 token that counts"
        assert "mine" in page.text
        assert "not mine" not in page.text

    def test_costs_the_same_however_many_there_are(
        self, look: Look, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        for n in range(5):
            a_token(a_person(f"p{n}"))
        with django_assert_num_queries(QUERIES):
            look("/settings/tokens")
        with django_assert_num_queries(QUERIES - 1):
            look(NEW)


class TestRevoking:
    def revoke(self, client: Client, token: ApiToken) -> Page:
        response = client.post(f"/settings/tokens/{token.uuid}/revoke", follow=True)
        return Page(response.content.decode(), response.status_code)

    def test_refuses_the_program_from_then_on(self, browser: Client, user: User) -> None:
        token, shown = tokens.create(user, "ci", ["read"], timezone.now())
        page = self.revoke(browser, token)
        assert "ci is revoked: whoever shows it is refused." in page.part('<div class="toasts"').text
        assert "Revoke ci" not in page.html
        assert Client().get("/api/v1/diagnoses", headers={"Authorization": f"Bearer {shown}"}).status_code == 401

    def test_twice_keeps_the_first_time(self, browser: Client, user: User) -> None:
        at = before(days=1)
        token = a_token(user, revoked_at=at)
        self.revoke(browser, token)
        token.refresh_from_db()
        assert token.revoked_at == at

    @pytest.mark.parametrize(("role", "status"), [("viewer", 404), ("responder", 404), ("admin", 200)])
    def test_somebody_elses_is_an_admins_to_revoke(self, client: Client, role: str, status: int) -> None:
        token = a_token(a_person("cy", "admin"))
        as_role(client, role)
        assert self.revoke(client, token).status == status
        token.refresh_from_db()
        assert (token.revoked_at is not None) is (status == 200)
