"""Budgets that lack healthy pods (pdb-violated)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from diagnostics.rules.budgets import rules
from diagnostics.rules.budgets.guarded import (
    KIND,
    BudgetView,
    Guarded,
    failing,
    finding,
    guarded,
    lasted,
    named,
    ready,
    sync_failed,
)
from diagnostics.rules.model import Evidence, Finding, check
from diagnostics.rules.workloads.pods import latest, settled, unready, unready_since


@check(rules.VIOLATED, about=(KIND,))
def violated(view: BudgetView) -> Iterator[Finding]:
    """Budgets with fewer healthy pods than they want, if that is still so by what is known of the pods themselves."""
    status, workloads = view.item.status, guarded(view.around, view.item)
    missing = status.desired_healthy - status.current_healthy
    if missing <= 0 or not status.expected_pods or view.metadata.deletion_timestamp or sync_failed(view):
        return
    wanted = sum(workload.desired for workload in workloads.values())
    too_few = bool(workloads) and wanted < status.desired_healthy
    since = _changed(view, workloads) if too_few else _short_since(view, missing)
    if _still_short(view, workloads) and since is not None and lasted(view, rules.VIOLATED, since):
        since = since if too_few else settled(view, since, workloads.values())
        words = _too_few(view, workloads, wanted) if too_few else _not_ready(workloads)
        found = finding(view, rules.VIOLATED, since, _quote_counts(view), **_counts(view), **words)
        yield found if too_few else replace(found, waits_for=failing(view, workloads))


def _still_short(view: BudgetView, workloads: Guarded) -> bool:
    """Whether what is followed says so too: the budget itself may have been read a while ago."""
    if workloads:
        return ready(workloads) < view.item.status.desired_healthy
    return any(unready(view))


def _changed(view: BudgetView, workloads: Guarded) -> datetime | None:
    """The last change of what makes a budget impossible: the number that it wants, and the numbers that there are."""
    written = (workload.metadata.written_at for workload in workloads.values())
    return latest(view.metadata.creation_timestamp, *written)


def _short_since(view: BudgetView, missing: int) -> datetime | None:
    """When the pod went that was one too many; of pods that were never made, when evictions were first refused."""
    times = sorted(time for pod in unready(view) if (time := unready_since(pod)) is not None)
    if len(times) >= missing:
        return times[len(times) - missing]
    allowed = view.item.status.condition("DisruptionAllowed")
    return latest(allowed.last_transition_time if allowed else view.metadata.creation_timestamp, *times)


def _too_few(view: BudgetView, workloads: Guarded, wanted: int) -> dict[str, Any]:
    return {
        "and_so": f"; {named(workloads)} is to have {wanted} in all",
        "explained": "The budget can never be met.",
        "mend": f"Run more than {view.item.status.desired_healthy} pods, or let the budget want fewer of them.",
    }


def _not_ready(workloads: Guarded) -> dict[str, Any]:
    return {
        "and_so": "",
        "explained": f"Pods of {named(workloads)} are not ready.",
        "mend": "See why they are not ready. unhealthyPodEvictionPolicy: AlwaysAllow lets pods be evicted that are not.",
    }


def _counts(view: BudgetView) -> dict[str, Any]:
    status = view.item.status
    return {"desired": status.desired_healthy, "healthy": status.current_healthy, "expected": status.expected_pods}


def _quote_counts(view: BudgetView) -> Evidence:
    return view.quote(
        "status",
        "desiredHealthy {desired}, currentHealthy {healthy}, expectedPods {expected}".format_map(_counts(view)),
    )
