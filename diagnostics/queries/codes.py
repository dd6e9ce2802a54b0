"""What is open by the code of its cause, for the reference of codes."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from diagnostics.models import Diagnosis
from diagnostics.queries.narrowing import IS_OPEN

WORST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class OpenHere:
    """The open diagnoses with one code: how many, and the worst of them."""

    count: int
    worst: tuple[Diagnosis, ...]


def open_by_code() -> dict[str, int]:
    """How many diagnoses are open by code; only codes that have any."""
    found = Diagnosis.objects.filter(IS_OPEN).order_by().values_list("code").annotate(open=Count("pk"))
    return dict(found)


def open_with(code: str) -> OpenHere:
    """The open diagnoses with a code, the worst first, of those the oldest."""
    rows = Diagnosis.objects.filter(IS_OPEN, code=code)
    worst = rows.select_related("cluster").order_by("-severity", "first_seen", "pk")[:WORST_SHOWN]
    return OpenHere(rows.count(), tuple(worst))
