"""Folds what follows from a cause under it, across the objects of a cluster (catalogue B0, 2, 3 and 5).

What a workload suffers hangs under what its pods, or the lack of them, suffer from: a Deployment that is unavailable
because its pods cannot pull their image is one diagnosis, the image's, and so is the Service that leads to none of these
pods. What the pods of a node or a Job suffer hangs under the node's or the Job's own cause, where that cause's rule says
that it explains it: pods that a lost node left behind are one diagnosis, the node's, and one of them that cannot pull
its image stays another. So does what follows from the same shared thing, as from a webhook that keeps its own backend
away, and what fails for want of another workload. Without any other cause a consequence stands for itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from fnmatch import fnmatchcase
from itertools import chain

from diagnostics.engine.dependencies import above_dependents
from diagnostics.engine.precedence import Root
from diagnostics.rules.model import Offender, Severity, Shared, Stage
from diagnostics.rules.subject import ObjectView
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.owners import WorkloadRef

Cause = tuple[str, list[Root]]
Standing = dict[str, list[Root]]

# The node controller needs about this long to notice that a node is lost; its pods may show it before it says so.
NOTICED_LATE = timedelta(seconds=60)


def fold(causes: dict[str, list[Root]]) -> Iterable[Cause]:
    """The causes, by fingerprint, without the consequences that now hang under one of them."""
    return _under_objects(_under_dependencies(_under_pods(causes))).items()


def _under_pods(causes: Standing) -> Standing:
    """Without what workloads suffer from their pods, and others from these workloads, where a cause of it is known."""
    standing = {key: members for key, members in causes.items() if not _consequence(members)}
    for of_others in (False, True):
        root_of = _worst_of_each_workload(standing)
        for key, members in causes.items():
            if not _consequence(members) or bool(members[0].finding.waits_for) is not of_others:
                continue
            above = _above(members[0], root_of, standing)
            if above is None:
                standing[key] = members
            else:
                first, *others = standing[above]
                standing[above] = [_with(first, members), *others]
    return standing


def _under_dependencies(standing: Standing) -> Standing:
    """Without what only fails because another workload does, wherever a cause of that one is known."""
    worst = _worst_of_each_workload(standing)
    above = above_dependents(standing, {**_folded(standing), **worst})
    left = {key: members for key, members in standing.items() if key not in above}
    for key, root_key in above.items():
        first, *others = left[root_key]
        left[root_key] = [_with(first, standing[key]), *others]
    return left


def _folded(standing: Standing) -> dict[WorkloadRef, str]:
    """The fingerprint of what explains each Service, or workload, of which nothing stands for itself any more."""
    return {
        symptom.subject.workload: key
        for key, members in sorted(standing.items())
        for root in members
        for symptom in root.symptoms
    }


def _above(consequence: Root, root_of: dict[WorkloadRef, str], standing: Standing) -> str | None:
    """The cause in its workload or one that it waits for; else a cause that names the object and says it explains this."""
    workloads = (*consequence.finding.waits_for, consequence.subject.workload)
    known = (root_of[workload] for workload in workloads if workload in root_of)
    naming = (key for key, members in standing.items() if _names(members[0], consequence))
    return next(chain(known, naming), None)


def _names(cause: Root, consequence: Root) -> bool:
    offender, subject = cause.finding.offender, consequence.subject
    if offender is None or not _says(cause, consequence):
        return False
    named = Offender(offender.kind, offender.name, offender.namespace)
    return named == Offender(subject.kind, subject.metadata.name, subject.namespace)


def _consequence(members: list[Root]) -> bool:
    return members[0].finding.rule.stage is Stage.WORKLOAD


def _worst_of_each_workload(standing: Standing) -> dict[WorkloadRef, str]:
    """The fingerprint of each workload's worst and widest cause."""
    ranked = sorted(standing.items(), key=lambda cause: (cause[1][0].finding.rule.severity, len(cause[1]), cause[0]))
    return {members[0].subject.workload: key for key, members in ranked if any(map(_keeps_waiting, members))}


def _keeps_waiting(root: Root) -> bool:
    """Whether it can be why pods are missing; information only about a pod that waits, as for a node to be added."""
    history = root.finding.rule.severity is Severity.INFO
    return not history or (isinstance(root.subject, Suspect) and root.subject.pod.status.phase == "Pending")


def _under_objects(standing: Standing) -> Standing:
    """Without what pods, and workloads for them, suffer from a node, or what failed in a Job that has ended."""
    explaining = _explaining(standing)
    under: dict[int, list[Root]] = {}
    left: Standing = {}
    for key, members in standing.items():
        for root in members:
            places = (*(id(subject) for subject in (root.subject, *_pods(root))), root.finding.shared)
            above = (cause for place in places for cause in explaining.get(place, ()))
            cause = next((c for c in above if _explains(c, root)), None)
            if cause is None:
                left.setdefault(key, []).append(root)
            else:
                under.setdefault(id(cause), []).append(root)
    return {key: [_with(root, under.get(id(root), ())) for root in members] for key, members in left.items()}


def _pods(root: Root) -> tuple[Suspect, ...]:
    """The pods of a workload that suffers: what is wrong with their node is why."""
    subject = root.subject
    return subject.pods if root.finding.rule.stage is Stage.WORKLOAD and isinstance(subject, ObjectView) else ()


def _explaining(standing: Standing) -> dict[int | Shared | None, list[Root]]:
    """The causes in objects but pods, by the identity of each pod they have, and by what they share with others."""
    by_place: dict[int | Shared | None, list[Root]] = {}
    for members in standing.values():
        for root in members:
            if root.finding.rule.explains and isinstance(root.subject, ObjectView):
                shared = (root.finding.shared,) if root.finding.shared else ()
                for place in (*map(id, root.subject.pods), *shared):
                    by_place.setdefault(place, []).append(root)
    return by_place


def _explains(cause: Root, other: Root) -> bool:
    if not _says(cause, other):
        return False
    return cause.subject.kind != "Node" or (_began_with(cause, other) and _same_condition(cause, other))


def _says(cause: Root, other: Root) -> bool:
    """Whether the cause's rule says that it explains the other's."""
    return any(fnmatchcase(other.finding.rule.code, pattern) for pattern in cause.finding.rule.explains)


def _began_with(cause: Root, other: Root) -> bool:
    """Whether it did not begin before the node's trouble; what has no time of its own began when its pod did."""
    began, lost = other.finding.since or other.subject.began, cause.finding.since
    return began is not None and lost is not None and began >= lost - NOTICED_LATE


def _same_condition(cause: Root, other: Root) -> bool:
    """Whether a pod's finding that names a condition of its node ("DiskPressure") names this one."""
    named = other.finding.params.get("condition")
    return named is None or str(cause.finding.params.get("condition")) in str(named)


def _with(root: Root, others: Iterable[Root]) -> Root:
    """The root with more symptoms, each on one level with those that were its own."""
    more = [one for other in others for one in (replace(other, symptoms=()), *other.symptoms)]
    return replace(root, symptoms=(*root.symptoms, *more)) if more else root
