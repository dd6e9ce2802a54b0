"""Exports: whole lists as a stream, safe for spreadsheets, in memory that does not grow."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.test import AsyncClient
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dashboard import exports
from dashboard.api.schema import openapi
from dashboard.asgi import application
from dashboard.environment import PROJECT
from diagnostics.models import ApiToken, Cluster, Diagnosis
from diagnostics.operations import tokens
from diagnostics.queries import exports as reading
from diagnostics.queries import public
from tests.web.rows import a_cluster, a_diagnosis, resolved

pytestmark = pytest.mark.django_db(transaction=True)

NDJSON = "/api/v1/export/diagnoses.ndjson"
CSV = "/api/v1/export/diagnoses.csv"

Export = Callable[..., bytes]


@pytest.fixture
def cluster() -> Cluster:
    return a_cluster()


@pytest.fixture
def bearer(user: User) -> str:
    _, shown = tokens.create(user, "reporting", ["read"], timezone.now())
    return f"Bearer {shown}"


@pytest.fixture
def export(bearer: str) -> Export:
    """The body of an export, as a program with a token reads it."""

    def read(path: str, **query: Any) -> bytes:
        async def whole() -> bytes:
            response: Any = await AsyncClient().get(path, query, headers={"Authorization": bearer})
            assert response.status_code == 200
            return b"".join([part async for part in response.streaming_content])

        return async_to_sync(whole)()

    return read


def status(path: str, **headers: str) -> int:
    response = async_to_sync(AsyncClient().get)(path, headers=headers)
    return int(response.status_code)


def records(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode(), newline="")))


def test_a_line_is_the_diagnosis_as_the_api_answers_it(export: Export, cluster: Cluster) -> None:
    row = a_diagnosis(cluster)

    (line,) = export(NDJSON).splitlines()

    told = json.loads(line)
    assert (told["id"], told["number"], told["code"]) == (str(row.uuid), row.number, "crash-config-env")
    assert told["cluster"] == "prod-eu"
    assert told["remedy"]["commands"] == ["kubectl -n shop set env deployment/cart DATABASE_URL=value"]
    assert "visible_at" not in told


def test_a_record_has_the_documented_columns(export: Export, cluster: Cluster) -> None:
    row = resolved(cluster)

    (record,) = records(export(CSV))

    assert list(record) == list(exports.COLUMNS)
    assert record["number"] == str(row.number)
    assert (record["severity"], record["state"], record["workload_name"]) == ("high", "resolved", "cart")
    assert record["resolved_at"].endswith("Z")
    assert record["assignee"] == ""


def test_the_columns_are_documented() -> None:
    document = (PROJECT / "docs/programs.md").read_text()

    (listed,) = [part for part in document.split("\n\n") if part.startswith("`number`, `id`")]
    assert re.findall(r"`(\w+)`", listed) == list(exports.COLUMNS)


def test_exports_take_the_filters_of_the_list(export: Export, cluster: Cluster) -> None:
    a_diagnosis(cluster, "cart")
    a_diagnosis(a_cluster("staging"), "api")
    resolved(cluster, "web")

    assert [json.loads(line)["workload"]["name"] for line in export(NDJSON, cluster="staging").splitlines()] == ["api"]
    assert [row["workload_name"] for row in records(export(CSV, cluster="prod-eu", state="open"))] == ["cart"]


def test_nothing_left_is_an_empty_export(export: Export) -> None:
    assert export(NDJSON) == b""
    assert records(export(CSV)) == []


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_cell_that_could_be_a_formula_is_text(export: Export, cluster: Cluster, start: str) -> None:
    a_diagnosis(cluster, summary=start)

    (record,) = records(export(CSV))

    assert record["summary"] == f"'{start}"


def test_commas_quotes_and_line_ends_stay_in_their_cell(export: Export, cluster: Cluster) -> None:
    summary = 'says "no, never"\r\nand ends; näçhste 🚑'
    a_diagnosis(cluster, summary=summary)

    (record,) = records(export(CSV))

    assert record["summary"] == summary


@pytest.mark.parametrize("window", [1, 3, 4])
def test_every_row_comes_once_whatever_the_pieces(
    export: Export, cluster: Cluster, monkeypatch: pytest.MonkeyPatch, window: int
) -> None:
    numbers = [a_diagnosis(cluster, f"w{n}").number for n in range(8)]
    monkeypatch.setattr(reading, "WINDOW_ROWS", window)
    monkeypatch.setattr(reading, "PIECE_ROWS", 2)

    assert [json.loads(line)["number"] for line in export(NDJSON).splitlines()] == numbers


def test_a_row_that_goes_away_meanwhile_is_left_out(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIECE_ROWS", 1)
    first, second, third = (a_diagnosis(cluster, f"w{n}") for n in range(3))
    pieces = reading.pieces(Diagnosis.objects.all(), lambda row: str(row.number).encode())

    begun = next(pieces)
    second.delete()

    assert [begun, *pieces] == [str(first.number).encode(), b"", str(third.number).encode()]


@pytest.mark.parametrize("form", [exports.NDJSON, exports.CSV])
def test_a_piece_is_one_query_and_a_window_another(
    cluster: Cluster, user: User, form: exports.Format, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(30):
        a_diagnosis(cluster, f"w{n}")
    Diagnosis.objects.update(assignee=user)

    with django_assert_num_queries(3):  # The last one finds that nothing follows.
        list(reading.pieces(Diagnosis.objects.all(), form.write, form.unread))


def test_programs_without_a_token_are_refused() -> None:
    assert status(NDJSON) == 401
    assert status(CSV, Authorization="Bearer sb_0123456789abcdef.wrong") == 401


def test_a_token_that_has_expired_is_refused(bearer: str) -> None:
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert status(NDJSON, Authorization=bearer) == 401


def test_a_session_reads_too_whatever_it_accepts(user: User, cluster: Cluster) -> None:
    a_diagnosis(cluster)
    client = AsyncClient()
    client.force_login(user)

    response = async_to_sync(client.get)(CSV, headers={"Accept": "text/html"})

    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="diagnoses.csv"'


@pytest.mark.parametrize("query", [{"severity": "bad"}, {"clusters": "prod-eu"}])
def test_a_wrong_filter_is_named(bearer: str, query: dict[str, str]) -> None:
    response = async_to_sync(AsyncClient().get)(NDJSON, query, headers={"Authorization": bearer})

    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["errors"].keys() == query.keys()


def test_openapi_tells_of_them_with_the_filters_of_the_list() -> None:
    described = openapi()["paths"]

    listed, exported = (
        {each["name"] for each in described[path]["get"]["parameters"]} for path in ("/api/v1/diagnoses", CSV)
    )
    assert {"cluster", "severity", "q"} < exported < listed
    assert "application/x-ndjson" in described[NDJSON]["get"]["responses"]["200"]["content"]


def test_asking_for_the_head_reads_no_rows(bearer: str, cluster: Cluster) -> None:
    a_diagnosis(cluster)

    start, *body = async_to_sync(read)("HEAD", bearer)

    assert start["status"] == 200
    assert b"".join(message.get("body", b"") for message in body) == b""


def test_a_reader_that_goes_away_ends_the_reading(
    bearer: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(20):
        a_diagnosis(cluster, f"w{n}")
    monkeypatch.setattr(reading, "PIECE_ROWS", 1)
    written: list[int] = []

    def written_as(row: Diagnosis) -> public.Json:
        written.append(row.number)
        return {}

    monkeypatch.setattr(public, "diagnosis", written_as)

    async_to_sync(read)("GET", bearer, leaves=True)

    assert len(written) < 20


async def read(method: str, bearer: str, *, leaves: bool = False) -> list[dict[str, Any]]:
    """What a server is told to send; it may say, after the first part of the body, that nobody listens any more."""
    messages: list[dict[str, Any]] = []
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    incoming.put_nowait({"type": "http.request", "body": b"", "more_body": False})

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)
        if leaves and message["type"] == "http.response.body":
            incoming.put_nowait({"type": "http.disconnect"})
        await asyncio.sleep(0)  # As a socket that is full lets others run.

    headers = [(b"host", b"127.0.0.1"), (b"authorization", bearer.encode())]
    http = {"type": "http", "http_version": "1.1", "method": method, "scheme": "http", "headers": headers}
    address = {"path": NDJSON, "raw_path": NDJSON.encode(), "query_string": b"", "root_path": ""}
    serve: Callable[..., Awaitable[None]] = application
    await serve({**http, **address}, incoming.get, send)
    return messages
