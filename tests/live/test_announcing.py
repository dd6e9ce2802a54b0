"""What changed is announced after the commit, in order, and never at the cost of the transaction."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import async_to_sync
from channels.layers import channel_layers
from django.db import connection, transaction
from redis.exceptions import ConnectionError as RedisConnectionError

from diagnostics import live
from diagnostics.models import Cluster, Update

pytestmark = pytest.mark.django_db(transaction=True)
DIAGNOSES = Update.Topic.DIAGNOSES


@pytest.fixture
def cluster() -> Cluster:
    return Cluster.objects.create(name="prod-eu")


@pytest.fixture
def heard() -> Any:
    """A function that returns the next message of the group, and fails where there is none."""
    layer: Any = channel_layers["default"]
    channel = async_to_sync(layer.new_channel)()
    async_to_sync(layer.group_add)(live.GROUP, channel)

    def receive() -> dict[str, Any]:
        message: dict[str, Any] = layer.channels[channel].get_nowait()[1]
        return message

    yield receive
    async_to_sync(layer.flush)()


def announce(cluster: Cluster, ids: list[UUID] | None) -> None:
    with transaction.atomic():
        live.announce(cluster, DIAGNOSES, ids)


def test_ids_are_published_with_the_number_of_the_stored_update(cluster: Cluster, heard: Any) -> None:
    ids = [uuid4(), uuid4()]
    announce(cluster, ids)

    update = Update.objects.get()
    named = sorted(map(str, ids))
    assert (update.topic, update.cluster, update.ids) == ("diagnoses", cluster, named)
    message = heard()
    assert message == {"type": "update", "seq": update.seq, "topic": "diagnoses", "ids": named, "cluster": "prod-eu"}


@pytest.mark.parametrize(("count", "named"), [(live.IDS_LIMIT, True), (live.IDS_LIMIT + 1, False)])
def test_too_many_ids_are_not_named(cluster: Cluster, heard: Any, count: int, *, named: bool) -> None:
    announce(cluster, [uuid4() for _ in range(count)])

    message = heard()
    assert (message["ids"] is not None) is named
    assert len(json.dumps(message)) < 1000


def test_nothing_is_published_before_the_commit_or_after_a_rollback(cluster: Cluster, heard: Any) -> None:
    with transaction.atomic():
        live.announce(cluster, DIAGNOSES, [uuid4()])
        transaction.set_rollback(True)
    assert not Update.objects.exists()

    announce(cluster, None)
    assert heard()["ids"] is None
    with pytest.raises(asyncio.QueueEmpty):
        heard()


@pytest.mark.parametrize("error", [ConnectionRefusedError("no Redis"), RedisConnectionError("no Redis")])
def test_a_channel_layer_that_is_down_fails_nothing_and_is_said_once(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    async def refuse(*_: object) -> None:
        raise error

    with monkeypatch.context() as away:
        away.setattr(channel_layers["default"], "group_send", refuse)
        announce(cluster, [uuid4()])
        announce(cluster, [uuid4()])
    announce(cluster, [uuid4()])
    announce(cluster, [uuid4()])

    assert Update.objects.count() == 4
    gone, back = caplog.messages
    assert "no Redis" in gone
    assert "is back" in back
    assert not any(record.exc_info for record in caplog.records)


def test_a_channel_layer_that_hangs_is_not_waited_for(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(channel_layers["default"], "group_send", hang)
    monkeypatch.setattr(live, "SEND_SECONDS", 0.01)
    monkeypatch.setattr(live, "_OUTAGE", live._Outage())
    announce(cluster, [uuid4()])

    assert Update.objects.exists()


@pytest.mark.postgres
def test_numbers_appear_in_their_order_whoever_commits_first(cluster: Cluster) -> None:
    """The second transaction draws its number only after the first has committed."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    drawn = threading.Event()

    def second() -> None:
        try:
            announce(cluster, None)
            drawn.set()
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    with transaction.atomic():
        live.announce(cluster, DIAGNOSES)
        thread.start()
        assert not drawn.wait(timeout=0.3)
    thread.join()
    assert drawn.is_set()
