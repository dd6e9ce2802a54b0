"""Whom a PodDisruptionBudget guards: workloads by the labels of their template, and how many of their pods are well."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule
from diagnostics.rules.subject import ObjectView
from diagnostics.rules.workloads.pods import unready
from diagnostics.snapshot.meta import Condition
from diagnostics.snapshot.objects import Workload
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.selectors import as_argument, matches
from diagnostics.snapshot.surroundings import Surroundings
from diagnostics.snapshot.traffic import Budget

BudgetView: TypeAlias = ObjectView[Budget]
Guarded = dict[WorkloadRef, Workload]
RESOURCE = "poddisruptionbudgets"
KIND = "PodDisruptionBudget"
_SYNC_FAILED = "SyncFailed"


def guarded(around: Surroundings, budget: Budget) -> Guarded:
    """The workloads whose pods a budget selects, but for those that are scaled to zero."""
    near = around.serving.get(budget.metadata.namespace, ())
    return {ref: workload for ref, workload in near if guards(budget, workload)}


def guards(budget: Budget, workload: Workload) -> bool:
    """Whether a budget selects the pods of a workload of its namespace, and there are to be some."""
    return bool(workload.desired) and matches(budget.spec.selector, workload.spec.template.metadata.labels)


def failing(view: BudgetView, workloads: Guarded) -> tuple[WorkloadRef, ...]:
    """Whose pods are not ready: of those that are known, and of any other kind whose pods are selected."""
    short = (ref for ref, workload in workloads.items() if workload.status.ready_pods < workload.desired)
    return tuple(dict.fromkeys((*short, *(pod.workload for pod in unready(view)))))


def ready(workloads: Guarded) -> int:
    """How many pods of theirs are ready."""
    return sum(workload.status.ready_pods for workload in workloads.values())


def named(workloads: Guarded) -> str:
    """The workloads as a sentence names them: `Deployment web, StatefulSet db`."""
    return ", ".join(f"{ref.kind} {ref.name}" for ref in workloads) or "what it guards"


def sync_failed(view: BudgetView) -> Condition | None:
    """The condition by which its controller says that it cannot keep the budget's status."""
    allowed = view.item.status.condition("DisruptionAllowed")
    return allowed if allowed is not None and allowed.false and allowed.reason == _SYNC_FAILED else None


def lasted(view: BudgetView, rule: Rule, since: datetime | None) -> bool:
    """Whether a fault had lasted for the rule's grace when the budget was last read; it may be over since."""
    return since is not None and view.read_at(RESOURCE) - since >= rule.visible_after


def finding(
    view: BudgetView,
    rule: Rule,
    since: datetime | None,
    *evidence: Evidence,
    confidence: Confidence = Confidence.CERTAIN,
    signature: str = "",
    **params: Any,
) -> Finding:
    """A finding about a budget, which is its own offender."""
    return view.finding(
        rule,
        confidence,
        *evidence,
        offender=Offender(KIND, view.metadata.name, view.namespace, "spec"),
        since=since,
        signature=signature,
        selector=as_argument(view.item.spec.selector) or None,
        **params,
    )
