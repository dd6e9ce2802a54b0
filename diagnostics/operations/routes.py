"""Routes are added, changed, put in order and removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from diagnostics.models import Channel, Route
from diagnostics.notify.matching import matchers
from diagnostics.notify.quiet import hours
from diagnostics.operations.refusing import Invalid, about
from diagnostics.operations.versions import store_named, unchanged

LONGEST = timedelta(days=365)  # Of a time after which something is done.
MOST_PER_HOUR = 100_000
RECEIVERS = ("channels", "escalate_to")
COLUMNS = (
    *("name", "enabled", "matchers", "goes_on", "send_resolved", "repeat_after", "most_per_hour", "escalate_after"),
    *("time_zone", "quiet_hours", "digest_at"),
)


def create(values: Mapping[str, Any]) -> Route:
    """A new route: any of COLUMNS, `name` at least; uuids in `channels` and `escalate_to`; `position` counts from 1.

    Without a position it comes last. Raises Invalid.
    """
    with transaction.atomic():
        return _stored(Route(name="", position=Route.objects.count() + 1), values)


def change(route: UUID, changes: Mapping[str, Any], version: int | None = None) -> Route:
    """The same for one that there is. Raises Route.DoesNotExist, Changed and Invalid."""
    with transaction.atomic():
        row = unchanged(Route.objects.select_for_update(), route, version)
        row.version += 1
        return _stored(row, changes)


def delete(route: UUID, version: int | None = None) -> None:
    """Removes it; the others close up. Raises Route.DoesNotExist and Changed."""
    with transaction.atomic():
        unchanged(Route.objects.select_for_update(), route, version).delete()
        _number(Route.objects.all())


def _stored(row: Route, values: Mapping[str, Any]) -> Route:
    for name in (name for name in COLUMNS if name in values):
        setattr(row, name, values[name])
    _check(row)
    receivers = {name: _channels(name, values[name]) for name in RECEIVERS if name in values}
    store_named(row, "route")
    for name, channels in receivers.items():
        getattr(row, name).set(channels)
    if "position" in values:
        _put(row, values["position"])
    return row


def _check(row: Route) -> None:
    with about("matchers"):
        matchers(row.matchers)
    with about("quiet_hours"):
        hours(row.quiet_hours)
    for name in ("repeat_after", "escalate_after"):
        _require(name, getattr(row, name), f"more than 0 and at most {LONGEST.days} days", _is_span)
    _require("most_per_hour", row.most_per_hour, f"from 1 to {MOST_PER_HOUR}", lambda most: 1 <= most <= MOST_PER_HOUR)
    _require("time_zone", row.time_zone, "a name such as Europe/Vienna", _is_zone)


def _require(name: str, value: Any, wanted: str, holds: Callable[[Any], bool]) -> None:
    if value is not None and not holds(value):
        raise Invalid({name: [f"it is {wanted}"]})


def _is_span(span: timedelta) -> bool:
    return timedelta() < span <= LONGEST


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # The last: of a folder's name.
        return False
    return True


def _channels(name: str, uuids: Iterable[UUID]) -> list[Channel]:
    wanted = set(uuids)
    found = list(Channel.objects.filter(uuid__in=wanted).defer("settings"))
    if missing := wanted - {channel.uuid for channel in found}:
        raise Invalid({name: [f"there is no channel {uuid}" for uuid in sorted(missing)]})
    return found


def _put(row: Route, position: int) -> None:
    others = list(Route.objects.exclude(pk=row.pk))
    place = min(max(position, 1), len(others) + 1) - 1
    _number([*others[:place], row, *others[place:]])


def _number(routes: Iterable[Route]) -> None:
    ordered = list(routes)
    for number, route in enumerate(ordered, start=1):
        route.position = number
    Route.objects.bulk_update(ordered, ["position"])
