"""What a badge is about, and what is open there."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from diagnostics.models import Cluster, Diagnosis
from diagnostics.queries.narrowing import IS_OPEN
from diagnostics.rules.model import Severity


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster, or a namespace or workload in it; blank means all."""

    cluster: str
    namespace: str = ""
    workload: str = ""  # Its name, or kind and name: "Deployment/cart".

    def conditions(self) -> dict[str, str]:
        """The same as conditions on `Diagnosis`."""
        kind, _, name = self.workload.rpartition("/")
        named = {"cluster__name": self.cluster, "namespace": self.namespace}
        return {
            column: value for column, value in {**named, "workload_kind": kind, "workload_name": name}.items() if value
        }


def cluster_of(place: Place) -> Cluster | None:
    """Its cluster, without the bulky fields; None if it is not watched any more."""
    return Cluster.objects.defer("resource_versions", "bookings", "tallies").filter(name=place.cluster).first()


def open_in(place: Place) -> dict[Severity, int]:
    """How many diagnoses are open there, by severity, the worst first."""
    found = Diagnosis.objects.filter(IS_OPEN, **place.conditions()).order_by("-severity").values_list("severity")
    return {Severity(severity): count for severity, count in found.annotate(open=Count("pk"))}
