"""The Celery application: `celery -A dashboard.celery worker`. Tasks are those of `diagnostics.tasks`."""

from __future__ import annotations

import os
import time
from typing import Any

from celery import Celery
from celery.signals import heartbeat_sent
from django.conf import settings
from django.core.cache import cache

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

QUEUES = ("watch", "rest")
SEEN_SECONDS = 60.0  # How long a worker that says nothing more still counts as seen.

app = Celery("sickbay")
app.conf.update(settings.CELERY)
app.autodiscover_tasks()


@heartbeat_sent.connect
def note_worker(**_: Any) -> None:
    """Notes, every two seconds, that the queues of this worker have somebody who empties them (`health`)."""
    cache.set_many({seen_key(queue): time.time() for queue in app.amqp.queues.consume_from}, SEEN_SECONDS)


def seen_key(queue: str) -> str:
    """The cache key under which the last sign of life of a queue's workers is kept."""
    return f"worker-seen:{queue}"
