"""The workloads of diagnoses, as they are stored of their cluster."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from diagnostics.kube.resources import BY_NAME
from diagnostics.models import Diagnosis, KnownObject
from diagnostics.operations.bulk import chunks
from diagnostics.operations.packing import unpack
from diagnostics.operations.picture import WORKLOADS

_RESOURCES = {kind: resource for resource, kind in WORKLOADS.items()} | {"Node": "nodes"}


def workloads_of(rows: Iterable[Diagnosis]) -> dict[int, Any]:
    """The workload, or the node, of each diagnosis by its number; none of a kind that is not kept, or that is gone."""
    found: dict[int, Any] = {}
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
                found[row.number] = unpack(known.body, BY_NAME[known.resource].type)
    return found
