"""The labels of a diagnosis' workload, from what is stored of the cluster."""

from __future__ import annotations

from diagnostics.kube.resources import BY_NAME
from diagnostics.models import Diagnosis, KnownObject
from diagnostics.operations.packing import unpack
from diagnostics.operations.picture import WORKLOADS

_RESOURCES = {kind: resource for resource, kind in WORKLOADS.items()} | {"Node": "nodes"}


def labels_of(row: Diagnosis) -> dict[str, str]:
    """The labels of the workload itself; none for a kind that is not kept, or one that is gone."""
    resource = _RESOURCES.get(row.workload_kind)
    if resource is None:
        return {}
    kept = KnownObject.objects.filter(
        cluster=row.cluster_id, resource=resource, namespace=row.namespace, name=row.workload_name
    ).first()
    labels: dict[str, str] = unpack(kept.body, BY_NAME[resource].type).metadata.labels if kept else {}
    return labels
