"""Routes: they keep an order, and hold nothing that could never be asked."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from diagnostics.models import Channel, Route
from diagnostics.operations import routes
from diagnostics.operations.refusing import Invalid
from diagnostics.operations.triaging import Changed

pytestmark = pytest.mark.django_db


def order() -> list[tuple[int, str]]:
    return list(Route.objects.values_list("position", "name"))


def test_a_route_has_its_channels_and_comes_last() -> None:
    chat = Channel.objects.create(name="chat", kind="slack", settings={})
    routes.create({"name": "first"})
    matchers = [{"field": "code", "op": "in", "value": ["image-*"]}]
    row = routes.create({"name": "second", "matchers": matchers, "channels": [chat.uuid], "escalate_to": [chat.uuid]})
    assert order() == [(1, "first"), (2, "second")]
    assert (list(row.channels.all()), list(row.escalate_to.all())) == ([chat], [chat])
    routes.change(row.uuid, {"channels": []})
    assert not row.channels.exists()
    assert row.escalate_to.exists()


def test_the_order_closes_up() -> None:
    a, b, c = (routes.create({"name": name}) for name in "abc")
    routes.change(c.uuid, {"position": 1})
    assert order() == [(1, "c"), (2, "a"), (3, "b")]
    routes.change(c.uuid, {"position": 99})
    assert order() == [(1, "a"), (2, "b"), (3, "c")]
    routes.create({"name": "d", "position": 2})
    assert order() == [(1, "a"), (2, "d"), (3, "b"), (4, "c")]
    routes.delete(b.uuid)
    routes.delete(a.uuid)
    assert order() == [(1, "d"), (2, "c")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("matchers", [{"field": "colour", "op": "in", "value": ["red"]}]),
        ("matchers", [{"field": "code", "op": "in", "value": ["a\0b"]}]),
        ("quiet_hours", [{"days": [7], "from": "22:00", "to": "07:00"}]),
        ("quiet_hours", [{"days": [1], "from": "22:00Z", "to": "07:00"}]),
        ("time_zone", "Europe/Atlantis"),
        ("time_zone", "Europe"),
        ("time_zone", "../../etc/passwd"),
        ("repeat_after", timedelta()),
        ("escalate_after", timedelta(days=366)),
        ("most_per_hour", 0),
        ("channels", [uuid.uuid4()]),
    ],
)
def test_what_could_never_be_asked_is_refused(field: str, value: Any) -> None:
    row = routes.create({"name": "kept"})
    with pytest.raises(Invalid) as refused:
        routes.change(row.uuid, {field: value})
    assert set(refused.value.errors) == {field}
    assert Route.objects.get().version == 1


def test_what_somebody_else_changed_is_not_overwritten() -> None:
    row = routes.create({"name": "a"})
    routes.change(row.uuid, {"goes_on": True}, 1)
    with pytest.raises(Changed):
        routes.change(row.uuid, {"goes_on": False}, 1)
    with pytest.raises(Changed):
        routes.delete(row.uuid, 1)


def test_names_differ() -> None:
    routes.create({"name": "a"})
    with pytest.raises(Invalid, match="another route"):
        routes.create({"name": "a"})
