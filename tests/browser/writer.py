"""Changes the stored rows of a running site, as a worker would: one JSON command a line, one answer a line.

A program of its own: the site has a database of its own, and a browser test's thread may not touch the ORM.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.models import Session  # noqa: E402
from django.db import transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from dashboard.signin import one_time_link  # noqa: E402
from diagnostics import live  # noqa: E402
from diagnostics.models import (  # noqa: E402
    Channel,
    Cluster,
    Delivery,
    Diagnosis,
    KeptLog,
    Occurrence,
    Route,
    Silence,
    Suspect,
    Update,
)
from diagnostics.operations import delivering, sending  # noqa: E402
from tests.web import filled, pods, rows  # noqa: E402


def reset(**clusters: dict[str, Any]) -> None:
    """Nothing is stored but the named clusters, read just now."""
    for model in (Cluster, Channel, Route, Silence):
        model.objects.all().delete()
    Session.objects.all().delete()
    User.objects.all().delete()
    for name, columns in clusters.items():
        rows.a_cluster(name, **columns)


def open_diagnosis(name: str, cluster: str, **changes: Any) -> int:
    """A new diagnosis; returns its number."""
    with transaction.atomic():
        row = rows.a_diagnosis(Cluster.objects.get(name=cluster), name, **changes)
        live.announce(row.cluster, Update.Topic.DIAGNOSES, [row.uuid])
    return row.number


def fill() -> dict[str, Any]:
    """Something of everything that pages show; returns what their addresses are made of."""
    reset()
    one_time_link()  # Makes the administrator.
    worst = filled.fill(User.objects.get())
    return {
        "number": worst.number,
        "uid": worst.verdict["pods"][0]["uid"],
        "cluster": str(worst.cluster.uuid),
        "channel": str(Channel.objects.earliest("pk").uuid),
        "route": str(Route.objects.get().uuid),
        "delivery": str(Delivery.objects.earliest("pk").uuid),
    }


def keep_pod(name: str, runs: list[list[str]]) -> None:
    """The first pod of a diagnosis is kept, and the lines of its container's runs, the first run first."""
    with transaction.atomic():
        row = Diagnosis.objects.get(workload_name=name)
        pod = Suspect.objects.filter(uid=f"{name}-uid").first() or pods.a_pod(row)
        KeptLog.objects.filter(pod_uid=pod.uid).delete()
        for restart, lines in enumerate(runs, 1):
            pods.a_log(pod, *lines, restart=restart)
        live.announce(row.cluster, Update.Topic.DIAGNOSES, [row.uuid])


def change(name: str, **fields: Any) -> None:
    """Fields of a diagnosis and of its verdict change."""
    with transaction.atomic():
        row = Diagnosis.objects.get(workload_name=name)
        for field, value in fields.items():
            row.verdict[field] = value
            if field in ("summary", "pods_affected", "version", "last_fixed_by"):
                setattr(row, field, value)
        row.save()
        live.announce(row.cluster, Update.Topic.DIAGNOSES, [row.uuid])


def resolve(name: str) -> None:
    """A diagnosis is resolved."""
    now = timezone.now()
    with transaction.atomic():
        row = Diagnosis.objects.get(workload_name=name)
        row.state, row.resolved_at = Diagnosis.State.RESOLVED, now
        row.save()
        Occurrence.objects.filter(diagnosis=row).update(ended_at=now)
        live.announce(row.cluster, Update.Topic.DIAGNOSES, [row.uuid])


def lose(cluster: str) -> None:
    """A cluster cannot be reached any more."""
    with transaction.atomic():
        row = Cluster.objects.get(name=cluster)
        row.fresh_at, row.failing_since, row.failure = rows.before(minutes=6), rows.before(minutes=6), "timed out"
        row.save()
        live.announce(row, Update.Topic.CLUSTER)


def deliver() -> int:
    """A worker sends what is due."""
    return delivering.deliver(sending.opened())


def link() -> str:
    """A sign-in link of the administrator."""
    return one_time_link()


COMMANDS: dict[str, Callable[..., Any]] = {
    command.__name__: command
    for command in (reset, fill, open_diagnosis, keep_pod, change, resolve, lose, deliver, link)
}

if __name__ == "__main__":
    for line in sys.stdin:
        name, arguments = json.loads(line)
        sys.stdout.write(json.dumps(COMMANDS[name](**arguments)) + "\n")
        sys.stdout.flush()
