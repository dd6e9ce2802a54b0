"""Services that lead to no ready pod (catalogue B11, svc-no-endpoints).

Where workloads stand behind one, their own status tells, and what is wrong with them is why. Where nothing does, its
selector is wrong, or it is left over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from diagnostics.rules.dependencies.backing import said_of
from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Severity, check
from diagnostics.rules.subject import ObjectView
from diagnostics.rules.suspect import Suspect
from diagnostics.rules.traffic import rules
from diagnostics.rules.traffic.behind import Behind, said
from diagnostics.rules.traffic.nearest import Near, by_role, nearest
from diagnostics.rules.workloads.pods import latest, settled, unready_since
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.traffic import Service


@check(rules.NO_ENDPOINTS, needs=("endpointslices", "deployments", "statefulsets", "daemonsets"), about=("Service",))
def no_endpoints(view: ObjectView[Service]) -> Iterator[Finding]:
    """Services without a ready endpoint behind which no pod is ready now, by the live status of what they select."""
    behind = Behind(view)
    served = any(endpoint.ready for endpoint in behind.endpoints) or any(map(_ready, behind.pods))
    if not behind.known or served or behind.for_jobs:
        return
    if behind.workloads:
        yield from _of_workloads(behind)
    elif behind.pods:
        yield _of_pods(behind)
    elif not behind.endpoints:
        yield from _selects_nothing(behind)


def _ready(pod: Suspect) -> bool:
    ready = pod.pod.status.condition("Ready")
    return ready is not None and ready.true


def _of_workloads(behind: Behind) -> Iterator[Finding]:
    """None of the workloads' pods is ready; a workload that is scaled to zero is meant to have none."""
    wanted = [each for each in behind.workloads if each.desired]
    if wanted and not any(each.ready for each in behind.workloads):
        evidence = (*(each.evidence for each in wanted), behind.evidence)
        why = said_of(wanted, " behind it")
        yield _waiting(behind, [each.ref for each in wanted], evidence, why, _began(behind))


def _of_pods(behind: Behind) -> Finding:
    """None of the pods is ready; what made them is no workload that is read."""
    first, count = behind.pods[0], len(behind.pods)
    evidence = (first.quote("status.conditions[Ready].status", "False", unready_since(first)), behind.evidence)
    why = f"pod {first.metadata.name} behind it is not ready" if count == 1 else f"none of the {count} pods is ready"
    return _waiting(behind, [pod.workload for pod in behind.pods], evidence, why, _began(behind))


def _began(behind: Behind) -> datetime | None:
    """Since when there has been no ready pod."""
    began = latest(behind.changed, *map(unready_since, behind.pods))
    return settled(behind.view, began, (each.workload for each in behind.workloads))


def _waiting(
    behind: Behind, workloads: Sequence[WorkloadRef], evidence: tuple[Evidence, ...], why: str, since: datetime | None
) -> Finding:
    first = workloads[0]
    found = behind.view.finding(
        rules.NO_ENDPOINTS,
        Confidence.CERTAIN,
        *evidence,
        offender=Offender(first.kind, first.name, first.namespace),
        since=since,
        service=behind.view.metadata.name,
        selector=said(behind.selector),
        why=why,
        because="Only ready pods get traffic. What keeps these from being ready was not found.",
        mend="See the pods behind it: what do their events and logs say?",
    )
    return replace(found, waits_for=tuple(dict.fromkeys(workloads)), severity=Severity.CRITICAL)


def _selects_nothing(behind: Behind) -> Iterator[Finding]:
    """No pod has the labels that it selects, and no template would give them to one.

    Not said of a Service that an operator made, whose pods come and go as the operator likes; nor of one that selects
    by what pods are given at run time.
    """
    near = nearest(behind)
    if behind.view.metadata.owner_references or behind.by_pod_labels or by_role(behind):
        return
    if near is None and behind.service.headless:
        return  # It gives names to pods where there are some, and does no harm where there are none.
    found = behind.view.finding(
        rules.NO_ENDPOINTS,
        Confidence.LIKELY if near and near.likely else Confidence.POSSIBLE,
        behind.view.quote("spec.selector", said(behind.selector)),
        behind.evidence,
        *((_of_near(near),) if near else ()),
        offender=Offender("Service", behind.view.metadata.name, behind.view.namespace, "spec.selector"),
        since=behind.changed,
        signature="selector",
        service=behind.view.metadata.name,
        selector=said(behind.selector),
        **(_meant_for(near) if near else _left_over(behind)),
    )
    yield found if near and near.likely else replace(found, severity=_of_doubtful(behind, near))


def _of_doubtful(behind: Behind, near: Near | None) -> Severity:
    """How bad it is where no workload is clearly meant.

    Unless something else names the Service, it may be idle on purpose: its pods are the other colour's turn, or those
    of a kind that is not read and scaled to zero.
    """
    unserved = near is not None and near.resembles and (near.namesake or not near.served)
    return Severity.MEDIUM if unserved or behind.in_use else Severity.INFO


def _of_near(near: Near) -> Evidence:
    ref = near.backing.ref
    return Evidence(ref.kind.lower(), str(near.backing), "spec.template.metadata.labels", near.has)


def _left_over(behind: Behind) -> dict[str, Any]:
    return {
        "why": f"no pod has the labels that it selects, {said(behind.selector)}",
        "because": f"No template of a workload in namespace {behind.view.namespace} has labels like these either: the "
        "Service is left over, or what should stand behind it was never made.",
        "mend": "Make what should stand behind it, correct its selector, or delete the Service.",
    }


def _meant_for(near: Near) -> dict[str, Any]:
    workload, selects = near.backing.ref, said({key: near.selector[key] for key in near.differing})
    who = f"{workload.kind} {workload.name}"
    return {
        "why": f"it selects {selects}, but the pods of {who} have {near.has}",
        "because": ("" if near.likely else "Possibly: ")
        + f"no pod has all the labels that it selects. {who} comes nearest to them.",
        "mend": f"Change spec.selector of the Service to the labels of {who}'s pods, or these labels in its template.",
    }
