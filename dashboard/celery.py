"""The Celery application: `celery --app dashboard.celery worker`. Tasks are those of `diagnostics.tasks`.

Workers and beat leave signs of life: for `/readyz` in the cache, for a container's health check as a file.
"""

from __future__ import annotations

import logging.config
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import after_task_publish, beat_init, heartbeat_sent, setup_logging, task_success
from django.conf import settings
from django.core.cache import cache
from kombu import Queue
from redis.exceptions import RedisError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

QUEUES = ("watch", "rest")
SEEN_SECONDS = 60.0  # How long a worker that says nothing more still counts as seen.
PRUNED_KEY = "pruned-at"  # In the cache: when the retention settings were applied last, a Unix time.

app = Celery("sickbay")
app.conf.update(settings.CELERY, task_queues=[Queue(name) for name in QUEUES], task_create_missing_queues=False)
app.autodiscover_tasks()


def seen_key(queue: str) -> str:
    """The cache key under which the last sign of life of a queue's workers is kept."""
    return f"worker-seen:{queue}"


@setup_logging.connect
def log_as_set(**_: Any) -> None:
    """Celery, which would format its own lines, leaves that to whoever hears this signal."""
    logging.config.dictConfig(settings.LOGGING)


@heartbeat_sent.connect
def note_worker(**_: Any) -> None:
    """Notes, every two seconds, that the queues of this worker have somebody who empties them (`health`)."""
    queues = list(app.amqp.queues.consume_from)
    _touch("-".join(queues))
    with suppress(RedisError):  # A worker that cannot say so is not seen, which is what is true of it then.
        cache.set_many({seen_key(queue): time.time() for queue in queues}, SEEN_SECONDS)


@task_success.connect
def note_end(sender: Any, **_: Any) -> None:
    """Notes when what is too old was forgotten last, for those who ask."""
    if sender.name == "diagnostics.prune":
        note_pruning()


def note_pruning() -> None:
    """Notes that it was done now."""
    with suppress(RedisError):  # Then nobody is told when it was: that it was done is what counts.
        cache.set(PRUNED_KEY, time.time(), timeout=None)


@beat_init.connect
def note_beat(**_: Any) -> None:
    """From now on notes each task that beat has handed to the broker."""

    def note(**_: Any) -> None:
        _touch("beat")

    after_task_publish.connect(note, weak=False)


def _touch(name: str) -> None:
    alive = Path(settings.DATA_DIR) / "alive"
    alive.mkdir(parents=True, exist_ok=True)
    (alive / name).touch()
