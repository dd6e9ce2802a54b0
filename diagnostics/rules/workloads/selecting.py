"""Workloads that select what is not theirs: every pod, or a claim that another controller owns (catalogue B11).

Sources: k8s.io/kubernetes pkg/controller/deployment and daemon (SelectingAll), pkg/controller/statefulset
(ConflictingController).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from diagnostics.rules.model import Confidence, Finding, Offender, check
from diagnostics.rules.shortage import gap
from diagnostics.rules.workloads import rules
from diagnostics.rules.workloads.pods import WorkloadView
from diagnostics.snapshot.selectors import requirements

_CLAIM = re.compile(r"PersistentVolumeClaim (?P<claim>\S+)")


@check(rules.SELECTS_ALL, about=("Deployment", "DaemonSet"))
def selects_all(view: WorkloadView) -> Iterator[Finding]:
    """Workloads with an empty selector: their controllers leave them alone."""
    selector = view.item.spec.selector
    if selector is None or requirements(selector) or view.metadata.deletion_timestamp is not None:
        return
    missing, wanted = gap(view)
    yield view.finding(
        rules.SELECTS_ALL,
        Confidence.CERTAIN,
        view.quote("spec.selector", "{}"),
        *(view.quote_event(event) for event in view.events("SelectingAll")[:1]),
        offender=Offender(view.kind, view.metadata.name, view.namespace, "spec.selector"),
        since=view.item.metadata.written_at,
        shortfall=(missing, wanted) if missing > 0 else None,
    )


@check(rules.STS_CONFLICT, needs=("events",), about=("StatefulSet",))
def conflict(view: WorkloadView) -> Iterator[Finding]:
    """StatefulSets that may not delete a claim, which another controller owns."""
    event = next(iter(view.events("ConflictingController")), None)
    if event is None or view.metadata.deletion_timestamp is not None:
        return
    named = _CLAIM.search(event.text)
    claim = named["claim"] if named else None
    yield view.finding(
        rules.STS_CONFLICT,
        Confidence.CERTAIN,
        view.quote_event(event),
        offender=Offender("PersistentVolumeClaim", claim, view.namespace, "metadata.ownerReferences")
        if claim
        else Offender("StatefulSet", view.metadata.name, view.namespace),
        since=event.since,
        signature=claim or "",
        what=f"Claim {claim}" if claim else "A claim",
        claim=claim,
    )
