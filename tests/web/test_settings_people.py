"""People: adding somebody, roles, links, letting in and out; and that an admin always stays."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from dashboard.roles import Role, role_of
from diagnostics.models import Member
from diagnostics.operations import people, tokens
from diagnostics.operations.refusing import Invalid
from tests.people import a_person
from tests.web.conftest import Look, Page
from tests.web.rows import before

pytestmark = pytest.mark.django_db

QUERIES = 11  # The session and its account, eight of the frame, and the list.


def sent(browser: Client, path: str, **data: str) -> Page:
    response = browser.post(path, data, follow=True)
    return Page(response.content.decode(), response.status_code)


def link_in(page: Page) -> str:
    found = re.search(r'data-copy="(http[^"]+/signin/[^"]+)"', page.html)
    assert found
    return urlsplit(found[1]).path


class TestList:
    def test_everybody_with_role_and_last_sign_in(self, look: Look) -> None:
        a_person("bo", "responder", last_login=before(hours=3))
        a_person("cy", "viewer", is_active=False)
        page = look("/settings/people")
        assert page.headline == "2 people may sign in: 1 admin, 1 responder"
        assert "bo Responder 3 h ago active" in page.text
        assert "cy Viewer never deactivated" in page.text
        assert "ana you Admin" in page.text

    def test_the_demos_visitor_is_nobody(self, look: Look) -> None:
        User.objects.create_user("guest")
        assert "guest" not in look("/settings/people").part('<section class="card" id="people"').text

    def test_costs_the_same_however_many_there_are(
        self, look: Look, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        look("/settings/people")
        for n in range(5):
            a_person(f"p{n}")
        with django_assert_num_queries(QUERIES):
            look("/settings/people")


class TestAdding:
    def test_shows_a_link_once_that_signs_in(self, browser: Client, settings: Settings) -> None:
        settings.BASE_URL = "https://sickbay.example"
        page = sent(browser, "/settings/people/new", name="bo", role="responder")
        assert page.headline == "bo is added"
        assert "https://sickbay.example/signin/" in page.text
        assert "within 15 min" in page.text
        added = User.objects.get(username="bo")
        assert (role_of(added), added.has_usable_password()) == (Role.RESPONDER, False)
        theirs = Client()
        theirs.post(link_in(page))
        assert "Signed in as <b>bo</b>" in theirs.get("/").content.decode()
        assert "/signin/" not in browser.get(f"/settings/people/{added.pk}").content.decode()

    def test_no_cache_keeps_the_link(self, browser: Client) -> None:
        response = browser.post("/settings/people/new", {"name": "bo", "role": "viewer"})
        assert "no-store" in response["Cache-Control"]

    @pytest.mark.parametrize(
        ("name", "role", "said"),
        [
            ("ana", "viewer", "There is an account ana already."),
            ("Ana", "viewer", "There is an account Ana already."),
            ("a b", "viewer", "A user name has letters, digits and any of @ . + - _, at most 150 of them."),
            ("guest", "viewer", "This name is kept for the visitor of a demo."),
            ("", "viewer", "This field is required."),
            ("bo", "owner", "Select a valid choice."),
        ],
    )
    def test_says_what_cannot_be(self, browser: Client, name: str, role: str, said: str) -> None:
        page = sent(browser, "/settings/people/new", name=name, role=role)
        assert page.status == 422
        assert said in page.text
        assert User.objects.count() == 1


class TestOne:
    def test_is_given_another_role(self, browser: Client) -> None:
        bo = a_person("bo", "viewer")
        page = sent(browser, f"/settings/people/{bo.pk}", do="role", role="responder")
        assert "bo has the role now." in page.text
        assert Member.objects.get(user=bo).role == "responder"

    def test_a_superuser_who_is_demoted_is_one_no_more(self, browser: Client) -> None:
        root = a_person("root", "viewer", is_superuser=True, is_staff=True)
        sent(browser, f"/settings/people/{root.pk}", do="role", role="viewer")
        assert role_of(User.objects.get(pk=root.pk)) == Role.VIEWER

    def test_is_made_a_new_link(self, browser: Client) -> None:
        bo = a_person("bo")
        theirs = Client()
        theirs.post(link_in(sent(browser, f"/settings/people/{bo.pk}", do="link")))
        assert theirs.get("/").status_code == 200

    def test_is_signed_out_at_once_and_for_good(self, browser: Client) -> None:
        bo = a_person("bo", password="a long enough password")
        theirs = Client()
        theirs.force_login(bo)
        _, shown = tokens.create(bo, "script", ["read"], timezone.now())
        page = sent(browser, f"/settings/people/{bo.pk}", do="deactivate")
        assert "bo is signed out everywhere" in page.text
        assert theirs.get("/").status_code == 302
        assert tokens.find(shown, timezone.now()) is None
        assert "Make a link" not in page.text

        page = sent(browser, f"/settings/people/{bo.pk}", do="reactivate")
        assert theirs.get("/").status_code == 302, "the old session does not come back"
        assert not User.objects.get(pk=bo.pk).has_usable_password()
        assert tokens.find(shown, timezone.now()) is not None
        theirs.post(link_in(sent(browser, f"/settings/people/{bo.pk}", do="link")))
        assert theirs.get("/").status_code == 200

    def test_no_link_is_made_for_who_may_not_come_in(self, browser: Client) -> None:
        bo = a_person("bo", is_active=False)
        assert "/signin/" not in sent(browser, f"/settings/people/{bo.pk}", do="link").part("<main").html

    @pytest.mark.parametrize("data", [{"do": "role", "role": "viewer"}, {"do": "deactivate"}])
    def test_the_last_active_admin_stays(self, browser: Client, user: User, data: dict[str, str]) -> None:
        a_person("cy", "admin", is_active=False)
        page = sent(browser, f"/settings/people/{user.pk}", **data)
        assert "This is the only active admin" in page.part('<div class="toasts"').text
        user.refresh_from_db()
        assert user.is_active
        assert role_of(User.objects.get(pk=user.pk)) == Role.ADMIN
        page = Page(browser.get(f"/settings/people/{user.pk}").content.decode(), 200)
        assert "Make another admin first" in page.text
        assert "Deactivate ana" not in page.text

    def test_an_admin_who_steps_down_goes_on_with_what_is_left(self, browser: Client, user: User) -> None:
        a_person("cy", "admin")
        response = browser.post(f"/settings/people/{user.pk}", {"do": "role", "role": "viewer"}, follow=True)
        assert response.redirect_chain[-1][0] == "/settings/account"
        assert browser.get("/settings/people").status_code == 403

    def test_a_role_that_there_is_not_is_refused(self, browser: Client) -> None:
        bo = a_person("bo", "viewer")
        assert "The roles are" in sent(browser, f"/settings/people/{bo.pk}", do="role", role="owner").text
        assert Member.objects.get(user=bo).role == "viewer"

    def test_who_is_not_there_is_not_found(self, look: Look) -> None:
        guest = User.objects.create_user("guest")
        assert look("/settings/people/999").status == 404
        assert look(f"/settings/people/{guest.pk}").status == 404


def test_an_account_of_the_same_name_that_comes_meanwhile_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    User.objects.create_user("bo")
    monkeypatch.setattr(people, "_check_name", lambda _name: None)
    with pytest.raises(Invalid, match="there is an account bo already"):
        people.add("bo", "viewer")
