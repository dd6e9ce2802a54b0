"""What the pages about notifications read: channels with their health, routes, silences, the log of deliveries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Max, Prefetch, QuerySet
from django.db.models.functions import TruncHour

from diagnostics.models import Channel, Delivery, Diagnosis, Route, Silence
from diagnostics.notify.notice import Type
from diagnostics.queries.narrowing import IS_OPEN

HOURS = 24
DELIVERIES_PAGE = 25
TRAFFIC = timedelta(days=7)
ENDED_SHOWN = 20
TO_TRY = 30


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """A channel (without its settings), what became of its deliveries of the last 24 hours, and its latest test.

    `hours` has a (sent, not delivered) for each hour, the present one last.
    """

    channel: Channel
    sent: int
    dead: int
    waiting: int
    hours: tuple[tuple[int, int], ...]
    test: Delivery | None

    @property
    def fails(self) -> bool:
        """Whether it failed when last tried, or was disabled because it did."""
        return bool(self.channel.disabled_reason or self.channel.failing_since)

    @property
    def routed(self) -> bool:
        """Whether any route that is on leads here."""
        routes = (*self.channel.routes.all(), *self.channel.escalations.all())
        return any(route.enabled for route in routes)


def channels_by_health(now: datetime) -> list[ChannelHealth]:
    """All channels, failing ones first."""
    rows = Channel.objects.defer("settings").prefetch_related("routes", "escalations")
    tally, tests = _tally(now), _latest_tests()
    found = [_health(channel, tally, tests.get(channel.pk), now) for channel in rows]
    return sorted(found, key=lambda health: (not health.channel.disabled_reason, not health.fails, health.channel.name))


def _tally(now: datetime) -> Counter[tuple[int, str, datetime]]:
    """How many deliveries of the last 24 hours there are by channel, state and hour."""
    lately = Delivery.objects.filter(created_at__gt=now - timedelta(hours=HOURS)).order_by()
    counted = lately.values_list("channel", "state", TruncHour("created_at")).annotate(n=Count("pk"))
    return Counter({(channel, state, hour): n for channel, state, hour, n in counted})


def _latest_tests() -> dict[int, Delivery]:
    tests = Delivery.objects.filter(type=Type.TEST).order_by().values("channel").annotate(latest=Max("pk"))
    latest = Delivery.objects.defer("request", "data").filter(pk__in=[test["latest"] for test in tests])
    return {delivery.channel_id: delivery for delivery in latest}


def _health(
    channel: Channel, tally: Counter[tuple[int, str, datetime]], test: Delivery | None, now: datetime
) -> ChannelHealth:
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    hours = [this_hour - timedelta(hours=back) for back in reversed(range(HOURS))]
    mine = Counter[str]()
    for (pk, state, _), n in tally.items():
        mine[state] += n if pk == channel.pk else 0
    return ChannelHealth(
        channel=channel,
        sent=mine[Delivery.State.SENT],
        dead=mine[Delivery.State.DEAD],
        waiting=mine[Delivery.State.PENDING],
        hours=tuple((tally[channel.pk, "sent", hour], tally[channel.pk, "dead", hour]) for hour in hours),
        test=test,
    )


def channel_without_settings(uuid: UUID) -> Channel | None:
    """A channel whose settings are read only when they are asked for: their key may be lost."""
    return Channel.objects.defer("settings").filter(uuid=uuid).first()


def channel_choices() -> list[tuple[str, str]]:
    """(uuid, name) of every channel, to choose from."""
    return [(str(uuid), name) for uuid, name in Channel.objects.values_list("uuid", "name")]


def routes_in_order() -> list[Route]:
    """Every route with its channels, without their settings."""
    channels = Channel.objects.defer("settings")
    return list(Route.objects.prefetch_related(Prefetch("channels", channels), Prefetch("escalate_to", channels)))


def sent_by_route(now: datetime) -> dict[str, int]:
    """How many messages the routes brought on their way in the last seven days, by the route's name."""
    lately = Delivery.objects.filter(created_at__gt=now - TRAFFIC).exclude(route="").order_by()
    return dict(lately.values_list("route").annotate(n=Count("pk")))


def silences_to_come_or_now(now: datetime) -> list[Silence]:
    """What holds or will hold, the next to end first."""
    return list(Silence.objects.filter(ends_at__gt=now).select_related("created_by").order_by("ends_at", "pk"))


def silences_ended(now: datetime) -> list[Silence]:
    """The latest that have ended."""
    ended = Silence.objects.filter(ends_at__lte=now).select_related("created_by").order_by("-ends_at", "-pk")
    return list(ended[:ENDED_SHOWN])


@dataclass(frozen=True, slots=True)
class DeliveriesPage:
    """Some deliveries, newest first; `older` is the key to ask for the next ones with, None where there are none."""

    rows: tuple[Delivery, ...]
    older: int | None


def deliveries(
    state: str = "", channel: UUID | None = None, before: int | None = None, most: int = DELIVERIES_PAGE
) -> DeliveriesPage:
    """The log: all, or those in one state or of one channel; `before` is the `older` of the page before."""
    rows = _log()
    if state:
        rows = rows.filter(state=state)
    if channel is not None:
        rows = rows.filter(channel__uuid=channel)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: most + 1])
    return DeliveriesPage(tuple(found[:most]), found[most - 1].pk if len(found) > most else None)


def delivery(uuid: UUID) -> Delivery | None:
    """One delivery."""
    return _log().filter(uuid=uuid).first()


def _log() -> QuerySet[Delivery]:
    narrow = ("channel__settings", "diagnosis__verdict")
    return Delivery.objects.select_related("channel", "diagnosis").defer(*narrow).order_by("-pk")


def undelivered() -> int:
    """How many deliveries were given up and not replayed."""
    return Delivery.objects.filter(state=Delivery.State.DEAD).count()


def worst_open() -> list[Diagnosis]:
    """The worst open diagnoses, to try routes with."""
    rows = Diagnosis.objects.filter(IS_OPEN).only("number", "workload_name", "code")
    return list(rows.order_by("-severity", "-pods_affected", "-opened_at", "number")[:TO_TRY])


def by_numbers(numbers: Sequence[int]) -> list[Diagnosis]:
    """Some diagnoses with their clusters, without the verdicts."""
    return list(
        Diagnosis.objects.select_related("cluster").defer("verdict").filter(number__in=numbers).order_by("number")
    )


def by_number(number: int) -> Diagnosis | None:
    """A diagnosis with its cluster, without the verdict."""
    return Diagnosis.objects.select_related("cluster").defer("verdict").filter(number=number).first()
