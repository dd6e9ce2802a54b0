"""What Celery is told, and what it must not be told."""

from __future__ import annotations

import pytest
from django.conf import settings

from dashboard.celery import QUEUES, app


@pytest.fixture(autouse=True, scope="module")
def tasks() -> None:
    """As a worker does it at its start."""
    app.loader.import_default_modules()


def test_the_configuration_is_ours() -> None:
    assert app.conf.task_serializer == "json"
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_ignore_result
    assert app.conf.worker_prefetch_multiplier == 1


def test_what_is_acknowledged_late_ends_before_the_broker_gives_it_to_another_worker() -> None:
    assert app.conf.task_time_limit < app.conf.broker_transport_options["visibility_timeout"]
    for task in app.tasks.values():
        if task.acks_late:
            assert (task.time_limit or 0) < app.conf.broker_transport_options["visibility_timeout"], task.name


def test_what_beat_sends_exists_expires_and_goes_where_a_worker_is() -> None:
    for entry in app.conf.beat_schedule.values():
        assert entry["task"] in app.tasks
        assert entry["options"]["expires"] <= entry["schedule"]
        assert entry["options"]["queue"] in QUEUES


def test_every_task_goes_to_a_queue_that_is_emptied() -> None:
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]

    assert ours
    for task in ours:
        route = app.amqp.router.route({}, task.name)
        assert (route.get("queue") and route["queue"].name) in QUEUES, task.name


@pytest.mark.parametrize("name", sorted(settings.CELERY["task_routes"]))
def test_every_route_names_a_task(name: str) -> None:
    assert name in app.tasks
