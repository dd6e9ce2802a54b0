"""What a wallboard shows: how bad each cluster is, the worst that is open, and what healed last."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Count, QuerySet

from diagnostics.models import Diagnosis
from diagnostics.queries.lists import Tab, listing
from diagnostics.queries.narrowing import IS_OPEN, Filter, is_snoozed
from diagnostics.rules.model import Severity


@dataclass(frozen=True, slots=True)
class Board:
    """The open diagnoses of some clusters at a moment; what is snoozed is left out."""

    open: dict[str, Counter[Severity]]  # By the cluster's name; only those that have one.
    worst: tuple[Diagnosis, ...]  # As the triage page orders them.
    last_resolved: Diagnosis | None

    @property
    def severities(self) -> Counter[Severity]:
        """How many there are of each severity, in all clusters."""
        return sum(self.open.values(), Counter())


def board(chosen: Filter, now: datetime, user: User, most: int) -> Board:
    """The board of what a filter leaves, with at most so many of the worst."""
    narrowed = Diagnosis.objects.filter(chosen.condition())
    healed = (
        narrowed.filter(state=Diagnosis.State.RESOLVED).select_related("cluster").order_by("-resolved_at", "number")
    )
    return Board(
        open=_by_cluster(_counted(narrowed.filter(IS_OPEN)) - _counted(narrowed.filter(is_snoozed(now)))),
        worst=listing(Tab.OPEN, chosen, now, user).rows[:most],
        last_resolved=healed.first(),
    )


def _counted(rows: QuerySet[Diagnosis]) -> Counter[tuple[str, int]]:
    """How many there are of each cluster's name and severity."""
    counted = rows.order_by().values_list("cluster__name", "severity").annotate(n=Count("pk"))
    return Counter({(cluster, severity): n for cluster, severity, n in counted})


def _by_cluster(counted: Counter[tuple[str, int]]) -> dict[str, Counter[Severity]]:
    found: dict[str, Counter[Severity]] = {}
    for (cluster, severity), n in counted.items():
        found.setdefault(cluster, Counter())[Severity(severity)] = n
    return found
