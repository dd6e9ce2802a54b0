"""Empties the outbox: claims what is due, sends it, notes what became of it. At least once, never out of order.

A claim moves `due_at` on by a lease and is committed before anything is sent, so what a killed worker had in hand is
due again by itself. Within a channel and thread only the oldest pending delivery may be claimed.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from diagnostics.kube import redact
from diagnostics.models import Announcement, Channel, Delivery
from diagnostics.models.encrypted import KeyMissing
from diagnostics.notify.exchange import Answer, Mail, Outcome, Request, Result
from diagnostics.notify.formats import Memory, formats
from diagnostics.notify.guard import NotAllowed
from diagnostics.notify.notice import Notice, Type
from diagnostics.notify.sender import NoAnswer
from diagnostics.operations.secret_fields import without

LEASE = timedelta(seconds=60)  # Longer than a request may take.
PAUSES = (5, 30, 120, 300, 900, 1800, 3600)  # Seconds between attempts; the last one again and again.
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(days=1)  # Whatever a receiver asks for.
KEPT = 20_000  # Characters of a request or an answer.

Send = Callable[[Request | Mail], Answer]

log = logging.getLogger(__name__)


def deliver(send: Send, clock: Callable[[], datetime] = timezone.now) -> int:
    """Sends everything that is due; returns how many attempts were made. `send` raises NotAllowed and NoAnswer."""
    attempts = 0
    while (claimed := claim(clock())) is not None:
        attempt(claimed, send, clock)
        attempts += 1
    return attempts


def claim(now: datetime) -> Delivery | None:
    """The next delivery that is due, leased to the caller; None if there is none."""
    with transaction.atomic():
        due = _due(now)
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True, of=("self", "channel"))
        claimed = due.first()
        if claimed is None:
            return None
        claimed.attempts += 1
        claimed.due_at = now + LEASE
        claimed.save(update_fields=["attempts", "due_at"])
        known = formats().get(claimed.channel.kind)
        pace = known.pace if known else timedelta()
        Channel.objects.filter(pk=claimed.channel_id).update(next_at=now + pace)
    return claimed


def _due(now: datetime) -> QuerySet[Delivery]:
    older = Delivery.objects.filter(
        channel=OuterRef("channel"), thread=OuterRef("thread"), state=Delivery.State.PENDING, pk__lt=OuterRef("pk")
    )
    ready = Q(channel__enabled=True) & (Q(channel__next_at=None) | Q(channel__next_at__lte=now))
    pending = Delivery.objects.filter(ready, state=Delivery.State.PENDING, due_at__lte=now)
    found = pending.filter(~Exists(older) | Q(thread="")).select_related("channel").order_by("due_at", "pk")
    return found.defer("channel__settings")  # Read by the attempt: a key that is lost stops one channel, not all.


def attempt(delivery: Delivery, send: Send, clock: Callable[[], datetime] = timezone.now) -> Outcome:
    """Makes one attempt at a claimed delivery and stores what became of it."""
    sent = _attempted(delivery, send, clock())
    with transaction.atomic():
        if _counts(delivery, sent.outcome):
            _settle(delivery, sent, clock())
    return sent.outcome


def _counts(delivery: Delivery, outcome: Outcome) -> bool:
    """Not if the channel was removed meanwhile; nor does a failure once the lease ran out and another attempt began."""
    rows = Delivery.objects.select_for_update().filter(pk=delivery.pk)
    attempts = rows.values_list("attempts", flat=True).first()
    return attempts is not None and (outcome.result is Result.SENT or attempts == delivery.attempts)


@dataclass(frozen=True, slots=True)
class _Attempt:
    outcome: Outcome
    request: str = ""
    answer: str = ""


def _attempted(delivery: Delivery, send: Send, now: datetime) -> _Attempt:
    form = formats().get(delivery.channel.kind)
    if form is None:
        return _Attempt(Outcome(Result.REFUSED, f"there is no format {delivery.channel.kind}", disables=True))
    try:
        message = form.build(form.read(delivery.channel.settings), _notice(delivery), _memory(delivery), now)
    except (msgspec.ValidationError, KeyMissing) as error:
        return _Attempt(Outcome(Result.REFUSED, f"the channel's settings do not hold: {error}", disables=True))
    hide = partial(without, settings=delivery.channel.settings, secret=form.settings.secret_fields)
    said = hide(_shown(message))[:KEPT]
    try:
        answer = send(message)
    except NotAllowed as error:
        return _Attempt(Outcome(Result.REFUSED, str(error), disables=True), said)
    except NoAnswer as error:
        return _Attempt(Outcome(Result.LATER, str(error)), said)
    answer = replace(answer, body=hide(answer.text).encode())  # A receiver may echo its address, or our headers.
    outcome = form.judge(answer, now)
    outcome = replace(outcome, reason=redact.text(outcome.reason))
    return _Attempt(outcome, said, redact.text(f"{answer.status} {answer.text}")[:KEPT])


def _notice(delivery: Delivery) -> Notice:
    return Notice(
        id=str(delivery.uuid),
        type=Type(delivery.type),
        timestamp=delivery.created_at,
        data=delivery.data,
        thread=delivery.thread,
        route=delivery.route,
    )


def _memory(delivery: Delivery) -> Memory:
    told = Announcement.objects.filter(diagnosis=delivery.diagnosis_id, channel=delivery.channel_id).first()
    return Memory(remote_id=told.remote_id if told else "")


def _shown(message: Request | Mail) -> str:
    """What was sent, for people to read: without the address and headers, in which secrets are."""
    text = message.body.decode("utf-8", "replace") if isinstance(message, Request) else message.text
    return redact.text(text).replace("\0", "\ufffd")


def _settle(delivery: Delivery, tried: _Attempt, now: datetime) -> None:
    outcome = tried.outcome
    delivery.request, delivery.answer = tried.request, tried.answer.replace("\0", "\ufffd")
    delivery.error = "" if outcome.result is Result.SENT else outcome.reason.replace("\0", "\ufffd")
    match outcome.result:
        case Result.SENT:
            delivery.state, delivery.sent_at = Delivery.State.SENT, now
        case Result.LATER if (again := now + _pause(delivery, outcome)) <= _gives_up_at(delivery):
            delivery.due_at = again
        case _:
            delivery.state = Delivery.State.DEAD
    delivery.save(update_fields=["state", "sent_at", "due_at", "error", "request", "answer"])
    _remember(delivery, outcome)
    _note_health(delivery, outcome, now)


def _remember(delivery: Delivery, outcome: Outcome) -> None:
    if delivery.diagnosis_id and (outcome.remote_id or outcome.forgets):
        told = Announcement.objects.filter(diagnosis=delivery.diagnosis_id, channel=delivery.channel_id)
        told.update(remote_id=outcome.remote_id)


def _pause(delivery: Delivery, outcome: Outcome) -> timedelta:
    """What the receiver asks for; else ever longer, give or take a fifth, so that many come back apart."""
    if outcome.forgets:
        return timedelta()
    if outcome.retry_after is not None:
        return min(max(outcome.retry_after, SHORTEST_WAIT), LONGEST_WAIT)
    seconds = PAUSES[min(delivery.attempts, len(PAUSES)) - 1]
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311 - no secret


def _gives_up_at(delivery: Delivery) -> datetime:
    form = formats().get(delivery.channel.kind)
    return (delivery.replayed_at or delivery.created_at) + (form.retry_for if form else timedelta())


def _note_health(delivery: Delivery, outcome: Outcome, now: datetime) -> None:
    """How the channel fares; one that is dead is disabled, with the reason for people to read."""
    columns: dict[str, Any]
    channel = delivery.channel
    if outcome.result is Result.SENT:
        columns = {"last_ok_at": now, "failing_since": None, "failures": 0, "last_error": ""}
    else:
        columns = {
            "failing_since": channel.failing_since or now,
            "failures": F("failures") + 1,
            "last_error": outcome.reason,
        }
        if outcome.retry_after is not None:
            columns["next_at"] = now + _pause(delivery, outcome)
        if outcome.disables:
            columns |= {"enabled": False, "disabled_reason": outcome.reason}
            log.warning("channel %s is disabled: %s", channel.name, outcome.reason)
    Channel.objects.filter(pk=channel.pk).update(**columns)


def replay(delivery: Delivery, now: datetime) -> Delivery:
    """A dead delivery once more: the same notice under the same key, with all its time before it."""
    delivery.state, delivery.replayed_at, delivery.due_at, delivery.attempts = Delivery.State.PENDING, now, now, 0
    delivery.save(update_fields=["state", "replayed_at", "due_at", "attempts"])
    return delivery


def give_up(now: datetime) -> int:
    """Buries what disabled channels have kept for too long; returns how many deliveries that were."""
    buried = 0
    for channel in Channel.objects.filter(enabled=False).defer("settings"):
        form = formats().get(channel.kind)
        late = now - (form.retry_for if form else timedelta())
        pending = channel.deliveries.filter(state=Delivery.State.PENDING, created_at__lt=late)
        fresh = Q(replayed_at__gte=late)
        buried += pending.exclude(fresh).update(state=Delivery.State.DEAD, error="the channel is disabled")
    return buried
