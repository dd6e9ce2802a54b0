"""`/healthz` and `/readyz`: whether this process lives, and whether the product works."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from django.core.cache import cache
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.deprecation import MiddlewareMixin
from redis.exceptions import RedisError

from dashboard import queues

OK = "ok"

log = logging.getLogger(__name__)


class Unready(Exception):
    """A check of `/readyz` that fails; its text is what people are told."""


class HealthMiddleware(MiddlewareMixin):
    """Answers probes before anything else can refuse them: they name any host and come without TLS."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """The answer to a probe; None for every other path."""
        if request.path_info == "/healthz":
            return JsonResponse({"status": "ok"})
        return ready() if request.path_info == "/readyz" else None


def ready() -> JsonResponse:
    """200 if every check passes, else 503; either way each check with `ok` or what is wrong."""
    checks = outcomes()
    works = all(outcome == OK for outcome in checks.values())
    return JsonResponse({"status": "ok" if works else "failing", "checks": checks}, status=200 if works else 503)


def outcomes() -> dict[str, str]:
    """Each check by name, with OK or what is wrong."""
    return {name: _outcome(name, check) for name, check in CHECKS.items()}


def check_database() -> None:
    """The database answers."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT 1")


def check_migrations() -> None:
    """The database's tables are those of this version."""
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise Unready(f"{len(missing)} to apply; run manage.py migrate")


def check_redis() -> None:
    """Redis answers."""
    cache.get("readyz")


def check_workers() -> None:
    """Every queue has a worker that was seen lately; without one, what is shown is no longer being updated."""
    unseen = [queue for queue, at in queues.seen().items() if at is None]
    if unseen:
        raise Unready(f"none seen in the last minute for the queue {' and '.join(unseen)}")


def _outcome(name: str, check: Callable[[], None]) -> str:
    try:
        check()
    except Unready as reason:
        return str(reason)
    except (DatabaseError, RedisError) as error:
        log.warning("readyz: %s: %s", name, error)  # Its text may name hosts and users: for the log alone.
        return "does not answer"
    return OK


CHECKS: Mapping[str, Callable[[], None]] = {
    "database": check_database,
    "redis": check_redis,
    "migrations": check_migrations,
    "workers": check_workers,
}
