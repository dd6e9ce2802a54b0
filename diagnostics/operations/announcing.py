"""Decides whom to tell of what, and writes it into the outbox; `delivering` carries it out.

Whatever happens to a diagnosis sets its `notice_due_at` in the same transaction. Rows that are due are looked at here:
what each channel of their routes was last told against how things stand. The decision, the delivery and what is
remembered of it are one transaction, so a killed worker decides again and nobody is told twice. Of two workers one
waits: storms, digests and what a route may say in an hour are decided upon what has been sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F
from django.utils.dateparse import parse_datetime

from diagnostics.models import Activity, Announcement, Channel, Delivery, Diagnosis, Route, Silence
from diagnostics.models.turns import take_turn
from diagnostics.notify.deciding import Standing, Told, look_again, news
from diagnostics.notify.matching import Traits
from diagnostics.notify.notice import Type
from diagnostics.operations import storms
from diagnostics.operations.bulk import rewrite
from diagnostics.operations.choosing import Choice, Chooser, manners
from diagnostics.operations.storms import Storms
from diagnostics.queries import public

AT_ONCE = 200  # Rows a transaction.
TURN = "announcing"
BASELINE = timedelta(minutes=10)  # What is found so soon after a cluster was added had mostly failed before.
_OPENINGS = frozenset({Type.OPENED, Type.REGRESSED})
_AT_ANY_TIME = frozenset({Type.RESOLVED, Type.ACKNOWLEDGED})  # They end what was begun, whatever the hour.


def announce(now: datetime) -> int:
    """Decides for everything that is due; returns how many deliveries came of it."""
    made = 0
    with transaction.atomic():
        take_turn(TURN)
        made += len(Delivery.objects.bulk_create(storms.end(now)))
    while True:
        with transaction.atomic():
            take_turn(TURN)
            rows = _due(now)
            made += _Round(rows, now).decide() if rows else 0
        if len(rows) < AT_ONCE:
            return made


def _due(now: datetime) -> list[Diagnosis]:
    due = Diagnosis.objects.filter(notice_due_at__lte=now).order_by("notice_due_at", "pk")
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True, of=("self",))
    return list(due.select_related("cluster", "assignee")[:AT_ONCE])


class _Round:
    """One transaction's worth of decisions."""

    def __init__(self, rows: list[Diagnosis], now: datetime) -> None:
        self._rows = rows
        self._now = now
        self._chooser = Chooser(now)
        self._storms = Storms(rows, now)
        told = Announcement.objects.filter(diagnosis__in=rows)
        self._told = {(each.diagnosis_id, each.channel_id): each for each in told}
        self._sent = _Hourly(now)
        self._deliveries: list[Delivery] = []
        self._remembered: dict[tuple[int, int], Announcement] = {}
        self._activity: list[Activity] = []
        self._hidden: Counter[Silence] = Counter()

    def decide(self) -> int:
        """Decides for every row, and stores what came of it."""
        for row in self._rows:
            row.notice_due_at = self._decided(row)
        rewrite(self._rows, ["notice_due_at"])
        Delivery.objects.bulk_create(self._deliveries)
        Activity.objects.bulk_create(self._activity)
        for silence, hidden in self._hidden.items():
            Silence.objects.filter(pk=silence.pk).update(hidden=F("hidden") + hidden)
        Announcement.objects.bulk_create(
            self._remembered.values(),
            update_conflicts=True,
            unique_fields=["diagnosis", "channel"],
            update_fields=["open", "acknowledged", "severity", "pods_affected", "told_at"],
        )
        return len(self._deliveries)

    def _decided(self, row: Diagnosis) -> datetime | None:
        """Tells whom there is news for; returns when to decide again if nothing happens until then."""
        is_open = row.state != Diagnosis.State.RESOLVED
        if is_open and (ripe := ripe_at(row)) > self._now:
            return ripe
        traits, standing = self._chooser.traits(row), _standing(row, self._now)
        choices = self._chooser.choices(traits, row.opened_at)
        told = [(choice, type_) for choice in choices if (type_ := self._news(row, choice, standing))]
        if told and is_open and (silence := self._chooser.silence(traits)):
            self._hidden[silence] += 1
            self._note(row, f"silenced: {silence.reason}")
            return silence.ends_at
        waits = [self._tell(row, choice, type_, standing) for choice, type_ in told]
        return min(filter(None, [*waits, *self._later(row, traits, standing)]), default=None)

    def _news(self, row: Diagnosis, choice: Choice, standing: Standing) -> Type | None:
        told = _told(self._told.get((row.pk, choice.channel.pk)))
        type_ = news(standing, told, manners(choice.route), self._now)
        if type_ in _OPENINGS and was_failing_before(row):
            return None
        return Type.ESCALATED if type_ in _OPENINGS and choice.further else type_

    def _tell(self, row: Diagnosis, choice: Choice, type_: Type, standing: Standing) -> datetime | None:
        """Tells one channel; or returns until when it has to wait."""
        if type_ not in _AT_ANY_TIME and (until := self._held_until(choice.route)):
            self._note(row, f"kept until {until:%Y-%m-%d %H:%M} UTC by route {choice.route}", choice.channel)
            return until
        if type_ in _OPENINGS and (storm := self._storms.of(row)):
            self._note(row, "told as part of a storm", choice.channel)
            delivery = self._storms.started(storm, choice.channel, choice.route.name)
            self._deliveries += [delivery] if delivery else []
            return None
        self._sent.count(choice.route)
        self._deliveries.append(_delivery(row, choice, type_, self._now))
        self._remember(row, choice.channel, standing)
        self._note(row, type_, choice.channel)
        return None

    def _held_until(self, route: Route) -> datetime | None:
        return self._chooser.quiet_until(route) or self._sent.free_at(route)

    def _remember(self, row: Diagnosis, channel: Channel, standing: Standing) -> None:
        self._remembered[row.pk, channel.pk] = self._told[row.pk, channel.pk] = Announcement(
            diagnosis=row,
            channel=channel,
            open=standing.open,
            acknowledged=standing.acknowledged,
            severity=row.severity,
            pods_affected=row.pods_affected,
            told_at=self._now,
        )

    def _note(self, row: Diagnosis, what: str, channel: Channel | None = None) -> None:
        detail = {"what": what} | ({"channel": channel.name} if channel else {})
        self._activity.append(Activity(diagnosis=row, kind=Activity.Kind.ANNOUNCED, at=self._now, detail=detail))

    def _later(self, row: Diagnosis, traits: Traits, standing: Standing) -> Iterable[datetime | None]:
        """When reminders are due, and when whoever does not hear goes further."""
        if not standing.open:
            return
        if row.snoozed_until and row.snoozed_until > self._now:
            yield row.snoozed_until
        for route in (each.route for each in self._chooser.tried(traits) if each.failed is None):
            if route.escalate_after is not None and (then := row.opened_at + route.escalate_after) > self._now:
                yield then
            for channel in route.channels.all():
                yield look_again(standing, _told(self._told.get((row.pk, channel.pk))), manners(route))


@dataclass(slots=True)
class _Hourly:
    """How much each route has said in the last hour, where it may only say so much."""

    now: datetime
    _times: dict[int, list[datetime]] = field(default_factory=dict)

    def free_at(self, route: Route) -> datetime | None:
        """When a route may say more, if not now."""
        if route.most_per_hour is None:
            return None
        times = self._of(route)
        return times[-route.most_per_hour] + timedelta(hours=1) if len(times) >= route.most_per_hour else None

    def count(self, route: Route) -> None:
        """It says one thing more."""
        if route.most_per_hour is not None:
            self._of(route).append(self.now)

    def _of(self, route: Route) -> list[datetime]:
        if route.pk not in self._times:
            lately = Delivery.objects.filter(route=route.name, created_at__gt=self.now - timedelta(hours=1))
            self._times[route.pk] = sorted(lately.values_list("created_at", flat=True))
        return self._times[route.pk]


def ripe_at(row: Diagnosis) -> datetime:
    """When the rule's notify grace ends."""
    return parse_datetime(row.verdict["notify_at"]) or row.opened_at


def _standing(row: Diagnosis, now: datetime) -> Standing:
    return Standing(
        open=row.state != Diagnosis.State.RESOLVED,
        severity=row.severity,
        attended=row.is_snoozed(now) or row.acknowledged_at is not None,
        acknowledged=row.acknowledged_at is not None,
        again=row.state == Diagnosis.State.REGRESSED,
    )


def _told(known: Announcement | None) -> Told | None:
    return Told(known.open, known.severity, known.told_at, known.acknowledged) if known else None


def was_failing_before(row: Diagnosis) -> bool:
    """Whether it was found while a cluster was new to us, and had failed before: nobody wants all that at once."""
    added = row.cluster.added_at
    return row.opened_at <= added + BASELINE and row.first_seen < added


def _delivery(row: Diagnosis, choice: Choice, type_: Type, now: datetime) -> Delivery:
    return Delivery(
        channel=choice.channel,
        diagnosis=row,
        thread=str(row.uuid),
        type=type_,
        route=choice.route.name,
        data=public.diagnosis(row),
        created_at=now,
        due_at=now,
    )
