"""The OpenAPI description is true: schemathesis asks everything that it offers, and much that it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, settings

from dashboard.api.schema import openapi
from dashboard.api.throttling import PerToken
from diagnostics.models import Channel, Delivery, Diagnosis, Route, Silence
from diagnostics.operations import channels, routes, silences, tokens
from tests.people import a_person
from tests.web.rows import a_cluster, a_diagnosis, resolved

EXAMPLES = 3  # Of each operation.

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
    now = timezone.now()
    channel = channels.create("chat", "slack", {"url": "https://hooks.slack.example/x"})
    routes.create({"name": "all"})
    about = [{"field": "namespace", "op": "in", "value": ["shop"]}]
    silences.create({"matchers": about, "reason": "Upgrade.", "ends_at": now + timedelta(days=1)}, None, now)
    channels.test(channel.uuid, None, now)
    ada = a_person("ada", "admin")
    return tokens.create(ada, "schemathesis", ["admin"], now)[1]


def _ask_of_what_there_is(case: schemathesis.Case[Any]) -> None:
    """Most ids that can be made up are of nothing."""
    stored: dict[str, Any] = {
        "diagnoses": Diagnosis,
        "channels": Channel,
        "routes": Route,
        "silences": Silence,
        "deliveries": Delivery,
    }
    model = stored.get(case.path.split("/")[3])
    positive = case.meta is None or case.meta.generation.mode.is_positive
    if model is not None and "id" in case.path_parameters and positive:
        row = model.objects.order_by("pk").first()
        case.path_parameters["id"] = str(row.uuid) if row else case.path_parameters["id"]


@described.parametrize()
@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True
)
def test_what_is_described_is_what_is_answered(case: schemathesis.Case[Any], token: str) -> None:
    # Whether something well-formed is taken depends on what is stored, and on the time.
    _ask_of_what_there_is(case)
    unfit = [schemathesis.checks.positive_data_acceptance]
    case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, excluded_checks=unfit)


def test_the_description_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    openapi.cache_clear()
    description = openapi()
    assert description["openapi"] == "3.1.0"
    assert not capsys.readouterr().err  # Where drf-spectacular guesses, or finds a name twice, it says so.


def test_the_documentation_is_a_page_of_our_own(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("ana"))
    page = client.get("/api/docs").content.decode()
    assert "/api/v1/diagnoses/{id}/acknowledge" in page
    assert 'id="shape-Diagnosis"' in page
    assert not re.findall(r"<script(?![^>]*src)|(?:src|href)=.https?:|\bstyle=|\bon\w+=", page)
