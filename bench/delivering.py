"""Ten thousand changes, told through a receiver that fails 30 % of the time, by workers that die at random.

`python -m bench.delivering [CHANGES]` prints what deciding and delivering cost a change against one INSERT of a row,
and checks that every notice arrived, those of each diagnosis in their order. On the database of `DATABASE_URL`, else
on a SQLite file.
"""

from __future__ import annotations

import json
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4

from bench.database import migrated

T0 = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
STEPS = ("medium", "high", "critical")  # Each is news: an opening and two escalations.
DEATH, FAILURE = 0.02, 0.30


def measure(changes: int, vendor: str) -> None:
    """Measures, prints and checks."""
    from diagnostics.models import Channel, Cluster, Delivery, Route  # noqa: PLC0415 - needs Django set up.
    from tests.notify.receivers import receiving  # noqa: PLC0415

    with receiving() as receiver:
        cluster = Cluster.objects.create(name="bench")
        Cluster.objects.update(added_at=T0 - timedelta(days=1))
        settings = {"url": receiver.url, "secrets": ["whsec_" + "QUFB" * 10]}
        channel = Channel.objects.create(name="bench", kind="webhook", settings=settings)
        Route.objects.create(name="bench", position=1).channels.set([channel])
        cluster.refresh_from_db()
        deciding = _decide(cluster, changes)
        made = Delivery.objects.count()
        plain = _insert(Delivery.objects.latest("pk"), 1_000)
        started = time.perf_counter()
        workers = _deliver_all(receiver)
        sending = (time.perf_counter() - started) / made
        _check(receiver, made)
    print(f"telling {made:,} changes on {vendor}: {workers} workers died; every notice arrived, in its order")
    print(
        f"  deciding {deciding / plain:.1f}, delivering {sending / plain:.1f} times one INSERT of {plain * 1e6:.0f} us"
    )


def _decide(cluster: Any, changes: int) -> float:
    """Seconds a change: few open at once, so that no storm swallows them."""
    from django.db import transaction  # noqa: PLC0415

    from diagnostics.operations.announcing import announce  # noqa: PLC0415
    from diagnostics.operations.recording import record  # noqa: PLC0415
    from tests.operations.building import judgement, verdict  # noqa: PLC0415

    spent, now, known = 0.0, T0, changes // len(STEPS)
    for first in range(0, known, 5):
        names = [f"w{number}" for number in range(first, min(first + 5, known))]
        for severity in STEPS:
            now += timedelta(minutes=6)
            found = [verdict(name=name, namespace=name, severity=severity, notify_at=T0) for name in names]
            with transaction.atomic():
                record(cluster, judgement(*found), now, namespaces=names)
            started = time.perf_counter()
            announce(now)
            spent += time.perf_counter() - started
    return spent / changes


def _insert(like: Any, rows: int) -> float:
    """Seconds for one INSERT of such a row."""
    from django.db import transaction  # noqa: PLC0415

    started = time.perf_counter()
    for _ in range(rows):
        with transaction.atomic():
            like.pk, like.uuid, like.state = None, uuid4(), "dead"
            like.save(force_insert=True)
    return (time.perf_counter() - started) / rows


def _deliver_all(receiver: Any) -> int:
    """Has workers deliver until nothing is left; returns how many of them died."""
    from diagnostics.models import Delivery  # noqa: PLC0415
    from diagnostics.notify import sender  # noqa: PLC0415
    from diagnostics.operations.delivering import deliver  # noqa: PLC0415
    from tests.notify.receivers import LOOPBACK, Reply  # noqa: PLC0415

    dice, died, rounds = random.Random(7), 0, count(1)  # noqa: S311 - no secret
    start = datetime.now(UTC)

    def mortal(message: Any) -> Any:
        receiver.otherwise = Reply(503) if dice.random() < FAILURE else Reply()
        answer = sender.send(message, LOOPBACK)
        if dice.random() < DEATH:
            raise KeyboardInterrupt
        return answer

    while Delivery.objects.filter(state="pending").exists():
        try:
            now = start + next(rounds) * timedelta(minutes=10)
            deliver(mortal, partial(_at, now))
        except KeyboardInterrupt:
            died += 1
    return died


def _at(moment: datetime) -> datetime:
    return moment


def _check(receiver: Any, made: int) -> None:
    severities: dict[str, list[str]] = {}
    ids = set()
    for received in receiver.received:
        ids.add(received.headers["webhook-id"])
        data = json.loads(received.body)["data"]
        severities.setdefault(data["id"], []).append(data["severity"])
    assert len(ids) == made, f"{made - len(ids)} notices never arrived"
    for told in severities.values():
        assert told == sorted(told, key=STEPS.index), told


if __name__ == "__main__":
    with migrated() as vendor:
        measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, vendor)
