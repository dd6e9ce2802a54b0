"""News that is of no single diagnosis: a cluster that cannot be read, and the daily digest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Prefetch

from diagnostics.models import Channel, Cluster, Delivery, Diagnosis, Route
from diagnostics.models.turns import take_turn
from diagnostics.notify.matching import Traits, matchers, matches
from diagnostics.notify.notice import Type
from diagnostics.operations.choosing import Chooser
from diagnostics.queries import public

UNREACHABLE_FOR = timedelta(minutes=2)  # Two polls in vain.
LISTED = 10  # Diagnoses of a digest.
DAY = timedelta(days=1)
TURN = "bulletins"


def announce(now: datetime) -> int:
    """Writes what is due into the outbox; returns how many deliveries that made."""
    with transaction.atomic():
        take_turn(TURN)
        return len(Delivery.objects.bulk_create([*_unreachable(now), *_recovered(now), *_digests(now)]))


def _unreachable(now: datetime) -> Iterator[Delivery]:
    lost = Cluster.objects.filter(paused=False, unreachable_told_at=None, failing_since__lte=now - UNREACHABLE_FOR)
    chooser = Chooser(now)
    for cluster in lost.select_for_update():
        Cluster.objects.filter(pk=cluster.pk).update(unreachable_told_at=now)
        traits = Traits(cluster=cluster.name, severity="critical", code="cp-unreachable")
        for choice in chooser.choices(traits, now):
            yield _about(cluster, choice.channel, choice.route.name, Type.UNREACHABLE, now)


def _recovered(now: datetime) -> Iterator[Delivery]:
    """To the channels that were told that it was lost, and to no other."""
    for cluster in Cluster.objects.filter(failing_since=None, unreachable_told_at__isnull=False).select_for_update():
        Cluster.objects.filter(pk=cluster.pk).update(unreachable_told_at=None)
        told = Delivery.objects.filter(
            thread=str(cluster.uuid), type=Type.UNREACHABLE, created_at__gte=cluster.unreachable_told_at
        )
        for delivery in told.select_related("channel").defer("channel__settings"):
            yield _about(cluster, delivery.channel, delivery.route, Type.RECOVERED, now)


def _about(cluster: Cluster, channel: Channel, route: str, type_: Type, now: datetime) -> Delivery:
    data = {
        "cluster": cluster.name,
        "url": public.page("/clusters/"),
        "reason": cluster.failure,
        "since": public.time(cluster.failing_since),
    }
    return Delivery(
        channel=channel, thread=str(cluster.uuid), type=type_, route=route, data=data, created_at=now, due_at=now
    )


def _digests(now: datetime) -> Iterator[Delivery]:
    channels = Prefetch("channels", Channel.objects.defer("settings"))
    for route in Route.objects.filter(enabled=True, digest_at__isnull=False).prefetch_related(channels):
        here = now.astimezone(ZoneInfo(route.time_zone))
        due = datetime.combine(here.date(), route.digest_at or time(), here.tzinfo)
        if here < due or route.created_at >= due or route.digest_sent_on == here.date():
            continue
        Route.objects.filter(pk=route.pk).update(digest_sent_on=here.date())
        if data := _digest(route, now):
            for channel in route.channels.all():
                yield Delivery(
                    channel=channel, type=Type.DIGEST, route=route.name, data=data, created_at=now, due_at=now
                )


def _digest(route: Route, now: datetime) -> public.Json | None:
    """What is still open and matches, the worst first; None if nothing is and nothing happened."""
    chooser, conditions = Chooser(now), matchers(route.matchers)

    def matching(**conditions_on_rows: object) -> list[Diagnosis]:
        rows = Diagnosis.objects.filter(**conditions_on_rows).select_related("cluster", "assignee")
        ordered = rows.order_by("-severity", "-pods_affected", "opened_at")
        return [row for row in ordered.iterator(500) if matches(conditions, chooser.traits(row))]

    still_open = matching(state__in=Diagnosis.OPEN)
    opened, resolved = matching(opened_at__gt=now - DAY), matching(resolved_at__gt=now - DAY)
    if not (still_open or opened or resolved):
        return None
    return {
        "url": public.page("/"),
        "opened": len(opened),
        "resolved": len(resolved),
        "still_open": len(still_open),
        "diagnoses": [public.diagnosis(row) for row in still_open[:LISTED]],
    }
