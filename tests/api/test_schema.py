"""The OpenAPI description is true: schemathesis asks everything that it offers, and much that it does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, settings

from dashboard.api.throttling import PerToken
from diagnostics.operations import channels, routes, tokens
from tests.web.rows import a_cluster, a_diagnosis, resolved

EXAMPLES = 5  # Of each operation.

# Exports are streamed as ASGI wants it; tests/web/test_exports.py asks them.
described = schemathesis.openapi.from_wsgi("/api/v1/schema", get_wsgi_application()).exclude(path_regex="/export/")


@pytest.fixture
def kept_connection() -> Iterator[None]:
    """Requests end without closing the connection that holds the test's transaction, as with Django's own client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def token(kept_connection: None, db: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """An administrator's, who may ask as often as he likes; and something is stored."""
    monkeypatch.setattr(PerToken, "THROTTLE_RATES", {"reads": None, "changes": None})
    cluster = a_cluster()
    a_diagnosis(cluster)
    resolved(cluster, "old")
    channels.create("chat", "slack", {"url": "https://hooks.slack.example/x"})
    routes.create({"name": "all"})
    ada = User.objects.create_user("ada", is_staff=True)
    return tokens.create(ada, "schemathesis", ["admin"], timezone.now())[1]


@described.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
def test_what_is_described_is_what_is_answered(case: schemathesis.Case[Any], token: str) -> None:
    # Whether something well-formed is taken depends on what is stored, and on the time.
    unfit = [schemathesis.checks.positive_data_acceptance]
    case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, excluded_checks=unfit)
