from __future__ import annotations

import asyncio

import pytest
from celery import Celery
from channels_redis.core import RedisChannelLayer
from django.core.cache.backends.redis import RedisCache
from redis import Redis

from dashboard.redis_url import RedisUrl
from tests.servers import private_redis


@pytest.mark.parametrize(
    ("given", "celery", "channels", "cache"),
    [
        ("redis://redis:6379", "redis://redis:6379/0", "redis://redis:6379/1", "redis://redis:6379/2"),
        ("redis://:p%40ss@redis/4", "redis://:p%40ss@redis/4", "redis://:p%40ss@redis/5", "redis://:p%40ss@redis/6"),
        ("rediss://redis:6380/0", "rediss://redis:6380/0", "rediss://redis:6380/1", "rediss://redis:6380/2"),
        (
            "unix:///run/r.sock",
            "redis+socket:///run/r.sock?virtual_host=0",
            "unix:///run/r.sock?db=1",
            "unix:///run/r.sock?db=2",
        ),
        ("unix:///r.sock?db=3", "redis+socket:///r.sock?virtual_host=3", "unix:///r.sock?db=4", "unix:///r.sock?db=5"),
    ],
)
def test_each_library_gets_its_own_dialect_and_database(given: str, celery: str, channels: str, cache: str) -> None:
    url = RedisUrl.parse(given)

    assert (url.for_celery(), url.for_channels()["address"], url.for_cache()) == (celery, channels, cache)
    assert url.tls == given.startswith("rediss")


@pytest.mark.parametrize("given", ["redis://redis:6379", "rediss://redis:6380", "unix:///run/r.sock"])
def test_the_channel_layer_waits_longer_for_an_answer_than_it_blocks_for_a_message(given: str) -> None:
    layer = RedisChannelLayer(hosts=[RedisUrl.parse(given).for_channels()])

    connection = layer.create_pool(0).make_connection()

    assert connection.socket_timeout > layer.brpop_timeout


def test_over_one_socket_each_uses_its_own_database() -> None:
    with private_redis(over_socket=True) as server:
        url = RedisUrl.parse(f"{server}?db=3")

        with Celery(broker=url.for_celery(), set_as_current=False) as app:
            app.send_task("anything")
        asyncio.run(RedisChannelLayer(hosts=[url.for_channels()]).send("somebody", {"type": "anything"}))
        RedisCache(url.for_cache(), {}).set("anything", 1)

        with Redis.from_url(server) as redis:
            assert {name: int(keys["keys"] > 0) for name, keys in redis.info("keyspace").items()} == {
                "db3": 1,
                "db4": 1,
                "db5": 1,
            }
