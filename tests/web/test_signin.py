"""Who gets in, by what, and how often."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core import signing
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import URLPattern, get_resolver
from pytest_django import Settings

from dashboard import signin
from dashboard.roles import Role, role_of
from tests.people import a_person
from tests.web.rows import a_cluster, a_diagnosis

pytestmark = pytest.mark.django_db

OPEN_TO_ALL = {"signin", "signin-link", "signout", "badge", "badge-endpoint"}  # A badge has a key of its own.
POSTED = {"view-new": "/views/new", "view": "/views/1"}
FOR_PROGRAMS = {"live-changes", "metrics"}  # They are refused, not led to a form.


def path_of(link: str) -> str:
    return urlsplit(link).path


def who(client: Client) -> str | None:
    """The user whom a browser's session signs in."""
    key = client.session.get("_auth_user_id")
    return User.objects.get(pk=key).username if key else None


def test_every_page_but_the_sign_in_wants_a_session(client: Client) -> None:
    a_diagnosis(a_cluster())
    names = {pattern.name for pattern in get_resolver().url_patterns if isinstance(pattern, URLPattern)}
    pages = {"triage": "/?severity=high", "diagnosis": "/d/1", "live-changes": "/live/changes?since=0"}
    pages |= {"codes": "/codes/", "code": "/codes/crash-oom-limit", "metrics": "/metrics", "setup": "/setup"}
    pages |= {"search": "/search", "wallboard": "/tv", **POSTED}
    assert names - OPEN_TO_ALL == set(pages), "a new page: say here how it is closed to strangers"
    for name, path in pages.items():
        response = client.post(path) if name in POSTED else client.get(path)
        if name in FOR_PROGRAMS:
            assert response.status_code == 401
        else:
            assert response.status_code == 302
            assert response["Location"].startswith("/signin?next=%2F")


class TestOneTimeLink:
    def test_makes_the_administrator_and_signs_in_by_its_button(self, client: Client, settings: Settings) -> None:
        settings.BASE_URL = "https://sickbay.example"
        link = signin.one_time_link()
        assert link.startswith("https://sickbay.example/signin/")
        admin = User.objects.get(username="admin")
        assert admin.is_superuser
        assert not admin.has_usable_password()
        page = client.get(path_of(link))
        assert "Sign in as admin" in page.content.decode()
        response = client.post(path_of(link))
        assert response["Location"] == "/"
        assert who(client) == "admin"

    def test_is_not_spent_by_looking(self, client: Client) -> None:
        link = path_of(signin.one_time_link())
        for _ in range(3):
            assert client.get(link).status_code == 200
            assert client.head(link).status_code == 200
        assert who(client) is None
        client.post(link)
        assert who(client) == "admin"

    def test_works_once(self, client: Client) -> None:
        link = path_of(signin.one_time_link())
        client.post(link)
        second = Client()
        response = second.post(link)
        assert response.status_code == 410
        assert "This link no longer signs in" in response.content.decode()
        assert who(second) is None
        assert second.get(link).status_code == 410

    def test_of_two_requests_at_once_only_one_gets_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        token = signin.token_for(User.objects.create_user("ana"))
        first, second = Client(), Client()
        stale = User.objects.get(username="ana")
        first.post(f"/signin/{token}")
        monkeypatch.setattr(signin, "user_of", lambda _token: stale)  # As the second read it before the first wrote.
        second.post(f"/signin/{token}")
        assert (who(first), who(second)) == ("ana", None)

    def test_is_good_for_a_quarter_of_an_hour(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        issued = 1_800_000_000.0
        monkeypatch.setattr("django.core.signing.time.time", lambda: issued)
        link = path_of(signin.one_time_link())
        monkeypatch.setattr("django.core.signing.time.time", lambda: issued + 15 * 60 - 1)
        assert client.get(link).status_code == 200
        monkeypatch.setattr("django.core.signing.time.time", lambda: issued + 15 * 60 + 1)
        assert client.post(link).status_code == 410
        assert who(client) is None

    @pytest.mark.parametrize("spoil", ["password", "is_active", "gone"])
    def test_ends_with_what_it_was_made_for(self, client: Client, spoil: str) -> None:
        user = User.objects.create_user("ana")
        link = path_of(signin.one_time_link("ana"))
        if spoil == "gone":
            user.delete()
        else:
            User.objects.filter(pk=user.pk).update(**{spoil: "other" if spoil == "password" else False})
        assert client.post(link).status_code == 410
        assert who(client) is None

    @pytest.mark.parametrize("token", ["x", "a:b:c", signing.dumps([1, "x"], salt="another")])
    def test_cannot_be_forged(self, client: Client, token: str) -> None:
        User.objects.create_user("ana")
        assert client.post(f"/signin/{token}").status_code == 410

    def test_is_not_given_for_a_user_who_is_not_there(self) -> None:
        User.objects.create_user("ana", is_active=False)
        for name in ("ana", "bob"):
            with pytest.raises(signin.UnknownUser):
                signin.one_time_link(name)
        assert not User.objects.filter(username="bob").exists()

    def test_is_never_kept_by_a_cache_nor_told_to_other_sites(self, client: Client) -> None:
        response = client.get(path_of(signin.one_time_link()))
        assert "no-store" in response["Cache-Control"]
        assert response["Referrer-Policy"] == "same-origin"

    def test_lasts_no_longer_than_it_says(self) -> None:
        assert timedelta(minutes=15) == signin.LINK_LIFETIME


class TestCommand:
    def test_prints_the_link_alone(self, client: Client) -> None:
        out, err = StringIO(), StringIO()
        call_command("signin", stdout=out, stderr=err)
        assert "admin, once, within 15 minutes" in err.getvalue()
        client.post(path_of(out.getvalue().strip()))
        assert who(client) == "admin"

    def test_names_a_user(self, client: Client) -> None:
        User.objects.create_user("ana")
        out = StringIO()
        call_command("signin", "ana", stdout=out, stderr=StringIO())
        client.post(path_of(out.getvalue().strip()))
        assert who(client) == "ana"

    def test_says_that_there_is_no_such_user(self) -> None:
        with pytest.raises(CommandError, match="there is no active user bob; --role makes one that is missing"):
            call_command("signin", "bob")

    @pytest.mark.parametrize("role", Role.values)
    def test_makes_the_account_that_is_missing_if_told_its_role(self, client: Client, role: str) -> None:
        out = StringIO()
        call_command("signin", "bo", "--role", role, stdout=out, stderr=StringIO())
        client.post(path_of(out.getvalue().strip()))
        assert who(client) == "bo"
        made = User.objects.get(username="bo")
        assert (role_of(made), made.has_usable_password()) == (role, False)

    @pytest.mark.parametrize(("name", "role"), [("bo", "viewer"), ("admin", "admin")])
    def test_changes_nobodys_role(self, name: str, role: str) -> None:
        a_person("bo", "viewer")
        err = StringIO()
        call_command("signin", name, "--role", "responder", stdout=StringIO(), stderr=err)
        assert f"{name} stays {role}: an admin changes roles under Settings." in err.getvalue()
        assert role_of(User.objects.get(username=name)) == role

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("Guest", "the name guest is kept for the visitor of a demo"),
            ("b o", "a user name has letters, digits"),
            ("Ana", "there is an account Ana already"),
            ("cy", "there is no active user cy"),
        ],
    )
    def test_says_whom_it_cannot_make(self, name: str, said: str) -> None:
        a_person("ana")
        a_person("cy", is_active=False)
        with pytest.raises(CommandError, match=said):
            call_command("signin", name, "--role", "viewer")
        assert User.objects.count() == 2


class TestPassword:
    def test_leads_to_the_page_that_was_asked_for(self, client: Client) -> None:
        User.objects.create_user("ana", password="correct horse")
        asked = client.get("/d/7?x=1")["Location"]
        form = client.get(asked).content.decode()
        assert 'name="next" value="/d/7?x=1"' in form
        response = client.post("/signin", {"username": "ana", "password": "correct horse", "next": "/d/7?x=1"})
        assert response["Location"] == "/d/7?x=1"
        assert who(client) == "ana"

    def test_never_leads_elsewhere(self, client: Client) -> None:
        User.objects.create_user("ana", password="correct horse")
        answer = {"username": "ana", "password": "correct horse", "next": "https://evil.example/"}
        assert client.post("/signin", answer)["Location"] == "/"

    @pytest.mark.parametrize(("name", "password"), [("ana", "wrong"), ("bob", "correct horse"), ("admin", "")])
    def test_is_refused_without_saying_which_half_was_wrong(self, client: Client, name: str, password: str) -> None:
        User.objects.create_user("ana", password="correct horse")
        signin.one_time_link()
        response = client.post("/signin", {"username": name, "password": password})
        assert "This user name and password do not belong together" in response.content.decode()
        assert who(client) is None


class TestDemo:
    def test_a_visitor_is_a_guest_and_is_told_so(self, client: Client, settings: Settings) -> None:
        settings.DEMO = True
        page = client.get("/").content.decode()
        assert "Demo, read-only." in page
        assert "Signed in as <b>guest</b>" in page
        guest = User.objects.get(username="guest")
        assert not guest.has_usable_password()
        assert [group.name for group in guest.groups.all()] == ["guest"]
        assert client.get("/live/changes?since=0").status_code == 200

    def test_a_guest_leaves_nothing_behind(self, client: Client, settings: Settings) -> None:
        settings.DEMO = True
        client.get("/")
        for _ in range(3):
            assert Client().get("/").status_code == Client().get("/live/changes?since=0").status_code == 200
        assert not Session.objects.exists()
        assert User.objects.get().last_login is None

    def test_the_sign_in_page_offers_it_only_there(self, client: Client, settings: Settings) -> None:
        for settings.DEMO in (True, False):
            assert ("Look around as a guest" in client.get("/signin").content.decode()) is settings.DEMO

    def test_a_guest_becomes_somebody_by_a_link(self, client: Client, settings: Settings) -> None:
        settings.DEMO = True
        client.get("/")
        client.post(path_of(signin.one_time_link()))
        assert who(client) == "admin"
        assert "Demo, read-only." not in client.get("/").content.decode()

    def test_without_it_there_is_no_guest(self, client: Client, settings: Settings) -> None:
        settings.DEMO = False
        assert client.get("/").status_code == 302
        assert not User.objects.filter(username="guest").exists()

    def test_whoever_signed_out_is_not_let_in_again_by_the_sign_in_page(
        self, client: Client, settings: Settings
    ) -> None:
        settings.DEMO = True
        client.get("/")
        response = client.post("/signout", follow=True)
        assert "Sign in" in response.content.decode()
        assert who(client) is None


class TestForgery:
    @pytest.mark.parametrize("path", ["/signin", "/signout", "/signin/token"])
    def test_a_form_from_elsewhere_does_nothing(self, path: str, user: User) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(user)
        response = client.post(path)
        assert response.status_code == 403
        assert "This form was too old to be trusted" in response.content.decode()
        assert who(client) == "ana"

    def test_signing_out_takes_a_form(self, browser: Client) -> None:
        assert browser.get("/signout").status_code == 405
        assert who(browser) == "ana"
        browser.post("/signout")
        assert who(browser) is None

    @pytest.mark.parametrize("path", ["/codes/", "/live/changes"])
    def test_pages_take_no_posts(self, browser: Client, path: str) -> None:
        assert browser.post(path).status_code == 405
