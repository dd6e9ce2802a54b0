"""Autoscalers that cannot get at what they scale (hpa-target), and those at the end of their range (hpa-maxed)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from diagnostics.rules.autoscalers import rules
from diagnostics.rules.autoscalers.words import KIND, AutoscalerView, finding, held, lasted, scaled, target
from diagnostics.rules.clues import core
from diagnostics.rules.lookalikes import alike, listed
from diagnostics.rules.model import Finding, check
from diagnostics.rules.workloads.pods import latest
from diagnostics.snapshot.display import short_duration
from diagnostics.snapshot.meta import Condition
from diagnostics.snapshot.objects import Workload
from diagnostics.snapshot.owners import Key
from diagnostics.snapshot.traffic import Metric, MetricResource

_ABLE, _AMBIGUOUS = "AbleToScale", "AmbiguousSelector"
_SELECTORS = frozenset({"InvalidSelector", _AMBIGUOUS})
_REFERENCE = "spec.scaleTargetRef"
_MORE_PODS = "TooManyReplicas"


@check(rules.TARGET, about=(KIND,))
def target_unusable(view: AutoscalerView) -> Iterator[Finding]:
    """Autoscalers whose target does not exist, cannot be scaled, or whose pods cannot be told from others."""
    told, workload = _about_target(view), scaled(view)
    if told is None or view.metadata.deletion_timestamp or not lasted(view, rules.TARGET, told.last_transition_time):
        return
    if _made_since(workload, told) or (
        told.reason == _AMBIGUOUS and min(_rivals(view), default="~") < view.metadata.name
    ):
        return
    why, explained, mend = _told(view, told)
    yield finding(
        view,
        rules.TARGET,
        told,
        offender=held(view, _REFERENCE),
        signature=told.reason,
        why=why,
        explained=explained,
        mend=mend,
    )


def _about_target(view: AutoscalerView) -> Condition | None:
    """The condition that blames the target, if one does."""
    able, active = (view.item.status.condition(type_) for type_ in (_ABLE, "ScalingActive"))
    if able is not None and able.false:
        return able
    return active if active is not None and active.false and active.reason in _SELECTORS else None


def _made_since(workload: Workload | None, told: Condition) -> bool:
    """Whether its target was missing and is there by now: the controller, or the reader, has not looked again."""
    made, failed = workload.metadata.creation_timestamp if workload else None, told.last_transition_time
    return told.type == _ABLE and made is not None and failed is not None and made > failed


def _told(view: AutoscalerView, told: Condition) -> tuple[str, str, str]:
    """What is wrong in a sentence's part, its explanation, and what to do."""
    ref = target(view)
    if told.reason == _AMBIGUOUS:
        return (
            f"the pods of {ref.kind} {ref.name} are scaled by {listed(_rivals(view)) or 'another autoscaler'} too",
            f"Pods that two autoscalers scale are scaled by neither: {core(told.message)}.",
            "Keep one of them, with all the metrics, or make the selectors of their targets differ.",
        )
    if told.reason == "InvalidSelector":
        return (
            f"the scale of {ref.kind} {ref.name} has no usable label selector",
            f"By that selector an autoscaler finds the pods to measure: {core(told.message)}.",
            f"See whether this {ref.kind} can be scaled (its scale subresource needs a labelSelectorPath).",
        )
    known = _existing(view).get(ref.kind)
    if known is not None and (ref.namespace, ref.name) not in known:
        near = alike(ref.name, (name for namespace, name in known if namespace == ref.namespace))
        return (
            f"{ref.kind} {ref.name} does not exist",
            f"spec.scaleTargetRef names it{f', and there is a {ref.kind} {near}' if near else ''}.",
            f"{f'Is {near} meant? ' if near else ''}Correct spec.scaleTargetRef, or delete the autoscaler.",
        )
    said = core(told.message.partition("target's current scale: ")[2] or told.message)
    return (
        f"{ref.kind} {ref.name} cannot be scaled: {said}",
        "It could not read or write how many pods its target should have.",
        "Compare kind, name and apiVersion in spec.scaleTargetRef with the object that is meant.",
    )


def _rivals(view: AutoscalerView) -> list[str]:
    """The names of the other autoscalers of the same target."""
    ref = target(view)
    return [
        found.metadata.name
        for (namespace, name), found in view.snapshot.autoscalers.items()
        if namespace == view.namespace and name != view.metadata.name
        if (found.spec.scale_target_ref.kind, found.spec.scale_target_ref.name) == (ref.kind, ref.name)
    ]


def _existing(view: AutoscalerView) -> Mapping[str, Mapping[Key, Workload]]:
    """Every object of the kinds that are always read, as far as they could be."""
    snapshot = view.snapshot
    kinds = {"Deployment": snapshot.deployments, "StatefulSet": snapshot.statefulsets}
    return {kind: found for kind, found in kinds.items() if _all_read(view, f"{kind.lower()}s")}


def _all_read(view: AutoscalerView, resource: str) -> bool:
    return resource in view.snapshot.read and not view.unread(resource)


@check(rules.MAXED, about=(KIND,))
def maxed(view: AutoscalerView) -> Iterator[Finding]:
    """Autoscalers that would have more pods than they may; not where there is no range, or it has been widened since."""
    spec, status, workload = view.item.spec, view.item.status, scaled(view)
    limited = status.condition("ScalingLimited")
    if limited is None or not limited.true or limited.reason != _MORE_PODS or view.metadata.deletion_timestamp:
        return
    most, least = spec.max_replicas, 1 if spec.min_replicas is None else spec.min_replicas
    since = latest(limited.last_transition_time, status.last_scale_time)
    ranges = least < most <= (workload.desired if workload else status.current_replicas)
    if ranges and since is not None and lasted(view, rules.MAXED, since):
        owned = view.workload.kind != KIND
        found = finding(
            view,
            rules.MAXED,
            limited,
            view.quote("spec.maxReplicas", most),
            offender=held(view, "spec.maxReplicas"),
            since=since,
            most=most,
            usage=_usage(view),
            age=short_duration(view.age(since)),
            limit=f"the maximum in {view.workload.kind} {view.workload.name}" if owned else "spec.maxReplicas",
        )
        yield replace(found, waits_for=(target(view),))


def _usage(view: AutoscalerView) -> str:
    """What it measures against what it aims at, where both are percentages: `: cpu is at 93% of the request, not 60%`."""
    aims = {(found.name, found.container): found.target for found in _resources(view.item.spec.metrics)}
    for found in _resources(view.item.status.current_metrics or ()):
        aim = aims.get((found.name, found.container))
        now = found.current.average_utilization
        if aim is not None and None not in (now, aim.average_utilization):
            return f": {found.name} is at {now}% of the requests, the aim is {aim.average_utilization}%"
    return ""


def _resources(metrics: tuple[Metric, ...]) -> Iterator[MetricResource]:
    for metric in metrics:
        if found := metric.resource or metric.container_resource:
            yield found
