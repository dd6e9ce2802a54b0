"""Every format, all the way: a channel, a delivery, the guarded sender, and a receiver that does not always behave."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail

from diagnostics.models import Announcement, Channel, Delivery, Diagnosis
from diagnostics.notify import sender
from diagnostics.notify.exchange import Answer, Mail, Request
from diagnostics.notify.notice import Type
from diagnostics.operations import sending
from diagnostics.operations.delivering import deliver
from diagnostics.operations.recording import record
from tests.notify.formats.checking import SETTINGS, accepted
from tests.notify.notices import TEST, diagnosis
from tests.notify.receivers import LOOPBACK, Receiver, Reply, receiving
from tests.operations.building import T0, a_cluster, judgement, verdict

pytestmark = pytest.mark.django_db
SLACK_TOOK_IT = Reply(200, b'{"ok":true,"channel":"C1","ts":"1.5","message":{}}')
TOOK_IT = {"slack_bot": SLACK_TOOK_IT, "discord": Reply(200, b'{"id":"99"}'), "pagerduty": Reply(202, b"{}")}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def send(message: Request | Mail) -> Answer:
    assert isinstance(message, Request)
    return sender.send(message, LOOPBACK, total=0.5)


def a_channel(kind: str, receiver: Receiver) -> Channel:
    receiver.otherwise = TOOK_IT.get(kind, Reply())
    return Channel.objects.create(name=kind, kind=kind, settings={"url": receiver.url, **SETTINGS[kind]})


def put(channel: Channel, about: Diagnosis | None = None, **columns: Any) -> Delivery:
    fields = {"type": Type.OPENED, "data": diagnosis(), "thread": "t", "created_at": T0, "due_at": T0, **columns}
    return Delivery.objects.create(channel=channel, diagnosis=about, **fields)


def delivered(now: datetime = T0) -> str:
    """Attempts whatever is due, then what became due by it, and so on; returns the state of the first delivery."""
    while _attempts(now) and (waiting := Delivery.objects.filter(state="pending").first()):
        Channel.objects.update(next_at=None)
        now = waiting.due_at
    return Delivery.objects.earliest("pk").state


def _attempts(now: datetime) -> int:
    return deliver(send, lambda: now)


@pytest.mark.parametrize("kind", SETTINGS)
def test_it_arrives_in_the_end_whatever_the_receiver_does_first(kind: str, receiver: Receiver) -> None:
    channel = a_channel(kind, receiver)
    receiver.replies.extend(
        [
            Reply(429, b"", {"Retry-After": "1"}),
            Reply(500, b"no"),
            Reply(manner="reset"),
            Reply(manner="drip"),
        ]
    )
    put(channel)
    assert delivered() == "sent"
    bodies = {message.body for message in receiver.received}
    assert len(receiver.received) == 5
    assert len(bodies) == 1
    assert accepted(kind, bodies.pop())
    assert Delivery.objects.get().attempts == 5


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_redirect_is_not_followed(kind: str, receiver: Receiver) -> None:
    channel = a_channel(kind, receiver)
    receiver.otherwise = Reply(302, b"", {"Location": receiver.url + "/elsewhere"})
    put(channel)
    deliver(send, lambda: T0)
    assert len(receiver.received) == 1
    assert Delivery.objects.get().error == "HTTP 302"


@pytest.mark.parametrize(
    ("kind", "body", "error"),
    [
        ("slack_bot", b'{"ok":false,"error":"token_revoked"}', "token_revoked"),
        ("pagerduty", b'{"errors":["Invalid routing key"]}', 'HTTP 400 {"errors":["Invalid routing key"]}'),
    ],
)
def test_what_only_the_body_says_disables_the_channel(kind: str, body: bytes, error: str, receiver: Receiver) -> None:
    channel = a_channel(kind, receiver)
    receiver.replies.append(Reply(200 if kind == "slack_bot" else 400, body))
    put(channel)
    deliver(send, lambda: T0)
    channel.refresh_from_db()
    assert (channel.enabled, channel.disabled_reason) == (False, error)
    assert Delivery.objects.get().state == "dead"


def told(kind: str, receiver: Receiver) -> tuple[Channel, Diagnosis]:
    """A channel that was told of an open diagnosis."""
    record(a_cluster(), judgement(verdict()), T0)
    row, channel = Diagnosis.objects.get(), a_channel(kind, receiver)
    Announcement.objects.create(
        diagnosis=row, channel=channel, open=True, severity=row.severity, pods_affected=1, told_at=T0
    )
    put(channel, row)
    assert delivered() == "sent"
    return channel, row


@pytest.mark.parametrize(
    ("kind", "edit"), [("slack_bot", ("POST", "/hook/chat.update")), ("discord", ("PATCH", "/hook/messages/99"))]
)
def test_a_resolution_changes_the_message_that_told_of_it(kind: str, edit: tuple[str, str], receiver: Receiver) -> None:
    channel, row = told(kind, receiver)
    put(channel, row, type=Type.RESOLVED)
    delivered(T0 + timedelta(seconds=1))
    last = receiver.received[-1]
    assert (last.method, last.path) == edit
    assert "Resolved" in json.dumps(accepted(kind, last.body))


@pytest.mark.parametrize(
    ("kind", "lost", "post"),
    [
        ("slack_bot", Reply(200, b'{"ok":false,"error":"message_not_found"}'), "/hook/chat.postMessage"),
        ("discord", Reply(404, b'{"code":10008}'), "/hook?wait=true"),
    ],
)
def test_a_message_that_was_deleted_is_no_reason_to_say_nothing(
    kind: str, lost: Reply, post: str, receiver: Receiver
) -> None:
    channel, row = told(kind, receiver)
    receiver.replies.append(lost)
    put(channel, row, type=Type.RESOLVED)
    delivered(T0 + timedelta(seconds=1))
    assert [(message.method, message.path) for message in receiver.received][-1] == ("POST", post)
    assert not Delivery.objects.exclude(state="sent").exists()
    channel.refresh_from_db()
    assert channel.enabled


@pytest.fixture
def mail_channel() -> Channel:
    return Channel.objects.create(name="mail", kind="email", settings={"to": ["ada@example.org"]})


def test_a_mail_is_sent_as_two_parts_of_a_conversation(mail_channel: Channel, settings: LazySettings) -> None:
    settings.EMAIL_HOST = "mail.example"
    put(mail_channel, thread="t1")
    put(mail_channel, thread="t1", type=Type.RESOLVED)
    deliver(sending.opened(), lambda: T0)
    opened, resolved = mail.outbox
    assert opened.to == ["ada@example.org"]
    assert opened.from_email == settings.DEFAULT_FROM_EMAIL
    parts = [part.get_content_type() for part in opened.message().walk()]
    assert parts == ["multipart/alternative", "text/plain", "text/html"]
    assert opened.message()["Message-ID"] == resolved.message()["In-Reply-To"] == "<t1@sickbay.example>"
    assert set(Delivery.objects.values_list("state", "answer")) == {("sent", "250 ")}


def test_without_a_mail_server_the_channel_says_what_to_do(mail_channel: Channel, settings: LazySettings) -> None:
    settings.EMAIL_HOST = ""
    put(mail_channel, type=Type.TEST, data=TEST)
    deliver(sending.opened(), lambda: T0)
    mail_channel.refresh_from_db()
    assert mail_channel.disabled_reason == "no mail server is known: set EMAIL_URL, see .env.example"


def test_a_mail_server_that_does_not_answer_is_asked_again(mail_channel: Channel, settings: LazySettings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    put(mail_channel)
    deliver(sending.opened(), lambda: T0)
    waiting = Delivery.objects.get()
    assert waiting.state == "pending"
    assert waiting.error.startswith("the mail server: ")
