"""What changed before it failed: the template of the failing revision against the one before it.

Source: a Deployment numbers its ReplicaSets with the annotation `deployment.kubernetes.io/revision`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from diagnostics.engine.verdict import Change
from diagnostics.rules.subject import Subject
from diagnostics.snapshot.changes import changes
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.delivery import delivered_by
from diagnostics.snapshot.meta import OwnerReference
from diagnostics.snapshot.objects import Workload

REVISION = "deployment.kubernetes.io/revision"
# A fault that began later than this after a rollout is not put down to it.
RELATED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Rollout:
    """What the failing revision changed, and the number of the one before it, to go back to.

    `contrast` says, as a sentence, that pods of the one before are well; it is blank where none is.
    """

    changed: tuple[Change, ...]
    back_to: int
    contrast: str = ""


class Revisions:
    """The ReplicaSets of a snapshot by their Deployment, indexed once for all verdicts."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._by_owner: dict[tuple[str, OwnerReference], list[Workload]] = {}
        for (namespace, _), replicaset in snapshot.replicasets.items():
            if owner := replicaset.metadata.controller:
                self._by_owner.setdefault((namespace, owner), []).append(replicaset)

    def rollout(self, subjects: Iterable[Subject], began: datetime) -> Rollout | None:
        """The rollout soon after which the fault began; None where there is none, or where revisions fail alike."""
        found = list(subjects)
        failing = self._common(found)
        created = failing.metadata.creation_timestamp if failing else None
        if failing is None or created is None or not timedelta() <= began - created <= RELATED:
            return None
        before = self._before(failing)
        if before is None:
            return None
        deployment = self._snapshot.workload(found[0].workload)
        delivery = delivered_by(deployment.metadata) if deployment else None
        changed = tuple(
            Change(path=field.path, from_=field.from_, to=field.to, at=created, by=delivery.tool if delivery else None)
            for field in changes(before.spec.template, failing.spec.template)
        )
        return Rollout(changed, _number(before), _contrast(failing, before, deployment))

    def _common(self, subjects: list[Subject]) -> Workload | None:
        """The one ReplicaSet of all the subjects, if it was read."""
        controllers = {subject.metadata.controller for subject in subjects}
        controller = controllers.pop() if len(controllers) == 1 else None
        return self._snapshot.replicasets.get((subjects[0].namespace, controller.name)) if controller else None

    def _before(self, failing: Workload) -> Workload | None:
        """The revision that the failing one followed: the highest number below its own, of the same Deployment."""
        owner, number = failing.metadata.controller, _number(failing)
        siblings = self._by_owner.get((failing.metadata.namespace, owner), ()) if owner else ()
        return max((other for other in siblings if _number(other) < number), key=_number, default=None)


def _contrast(failing: Workload, before: Workload, deployment: Workload | None) -> str:
    """Who is well while the new revision fails; ReplicaSets are read on demand, a Deployment's own count is fresher."""
    well = min(before.status.ready_replicas, deployment.status.ready_replicas if deployment else 0)
    if not well:
        return ""
    ready = "1 pod of revision {} is ready" if well == 1 else f"{well} pods of revision {{}} are ready"
    return f"Only pods of revision {_number(failing)} fail so; {ready.format(_number(before))}."


def _number(replicaset: Workload) -> int:
    number = replicaset.metadata.annotations.get(REVISION, "")
    return int(number) if number.isdecimal() else 0
