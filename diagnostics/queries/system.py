"""How Sickbay itself fares: what waits to be sent, how its reads went, what it runs on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count, Max, Min

from diagnostics.models import Cluster, Delivery, Run


@dataclass(frozen=True, slots=True)
class Outbox:
    """Messages that wait: how many, and since when the first of them is due."""

    waiting: int
    due_since: datetime | None


def outbox() -> Outbox:
    """What waits for channels that are on."""
    pending = Delivery.objects.filter(state=Delivery.State.PENDING, channel__enabled=True)
    found = pending.aggregate(waiting=Count("pk"), due_since=Min("due_at"))
    return Outbox(found["waiting"], found["due_since"])


def latest_runs() -> dict[int, Run]:
    """The latest sweep or slice of each cluster, by the cluster's key."""
    newest = Cluster.objects.annotate(newest=Max("runs__pk")).values_list("newest", flat=True).order_by()
    return {run.cluster_id: run for run in Run.objects.filter(pk__in=list(newest))}


def database_version() -> str:
    """`SQLite 3.46.1`, `PostgreSQL 17.2`."""
    statement = "SHOW server_version" if connection.vendor == "postgresql" else "SELECT sqlite_version()"
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return f"{connection.display_name} {cursor.fetchone()[0]}"
