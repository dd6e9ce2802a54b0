from __future__ import annotations

import time

import pytest
from django.core.cache import cache
from django.db import connection, connections
from django.db.utils import OperationalError
from django.test import Client
from pytest_django import Settings

from dashboard.celery import QUEUES, note_worker, seen_key


@pytest.fixture
def workers() -> None:
    cache.set_many({seen_key(queue): time.time() for queue in QUEUES})


@pytest.fixture(autouse=True)
def clean_cache() -> None:
    cache.clear()


def test_the_process_is_alive_whatever_else_is_down(client: Client) -> None:
    response = client.get("/healthz", headers={"host": "10.0.0.7:8000"})

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
@pytest.mark.usefixtures("workers")
def test_ready_when_everything_answers(client: Client) -> None:
    response = client.get("/readyz", headers={"host": "10.0.0.7:8000"})

    checks = {"database": "ok", "redis": "ok", "migrations": "ok", "workers": "ok"}
    assert (response.status_code, response.json()) == (200, {"status": "ok", "checks": checks})


@pytest.mark.django_db
def test_a_queue_without_a_worker_is_named(client: Client) -> None:
    cache.set(seen_key("rest"), time.time())

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["workers"] == "none seen in the last minute for the queue watch"


@pytest.mark.django_db
@pytest.mark.usefixtures("workers")
def test_missing_migrations_are_counted(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'diagnostics'")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["migrations"].endswith("to apply; run manage.py migrate")


@pytest.mark.django_db
def test_a_dead_redis_is_said_without_its_address(client: Client, settings: Settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://:password@127.0.0.1:9/2",
        }
    }

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["redis"] == response.json()["checks"]["workers"] == "does not answer"
    assert b"password" not in response.content


@pytest.mark.django_db
@pytest.mark.usefixtures("workers")
def test_a_dead_database_is_said(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OperationalError("no such host: db.example")

    monkeypatch.setattr(connections["default"], "cursor", refuse)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"] == {
        "database": "does not answer", "redis": "ok", "migrations": "does not answer", "workers": "ok",
    }  # fmt: skip


@pytest.mark.django_db
def test_a_worker_that_beats_is_seen(client: Client) -> None:
    note_worker()  # As Celery calls it; this process would empty every queue.

    assert client.get("/readyz").json()["checks"]["workers"] == "ok"
