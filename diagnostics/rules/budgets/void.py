"""Budgets that do not work (pdb-overlap): they share pods with another, or their pods cannot be counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from diagnostics.rules.budgets import rules
from diagnostics.rules.budgets.guarded import KIND, BudgetView, finding, guarded, guards, lasted, named, sync_failed
from diagnostics.rules.clues import core
from diagnostics.rules.lookalikes import listed
from diagnostics.rules.model import Evidence, Finding, check
from diagnostics.rules.workloads.pods import latest
from diagnostics.snapshot.selectors import describe_selector
from diagnostics.snapshot.traffic import Budget

_UNMANAGED = "UnmanagedPods"


@check(rules.OVERLAP, about=(KIND,))
def void(view: BudgetView) -> Iterator[Finding]:
    """Budgets that share pods with another one, or that cannot tell how many pods there should be."""
    if view.metadata.deletion_timestamp is not None:
        return
    if others := _sharing(view):
        yield from _shared(view, others)
    elif told := sync_failed(view):
        quote = view.quote("status.conditions[DisruptionAllowed].message", told.message, told.last_transition_time)
        if lasted(view, rules.OVERLAP, told.last_transition_time):
            yield _uncounted(view, core(told.message) or "it does not say why", quote)
    elif (events := view.events(_UNMANAGED)) and _counts_by_owner(view):
        found = _uncounted(view, "some of its pods have no controller", view.quote_event(events[0]))
        yield replace(found, since=events[0].since)


def _counts_by_owner(view: BudgetView) -> bool:
    """Whether it has to know how many pods there should be: a plain number of pods to keep can do without."""
    return not isinstance(view.item.spec.min_available, int)


def _sharing(view: BudgetView) -> list[Budget]:
    """The budgets after this one in the alphabet that guard pods of the same workloads."""
    own = guarded(view.around, view.item)
    found = (
        other
        for (namespace, name), other in view.snapshot.budgets.items()
        if own and namespace == view.namespace and name > view.metadata.name
        if other.metadata.deletion_timestamp is None and any(guards(other, workload) for workload in own.values())
    )
    return sorted(found, key=lambda other: other.metadata.name)


def _shared(view: BudgetView, others: list[Budget]) -> Iterator[Finding]:
    own = guarded(view.around, view.item)
    both = {ref: workload for ref, workload in own.items() if any(guards(other, workload) for other in others)}
    since = latest(*(found.metadata.creation_timestamp for found in (view.item, *others)))
    if lasted(view, rules.OVERLAP, since):
        yield finding(
            view,
            rules.OVERLAP,
            since,
            *(_quote_selector(found) for found in (view.item, *others)),
            signature="shared",
            why=f"{listed(other.metadata.name for other in others)} guards {named(both)} too",
            explained="The eviction API refuses every pod that more than one budget selects, so nodes with such pods "
            "cannot be drained at all.",
            mend="Keep one budget for each pod: delete the others, or make their selectors differ.",
        )


def _quote_selector(budget: Budget) -> Evidence:
    said = describe_selector(budget.spec.selector)
    return Evidence("poddisruptionbudget", f"{KIND}/{budget.metadata.name}", "spec.selector", said)


def _uncounted(view: BudgetView, why: str, evidence: Evidence) -> Finding:
    return finding(
        view,
        rules.OVERLAP,
        evidence.at,
        evidence,
        signature="uncounted",
        why=why,
        explained="A percentage, or a number of pods that may be away, is counted from how many pods the controllers "
        "of its pods should have, and for one of them that cannot be told.",
        mend="Let the selector match only pods whose controller can be scaled (no Job's, and none without a "
        "controller), or set minAvailable to a number.",
    )
