"""Redaction: what would be stored of a text is shown, and nothing of the text stays anywhere."""

from __future__ import annotations

import json
import logging

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from diagnostics.kube import redact
from tests.web.conftest import Look, Page

pytestmark = pytest.mark.django_db

PATH = "/settings/redaction"
SECRET = "swordfish-sentinel"
READING = ("SELECT", "SAVEPOINT", "RELEASE", "BEGIN")
QUERIES = 10  # The session and its account, and eight of the frame.


def tried(client: Client, text: str) -> Page:
    response = client.post(PATH, {"text": text})
    return Page(response.content.decode(), response.status_code)


def stored(page: Page) -> Page:
    return page.part('<pre class="log soft stored"')


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Whatever anybody logs meanwhile at a level that the product writes, as it would be written."""
    lines: list[str] = []
    formatter = logging.Formatter("%(message)s %(args)s")
    monkeypatch.setattr(logging.Logger, "isEnabledFor", lambda _self, level: level >= logging.INFO)
    monkeypatch.setattr(logging.Logger, "handle", lambda _self, record: lines.append(formatter.format(record)))
    return lines


def test_lines_of_a_log_are_shown_as_they_would_be_stored(browser: Client) -> None:
    page = tried(browser, f"starting\nDB_PASSWORD={SECRET}\nAuthorization: Bearer {SECRET}\n")
    assert page.part('<h3 id="outcome"').text == "2 parts are masked"
    assert stored(page).text == "starting DB_PASSWORD=[redacted] Authorization: [redacted]"
    assert '<em class="redact">[redacted]</em>' in stored(page).html


def test_an_object_is_shown_as_an_object(browser: Client) -> None:
    container = {"name": "app", "env": [{"name": "GREETING", "value": SECRET}, {"name": "EMPTY", "value": ""}]}
    pod = {"kind": "Pod", "metadata": {"name": "cart"}, "spec": {"containers": [container]}}
    page = tried(browser, json.dumps(pod))
    assert '"value": "[redacted]"' in stored(page).text
    assert '"name": "GREETING"' in stored(page).text
    assert SECRET not in stored(page).html


def test_it_says_what_the_product_does(browser: Client) -> None:
    text = f"postgres://shop:{SECRET}@db/shop and -p{SECRET}"
    assert stored(tried(browser, text)).text == redact.text(text)


@pytest.mark.parametrize("text", ["all is well", "[1, 2]", "{not json", '{"a":' * 5_000, "<script>alert(1)</script>"])
def test_what_holds_no_credential_stays_as_it_is(browser: Client, text: str) -> None:
    page = tried(browser, text)
    assert page.status == 200
    assert "Nothing in it looks like a credential" in page.text
    assert "<script>alert" not in page.html


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "This field is required."), ("x" * 64_001, "That is more than 64,000 characters. Take a part of it.")],
)
def test_says_what_cannot_be_tried(browser: Client, text: str, said: str) -> None:
    page = tried(browser, text)
    assert page.status == 422
    assert said in page.text
    assert "as it would be stored" not in page.text


def test_the_longest_text_is_tried(browser: Client) -> None:
    assert tried(browser, "x" * 64_000).status == 200


def test_nothing_is_written_to_the_database_or_a_log(browser: Client, logged: list[str]) -> None:
    with CaptureQueriesContext(connection) as queries:
        response = browser.post(PATH, {"text": f"DB_PASSWORD={SECRET} and a word of {SECRET}"})
    assert "no-store" in response["Cache-Control"]
    assert SECRET in response.content.decode(), "what was typed is still in the box"
    statements = [query["sql"] for query in queries.captured_queries]
    assert len(statements) == QUERIES
    assert [statement for statement in statements if not statement.startswith(READING)] == []
    assert SECRET not in " ".join([*statements, *logged])
    assert SECRET not in browser.get(PATH).content.decode()


def test_a_failure_logs_nothing_of_it(browser: Client, logged: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_text: str) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(redact, "text", broken)
    browser.raise_request_exception = False
    assert browser.post(PATH, {"text": SECRET}).status_code == 500
    assert "ZeroDivisionError" in " ".join(logged)
    assert SECRET not in " ".join(logged)


def test_each_kind_has_an_example_that_is_masked(look: Look) -> None:
    table = look(PATH).part('<table class="grid examples"')
    rows = table.html.split("<tbody>")[1].count("<tr>")
    assert rows == 10
    assert table.html.count('class="redact"') >= rows
    assert "DB_PASSWORD=[redacted]" in table.text


def test_a_visitor_of_the_demo_is_shown_the_examples_and_no_box(client: Client, settings: Settings) -> None:
    settings.DEMO = True
    page = Page(client.get(PATH).content.decode(), 200)
    assert "<textarea" not in page.html
    assert "Who has an account can try it here" in page.text
    assert "mysql -u root -p[redacted] shop" in page.text
