"""Your account: a password is set and changed by whom it belongs to, and ends every other session."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from diagnostics.operations import tokens
from tests.people import a_person
from tests.web.conftest import Look, Page

pytestmark = pytest.mark.django_db

OLD, NEW = "an old mountain path", "seven quiet lanterns"
QUERIES = 11  # The session and its account, eight of the frame, and one's tokens.


def sent(client: Client, **fields: str) -> Page:
    response = client.post("/settings/account", fields, follow=True)
    return Page(response.content.decode(), response.status_code)


@pytest.fixture
def with_password(browser: Client, user: User) -> Client:
    """Somebody who has a password."""
    user.set_password(OLD)
    user.save()
    browser.force_login(user)
    return browser


def test_says_who_one_is_and_what_one_may_do(client: Client) -> None:
    bo = a_person("bo", "viewer")
    tokens.create(bo, "ci", ["read"], timezone.now())
    client.force_login(bo)
    page = Page(client.get("/settings/account").content.decode(), 200)
    assert page.headline == "You are signed in as bo"
    assert "Viewer: looks. An admin gives roles." in page.text
    assert "1 token of yours lets a program in." in page.text


def test_who_came_by_a_link_sets_a_password_and_signs_in_by_it(browser: Client, look: Look, user: User) -> None:
    page = look("/settings/account")
    assert "You came by a one-time link." in page.text
    assert 'name="old_password"' not in page.html
    page = sent(browser, new_password1=NEW, new_password2=NEW)
    assert "The password is set. You are signed out everywhere else." in page.text
    assert "Change your password" in page.text
    theirs = Client()
    assert theirs.post("/signin", {"username": "ana", "password": NEW})["Location"] == "/"


def test_a_new_password_ends_every_other_session(with_password: Client, user: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(user)
    assert elsewhere.get("/").status_code == 200
    sent(with_password, old_password=OLD, new_password1=NEW, new_password2=NEW)
    assert with_password.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"old_password": "guessed"}, "Your old password was entered incorrectly."),
        ({"old_password": ""}, "This field is required."),
        ({"new_password2": "seven quiet lamps"}, "The two password fields didn"),
        ({"new_password1": "short", "new_password2": "short"}, "at least 12 characters"),
        ({"new_password1": "1q2w3e4r5t6y", "new_password2": "1q2w3e4r5t6y"}, "This password is too common."),
    ],
)
def test_says_why_it_is_not_set(with_password: Client, user: User, changes: dict[str, str], said: str) -> None:
    fields = {"old_password": OLD, "new_password1": NEW, "new_password2": NEW, **changes}
    page = sent(with_password, **fields)
    assert page.status == 422
    assert said in page.text
    user.refresh_from_db()
    assert user.check_password(OLD)
    for value in filter(None, fields.values()):
        assert f'value="{value}"' not in page.html


def test_costs_the_same_however_many_tokens_there_are(
    look: Look, user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(3):
        tokens.create(user, f"t{n}", ["read"], timezone.now())
    with django_assert_num_queries(QUERIES):
        look("/settings/account")
