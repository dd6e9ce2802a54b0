"""Deployments whose rollout does not end, or that are not available (catalogue B11)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule, check
from diagnostics.rules.workloads import rules
from diagnostics.rules.workloads.pods import MOVING, WorkloadView, latest, unready, unready_since
from diagnostics.snapshot.display import short_duration
from diagnostics.snapshot.meta import Condition

STILL = timedelta(minutes=15)
# The API server's default for spec.progressDeadlineSeconds.
_DEADLINE = 600


@check(
    rules.PROGRESS_DEADLINE,
    rules.UNAVAILABLE,
    rules.OBSERVED_STALE,
    rules.PAUSED,
    rules.MIXED,
    about=("Deployment",),
)
def deployment(view: WorkloadView) -> Iterator[Finding]:
    """How a Deployment fares by its own status; nothing of one that is scaled to zero or is being deleted."""
    if view.metadata.deletion_timestamp is not None or not view.item.desired:
        return
    if view.item.status.observed_generation < view.metadata.generation:
        yield _stale(view)  # Whatever else its status says is of an older generation.
        return
    if view.item.spec.paused:
        yield from _paused(view)
        return
    progressing = view.item.status.condition("Progressing")
    if progressing is not None and progressing.false and progressing.reason == "ProgressDeadlineExceeded":
        yield _deadline(view, progressing)
    elif _moved(view, progressing, MOVING):
        return
    elif 0 < view.item.status.updated_replicas < view.item.status.replicas:
        yield from _mixed(view, progressing)
    yield from _unavailable(view, progressing)


def _moved(view: WorkloadView, progressing: Condition | None, within: timedelta) -> bool:
    """Whether the rollout made progress within that time."""
    return progressing is not None and progressing.true and view.age(progressing.last_update_time) < within


def _deadline(view: WorkloadView, progressing: Condition) -> Finding:
    seconds = view.item.spec.progress_deadline_seconds or _DEADLINE
    return _finding(
        view,
        rules.PROGRESS_DEADLINE,
        _quote_condition(view, progressing),
        since=progressing.last_transition_time,
        deadline=short_duration(timedelta(seconds=seconds)),
        said=progressing.message,
    )


def _unavailable(view: WorkloadView, progressing: Condition | None) -> Iterator[Finding]:
    if view.item.status.available_replicas >= view.item.desired:
        return
    available = view.item.status.condition("Available")
    down = available if available is not None and available.false else None
    pods = [unready_since(pod) for pod in unready(view)]
    moments = (down.last_transition_time if down else None, *pods)
    if not any(moments):
        return  # Nothing tells since when, and a pod that is being replaced is no fault.
    yield _finding(
        view,
        rules.UNAVAILABLE,
        *((_quote_condition(view, down),) if down else ()),
        since=latest(progressing.last_update_time if progressing else None, *moments),
        shortfall=(view.item.desired - view.item.status.available_replicas, view.item.desired),
    )


def _mixed(view: WorkloadView, progressing: Condition | None) -> Iterator[Finding]:
    if progressing is not None and progressing.last_update_time and not _moved(view, progressing, STILL):
        since = progressing.last_update_time
        quote = _quote_condition(view, progressing)
        yield _finding(view, rules.MIXED, quote, since=since, age=short_duration(view.age(since)))


def _paused(view: WorkloadView) -> Iterator[Finding]:
    """Paused in the middle of a rollout; before its first one there is nothing that differs."""
    status = view.item.status
    if status.updated_replicas < status.replicas:
        progressing = status.condition("Progressing")
        told = progressing is not None and progressing.reason == "DeploymentPaused"
        yield _finding(
            view,
            rules.PAUSED,
            view.quote("spec.paused", "true"),
            since=progressing.last_update_time if told and progressing else view.item.metadata.written_at,
            field="spec.paused",
        )


def _stale(view: WorkloadView) -> Finding:
    metadata, observed = view.item.metadata, view.item.status.observed_generation
    written = metadata.written_at
    writers = (w.manager for w in metadata.managed_fields if w.time == written and w.subresource != "status")
    writer = next(writers, "")
    return _finding(
        view,
        rules.OBSERVED_STALE,
        view.quote("metadata.generation", metadata.generation, written),
        view.quote("status.observedGeneration", observed),
        since=written,
        by=f" by {writer}" if writer else "",
        age=short_duration(view.age(written)),
        generation=metadata.generation,
        observed=observed,
    )


def _quote_condition(view: WorkloadView, condition: Condition) -> Evidence:
    said = f"{condition.reason}: {condition.message}".strip(": ")
    return view.quote(f"status.conditions[{condition.type}]", said, condition.last_transition_time)


def _finding(
    view: WorkloadView,
    rule: Rule,
    *evidence: Evidence,
    since: datetime | None,
    field: str = "",
    shortfall: tuple[int, int] | None = None,
    **params: Any,
) -> Finding:
    status = view.item.status
    counts: dict[str, Any] = {
        "wanted": view.item.desired,
        "replicas": status.replicas,
        "updated": status.updated_replicas,
        "available": status.available_replicas,
    }
    numbers = "replicas {replicas}, updated {updated}, available {available} of {wanted}".format_map(counts)
    return view.finding(
        rule,
        Confidence.CERTAIN,
        *evidence,
        view.quote("status", numbers),
        offender=Offender("Deployment", view.metadata.name, view.namespace, field or "spec.template"),
        since=since,
        shortfall=shortfall,
        **counts,
        **params,
    )
