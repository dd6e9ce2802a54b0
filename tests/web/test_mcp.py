"""What assistants may ask, through the official client and a real server."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import uvicorn
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.utils import timezone
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from pytest_django import Settings

from dashboard.asgi import application
from dashboard.environment import PROJECT
from dashboard.mcp import tools
from diagnostics.models import ApiToken, Diagnosis
from diagnostics.operations import tokens
from tests.servers import free_port, wait_for
from tests.web.rows import a_cluster, a_diagnosis, a_kept_log, resolved

pytestmark = pytest.mark.django_db(transaction=True)

MODES = ("auto", "legacy")  # The protocol without a handshake, and those before it.
PING = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
JSON = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The endpoint of a web process of its own thread."""
    port = free_port()
    config = uvicorn.Config(application, port=port, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for(lambda: server.started, "the web process")
    yield f"http://127.0.0.1:{port}/mcp"
    server.should_exit = True
    thread.join()


@pytest.fixture
def token(user: User) -> str:
    return tokens.create(user, "assistant", ["read"], timezone.now())[1]


def with_client(url: str, token: str, work: Callable[[Client], Awaitable[Any]], mode: Any = "auto") -> Any:
    async def connected() -> Any:
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http,
            Client(streamable_http_client(url, http_client=http), mode=mode) as client,
        ):
            return await work(client)

    return async_to_sync(connected)()


@pytest.fixture
def ask(url: str, token: str) -> Ask:
    """The answer of a tool: `ask("list_clusters")`; the text of its error where it has one."""

    def answer(name: str, *, mode: str = "auto", **arguments: Any) -> Any:
        result = with_client(url, token, lambda client: client.call_tool(name, arguments), mode)
        return result.content[0].text if result.is_error else result.structured_content

    return answer


def post(url: str, body: Any = PING, **headers: str) -> httpx2.Response:
    return httpx2.post(url, json=body, headers={**JSON, **headers})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("mode", MODES)
def test_the_tools_are_told_and_only_read(url: str, token: str, mode: str) -> None:
    found = with_client(url, token, lambda client: client.list_tools(), mode).tools

    assert [tool.name for tool in found] == [tool.__name__ for tool in tools.TOOLS]
    assert all(tool.annotations.read_only_hint and tool.description for tool in found)


@pytest.mark.parametrize("mode", MODES)
def test_diagnoses_are_listed_in_brief_the_severest_first(ask: Ask, mode: str) -> None:
    cluster = a_cluster()
    a_diagnosis(cluster, "cart", severity="low")
    a_diagnosis(cluster, "api", severity="critical")
    resolved(cluster, "web")

    answer = ask("list_diagnoses", mode=mode)

    assert [told["workload"]["name"] for told in answer["diagnoses"]] == ["api", "cart"]
    assert answer["more"] is False
    assert set(answer["diagnoses"][0]) == set(tools.BRIEF)


def test_a_list_is_narrowed_and_cut(ask: Ask) -> None:
    prod = a_cluster()
    for name in ("a", "b", "c"):
        a_diagnosis(prod, name)
    a_diagnosis(a_cluster("staging"), "d")
    resolved(prod, "web")

    narrowed = ask("list_diagnoses", cluster=["prod-eu"], namespace=["shop"], severity=["high"], q="DATABASE", limit=2)
    healed = ask("list_diagnoses", state=["resolved"])

    assert (len(narrowed["diagnoses"]), narrowed["more"]) == (2, True)
    assert [told["workload"]["name"] for told in healed["diagnoses"]] == ["web"]


@pytest.mark.parametrize("arguments", [{"severity": ["bad"]}, {"limit": 101}, {"limit": 0}, {"q": "x" * 201}])
def test_a_wrong_argument_is_told(ask: Ask, arguments: dict[str, Any]) -> None:
    said = ask("list_diagnoses", **arguments)

    assert next(iter(arguments)) in said


def test_a_diagnosis_is_found_by_number_and_by_id(ask: Ask) -> None:
    row = a_diagnosis(a_cluster())

    answers = [ask("get_diagnosis", diagnosis=said) for said in (str(row.number), f"#{row.number}", str(row.uuid))]

    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["cause"] == "The program reads a variable that the pod template does not set."
    assert answers[0]["evidence"][0]["value"] == "KeyError: 'DATABASE_URL'"


def test_of_very_many_pods_some_are_told(ask: Ask) -> None:
    row = a_diagnosis(a_cluster(), pods_affected=500)
    Diagnosis.objects.update(verdict={**row.verdict, "pods": row.verdict["pods"] * 500})

    told = ask("get_diagnosis", diagnosis=str(row.number))

    assert (len(told["pods"]), told["pods_affected"]) == (tools.PODS_TOLD, 500)


@pytest.mark.parametrize("said", ["7", "9" * 30, "cart", "3fa85f64-5717-4562-b3fc-2c963f66afa6"])
def test_a_diagnosis_that_there_is_not_is_told(ask: Ask, said: str) -> None:
    assert said in ask("get_diagnosis", diagnosis=said)


def test_evidence_has_the_log_that_was_kept(ask: Ask) -> None:
    row = a_diagnosis(a_cluster())
    a_kept_log(row, "Traceback", "KeyError: 'DATABASE_URL'")

    told = ask("get_evidence", diagnosis=str(row.number))

    assert "KeyError" in json.dumps(told["log"])
    assert told["ruled_out"] == ["memory limit: the exit code is 1, not 137"]


def test_clusters_say_whether_they_are_known(ask: Ask) -> None:
    a_cluster("staging", fresh_at=None)
    a_cluster()

    clusters = ask("list_clusters")["clusters"]

    assert [(told["name"], told["state"]) for told in clusters] == [("prod-eu", "fresh"), ("staging", "unread")]


def test_a_code_is_explained(ask: Ask) -> None:
    a_diagnosis(a_cluster(), code="crash-oom-limit")

    told = ask("explain_code", code="crash-oom-limit")

    assert told["remedy"]
    assert told["open"] == 1
    assert "no-such-code" in ask("explain_code", code="no-such-code")


def test_without_a_token_nobody_asks(url: str, token: str) -> None:
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    refused = [post(url), post(url, **bearer("sb_0123456789abcdef.wrong")), post(url, **bearer(token))]

    assert [response.status_code for response in refused] == [401, 401, 401]
    assert refused[0].headers["WWW-Authenticate"] == 'Bearer realm="sickbay"'


def test_a_user_who_may_not_sign_in_may_not_ask(url: str, token: str, user: User) -> None:
    user.is_active = False
    user.save()

    assert post(url, **bearer(token)).status_code == 401


def test_other_hosts_and_foreign_pages_are_refused(url: str, token: str, settings: Settings) -> None:
    assert post(url, Host="evil.example", **bearer(token)).status_code == 421
    assert post(url, Origin="http://evil.example", **bearer(token)).status_code == 403
    assert post(url, Origin=settings.BASE_URL, **bearer(token)).status_code == 200


def test_a_request_may_not_be_huge(url: str, token: str) -> None:
    assert post(url, {**PING, "params": {"x": "x" * 300_000}}, **bearer(token)).status_code == 413


def test_pages_are_answered_beside_it(url: str) -> None:
    assert httpx2.get(url.replace("/mcp", "/healthz")).json() == {"status": "ok"}


def test_the_sdk_is_loaded_only_when_somebody_asks() -> None:
    program = "import sys, dashboard.asgi; print('mcp.server' in sys.modules, 'starlette' in sys.modules)"

    command = [sys.executable, "-W", "ignore", "-c", program]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=PROJECT).stdout

    assert told.split() == ["False", "False"]
