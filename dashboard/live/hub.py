"""One subscription a process, fanned out in memory to its own tabs.

A group member a tab would cost Redis and the web process ten times as much a delivery, and lose messages under load.
What the layer drops is found by its missing sequence number and read from the database, so every id reaches every tab.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Protocol
from weakref import WeakKeyDictionary

from channels import DEFAULT_CHANNEL_LAYER
from channels.db import database_sync_to_async
from channels.layers import BaseChannelLayer, channel_layers
from django.db import DatabaseError
from redis.exceptions import RedisError

from dashboard.live.signal import Signal
from diagnostics import live, queries

INTERVAL = 0.5  # Seconds between two signals to a tab.
RENEWAL = 15.0  # Seconds between two renewals of the subscription, which also look for what was dropped.
RETRY = 1.0  # Seconds before a lost subscription is tried again.
_UNREACHABLE = (RedisError, OSError, DatabaseError)

log = logging.getLogger(__name__)


class Tab(Protocol):
    """Whoever is told: one open socket."""

    session: str

    def offer(self, signal: Signal) -> None:
        """Takes a signal, at once and without waiting for the network."""


class Hub:
    """The signals of one process. It listens while it has tabs, and only then."""

    _hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()

    def __init__(self) -> None:
        self.seq = 0
        self._tabs: set[Tab] = set()
        self._sessions: Counter[str] = Counter()
        self._channel = ""
        self._pending: Signal | None = None
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._starting = asyncio.Lock()
        self._healing = asyncio.Lock()

    @classmethod
    def here(cls) -> Hub:
        """The hub of the running event loop, of which a web process has one."""
        return cls._hubs.setdefault(asyncio.get_running_loop(), cls())

    def sockets_of(self, session: str) -> int:
        """How many tabs a session has open in this process."""
        return self._sessions[session]

    async def join(self, tab: Tab) -> int:
        """Tells a tab of everything from now on; returns the number up to which it has to find out by itself."""
        async with self._starting:
            if not self._tasks:
                self.seq = await database_sync_to_async(queries.latest_seq)()
                self._tasks = [asyncio.create_task(work()) for work in (self._listen, self._renew, self._tell)]
        self._tabs.add(tab)
        self._sessions[tab.session] += 1
        return self.seq

    def leave(self, tab: Tab) -> None:
        """Forgets a tab; without any the hub stops listening."""
        self._tabs.discard(tab)
        self._sessions -= Counter({tab.session: 1})
        if not self._tabs:
            for task in self._tasks:
                task.cancel()
            self._tasks.clear()

    async def _listen(self) -> None:
        """Receives what is published. After a lost connection it first reads what it did not hear."""
        while True:
            try:
                async with self._subscription() as layer:
                    await self._heal()
                    while True:
                        await self._hear(Signal.of_message(await layer.receive(self._channel)))
            except _UNREACHABLE as error:
                log.warning("live: not listening, trying again: %s", error)
                await asyncio.sleep(RETRY)

    @asynccontextmanager
    async def _subscription(self) -> AsyncIterator[BaseChannelLayer]:
        layer = channel_layers[DEFAULT_CHANNEL_LAYER]
        self._channel = await layer.new_channel()
        await layer.group_add(live.GROUP, self._channel)
        try:
            yield layer
        finally:
            channel, self._channel = self._channel, ""
            with suppress(*_UNREACHABLE):  # Then it expires by itself.
                await layer.group_discard(live.GROUP, channel)

    async def _renew(self) -> None:
        """Subscriptions expire, and a restarted Redis has forgotten them; without any, reading is what is left."""
        while True:
            await asyncio.sleep(RENEWAL)
            for renew in (self._resubscribe, self._heal):
                try:
                    await renew()
                except _UNREACHABLE as error:
                    log.warning("live: subscription not renewed: %s", error)

    async def _resubscribe(self) -> None:
        if self._channel:
            await channel_layers[DEFAULT_CHANNEL_LAYER].group_add(live.GROUP, self._channel)

    async def _hear(self, signal: Signal) -> None:
        """Passes on what was heard. A leap in the numbers says that something was not: then all is read instead."""
        if signal.seq == self.seq + 1:
            self._announce(signal)
        elif signal.seq > self.seq:
            await self._heal()

    async def _heal(self) -> None:
        """Reads what was published and not heard."""
        async with self._healing:
            missed = await database_sync_to_async(queries.missed)(self.seq)
            if missed.updates is None:
                self._announce(replace(Signal.EVERYTHING, seq=missed.seq))
            for update in missed.updates or ():
                self._announce(Signal.of(update))

    def _announce(self, signal: Signal) -> None:
        self.seq = max(self.seq, signal.seq)
        self._pending = self._pending.merge(signal) if self._pending else signal
        self._changed.set()

    async def _tell(self) -> None:
        """Offers what is pending to all tabs: at once after a silence, else at most once an interval."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            signal, self._pending = self._pending, None
            if signal:
                for tab in tuple(self._tabs):
                    tab.offer(signal)
            await asyncio.sleep(INTERVAL)
