"""The labels of a diagnosis' workload, from what is stored of the cluster."""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.models import Diagnosis
from diagnostics.operations.kept_workloads import workloads_of


def labels_of(row: Diagnosis) -> dict[str, str]:
    """The labels of the workload itself; none for a kind that is not kept, or one that is gone."""
    return labels_by_workload([row]).get(row.number, {})


def labels_by_workload(rows: Iterable[Diagnosis]) -> dict[int, dict[str, str]]:
    """The same for many diagnoses, by their number."""
    return {number: workload.metadata.labels for number, workload in workloads_of(rows).items()}
