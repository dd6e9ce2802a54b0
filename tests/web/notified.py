"""Stored channels, routes, silences and deliveries, as the pages about notifications find them."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from diagnostics.models import Channel, Delivery, Diagnosis, Route, Silence
from tests.web.rows import before

URL = "https://hooks.slack.example/services/T0/B0/hunter2sentinel"


def a_channel(name: str = "#ops", **columns: Any) -> Channel:
    """A Slack channel that works."""
    return Channel.objects.create(
        name=name, **{"kind": "slack", "settings": {"url": URL}, "last_ok_at": before(minutes=5), **columns}
    )


def a_route(*channels: Channel, name: str = "Everything", **columns: Any) -> Route:
    """A route, last of all."""
    route = Route.objects.create(name=name, **{"position": Route.objects.count() + 1, **columns})
    route.channels.set(channels)
    return route


def about(field: str, *values: str, op: str = "in") -> dict[str, Any]:
    """A matcher as it is stored."""
    return {"field": field, "op": op, "value": list(values)}


def a_silence(*conditions: dict[str, Any], **columns: Any) -> Silence:
    """A silence that holds for another hour."""
    times = {"starts_at": before(hours=1), "ends_at": before(hours=-1)}
    matchers = list(conditions or [about("namespace", "shop")])
    return Silence.objects.create(**{"matchers": matchers, "reason": "Node pool is being rebuilt", **times, **columns})


def a_delivery(channel: Channel, diagnosis: Diagnosis | None = None, **columns: Any) -> Delivery:
    """A message that arrived."""
    now = timezone.now()
    sent = {"state": "sent", "sent_at": now, "attempts": 1, "request": '{"text":"cart fails"}', "answer": "200 ok"}
    return Delivery.objects.create(
        channel=channel,
        diagnosis=diagnosis,
        **{"type": "diagnosis.opened", "data": {}, "created_at": now, "due_at": now, **sent, **columns},
    )
