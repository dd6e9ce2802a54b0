"""The socket: who may listen, how often it speaks, and that nothing is lost on the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from asgiref.testing import ApplicationCommunicator
from channels.layers import channel_layers
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from dashboard import consumers
from dashboard.asgi import application
from dashboard.live import hub
from dashboard.live.hub import Hub
from diagnostics import live
from diagnostics.models import Cluster, Update
from tests.web.rows import a_cluster

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = b"http://127.0.0.1:8000"
Cookie = str


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "INTERVAL", 0.05)
    monkeypatch.setattr(hub, "RETRY", 0.01)


@pytest.fixture
def cookie(client: Client) -> Cookie:
    client.force_login(User.objects.create_user("ana"))
    return client.cookies["sickbay_session"].OutputString()


@pytest.fixture
def cluster() -> Cluster:
    """A cluster of which something was told before: numbers never begin anew in a database that is in use."""
    cluster = a_cluster()
    Update.objects.create(cluster=cluster, topic="cluster")
    return cluster


@sync_to_async
def prune_and_go_on(cluster: Cluster, last: int) -> None:
    with transaction.atomic():
        Update.objects.all().delete()
        Update.objects.create(cluster=cluster, topic="diagnoses", seq=last + 100, ids=[])


class Socket:
    """A browser's end of a WebSocket. (`channels.testing` has one, and cannot be imported without daphne.)"""

    def __init__(self, cookie: Cookie, origin: bytes = ORIGIN) -> None:
        headers = [(b"cookie", cookie.encode()), (b"origin", origin), (b"host", b"127.0.0.1:8000")]
        scope = {"type": "websocket", "path": "/ws/live", "query_string": b"", "headers": headers, "subprotocols": []}
        self._asgi: Any = ApplicationCommunicator(application, scope)  # type: ignore[no-untyped-call]  # It has no types.

    async def open(self) -> bool:
        await self._asgi.send_input({"type": "websocket.connect"})
        message = await self._asgi.receive_output(timeout=5)
        return bool(message["type"] == "websocket.accept")

    async def close(self) -> None:
        await self._asgi.send_input({"type": "websocket.disconnect", "code": 1000})
        await self._asgi.wait(timeout=5)

    async def say(self, **data: str | bytes) -> None:
        await self._asgi.send_input({"type": "websocket.receive", **data})

    async def frame(self) -> dict[str, Any]:
        message = await self._asgi.receive_output(timeout=5)
        body: dict[str, Any] = json.loads(message["text"])
        return body

    async def silent(self, seconds: float) -> bool:
        return bool(await self._asgi.receive_nothing(timeout=seconds))

    async def closed(self) -> int:
        message = await self._asgi.receive_output(timeout=5)
        assert message["type"] == "websocket.close"
        return int(message["code"])


@asynccontextmanager
async def tab(cookie: Cookie) -> AsyncIterator[Socket]:
    socket = Socket(cookie)
    assert await socket.open()
    yield socket
    await socket.close()


@sync_to_async
def announce(cluster: Cluster, ids: Collection[UUID] | None, topic: Update.Topic = Update.Topic.DIAGNOSES) -> int:
    with transaction.atomic():
        live.announce(cluster, topic, ids)
    return Update.objects.latest("seq").seq


@sync_to_async
def announce_unheard(cluster: Cluster, ids: Collection[UUID]) -> int:
    """As when the channel layer is full or away: the row is there, the message is not."""
    return Update.objects.create(cluster=cluster, topic="diagnoses", ids=[str(item) for item in ids]).seq


async def subscribed() -> None:
    """Waits until the hub is a member of the group."""
    layer: Any = channel_layers["default"]
    while not layer.groups:  # noqa: ASYNC110 - the layer tells nobody.
        await asyncio.sleep(0.01)


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    """Runs a scenario in an event loop of its own, with the database in this thread."""
    async_to_sync(scenario)()


def close_code(cookie: Cookie) -> int:
    async def code() -> int:
        socket = Socket(cookie)
        assert await socket.open()
        return await socket.closed()

    return async_to_sync(code)()


class TestAdmission:
    def test_a_stranger_is_refused_with_a_code(self) -> None:
        assert close_code("") == 4401

    def test_a_guest_of_the_demo_listens_by_the_cookie_of_the_page(self, client: Client, settings: Settings) -> None:
        settings.DEMO = True
        client.get("/")
        cookie = client.cookies[settings.CSRF_COOKIE_NAME].OutputString()

        async def scenario() -> None:
            async with tab(cookie) as guest:
                await guest.say(text="ping")
                assert await guest.frame() == {"topic": "pong"}

        run(scenario)
        assert close_code("") == 4401
        settings.DEMO = False
        assert close_code(cookie) == 4401

    def test_a_guest_has_so_many_sockets_and_takes_none_from_another(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.DEMO = True
        monkeypatch.setattr(consumers, "SOCKETS_PER_SESSION", 1)

        async def scenario() -> None:
            async with tab("sickbay_csrf=one"), tab("sickbay_csrf=two"):
                third = Socket("sickbay_csrf=one")
                assert await third.open()
                assert await third.closed() == 4429

        run(scenario)

    def test_a_session_that_ended_is_refused(self, cookie: Cookie, client: Client) -> None:
        client.logout()
        assert close_code(cookie) == 4401

    def test_another_site_is_refused(self, cookie: Cookie) -> None:
        async def scenario() -> None:
            assert not await Socket(cookie, origin=b"http://evil.example").open()

        run(scenario)

    def test_a_session_has_so_many_sockets(self, cookie: Cookie, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(consumers, "SOCKETS_PER_SESSION", 1)

        async def scenario() -> None:
            async with tab(cookie):
                second = Socket(cookie)
                assert await second.open()
                assert await second.closed() == 4429
            async with tab(cookie):  # The first one has gone.
                pass

        run(scenario)

    def test_a_socket_does_not_outlive_its_session(
        self, cookie: Cookie, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(consumers, "RECHECK", 0.01)

        async def scenario() -> None:
            async with tab(cookie) as socket:
                assert await socket.silent(0.05)
                await sync_to_async(client.logout)()
                assert await socket.closed() == 4401

        run(scenario)


class TestSignals:
    def test_a_change_is_told_at_once_by_its_ids(self, cookie: Cookie, cluster: Cluster) -> None:
        async def scenario() -> None:
            changed = uuid4()
            async with tab(cookie) as socket:
                seq = await announce(cluster, [changed])
                assert await socket.frame() == {
                    "seq": seq,
                    "prev": seq - 1,
                    "topic": "diagnoses",
                    "ids": [str(changed)],
                    "cluster": "prod-eu",
                }
                later = await announce(cluster, None, Update.Topic.CLUSTER)
                assert (await socket.frame())["prev"] == seq
                assert later == seq + 1

        run(scenario)

    def test_a_tab_is_told_up_to_where_it_has_to_ask(self, cookie: Cookie, cluster: Cluster) -> None:
        async def scenario() -> None:
            before = await announce(cluster, [uuid4()])
            async with tab(cookie) as socket:
                await announce(cluster, [uuid4()])
                assert (await socket.frame())["prev"] == before

        run(scenario)

    def test_a_burst_is_told_in_two_frames_that_name_everything(
        self, cookie: Cookie, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub, "INTERVAL", 0.3)

        async def scenario() -> None:
            changed = [uuid4() for _ in range(11)]
            async with tab(cookie) as socket:
                last = [await announce(cluster, [item]) for item in changed][-1]
                first, rest = await socket.frame(), await socket.frame()
                assert set(first["ids"]) | set(rest["ids"]) == {str(item) for item in changed}
                assert (rest["seq"], rest["prev"]) == (last, first["seq"])
                assert await socket.silent(0.4)

        run(scenario)

    def test_all_tabs_of_a_process_share_one_subscription(self, cookie: Cookie, cluster: Cluster) -> None:
        async def scenario() -> None:
            layer: Any = channel_layers["default"]
            async with tab(cookie) as one, tab(cookie) as other:
                seq = await announce(cluster, [uuid4()])
                assert (await one.frame())["seq"] == (await other.frame())["seq"] == seq
                assert len(layer.groups[live.GROUP]) == 1

        run(scenario)

    def test_a_ping_is_answered_and_nothing_else_is(self, cookie: Cookie) -> None:
        async def scenario() -> None:
            async with tab(cookie) as socket:
                await socket.say(text='{"type": "subscribe"}')
                await socket.say(bytes=b"ping")
                await socket.say(text="ping")
                assert await socket.frame() == {"topic": "pong"}
                assert await socket.silent(0.05)

        run(scenario)


class TestLoss:
    def test_what_the_layer_dropped_is_told_with_the_next_signal(self, cookie: Cookie, cluster: Cluster) -> None:
        async def scenario() -> None:
            lost, heard = [uuid4(), uuid4()], uuid4()
            async with tab(cookie) as socket:
                for item in lost:
                    await announce_unheard(cluster, [item])
                seq = await announce(cluster, [heard])
                told = await socket.frame()
                assert set(told["ids"]) == {str(item) for item in (*lost, heard)}
                assert told["seq"] == seq

        run(scenario)

    def test_what_the_layer_dropped_is_told_at_the_next_renewal(
        self, cookie: Cookie, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub, "RENEWAL", 0.05)

        async def scenario() -> None:
            lost = uuid4()
            async with tab(cookie) as socket:
                await announce_unheard(cluster, [lost])
                assert (await socket.frame())["ids"] == [str(lost)]

        run(scenario)

    def test_a_subscription_that_was_forgotten_is_renewed(
        self, cookie: Cookie, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub, "RENEWAL", 0.05)

        async def scenario() -> None:
            layer: Any = channel_layers["default"]
            async with tab(cookie) as socket:
                layer.groups.clear()  # As a Redis that was started anew.
                seq = await announce(cluster, [uuid4()])
                assert (await socket.frame())["seq"] == seq
                await subscribed()
                seq = await announce(cluster, [uuid4()])
                assert (await socket.frame())["seq"] == seq

        run(scenario)

    def test_a_layer_that_fails_is_tried_again(
        self, cookie: Cookie, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        layer: Any = channel_layers["default"]
        receive, failures = layer.receive, iter([ConnectionError("gone"), ConnectionError("still gone")])

        async def failing(channel: str) -> Any:
            if failure := next(failures, None):
                raise failure
            return await receive(channel)

        monkeypatch.setattr(layer, "receive", failing)

        async def scenario() -> None:
            async with tab(cookie) as socket:
                changed = uuid4()
                await announce(cluster, [changed])
                assert (await socket.frame())["ids"] == [str(changed)]

        run(scenario)

    def test_a_layer_that_is_away_from_the_start_is_no_reason_to_say_nothing(
        self, cookie: Cookie, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub, "RENEWAL", 0.05)

        async def away(*_args: object) -> None:
            raise ConnectionError("refused")

        monkeypatch.setattr(channel_layers["default"], "group_add", away)

        async def scenario() -> None:
            async with tab(cookie) as socket:
                changed = uuid4()
                await announce_unheard(cluster, [changed])
                assert (await socket.frame())["ids"] == [str(changed)]

        run(scenario)

    def test_what_was_pruned_meanwhile_is_fetched_again(
        self, cookie: Cookie, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hub, "RENEWAL", 0.05)

        async def scenario() -> None:
            async with tab(cookie) as socket:
                first = await announce(cluster, [uuid4()])
                await socket.frame()
                await prune_and_go_on(cluster, first)
                told = await socket.frame()
                assert (told["seq"], told["ids"], told["cluster"]) == (first + 100, None, None)

        run(scenario)


def test_without_tabs_nobody_listens(cookie: Cookie) -> None:
    async def scenario() -> None:
        async with tab(cookie):
            session = cookie.split("=")[1].split(";")[0]
            assert Hub.here().sockets_of(session) == 1
            await subscribed()
        assert Hub.here().sockets_of(session) == 0
        assert not [task for task in asyncio.all_tasks() if "Hub." in repr(task.get_coro()) and not task.cancelling()]

    run(scenario)
