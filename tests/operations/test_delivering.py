"""The outbox is emptied: at least once, in order, patiently; and a channel that is dead says so."""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import close_old_connections
from pytest_django import Settings

from diagnostics.models import Announcement, Channel, Delivery, Diagnosis
from diagnostics.notify import sender
from diagnostics.notify.exchange import Answer, Mail, Outcome, Request, Result
from diagnostics.notify.formats import slack
from diagnostics.operations import delivering
from diagnostics.operations.delivering import attempt, claim, deliver, give_up, replay
from diagnostics.operations.recording import record
from tests.notify.notices import TEST, diagnosis
from tests.notify.receivers import LOOPBACK, Receiver, Reply, receiving
from tests.operations.building import T0, a_cluster, judgement, verdict

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


@pytest.fixture
def channel(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Channel:
    monkeypatch.setattr(slack.Slack, "pace", timedelta())
    return Channel.objects.create(name="chat", kind="slack", settings={"url": receiver.url})


@pytest.fixture
def open_diagnosis() -> Diagnosis:
    record(a_cluster(), judgement(verdict()), T0)
    return Diagnosis.objects.get()


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = T0

    def __call__(self) -> datetime:
        return self.now


def send(message: Request | Mail) -> Answer:
    assert isinstance(message, Request)
    return sender.send(message, LOOPBACK, total=5)


def put(channel: Channel, thread: str = "t", **columns: Any) -> Delivery:
    fields = {"type": "diagnosis.opened", "data": diagnosis(), "created_at": T0, "due_at": T0, **columns}
    return Delivery.objects.create(channel=channel, thread=thread, **fields)


def test_a_key_that_is_lost_stops_one_channel_and_no_other(
    channel: Channel, receiver: Receiver, settings: Settings
) -> None:
    put(channel)
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    put(Channel.objects.create(name="other", kind="slack", settings={"url": receiver.url}))
    assert deliver(send, lambda: T0) == 2
    assert give_up(T0 + timedelta(days=9)) == 0
    states = dict(Delivery.objects.values_list("channel__name", "state"))
    assert states == {"chat": "dead", "other": "sent"}
    assert "FIELD_ENCRYPTION_KEYS" in Channel.objects.defer("settings").get(name="chat").disabled_reason


def test_what_is_due_is_sent_and_kept_with_its_answer(channel: Channel, receiver: Receiver) -> None:
    put(channel)
    put(channel, "later", due_at=T0 + SECOND)
    assert deliver(send, lambda: T0) == 1

    sent = Delivery.objects.get(state="sent")
    assert (sent.attempts, sent.sent_at, sent.answer) == (1, T0, "200 ok")
    assert "crash-oom-limit" in sent.request
    assert receiver.url not in sent.request
    assert json.loads(receiver.received[0].body)["blocks"]
    channel.refresh_from_db()
    assert (channel.last_ok_at, channel.failures) == (T0, 0)


def test_a_secret_in_a_payload_is_not_kept(channel: Channel, receiver: Receiver) -> None:
    put(channel, data=diagnosis(summary="It logged password=hunter2sentinel and died."))
    receiver.replies.append(Reply(500, b"token=hunter2sentinel"))
    deliver(send, lambda: T0)
    kept = Delivery.objects.get()
    assert "hunter2sentinel" not in kept.request + kept.answer


def test_what_fails_is_tried_again_ever_later_until_it_is_too_late(channel: Channel, receiver: Receiver) -> None:
    receiver.otherwise = Reply(503, b"down")
    clock, pauses = Clock(), []
    put(channel)
    while Delivery.objects.get().state == "pending":
        deliver(send, clock)
        due = Delivery.objects.get().due_at
        pauses.append((due - clock.now).total_seconds())
        clock.now = due
    assert all(abs(pause / planned - 1) <= 0.2 for pause, planned in zip(pauses[:4], (5, 30, 120, 300), strict=True))
    dead = Delivery.objects.get()
    assert (dead.state, dead.error) == ("dead", "HTTP 503 down")
    assert clock.now - T0 <= timedelta(minutes=30)
    channel.refresh_from_db()
    assert (channel.failures, channel.failing_since, channel.enabled) == (dead.attempts, T0, True)


def test_a_receiver_that_asks_for_time_gets_it_for_all_that_is_meant_for_it(
    channel: Channel, receiver: Receiver
) -> None:
    receiver.replies.append(Reply(429, b"", {"Retry-After": "40"}))
    put(channel)
    put(channel, "other")
    clock = Clock()
    assert deliver(send, clock) == 1
    clock.now = T0 + 39 * SECOND
    assert deliver(send, clock) == 0
    clock.now = T0 + 40 * SECOND
    assert deliver(send, clock) == 2


def test_what_is_refused_for_good_is_dead_at_once_and_may_be_replayed(channel: Channel, receiver: Receiver) -> None:
    receiver.replies.append(Reply(400, b"invalid_payload"))
    key = put(channel).uuid
    deliver(send, lambda: T0)
    dead = Delivery.objects.get()
    assert (dead.state, dead.error) == ("dead", "HTTP 400 invalid_payload")

    late = T0 + timedelta(days=2)
    replay(dead, late)
    deliver(send, lambda: late)
    assert (Delivery.objects.get().state, Delivery.objects.get().uuid) == ("sent", key)


def test_a_dead_webhook_disables_its_channel_and_the_rest_waits_for_a_while(
    channel: Channel, receiver: Receiver
) -> None:
    receiver.otherwise = Reply(410, b"channel_is_archived")
    put(channel)
    put(channel, "other")
    assert deliver(send, lambda: T0) == 1
    channel.refresh_from_db()
    assert (channel.enabled, channel.disabled_reason) == (False, "HTTP 410 channel_is_archived")
    assert give_up(T0 + timedelta(minutes=29)) == 0
    assert give_up(T0 + timedelta(minutes=31)) == 1
    assert Delivery.objects.filter(state="dead").count() == 2


@pytest.mark.parametrize("manner", ["reset", "drip"])
def test_a_receiver_that_breaks_off_is_asked_again(channel: Channel, receiver: Receiver, manner: str) -> None:
    receiver.replies.append(Reply(manner=manner))
    put(channel)
    deliver(lambda message: sender.send(message, LOOPBACK, total=0.2), lambda: T0)  # type: ignore[arg-type]
    assert Delivery.objects.get().state == "pending"
    deliver(send, lambda: T0 + timedelta(minutes=1))
    assert Delivery.objects.get().state == "sent"


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"kind": "pigeon"}, "there is no format pigeon"),
        ({"settings": {"uri": "x"}}, "settings do not hold"),
        ({"settings": {"url": "http://10.0.0.1/"}}, "OUTBOUND_ALLOW_CIDRS"),
    ],
)
def test_a_channel_that_cannot_work_is_disabled_with_the_reason(channel: Channel, columns: Any, told: str) -> None:
    for name, value in columns.items():
        setattr(channel, name, value)
    channel.save()
    put(channel)
    deliver(send, lambda: T0)
    channel.refresh_from_db()
    assert not channel.enabled
    assert told in channel.disabled_reason


def test_a_thread_keeps_its_order_and_no_other_waits_for_it(channel: Channel, receiver: Receiver) -> None:
    receiver.replies.append(Reply(503))
    first, second, other = put(channel), put(channel), put(channel, "other")
    clock = Clock()
    assert deliver(send, clock) == 2
    assert Delivery.objects.get(state="sent") == other
    clock.now = T0 + timedelta(minutes=1)
    deliver(send, clock)
    assert list(Delivery.objects.order_by("sent_at", "pk").values_list("pk", flat=True)) == [
        other.pk,
        first.pk,
        second.pk,
    ]


def test_a_channel_keeps_its_pace(receiver: Receiver) -> None:
    paced = Channel.objects.create(name="chat", kind="slack", settings={"url": receiver.url})
    put(paced)
    put(paced, "other")
    clock = Clock()
    assert deliver(send, clock) == 1
    clock.now = T0 + SECOND
    assert deliver(send, clock) == 1


def test_what_a_killed_worker_had_in_hand_is_due_again(channel: Channel) -> None:
    put(channel)
    assert claim(T0) is not None
    assert claim(T0 + delivering.LEASE - SECOND) is None
    assert claim(T0 + delivering.LEASE) is not None


def test_what_the_receiver_calls_a_message_is_remembered(
    channel: Channel, monkeypatch: pytest.MonkeyPatch, open_diagnosis: Diagnosis
) -> None:
    monkeypatch.setattr(slack.Slack, "judge", lambda *_: Outcome(Result.SENT, remote_id="1700.42"))
    told = {"diagnosis": open_diagnosis, "channel": channel}
    Announcement.objects.create(**told, open=True, severity=3, pods_affected=1, told_at=T0)
    attempt(put(channel, diagnosis=open_diagnosis), send, lambda: T0)
    assert Announcement.objects.get().remote_id == "1700.42"


def test_a_test_message_is_a_delivery_like_any_other(channel: Channel, receiver: Receiver) -> None:
    put(channel, "", type="channel.test", data=TEST)
    deliver(send, lambda: T0)
    assert b"on-call" in receiver.received[0].body


class Mortal:
    """Sends, and every fifth time dies before anything can be noted."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice

    def __call__(self, message: Request | Mail) -> Answer:
        answer = send(message)
        if self.dice.random() < 0.2:
            raise KeyboardInterrupt
        return answer


def work(mortal: Mortal, clock: Clock) -> None:
    """A worker's life."""
    with suppress(KeyboardInterrupt):
        deliver(mortal, clock)
    close_old_connections()


@pytest.mark.django_db(transaction=True)
def test_workers_that_die_lose_nothing_and_break_no_order(
    channel: Channel, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers at a time over a receiver that fails a third of the time."""
    monkeypatch.setattr(slack.Slack, "retry_for", timedelta(days=1))
    threads, dice, clock = [f"t{number}" for number in range(20)], random.Random(7), Clock()  # noqa: S311 - no secret
    for step, thread in product(range(3), threads):
        put(channel, thread, route=f"{thread}.{step}")
    receiver.replies.extend(Reply(503) if dice.random() < 0.3 else Reply() for _ in range(400))

    while Delivery.objects.filter(state="pending").exists():
        workers = [threading.Thread(target=work, args=(Mortal(dice), clock)) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        clock.now += timedelta(seconds=61)

    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    arrived = re.findall(r"Sent by route (t\d+)\.(\d)", " ".join(found.body.decode() for found in receiver.received))
    for thread in threads:
        steps = [step for name, step in arrived if name == thread]
        assert steps == sorted(steps)
        assert set(steps) == {"0", "1", "2"}


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        ("0", SECOND),
        ("60", 60 * SECOND),
        ("9" * 13, timedelta(days=1)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", timedelta(days=1)),
    ],
)
def test_a_receiver_is_obeyed_within_reason(
    channel: Channel, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, asked: str, waits: timedelta
) -> None:
    monkeypatch.setattr(slack.Slack, "retry_for", timedelta(days=2))
    receiver.otherwise = Reply(429, b"", {"Retry-After": asked})
    put(channel)
    assert deliver(send, lambda: T0) == 1
    channel.refresh_from_db()
    assert Delivery.objects.get().due_at == channel.next_at == T0 + waits


def test_a_failure_that_comes_after_the_lease_undoes_no_later_attempt(channel: Channel) -> None:
    put(channel)

    def slow(message: Request | Mail) -> Answer:
        assert deliver(send, lambda: T0 + delivering.LEASE) == 1
        return Answer(503)

    assert deliver(slow, lambda: T0) == 1
    assert (Delivery.objects.get().state, Delivery.objects.get().attempts) == ("sent", 2)


def test_a_channel_that_is_removed_while_something_is_sent_is_gone(channel: Channel) -> None:
    put(channel)

    def meanwhile(message: Request | Mail) -> Answer:
        Channel.objects.get().delete()
        return Answer(200)

    assert deliver(meanwhile, lambda: T0) == 1
    assert not Delivery.objects.exists()
