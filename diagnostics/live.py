"""Tells the web processes that something changed: ids only, after the transaction that changed it has committed.

An update is a row of its own, written in the same transaction as what it tells of, so none is lost with a message: a
browser that sees a leap in the sequence numbers asks for the rows in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from threading import Lock
from uuid import UUID

from asgiref.sync import async_to_sync
from channels import DEFAULT_CHANNEL_LAYER
from channels.layers import channel_layers
from django.db import transaction
from redis.exceptions import RedisError

from diagnostics.models import Cluster, Update
from diagnostics.models.turns import take_turn

GROUP = "live"  # The channel layer's group; every web process that has open tabs is one member.
IDS_LIMIT = 20  # More ids than that are not named, so that a frame stays below a kilobyte.
SEND_SECONDS = 2.0  # A Redis that takes longer is not waited for; browsers heal by the sequence number.
log = logging.getLogger(__name__)


class _Outage:
    """Whether the channel layer is away: said once when it goes, and once when it is back."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._lasts = False

    def begin(self, error: Exception) -> None:
        if self._changes(to=True):
            log.warning(
                "browsers are told of no changes until Redis is back; they poll meanwhile: %s %s",
                type(error).__name__,
                error,
            )

    def end(self) -> None:
        if self._changes(to=False):
            log.warning("Redis is back: browsers are told of changes again")

    def _changes(self, *, to: bool) -> bool:
        with self._lock:
            before, self._lasts = self._lasts, to
        return before != to


_OUTAGE = _Outage()


def announce(cluster: Cluster, topic: Update.Topic, ids: Collection[UUID] | None = None) -> None:
    """Stores one update and publishes it once the transaction has committed. To be a transaction's last write.

    `ids` None, or too many of them, tells browsers to fetch everything of the topic again. A channel layer that is
    down fails nothing.
    """
    # Numbers have to appear in their own order, so that "everything after 812" is never short of one: PostgreSQL draws
    # them without regard to who commits first.
    take_turn("live.updates")
    named = sorted(map(str, ids)) if ids is not None and len(ids) <= IDS_LIMIT else None
    update = Update.objects.create(cluster=cluster, topic=topic, ids=named)
    name = cluster.name
    # No `partial`: Django names the failed function in its log, and a partial has no name.
    transaction.on_commit(lambda: _publish(update, name), robust=True)


def _publish(update: Update, cluster: str) -> None:
    message = {"type": "update", "seq": update.seq, "topic": update.topic, "ids": update.ids, "cluster": cluster}
    try:
        async_to_sync(_send)(message)
    except (OSError, RedisError) as error:  # A time-out is an OSError, too.
        _OUTAGE.begin(error)
    else:
        _OUTAGE.end()


async def _send(message: dict[str, object]) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await channel_layers[DEFAULT_CHANNEL_LAYER].group_send(GROUP, message)
