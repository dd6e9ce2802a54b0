"""Programs that ask the API, with tokens of each scope."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from diagnostics.models import ApiToken
from diagnostics.operations import tokens
from tests.people import a_person


class Program:
    """A client that shows a token and speaks JSON."""

    def __init__(self, token: str) -> None:
        self._client = Client(headers={"authorization": f"Bearer {token}"})

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Any:
        return self._client.get(f"/api/v1{path}", query, headers=headers)

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        return getattr(self._client, method)(f"/api/v1{path}", body, content_type="application/json", headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("post", path, {} if body is None else body, headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.send("patch", path, body, headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.send("delete", path, None, headers)


As = Callable[[str], Program]


@pytest.fixture(autouse=True)
def clean(settings: Settings) -> None:
    """No counts of another test's requests; and the directory that WhiteNoise wants."""
    cache.clear()
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def ada(db: None) -> User:
    return a_person("ada", "admin")


@pytest.fixture
def with_scope(ada: User) -> As:
    """A program with a token of this scope, whose use is noted already: no query more in some minutes."""

    def program(scope: str) -> Program:
        token, shown = tokens.create(ada, scope, [scope], timezone.now())
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=timezone.now() + timedelta(hours=1))
        return Program(shown)

    return program


@pytest.fixture
def reader(with_scope: As) -> Program:
    return with_scope("read")


@pytest.fixture
def responder(with_scope: As) -> Program:
    return with_scope("triage")


@pytest.fixture
def admin(with_scope: As) -> Program:
    return with_scope("admin")


def problem_of(answer: Any, status: int) -> Any:
    """The body of a problem, after a look at what all of them have."""
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body
