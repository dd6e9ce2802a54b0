"""Error pages look like the product, say what to do next, and depend on nothing that may have failed."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, StaticFilesStorage
from django.core.exceptions import BadRequest
from django.db import DatabaseError
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from dashboard.log_lines import JsonLine, WithRequestId
from tests.people import a_person
from tests.web.conftest import Page

pytestmark = pytest.mark.django_db
BROKEN = "Something broke in Sickbay itself"


@pytest.fixture
def visitor() -> Client:
    """Somebody whose browser is told of errors as people are, and keeps to the rules against forged forms."""
    return Client(enforce_csrf_checks=True, raise_request_exception=False, headers={"X-Request-ID": "quoted-7"})


@pytest.fixture
def broken_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign-in links fail as they do while the database is away."""

    def fail(*_args: object) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr("dashboard.views.session.signin.user_of", fail)


def read(response: Any, status: int) -> Page:
    """An error page, with all that each has."""
    assert response.status_code == status
    page = Page(response.content.decode(), response.status_code)
    assert page.text.count(str(status)) >= 1
    assert "Request quoted-7" in page.text
    assert response["X-Request-ID"] == "quoted-7"
    assert "script-src 'self'" in response["Content-Security-Policy"]
    return page


class TestWhatWasAskedFor:
    def test_an_address_without_a_page(self, visitor: Client) -> None:
        page = read(visitor.get("/nothing/here"), 404)
        assert page.headline == "There is nothing here"
        assert page.title == "There is nothing here · Sickbay"
        assert 'href="/"' in page.html
        assert 'href="/search"' in page.html
        assert ">Back</a>" not in page.html

    def test_a_diagnosis_that_is_no_longer_kept(self, visitor: Client, user: User) -> None:
        visitor.force_login(user)
        page = read(visitor.get("/d/4711"), 404)
        assert page.headline == "There is no diagnosis #4711"
        assert "removed when its time of keeping was over" in page.text

    @pytest.mark.parametrize(("referer", "told"), [("/codes/", True), ("https://evil.example/", False)])
    def test_the_way_back_leads_to_a_page_of_ours(self, visitor: Client, referer: str, told: bool) -> None:
        site = "http://sickbay.example"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("dashboard.views.errors.settings.BASE_URL", site)
            page = read(visitor.get("/nothing", headers={"Referer": site + referer if told else referer}), 404)
        assert (f'href="{site}/codes/">Back</a>' in page.html) is told
        assert "evil" not in page.html

    def test_a_form_that_is_opened_as_a_page(self, visitor: Client) -> None:
        response = visitor.get("/signout")
        assert read(response, 405).headline == "This address takes no such request"
        assert response["Allow"] == "POST"

    def test_a_page_that_wants_another_role(self, visitor: Client) -> None:
        visitor.force_login(a_person("vi", "viewer"))
        page = read(visitor.get("/settings/people"), 403)
        assert page.headline == "This is not allowed"
        assert "This takes the role admin. An admin gives roles under Settings." in page.text


class TestWhatWasSent:
    def test_a_forged_form(self, visitor: Client) -> None:
        page = read(visitor.post("/signin"), 403)
        assert page.headline == "This form was too old to be trusted"
        assert "Nothing was changed." in page.text

    def test_a_form_that_was_too_old_leads_back_to_a_new_one(self, visitor: Client, settings: Settings) -> None:
        settings.BASE_URL = "http://testserver"
        page = read(visitor.post("/signin", headers={"Referer": "http://testserver/signin?next=/d/7"}), 403)
        assert 'href="http://testserver/signin?next=/d/7"' in page.html

    def test_too_many_fields(self, user: User) -> None:
        client = Client(headers={"X-Request-ID": "quoted-7"})
        client.force_login(user)
        page = read(client.post("/", {"chosen": [str(n) for n in range(1001)]}), 400)
        assert "at most 1000. Choose fewer rows at a time." in page.text

    def test_too_much(self) -> None:
        client = Client(headers={"X-Request-ID": "quoted-7"})
        page = read(client.post("/signin", {"username": "x" * 3_000_000}), 400)
        assert "at most 2560 KiB. Nothing was changed." in page.text

    def test_an_address_under_another_name(self, visitor: Client, settings: Settings) -> None:
        settings.ALLOWED_HOSTS = ["sickbay.example"]
        page = read(visitor.get("/signin", headers={"Host": "evil.example"}), 400)
        assert page.headline == "This request could not be understood"
        assert "ALLOWED_HOSTS" in page.text
        assert "evil" not in page.html

    def test_what_a_page_of_ours_refuses_with_its_reason(
        self, visitor: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_args: object) -> None:
            raise BadRequest("Say it <otherwise>.")

        monkeypatch.setattr("dashboard.views.session.signin.user_of", refuse)
        page = read(visitor.get("/signin/token"), 400)
        assert "Say it &lt;otherwise&gt;." in page.html


@pytest.mark.usefixtures("broken_links")
class TestWhatBroke:
    def test_is_told_without_the_database(
        self, visitor: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(0):
            page = read(visitor.get("/signin/token", headers={"Cookie": "theme=dark"}), 500)
        assert page.headline == BROKEN
        assert 'data-theme="dark"' in page.html

    def test_is_told_without_collected_files(self, visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        def missing(_storage: object, name: str) -> str:
            return ManifestStaticFilesStorage.stored_name(ManifestStaticFilesStorage(), name)

        monkeypatch.setattr(StaticFilesStorage, "url", missing)
        page = read_plain(visitor.get("/signin/token"))
        assert page.headline == BROKEN
        assert "collectstatic" in page.text
        assert "quoted-7" in page.text

    def test_is_found_in_the_log_by_its_id(self, visitor: Client, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.ERROR, "django.request"):
            visitor.get("/signin/token")
        record = next(record for record in caplog.records if record.name == "django.request")
        assert WithRequestId().filter(record)
        assert "(request quoted-7)" in JsonLine().format(record)


def read_plain(response: Any) -> Page:
    assert response.status_code == 500
    return Page(response.content.decode(), 500)


class TestPrograms:
    def test_are_told_as_json_what_no_view_of_theirs_answers(self, visitor: Client, settings: Settings) -> None:
        settings.ALLOWED_HOSTS = ["sickbay.example"]
        response = visitor.get("/api/v1/nothing", headers={"Host": "evil.example"})
        assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
        assert "ALLOWED_HOSTS" in response.json()["detail"]

    def test_are_told_as_json_what_broke(self, visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_args: object) -> None:
            raise DatabaseError("gone")

        monkeypatch.setattr("dashboard.zones.timezone.deactivate", fail)
        response = visitor.get("/api/v1/diagnoses")
        assert (response.status_code, response["Content-Type"]) == (500, "application/problem+json")
