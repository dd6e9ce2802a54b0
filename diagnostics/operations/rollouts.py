"""Deploys: a workload's new pod template, noted when it is first seen in effect. What charts mark.

Sources: the annotations with which controllers number the templates of Deployments and DaemonSets (a template that
comes back gets a new number); a StatefulSet's `status.updateRevision`; `metadata.managedFields` for who and when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from diagnostics.engine.revisions import REVISION
from diagnostics.models import Cluster, Rollout
from diagnostics.snapshot.objects import Workload

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
LONGEST_TOOL = 200

_REVISIONS: dict[str, tuple[str, Callable[[Workload], str]]] = {  # By resource: the kind, and what is in effect.
    "deployments": ("Deployment", lambda found: found.metadata.annotations.get(REVISION, "")),
    "daemonsets": ("DaemonSet", lambda found: found.metadata.annotations.get(TEMPLATE_GENERATION, "")),
    "statefulsets": ("StatefulSet", lambda found: found.status.update_revision.rpartition("-")[2]),
}


@dataclass(frozen=True, slots=True)
class RolledOut:
    """One deploy: of what, which revision, by which tool ("" where nothing tells), and when."""

    kind: str
    namespace: str
    name: str
    revision: str
    by: str
    at: datetime

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What there is one row of."""
        return self.kind, self.namespace, self.name, self.revision


def rolled_out(resource: str, old: Workload, new: Workload, now: datetime) -> RolledOut | None:
    """The deploy that lies between two sights of an object, if one does. `now` stands in where no writer's time is told."""
    if resource not in _REVISIONS or old.metadata.uid != new.metadata.uid:
        return None
    kind, revision_of = _REVISIONS[resource]
    before, after = revision_of(old), revision_of(new)
    if not after or before == after:
        return None
    if kind == "StatefulSet":  # A template that comes back has the hash that it had before.
        after = f"{after}.{new.metadata.generation}"
    at, by = _written(new) or (now, "")
    return RolledOut(kind, new.metadata.namespace, new.metadata.name, after, by, at)


def _written(workload: Workload) -> tuple[datetime, str] | None:
    """When who last wrote the object itself: neither its status nor its scale."""
    writes = workload.metadata.managed_fields
    return max(((write.time, write.manager) for write in writes if write.time and not write.subresource), default=None)


def save(cluster: Cluster, rollouts: Iterable[RolledOut]) -> None:
    """Stores deploys. A workload that was deleted and made anew counts its revisions anew: the later one is kept."""
    Rollout.objects.bulk_create(
        (
            Rollout(
                cluster=cluster,
                namespace=found.namespace,
                workload_kind=found.kind,
                workload_name=found.name,
                revision=found.revision,
                by=found.by[:LONGEST_TOOL],
                at=found.at,
            )
            for found in rollouts
        ),
        update_conflicts=True,
        unique_fields=("cluster", "namespace", "workload_kind", "workload_name", "revision"),
        update_fields=("by", "at"),
    )
