"""Who is let in, how far, and how often."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from dashboard.api.throttling import PerToken
from diagnostics.models import Diagnosis, Member
from diagnostics.operations import tokens
from tests.api.conftest import As, Program, problem_of
from tests.web.rows import a_cluster, a_diagnosis

pytestmark = pytest.mark.django_db


def test_without_a_token_nobody_is_let_in(client: Client) -> None:
    answer = client.get("/api/v1/diagnoses")
    assert "manage.py token create" in problem_of(answer, 401)["detail"]
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("shown", ["sb_0123456789abcdef.x", "", "hunter2"])
def test_a_wrong_token_is_no_token(db: None, shown: str) -> None:
    problem_of(Program(shown).get("/diagnoses"), 401)


def test_a_revoked_token_lets_nobody_in(ada: User) -> None:
    token, shown = tokens.create(ada, "ci", ["read"], timezone.now())
    assert Program(shown).get("/diagnoses").status_code == 200
    tokens.revoke(token.uuid, timezone.now())
    problem_of(Program(shown).get("/diagnoses"), 401)


@pytest.mark.parametrize(
    ("scope", "reads", "triages", "configures"),
    [("read", 200, 403, 403), ("triage", 200, 200, 403), ("admin", 200, 200, 201)],
)
def test_scopes_say_how_far(with_scope: As, scope: str, reads: int, triages: int, configures: int) -> None:
    row = a_diagnosis(a_cluster())
    program = with_scope(scope)
    assert program.get("/channels").status_code == reads
    assert program.post(f"/diagnoses/{row.uuid}/acknowledge").status_code == triages
    assert program.post("/routes", {"name": "all"}).status_code == configures


def test_a_token_can_do_no_more_than_its_user(ada: User, admin: Program) -> None:
    Member.objects.update(role="responder")
    problem_of(admin.post("/routes", {"name": "all"}), 403)


def test_the_pages_ask_with_their_session_and_prove_that_they_are_ours(ada: User) -> None:
    row = a_diagnosis(a_cluster())
    page = Client(enforce_csrf_checks=True)
    page.force_login(ada)
    assert page.get("/api/v1/diagnoses").status_code == 200
    path = f"/api/v1/diagnoses/{row.uuid}/acknowledge"
    problem_of(page.post(path, {}, content_type="application/json"), 403)
    page.get("/signin")
    page.cookies["sickbay_csrf"] = "x" * 32
    assert page.post(path, {}, content_type="application/json", headers={"x-csrftoken": "x" * 32}).status_code == 200


def test_the_visitor_of_a_demo_reads_and_nothing_else(client: Client, settings: Settings, db: None) -> None:
    settings.DEMO = True
    row = a_diagnosis(a_cluster())
    assert client.get("/api/v1/diagnoses").status_code == 200
    problem_of(client.post(f"/api/v1/diagnoses/{row.uuid}/acknowledge"), 401)
    assert Diagnosis.objects.get().acknowledged_at is None


def test_the_guest_does_not_triage_with_a_session(client: Client, settings: Settings, db: None) -> None:
    guest = User.objects.create_user("guest")
    row = a_diagnosis(a_cluster())
    client.force_login(guest)
    problem_of(client.post(f"/api/v1/diagnoses/{row.uuid}/acknowledge"), 403)


def test_who_asks_too_often_is_told_when_to_come_back(with_scope: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PerToken, "THROTTLE_RATES", {"reads": "2/min", "changes": "1/min"})
    one, other = with_scope("admin"), with_scope("admin")
    assert [one.get("/codes/none").status_code for _ in range(3)] == [404, 404, 429]
    answer = one.get("/codes/none")
    problem_of(answer, 429)
    assert 0 < int(answer["Retry-After"]) <= 60
    assert one.post("/routes", {"name": "all"}).status_code == 201
    assert other.get("/codes/none").status_code == 404


def test_an_answer_carries_the_id_of_its_request(reader: Program, client: Client) -> None:
    assert reader.get("/codes", {"X-Request-ID": "job-1.2"})["X-Request-ID"] == "job-1.2"
    for strange in ("", "a b", "x" * 129, "<script>"):
        assert len(reader.get("/codes", {"X-Request-ID": strange})["X-Request-ID"]) == 32
    assert client.get("/signin")["X-Request-ID"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("put", "/codes", 405), ("post", "/codes", 405), ("get", "/nothing", 404), ("post", "/nothing", 404)],
)
def test_what_cannot_be_done_is_a_problem(admin: Program, method: str, path: str, status: int) -> None:
    problem_of(admin.send(method, path, {}) if method != "get" else admin.get(path), status)


def test_bodies_are_json(admin: Program) -> None:
    for body, kind, status in (("{", "application/json", 400), ("a=b", "text/plain", 415)):
        answer = admin._client.post("/api/v1/routes", body, content_type=kind)
        problem_of(answer, status)


def test_what_breaks_is_a_problem_too(reader: Program, monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    def broken() -> None:
        raise RuntimeError("hunter2sentinel")

    monkeypatch.setattr("diagnostics.queries.clusters", broken)
    body = problem_of(reader.get("/clusters"), 500)
    assert "hunter2sentinel" not in str(body)
    assert "hunter2sentinel" in caplog.text


def test_the_use_of_a_token_is_noted(ada: User) -> None:
    token, shown = tokens.create(ada, "ci", ["read"], timezone.now())
    Program(shown).get("/codes")
    token.refresh_from_db()
    assert token.last_used_at is not None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"name": "' + b"a" * 3_000_000 + b'"}', 413),
        (b'{"settings": ' + b'{"a": ' * 50_000 + b"1" + b"}" * 50_000 + b"}", 400),
    ],
    ids=["too long", "too deep"],
)
def test_a_body_that_nobody_means_is_refused(admin: Program, body: bytes, status: int) -> None:
    said = problem_of(admin.send("post", "/channels", body.decode()), status)["detail"]
    assert said in ("A body has at most 2,621,440 bytes.", "The body is nested too deeply.")
