"""One request, one answer: no redirect is followed, and no receiver can hold, flood or fool us."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from diagnostics.notify.exchange import Request
from diagnostics.notify.guard import Guard, NotAllowed
from diagnostics.notify.sender import MOST_BYTES, NoAnswer, send
from tests.notify.receivers import LOOPBACK, Receiver, Reply, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def request(receiver: Receiver, **changes: Any) -> Request:
    return Request(**{"url": receiver.url, "body": b"{}", "headers": {"content-type": "application/json"}, **changes})


def test_exactly_these_bytes_are_sent(receiver: Receiver) -> None:
    answer = send(request(receiver, body=b'{"a": "\xc3\xa9"}', method="PATCH"), LOOPBACK)
    (received,) = receiver.received
    assert (received.method, received.path, received.body) == ("PATCH", "/hook", b'{"a": "\xc3\xa9"}')
    assert received.headers["content-type"] == "application/json"
    assert received.headers["host"] == f"127.0.0.1:{receiver.server_port}"
    assert (answer.status, answer.text) == (200, "ok")


def test_an_answer_is_returned_whatever_it_says(receiver: Receiver) -> None:
    receiver.replies.append(Reply(429, b"slow down", {"Retry-After": "7"}))
    answer = send(request(receiver), LOOPBACK)
    assert (answer.status, answer.text, answer.headers["retry-after"]) == (429, "slow down", "7")


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.replies.append(Reply(307, b"", {"Location": f"{receiver.url}/elsewhere"}))
    assert send(request(receiver), LOOPBACK).status == 307
    assert len(receiver.received) == 1


def test_an_endless_answer_is_cut(receiver: Receiver) -> None:
    receiver.replies.append(Reply(200, b"x" * 4 * MOST_BYTES))
    assert len(send(request(receiver), LOOPBACK).body) == MOST_BYTES


@pytest.mark.parametrize("manner", ["reset", "silent", "drip"])
def test_who_breaks_off_or_takes_too_long_gave_no_answer(receiver: Receiver, manner: str) -> None:
    receiver.replies.append(Reply(manner=manner))
    with pytest.raises(NoAnswer, match=r"127\.0\.0\.1"):
        send(request(receiver), LOOPBACK, total=0.3)


def test_nobody_there(receiver: Receiver) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(NoAnswer):
            send(Request(f"http://127.0.0.1:{unused.getsockname()[1]}/", b""), LOOPBACK)


def test_no_time_left_is_no_answer(receiver: Receiver) -> None:
    with pytest.raises(NoAnswer, match="in time"):
        send(request(receiver), LOOPBACK, total=0)


def test_a_private_receiver_is_not_asked_unless_it_is_listed(receiver: Receiver) -> None:
    with pytest.raises(NotAllowed):
        send(request(receiver), Guard())
    assert receiver.received == []


def test_the_name_is_resolved_once_and_what_was_checked_is_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that answers with a public address first and a private one when connecting (DNS rebinding)."""
    answers = iter(["127.0.0.1", "10.0.0.1"])
    real, asked = socket.getaddrinfo, []

    def resolve(host: str, port: int, *rest: Any, **options: Any) -> Any:
        if host != "rebinds.example":
            return real(host, port, *rest, **options)
        asked.append(host)
        return real(next(answers), port, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    url = f"http://rebinds.example:{receiver.server_port}/hook"
    assert send(Request(url, b""), LOOPBACK).status == 200
    assert len(asked) == 1
    assert receiver.received[0].headers["host"] == f"rebinds.example:{receiver.server_port}"


def test_no_proxy_of_the_environment_is_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert send(request(receiver), LOOPBACK).status == 200
