"""Who is told of what: one opening and one closing, and why somebody is not told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from diagnostics.models import Announcement, Channel, Cluster, Delivery, Diagnosis, Route, Silence, Storm
from diagnostics.operations.announcing import announce
from diagnostics.operations.recording import record
from tests.operations.building import MINUTE, T0, a_cluster, judgement, verdict

pytestmark = pytest.mark.django_db
HOUR = 60 * MINUTE


@pytest.fixture
def cluster() -> Cluster:
    cluster = a_cluster()
    Cluster.objects.filter(pk=cluster.pk).update(added_at=T0 - 24 * HOUR)
    cluster.refresh_from_db()
    return cluster


@pytest.fixture
def chat() -> Channel:
    return Channel.objects.create(name="chat", kind="slack", settings={"url": "https://chat.example/hook"})


def route(*channels: Channel, name: str = "everything", position: int = 1, **columns: Any) -> Route:
    made = Route.objects.create(name=name, position=position, **columns)
    made.channels.set(channels)
    return made


def failing(cluster: Cluster, now: datetime, *verdicts: Any, **changes: Any) -> None:
    """What a look at the cluster finds, and the decisions that follow."""
    with transaction.atomic():
        record(cluster, judgement(*(verdicts or [verdict(**changes)])), now)
    announce(now)


def healthy(cluster: Cluster, now: datetime) -> None:
    for moment in (now, now + 20 * MINUTE):
        with transaction.atomic():
            record(cluster, judgement(), moment)
    announce(now + 20 * MINUTE)


def told(channel: Channel) -> list[str]:
    return list(channel.deliveries.order_by("pk").values_list("type", flat=True))


def noted() -> list[str]:
    activity = Diagnosis.objects.get().activity.filter(kind="announced").order_by("pk")
    return [found.detail["what"] for found in activity]


def test_an_opening_and_a_closing_are_told_once(cluster: Cluster, chat: Channel) -> None:
    route(chat)
    for minute in range(5):
        failing(cluster, T0 + minute * MINUTE)
    healthy(cluster, T0 + HOUR)
    announce(T0 + 5 * HOUR)

    assert told(chat) == ["diagnosis.opened", "diagnosis.resolved"]
    delivery = chat.deliveries.latest("pk")
    assert (delivery.route, delivery.data["state"], delivery.thread) == (
        "everything",
        "resolved",
        str(Diagnosis.objects.get().uuid),
    )
    assert Diagnosis.objects.get().notice_due_at is None


def test_nothing_is_told_before_the_grace_of_the_rule_ends(cluster: Cluster, chat: Channel) -> None:
    route(chat)
    failing(cluster, T0, notify_at=T0 + 5 * MINUTE)
    announce(T0 + 4 * MINUTE)
    assert told(chat) == []
    announce(T0 + 5 * MINUTE)
    assert told(chat) == ["diagnosis.opened"]


def test_what_is_over_before_it_was_told_is_never_told(cluster: Cluster, chat: Channel) -> None:
    route(chat)
    failing(cluster, T0, notify_at=T0 + 5 * HOUR)
    healthy(cluster, T0 + HOUR)
    assert told(chat) == []


def test_worse_is_told_and_better_is_not(cluster: Cluster, chat: Channel) -> None:
    route(chat)
    for minute, severity in enumerate(["medium", "high", "medium", "critical"]):
        failing(cluster, T0 + minute * MINUTE, severity=severity)
    assert told(chat) == ["diagnosis.opened", "diagnosis.escalated", "diagnosis.escalated"]


def test_failing_again_is_told_as_such(cluster: Cluster, chat: Channel) -> None:
    route(chat)
    failing(cluster, T0)
    healthy(cluster, T0 + HOUR)
    failing(cluster, T0 + 2 * HOUR)
    assert told(chat) == ["diagnosis.opened", "diagnosis.resolved", "diagnosis.regressed"]


def test_the_first_route_that_matches_wins_unless_it_goes_on(cluster: Cluster, chat: Channel) -> None:
    pager = Channel.objects.create(name="pager", kind="slack", settings={})
    everything = Channel.objects.create(name="archive", kind="slack", settings={})
    shop = [{"field": "namespace", "op": "in", "value": ["shop"]}]
    other = [{"field": "namespace", "op": "in", "value": ["billing"]}]
    route(pager, name="billing", matchers=other)
    going_on = route(chat, name="shop", position=2, matchers=shop, goes_on=True)
    route(everything, name="rest", position=3)
    failing(cluster, T0)
    assert [told(channel) for channel in (pager, chat, everything)] == [[], ["diagnosis.opened"], ["diagnosis.opened"]]

    Route.objects.filter(pk=going_on.pk).update(goes_on=False)
    failing(cluster, T0 + MINUTE, name="cart-2", fingerprint="other")
    assert (len(told(chat)), len(told(everything))) == (2, 1)


def test_a_disabled_route_is_not_asked(cluster: Cluster, chat: Channel) -> None:
    route(chat, enabled=False)
    failing(cluster, T0)
    assert told(chat) == []


def test_a_silence_keeps_back_counts_and_ends(cluster: Cluster, chat: Channel) -> None:
    route(chat)
    silence = Silence.objects.create(
        matchers=[{"field": "workload", "op": "in", "value": ["cart"]}],
        reason="known, ticket 7",
        starts_at=T0 - HOUR,
        ends_at=T0 + HOUR,
    )
    failing(cluster, T0)
    silence.refresh_from_db()
    assert (told(chat), silence.hidden, noted()) == ([], 1, ["silenced: known, ticket 7"])
    failing(cluster, T0 + HOUR)
    assert told(chat) == ["diagnosis.opened"]


def test_a_closing_passes_a_silence(cluster: Cluster, chat: Channel) -> None:
    route(chat)
    failing(cluster, T0)
    Silence.objects.create(matchers=[], reason="everything", starts_at=T0, ends_at=T0 + 9 * HOUR)
    healthy(cluster, T0 + HOUR)
    assert told(chat) == ["diagnosis.opened", "diagnosis.resolved"]


def test_quiet_hours_keep_an_opening_for_the_morning(cluster: Cluster, chat: Channel) -> None:
    route(chat, quiet_hours=[{"days": list(range(7)), "from": "02:00:00", "to": "07:00:00"}])
    failing(cluster, T0)
    assert noted() == ["kept until 2026-11-23 07:00 UTC by route everything"]
    announce(T0 + 3 * HOUR)
    assert told(chat) == []
    announce(T0 + 4 * HOUR)
    assert told(chat) == ["diagnosis.opened"]


def test_a_route_may_say_only_so_much_an_hour(cluster: Cluster, chat: Channel) -> None:
    route(chat, most_per_hour=2)
    failing(cluster, T0, *(verdict(fingerprint=str(n)) for n in range(3)))
    assert len(told(chat)) == 2
    announce(T0 + 59 * MINUTE)
    assert len(told(chat)) == 2
    announce(T0 + HOUR)
    assert len(told(chat)) == 3


def test_a_reminder_comes_while_nobody_has_taken_it_over(cluster: Cluster, chat: Channel) -> None:
    route(chat, repeat_after=4 * HOUR)
    failing(cluster, T0)
    announce(T0 + 3 * HOUR)
    announce(T0 + 4 * HOUR)
    assert told(chat) == ["diagnosis.opened", "diagnosis.updated"]
    Diagnosis.objects.update(acknowledged_at=T0 + 5 * HOUR, notice_due_at=T0 + 5 * HOUR)
    announce(T0 + 5 * HOUR)
    announce(T0 + 30 * HOUR)
    assert told(chat)[2:] == ["diagnosis.acknowledged"]


def test_what_nobody_acknowledges_goes_further(cluster: Cluster, chat: Channel) -> None:
    pager = Channel.objects.create(name="pager", kind="slack", settings={})
    route(chat, escalate_after=timedelta(minutes=15)).escalate_to.set([pager])
    failing(cluster, T0)
    announce(T0 + 14 * MINUTE)
    assert told(pager) == []
    announce(T0 + 15 * MINUTE)
    announce(T0 + 16 * MINUTE)
    assert (told(chat), told(pager)) == (["diagnosis.opened"], ["diagnosis.escalated"])
    healthy(cluster, T0 + HOUR)
    assert told(pager) == ["diagnosis.escalated", "diagnosis.resolved"]


@pytest.mark.parametrize("worse", [{"severity": "critical"}, {"pods_affected": 9}])
def test_what_is_snoozed_until_it_is_worse_is_told_when_it_is(
    cluster: Cluster, chat: Channel, worse: dict[str, Any]
) -> None:
    route(chat)
    failing(cluster, T0, notify_at=T0 + MINUTE)
    Diagnosis.objects.update(snoozed_until=T0 + 9 * HOUR, snoozed_severity=3, snoozed_pods=1)
    announce(T0 + MINUTE)
    assert told(chat) == []
    failing(cluster, T0 + 2 * MINUTE, **worse)
    assert told(chat) == ["diagnosis.opened"]


def test_a_snooze_ends_with_its_time(cluster: Cluster, chat: Channel) -> None:
    route(chat)
    failing(cluster, T0, notify_at=T0 + MINUTE)
    Diagnosis.objects.update(snoozed_until=T0 + HOUR)
    announce(T0 + MINUTE)
    announce(T0 + HOUR)
    assert told(chat) == ["diagnosis.opened"]


def test_what_had_failed_before_a_cluster_was_added_is_not_told(chat: Channel) -> None:
    cluster = a_cluster()
    Cluster.objects.filter(pk=cluster.pk).update(added_at=T0 + MINUTE)
    cluster.refresh_from_db()
    route(chat)
    failing(cluster, T0 + 2 * MINUTE)
    assert told(chat) == []


def test_a_storm_is_one_message_at_its_beginning_and_one_at_its_end(cluster: Cluster, chat: Channel) -> None:
    route(chat)
    failing(cluster, T0, *(verdict(fingerprint=str(n)) for n in range(30)))
    failing(cluster, T0 + MINUTE, *(verdict(fingerprint=str(n)) for n in range(60)))
    assert told(chat) == ["storm.started"]
    assert chat.deliveries.get().data["diagnoses"] == 30
    announce(T0 + 30 * MINUTE)
    assert told(chat) == ["storm.started", "storm.ended"]
    ended = chat.deliveries.latest("pk").data
    assert (ended["diagnoses"], ended["shares"][0]["code"], ended["shares"][0]["diagnoses"]) == (
        60,
        "image-not-found",
        60,
    )
    healthy(cluster, T0 + HOUR)
    assert told(chat) == ["storm.started", "storm.ended"]
    assert Storm.objects.get().ended_at == T0 + 30 * MINUTE
    assert not Announcement.objects.exists()


def test_nine_at_once_are_no_storm(cluster: Cluster, chat: Channel) -> None:
    route(chat)
    failing(cluster, T0, *(verdict(fingerprint=str(n)) for n in range(9)))
    assert told(chat) == ["diagnosis.opened"] * 9


def test_labels_of_the_workload_may_be_asked_for(cluster: Cluster, chat: Channel) -> None:
    route(chat, matchers=[{"field": "label", "op": "in", "value": ["checkout"], "key": "team"}])
    failing(cluster, T0)
    assert told(chat) == []
    assert Delivery.objects.count() == 0
