"""How often signing in by password may fail."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpResponseBase
from django.test import Client
from pytest_django import Settings

from dashboard import signin
from tests.web.conftest import Page
from tests.web.test_signin import path_of, who

pytestmark = pytest.mark.django_db
NOON = 1_800_000_000.0  # Where a window begins.
RIGHT = {"username": "ana", "password": "correct horse"}


@pytest.fixture(autouse=True)
def at_noon(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Ana has a password; a window has just begun, in which nobody has failed."""
    cache.clear()
    User.objects.create_user("ana", password="correct horse")
    monkeypatch.setattr("dashboard.signin_limits.time.time", lambda: NOON)
    return monkeypatch


def fail(client: Client, times: int, name: str = "ana", address: str = "203.0.113.1") -> HttpResponseBase:
    """The last answer."""
    wrong = {"username": name, "password": "wrong"}
    return [client.post("/signin", wrong, REMOTE_ADDR=address) for _ in range(times)][-1]


def test_ten_failures_close_an_account_to_passwords(client: Client) -> None:
    assert fail(client, 10).status_code == 200
    response = client.post("/signin", RIGHT)
    page = Page(response.content.decode(), response.status_code)
    assert (response.status_code, response["Retry-After"]) == (429, "900")
    assert page.headline == "Too many attempts to sign in failed"
    assert "for 15 minutes. Then try again." in page.text
    assert "manage.py signin" in page.text
    assert who(client) is None


def test_it_is_open_again_when_the_window_is_over(client: Client, at_noon: pytest.MonkeyPatch) -> None:
    fail(client, 10)
    at_noon.setattr("dashboard.signin_limits.time.time", lambda: NOON + 899.5)
    assert fail(client, 1)["Retry-After"] == "1"
    at_noon.setattr("dashboard.signin_limits.time.time", lambda: NOON + 900)
    client.post("/signin", RIGHT)
    assert who(client) == "ana"


def test_other_accounts_stay_open_and_a_link_signs_in(client: Client) -> None:
    User.objects.create_user("bob", password="correct horse")
    fail(client, 11, address="203.0.113.9")
    other = Client()
    other.post("/signin", {**RIGHT, "username": "bob"})
    assert who(other) == "bob"
    client.post(path_of(signin.one_time_link("ana")))
    assert who(client) == "ana"


def test_a_name_is_counted_however_it_is_written(client: Client) -> None:
    fail(client, 10, name="ANA")
    assert fail(client, 1).status_code == 429


def test_success_counts_for_nothing(client: Client) -> None:
    for _ in range(60):
        assert client.post("/signin", RIGHT).status_code == 302
    assert fail(client, 10).status_code == 200


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("203.0.113.9", "203.0.113.9", 429),
        ("203.0.113.9", "203.0.113.10", 200),
        ("2001:db8::1", "2001:db8::ffff", 429),
        ("2001:db8::1", "2001:db8:0:1::1", 200),
        ("::ffff:203.0.113.9", "::ffff:203.0.113.10", 200),
        ("", "", 200),
    ],
)
def test_fifty_failures_close_an_address(client: Client, first: str, second: str, status: int) -> None:
    for n in range(50):
        fail(client, 1, name=f"name{n}", address=first)
    assert fail(client, 1, name="another", address=second).status_code == status


def test_without_redis_nobody_is_kept_out(client: Client, settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    nowhere = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES = {"default": nowhere}
    assert fail(client, 11).status_code == 200
    client.post("/signin", RIGHT)
    assert who(client) == "ana"
    assert "attempts to sign in are not counted" in caplog.text


def test_looking_at_the_form_counts_for_nothing(client: Client) -> None:
    for _ in range(60):
        assert client.get("/signin").status_code == 200
    assert fail(client, 1).status_code == 200
