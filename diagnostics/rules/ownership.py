"""Objects whose owner cannot be found, and pods that nothing replaces (catalogue B11, owner-missing, pod-unmanaged).

Source: k8s.io/kubernetes pkg/controller/garbagecollector: an owner has to be of the cluster or of the same namespace.
Owners that were deleted are not told: the collector deletes what they leave within seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from diagnostics.rules.leftovers import ended_at, reason_evidence
from diagnostics.rules.model import NEVER, Confidence, Finding, Offender, Rule, Severity, Stage, check
from diagnostics.rules.shortage import WORKLOADS
from diagnostics.rules.subject import Subject
from diagnostics.rules.suspect import Suspect

_REFERENCE = ("https://kubernetes.io/docs/concepts/architecture/garbage-collection/",)

OWNER_MISSING = Rule(
    code="owner-missing",
    severity=Severity.LOW,
    stage=Stage.WORKLOAD,
    message="{kind} {name} names an owner that its namespace does not have{owner}.",
    cause="An owner reference cannot cross namespaces: the garbage collector takes the owner for missing, and may "
    "delete {name}.",
    remedy="Remove the owner reference, or put the two into one namespace.",
    commands=("kubectl -n {namespace} get {resource} {name} -o jsonpath='{{.metadata.ownerReferences}}'",),
    verify=("kubectl -n {namespace} get events --field-selector reason=OwnerRefInvalidNamespace",),
    visible_after=timedelta(minutes=10),
    notify_after=NEVER,
    references=_REFERENCE,
)
UNMANAGED = Rule(
    code="pod-unmanaged",
    severity=Severity.LOW,
    stage=Stage.WORKLOAD,
    message="Pod {name} has ended and nothing makes it anew.",
    cause="It is meant to run always (restartPolicy), and no controller owns it: a pod that is removed from its node is "
    "not started on another one.",
    remedy="Delete the pod, and let a Deployment make such pods.",
    commands=("kubectl -n {namespace} get pod {name} -o yaml", "kubectl -n {namespace} delete pod {name}"),
    notify_after=NEVER,
    references=("https://kubernetes.io/docs/concepts/workloads/controllers/",),
)
_INVALID = "OwnerRefInvalidNamespace"
_OWNER = re.compile(r"ownerRef \[(?P<kind>[^,\]]{1,400}), .*?\bname: (?P<name>[^,\]]{1,253})")


@check(OWNER_MISSING, needs=("events",), about=("Pod", *WORKLOADS))
def owner_missing(subject: Subject) -> Iterator[Finding]:
    """Objects of which the garbage collector says that an owner is none, because it would be in another namespace."""
    event = next(iter(subject.events(_INVALID)), None)
    if event is None or subject.metadata.deletion_timestamp is not None:
        return
    named = _OWNER.search(event.text)
    yield subject.finding(
        OWNER_MISSING,
        Confidence.CERTAIN,
        subject.quote_event(event),
        offender=Offender(subject.kind, subject.metadata.name, subject.namespace, "metadata.ownerReferences"),
        since=event.since,
        resource=subject.kind.lower(),
        owner=f": {named['kind'].rpartition('/')[2]} {named['name']}" if named else "",
    )


@check(UNMANAGED)
def unmanaged(suspect: Suspect) -> Iterator[Finding]:
    """Pods without a controller that were meant to go on and have ended for good: evicted, refused, shut down."""
    metadata, pod = suspect.metadata, suspect.pod
    owned = metadata.controller is not None or "kubernetes.io/config.mirror" in metadata.annotations
    if pod.status.phase != "Failed" or owned or metadata.deletion_timestamp or pod.spec.restart_policy != "Always":
        return
    yield suspect.finding(
        UNMANAGED,
        Confidence.CERTAIN,
        suspect.quote("status.phase", "Failed", ended_at(suspect)),
        *reason_evidence(suspect),
        offender=Offender("Pod", metadata.name, suspect.namespace),
        since=ended_at(suspect),
    )
