"""`/ws/live`: one socket a tab, that tells what changed and listens to nothing but pings."""

from __future__ import annotations

import asyncio

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from dashboard.live.hub import Hub
from dashboard.live.signal import Signal
from dashboard.signin import is_signed_in

SOCKETS_PER_SESSION = 10
RECHECK = 300.0  # Seconds after which a session is looked at again: it may have ended elsewhere.
PING, PONG = "ping", '{"topic":"pong"}'
SIGN_IN_FIRST, TOO_MANY = 4401, 4429  # Close codes: the HTTP status of the same meaning, plus 4000.


class LiveConsumer(AsyncWebsocketConsumer):
    """One open tab. A slow one gets fewer, fuller signals and holds nobody up."""

    channel_layer_alias = ""  # No subscription of its own, which would end it whenever Redis does: the hub has one.
    session = ""

    async def connect(self) -> None:
        """Admits whoever may see the pages; a refusal is a close code, which browsers can read, unlike a 403."""
        self._hub: Hub | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._signed_in = getattr(self.scope["user"], "is_authenticated", False)
        self.session = self._session()
        if not self.session:
            await self._refuse(SIGN_IN_FIRST)
            return
        hub = Hub.here()
        if hub.sockets_of(self.session) >= SOCKETS_PER_SESSION:
            await self._refuse(TOO_MANY)
            return
        await self._join(hub)

    def _session(self) -> str:
        """What tells one browser from another, blank if it is not let in.

        The guests of a demo have no session, but the cookie against forged forms that comes with every page.
        """
        if self._signed_in:
            return self.scope["session"].session_key or ""
        return self.scope["cookies"].get(settings.CSRF_COOKIE_NAME, "") if settings.DEMO else ""

    async def _refuse(self, code: int) -> None:
        await self.accept()
        await self.close(code)

    async def _join(self, hub: Hub) -> None:
        """Joins before it accepts: once the socket is open, the browser asks over HTTP what came before."""
        self._pending: Signal | None = None
        self._changed = asyncio.Event()
        self._hub = hub
        self._told = await hub.join(self)
        await self.accept()
        self._tasks = [asyncio.create_task(self._tell()), asyncio.create_task(self._recheck())]

    async def disconnect(self, code: int) -> None:  # noqa: ARG002 - Channels calls it so.
        """Lets go of everything that was held for this tab."""
        if self._hub:
            self._hub.leave(self)
        for task in self._tasks:
            task.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:  # noqa: ARG002 - same.
        """Answers a ping; whatever else a client sends is ignored."""
        if text_data == PING:
            await self.send(PONG)

    def offer(self, signal: Signal) -> None:
        """Takes a signal from the hub, and joins it to one that is still waiting to be sent."""
        self._pending = self._pending.merge(signal) if self._pending else signal
        self._changed.set()

    async def _tell(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            signal, self._pending = self._pending, None
            if signal:
                prev, self._told = self._told, max(self._told, signal.seq)
                try:
                    await self.send(signal.frame(prev))
                except OSError:  # The browser has gone, and `disconnect` is on its way.
                    return

    async def _recheck(self) -> None:
        while self._signed_in:  # Guests have nothing that could end.
            await asyncio.sleep(RECHECK)
            if not await database_sync_to_async(is_signed_in)(self.session):
                await self.close(SIGN_IN_FIRST)
