"""A cluster that is lost is told once, and its return to the same; a digest comes once a day, worst first."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from diagnostics.models import Channel, Cluster, Diagnosis, Route
from diagnostics.operations.bulletins import announce
from diagnostics.operations.recording import record
from tests.operations.building import MINUTE, T0, a_cluster, judgement, verdict

pytestmark = pytest.mark.django_db


@pytest.fixture
def chat() -> Channel:
    return Channel.objects.create(name="chat", kind="slack", settings={})


def route(channel: Channel, created_at: datetime = T0 - timedelta(days=1), **columns: Any) -> Route:
    made = Route.objects.create(**{"name": "everything", "position": 1, **columns})
    Route.objects.filter(pk=made.pk).update(created_at=created_at)
    made.channels.set([channel])
    return made


def told(channel: Channel) -> list[str]:
    return list(channel.deliveries.order_by("pk").values_list("type", flat=True))


def test_a_cluster_that_is_lost_and_comes_back_is_told_once_each(chat: Channel) -> None:
    route(chat)
    cluster = a_cluster(failing_since=T0, failure="connection refused")
    assert announce(T0 + MINUTE) == 0
    assert [announce(T0 + n * MINUTE) for n in (2, 3)] == [1, 0]
    assert chat.deliveries.get().data["reason"] == "connection refused"
    Cluster.objects.filter(pk=cluster.pk).update(failing_since=None)
    assert [announce(T0 + n * MINUTE) for n in (4, 5)] == [1, 0]
    assert told(chat) == ["cluster.unreachable", "cluster.recovered"]


def test_who_was_not_told_of_the_loss_is_not_told_of_the_return(chat: Channel) -> None:
    shop = route(chat, matchers=[{"field": "namespace", "op": "in", "value": ["shop"]}])
    cluster = a_cluster(failing_since=T0)
    announce(T0 + 2 * MINUTE)
    Route.objects.filter(pk=shop.pk).update(matchers=[])
    Cluster.objects.filter(pk=cluster.pk).update(failing_since=None)
    announce(T0 + 3 * MINUTE)
    assert told(chat) == []


def test_a_paused_cluster_is_not_lost(chat: Channel) -> None:
    route(chat)
    a_cluster(failing_since=T0, paused=True)
    assert announce(T0 + 9 * MINUTE) == 0


def test_a_digest_comes_once_a_day_in_the_time_of_its_place(chat: Channel) -> None:
    route(chat, digest_at=time(9), time_zone="Europe/Berlin")
    record(a_cluster(), judgement(verdict(), verdict(name="pay", severity="critical")), T0)
    at = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    assert announce(at - MINUTE) == 0
    assert [announce(at), announce(at + timedelta(hours=5))] == [1, 0]
    assert announce(at + timedelta(days=1)) == 1
    digest = chat.deliveries.earliest("pk").data
    assert (digest["opened"], digest["resolved"], digest["still_open"]) == (2, 0, 2)
    assert [found["workload"]["name"] for found in digest["diagnoses"]] == ["pay", "cart"]


def test_a_digest_lists_what_its_route_is_about_and_nothing_is_no_digest(chat: Channel) -> None:
    route(chat, digest_at=time(0), matchers=[{"field": "code", "op": "in", "value": ["crash-*"]}])
    record(a_cluster(), judgement(verdict()), T0)
    assert Diagnosis.objects.count() == 1
    assert announce(T0 + 9 * MINUTE) == 0


def test_a_route_that_is_made_after_the_time_of_its_digest_begins_tomorrow(chat: Channel) -> None:
    route(chat, created_at=T0, digest_at=time(2))
    record(a_cluster(), judgement(verdict()), T0)
    assert announce(T0 + MINUTE) == 0
    assert announce(T0 + timedelta(days=1)) == 1
