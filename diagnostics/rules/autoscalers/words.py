"""What the checks of autoscalers have in common: whom one scales, who owns it, and how its conditions are quoted."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule
from diagnostics.rules.subject import ObjectView
from diagnostics.snapshot.meta import Condition
from diagnostics.snapshot.objects import Workload
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.traffic import Autoscaler

AutoscalerView: TypeAlias = ObjectView[Autoscaler]
RESOURCE = "horizontalpodautoscalers"
KIND = "HorizontalPodAutoscaler"


def target(view: AutoscalerView) -> WorkloadRef:
    """What it scales, whether or not that exists."""
    reference = view.item.spec.scale_target_ref
    return WorkloadRef(kind=reference.kind, name=reference.name, namespace=view.namespace)


def scaled(view: AutoscalerView) -> Workload | None:
    """The object that it scales, where that is of a kind that is read."""
    return view.snapshot.workload(target(view))


def lasted(view: AutoscalerView, rule: Rule, since: datetime | None) -> bool:
    """Whether a fault had lasted for the rule's grace when the autoscaler was last read.

    One that was read a while ago may have recovered since: what it was about to complain of then is not known to last.
    """
    return since is not None and view.read_at(RESOURCE) - since >= rule.visible_after


def held(view: AutoscalerView, field: str) -> Offender:
    """The autoscaler's field as an offender; of one that something else made, such as KEDA, what made it."""
    if view.workload.kind != KIND:
        return Offender(view.workload.kind, view.workload.name, view.namespace)
    return Offender(KIND, view.metadata.name, view.namespace, field)


def finding(
    view: AutoscalerView, rule: Rule, told: Condition, *evidence: Evidence, offender: Offender, **params: Any
) -> Finding:
    """A finding that rests on a condition of the autoscaler."""
    since = params.pop("since", told.last_transition_time)
    return view.finding(
        rule,
        Confidence.CERTAIN,
        view.quote(f"status.conditions[{told.type}]", f"{told.reason}: {told.message}".strip(": "), since),
        *evidence,
        offender=offender,
        since=since,
        **{"target": f"{target(view).kind} {target(view).name}", **params},
    )
