"""Which routes a diagnosis takes, and which silence holds it back: read once, asked for many diagnoses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import Prefetch

from diagnostics.models import Channel, Diagnosis, Route, Silence
from diagnostics.notify.deciding import Manners
from diagnostics.notify.matching import SEVERITIES, Field, Matcher, Traits, failing, matchers, matches
from diagnostics.notify.quiet import hours, quiet_until
from diagnostics.operations.labels import labels_of


@dataclass(frozen=True, slots=True)
class Choice:
    """A channel that a diagnosis is for, and the route that says so; `further` if only for want of attention."""

    channel: Channel
    route: Route
    further: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """A route that was asked, and the matcher that did not hold; None: it matched."""

    route: Route
    failed: Matcher | None


class Chooser:
    """The enabled routes in their order, and the silences that hold now."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        channels = Channel.objects.defer("settings")  # A key that is lost must not stop what goes to the others.
        receivers = (Prefetch("channels", channels), Prefetch("escalate_to", channels))
        enabled = Route.objects.filter(enabled=True).prefetch_related(*receivers)
        self._routes = [(route, matchers(route.matchers)) for route in enabled]
        current = Silence.objects.filter(starts_at__lte=now, ends_at__gt=now)
        self._silences = [(silence, matchers(silence.matchers)) for silence in current]

    def traits(self, row: Diagnosis) -> Traits:
        """What matchers may ask about a diagnosis; its workload's labels are looked up only if some matcher asks."""
        by = row.verdict.get("delivered_by") or {}
        return traits_of(row, by.get("tool", ""), labels_of(row) if self._asks_for_labels else {})

    def tried(self, traits: Traits) -> Iterator[Tried]:
        """Every route that is asked, in order: until one matches that does not go on."""
        for route, conditions in self._routes:
            failed = failing(conditions, traits)
            yield Tried(route, failed)
            if failed is None and not route.goes_on:
                return

    def choices(self, traits: Traits, opened_at: datetime) -> list[Choice]:
        """The channels to tell, each once, by the first route that names it."""
        found: dict[int, Choice] = {}
        for route in (each.route for each in self.tried(traits) if each.failed is None):
            for channel in route.channels.all():
                found.setdefault(channel.pk, Choice(channel, route))
            if route.escalate_after is not None and self.now >= opened_at + route.escalate_after:
                for channel in route.escalate_to.all():
                    found.setdefault(channel.pk, Choice(channel, route, further=True))
        return list(found.values())

    def silence(self, traits: Traits) -> Silence | None:
        """The silence that holds a diagnosis back; of several the one that lasts longest."""
        holding = (silence for silence, conditions in self._silences if matches(conditions, traits))
        return max(holding, key=lambda silence: silence.ends_at, default=None)

    def quiet_until(self, route: Route) -> datetime | None:
        """When a route may speak again, if it keeps quiet now."""
        return quiet_until(hours(route.quiet_hours), route.time_zone, self.now)

    @cached_property
    def _asks_for_labels(self) -> bool:
        return any(
            matcher.field is Field.LABEL for _, conditions in (*self._routes, *self._silences) for matcher in conditions
        )


def manners(route: Route) -> Manners:
    """What a route wants besides openings."""
    return Manners(route.send_resolved, route.repeat_after)


def traits_of(row: Diagnosis, delivered_by: str, labels: Mapping[str, str]) -> Traits:
    """What matchers may ask about a diagnosis, with what its own columns do not hold."""
    return Traits(
        cluster=row.cluster.name,
        severity=SEVERITIES[row.severity],
        code=row.code,
        namespace=row.namespace,
        workload_kind=row.workload_kind,
        workload_name=row.workload_name,
        delivered_by=delivered_by,
        labels=labels,
    )
