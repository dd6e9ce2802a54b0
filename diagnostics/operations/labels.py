"""The labels of a diagnosis' workload, from what is stored of the cluster."""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.kube.resources import BY_NAME
from diagnostics.models import Diagnosis, KnownObject
from diagnostics.operations.bulk import chunks
from diagnostics.operations.packing import unpack
from diagnostics.operations.picture import WORKLOADS

_RESOURCES = {kind: resource for resource, kind in WORKLOADS.items()} | {"Node": "nodes"}


def labels_of(row: Diagnosis) -> dict[str, str]:
    """The labels of the workload itself; none for a kind that is not kept, or one that is gone."""
    return labels_by_workload([row]).get(row.number, {})


def labels_by_workload(rows: Iterable[Diagnosis]) -> dict[int, dict[str, str]]:
    """The same for many diagnoses, by their number."""
    found: dict[int, dict[str, str]] = {}
    for chunk in chunks(row for row in rows if row.workload_kind in _RESOURCES):
        kept = KnownObject.objects.filter(
            cluster__in={row.cluster_id for row in chunk},
            resource__in={_RESOURCES[row.workload_kind] for row in chunk},
            name__in={row.workload_name for row in chunk},
        )
        bodies = {(known.cluster_id, known.resource, known.namespace, known.name): known for known in kept}
        for row in chunk:
            known = bodies.get((row.cluster_id, _RESOURCES[row.workload_kind], row.namespace, row.workload_name))
            if known is not None:
                found[row.number] = unpack(known.body, BY_NAME[known.resource].type).metadata.labels
    return found
