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
from diagnostics.snapshot.delivery import delivered_by
from diagnostics.snapshot.objects import Workload

REVISION = "deployment.kubernetes.io/revision"
# A fault that began later than this after a rollout is not put down to it.
RELATED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Rollout:
    """What the failing revision changed, and the number of the one before it, to go back to."""

    changed: tuple[Change, ...]
    back_to: int


def rollout(subjects: Iterable[Subject], began: datetime) -> Rollout | None:
    """The rollout soon after which the fault began; None where there is none, or where revisions fail alike."""
    found = list(subjects)
    revisions = {subject.metadata.controller for subject in found}
    controller = revisions.pop() if len(revisions) == 1 else None
    snapshot, namespace = found[0].snapshot, found[0].namespace
    failing = snapshot.replicasets.get((namespace, controller.name)) if controller else None
    created = failing.metadata.creation_timestamp if failing else None
    if failing is None or created is None or not timedelta() <= began - created <= RELATED:
        return None
    before = _before(failing, snapshot.replicasets.values())
    if before is None:
        return None
    deployment = snapshot.workload(found[0].workload)
    delivery = delivered_by(deployment.metadata) if deployment else None
    changed = tuple(
        Change(path=field.path, from_=field.from_, to=field.to, at=created, by=delivery.tool if delivery else None)
        for field in changes(before.spec.template, failing.spec.template)
    )
    return Rollout(changed, _number(before))


def _before(failing: Workload, replicasets: Iterable[Workload]) -> Workload | None:
    """The revision that the failing one followed: the highest number below its own, of the same Deployment."""
    owner, number = failing.metadata.controller, _number(failing)
    earlier = [other for other in replicasets if other.metadata.controller == owner and _number(other) < number]
    return max(earlier, key=_number, default=None) if owner else None


def _number(replicaset: Workload) -> int:
    number = replicaset.metadata.annotations.get(REVISION, "")
    return int(number) if number.isdecimal() else 0
