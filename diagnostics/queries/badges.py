"""Badges, what is open where they look, and what they may look at."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from diagnostics.models import Badge, Diagnosis, KnownObject
from diagnostics.operations.picture import WORKLOADS
from diagnostics.queries.narrowing import IS_OPEN, in_cluster
from diagnostics.rules.model import Severity

_BULKY = ("cluster__resource_versions", "cluster__bookings", "cluster__tallies")
PLACES_LIMIT = 1_000  # Workloads that are offered.


@dataclass(frozen=True, slots=True)
class Places:
    """What a badge may be about, as far as it was seen: names of namespaces, and workloads as kind and name."""

    namespaces: tuple[str, ...]
    workloads: tuple[str, ...]


def every() -> list[Badge]:
    """All badges, the newest first."""
    return list(Badge.objects.select_related("cluster", "created_by").defer(*_BULKY))


def find(key: str) -> Badge | None:
    """The badge with a key; None if it was revoked, or never made."""
    if "\0" in key:
        return None  # PostgreSQL takes none.
    return Badge.objects.select_related("cluster").defer(*_BULKY).filter(key=key).first()


def open_in(badge: Badge) -> dict[Severity, int]:
    """How many diagnoses are open where it looks, by severity, the worst first."""
    kind, name = _workload(badge)
    named = {"namespace": badge.namespace, "workload_kind": kind, "workload_name": name}
    here = Diagnosis.objects.filter(IS_OPEN, in_cluster(badge.cluster_id), **_given(named))
    found = here.order_by("-severity").values_list("severity")
    return {Severity(severity): count for severity, count in found.annotate(open=Count("pk"))}


def is_seen(badge: Badge) -> bool:
    """Whether there is what it looks at: of a name that was never read, nothing can be said.

    Healthy pods are not kept, so a namespace of bare pods alone counts only once one of them has failed.
    """
    if not (badge.namespace or badge.workload):
        return True
    kind, name = _workload(badge)
    resources = [resource for resource, of in WORKLOADS.items() if kind in ("", of)] if name else list(WORKLOADS)
    known = KnownObject.objects.filter(cluster=badge.cluster_id, resource__in=resources)
    diagnosed = {"namespace": badge.namespace, "workload_kind": kind, "workload_name": name}
    return (
        known.filter(**_given({"namespace": badge.namespace, "name": name})).exists()
        or Diagnosis.objects.filter(cluster=badge.cluster_id, **_given(diagnosed)).exists()
    )


def places() -> Places:
    """What there is in all clusters."""
    seen = KnownObject.objects.filter(resource__in=WORKLOADS)
    namespaces = seen.order_by("namespace").values_list("namespace", flat=True).distinct()[:PLACES_LIMIT]
    workloads = seen.order_by("name").values_list("resource", "name").distinct()[:PLACES_LIMIT]
    return Places(tuple(namespaces), tuple(f"{WORKLOADS[resource]}/{name}" for resource, name in workloads))


def _workload(badge: Badge) -> tuple[str, str]:
    """Its kind, blank for any, and its name."""
    kind, _, name = badge.workload.rpartition("/")
    return kind, name


def _given(conditions: dict[str, str]) -> dict[str, str]:
    return {column: value for column, value in conditions.items() if value}
