"""What only Redis knows of the workers: what waits for them, and when each queue was last seen to have one."""

from __future__ import annotations

from django.conf import settings
from django.core.cache import cache
from redis import Redis

from dashboard.celery import QUEUES, seen_key

PATIENCE = 2.0  # Seconds; a scrape has ten, a reader less.


def waiting() -> dict[str, int]:
    """How many tasks wait in each queue: Celery keeps them as a list of the queue's name. Raises RedisError."""
    with _server() as server:
        return {queue: server.llen(queue) for queue in QUEUES}


def seen() -> dict[str, float | None]:
    """When each queue's workers last gave a sign of life, as a Unix time; None if not lately. Raises RedisError."""
    found: dict[str, float] = cache.get_many([seen_key(queue) for queue in QUEUES])
    return {queue: found.get(seen_key(queue)) for queue in QUEUES}


def version() -> str:
    """Redis' own version. Raises RedisError."""
    with _server() as server:
        return str(server.info("server")["redis_version"])


def _server() -> Redis:
    timeouts = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    return Redis.from_url(settings.QUEUES_URL, **timeouts)
