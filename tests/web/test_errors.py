"""Error pages look like the product and depend on nothing that may have failed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import get_resolver

from dashboard.views import errors

ASKED = RequestFactory().get("/")


@pytest.mark.parametrize(
    ("view", "status", "heading"),
    [
        (lambda: errors.bad_request(ASKED, SuspiciousOperation()), 400, "This request could not be understood"),
        (lambda: errors.forbidden(ASKED, PermissionDenied()), 403, "This is not allowed"),
        (lambda: errors.not_found(ASKED, Exception()), 404, "There is nothing here"),
        (lambda: errors.server_error(ASKED), 500, "Something broke in Sickbay itself"),
    ],
)
def test_each_says_what_happened_without_the_database(
    view: Callable[[], HttpResponse], status: int, heading: str
) -> None:
    response = view()
    assert response.status_code == status
    assert f"<h1>{heading}</h1>" in response.content.decode()


def test_django_finds_them() -> None:
    views = {400: errors.bad_request, 403: errors.forbidden, 404: errors.not_found, 500: errors.server_error}
    assert {status: get_resolver().resolve_error_handler(status) for status in views} == views


@pytest.mark.django_db
def test_a_stranger_gets_them_too(client: Client) -> None:
    response = client.get("/nothing/here")
    assert response.status_code == 404
    assert "To triage" in response.content.decode()


@pytest.mark.django_db
def test_a_failing_view_ends_in_one(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("dashboard.views.session.signin.user_of", broken)
    client.raise_request_exception = False
    response = client.get("/signin/token")
    assert response.status_code == 500
    assert "Something broke in Sickbay itself" in response.content.decode()
