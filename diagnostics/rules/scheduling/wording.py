"""Amounts, nodes and reasons in words: the arithmetic that people would otherwise do by hand."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from diagnostics.rules.scheduling.fit import CORDONED, EXTENDED, NATIVE, SELECTOR, TAINT, TOO_MANY_PODS, NodeFit, Trial
from diagnostics.rules.scheduling.message import ORDER, Kind, Reason
from diagnostics.rules.scheduling.occupancy import AFFINITY, ANTI_AFFINITY, EXISTING_ANTI_AFFINITY, HOST_PORT, SPREAD
from diagnostics.snapshot.quantities import in_binary, in_cores

# Taints that Kubernetes sets because of a node's state and removes when it is over, in words.
NODE_STATES = {
    "node.kubernetes.io/not-ready": "the node is not ready",
    "node.kubernetes.io/unreachable": "the node's kubelet has stopped reporting",
    "node.kubernetes.io/memory-pressure": "the node is short of memory",
    "node.kubernetes.io/disk-pressure": "the node is short of disk space",
    "node.kubernetes.io/pid-pressure": "the node is short of process numbers",
    "node.kubernetes.io/network-unavailable": "the node has no pod network",
    "node.kubernetes.io/out-of-service": "the node was declared out of service",
    "node.cloudprovider.kubernetes.io/uninitialized": "the cloud provider has not initialised the node",
    "node.cloudprovider.kubernetes.io/shutdown": "the cloud provider has shut the node down",
}
SHOWN = 3  # Nodes that are named before "+n".
_RESOURCE_OF = {kind: resource for resource, kind in NATIVE.items()}
_NOUNS = {"memory": " of memory", "ephemeral-storage": " of ephemeral storage"}


def resource_of(kind: Kind) -> str | None:
    """The resource that a shortage is about; None for any other kind."""
    if kind == TOO_MANY_PODS:
        return "pods"
    return kind.detail if kind.code == EXTENDED else _RESOURCE_OF.get(kind)


def number(resource: str, amount: Decimal, rounding: str = ROUND_CEILING) -> str:
    """An amount as people write it in a manifest; requests round up and what is free rounds down."""
    if resource == "cpu":
        return in_cores(amount, rounding)
    if resource in _NOUNS or resource.startswith("hugepages-"):
        return in_binary(amount, rounding)
    return f"{amount.normalize():f}"


def measure(resource: str, amount: Decimal) -> str:
    """An amount with its noun: `16 CPUs`, `64Mi of memory`, `2 nvidia.com/gpu`."""
    figure = number(resource, amount)
    if resource == "cpu":
        return f"{figure} CPU" if amount <= 1 else f"{figure} CPUs"
    return figure + _NOUNS.get(resource, f" {resource}")


def free_of(resource: str, fit: NodeFit) -> str:
    """`1.898 of 1.9`: what is free on a node of what it has; `at most ...` where not all pods could be counted."""
    free = ("" if fit.room.exact else "at most ") + number(resource, fit.room.free(resource), ROUND_FLOOR)
    return f"{free} of {number(resource, fit.room.offers(resource), ROUND_FLOOR)}"


def listed(names: Sequence[str], shown: int = SHOWN) -> str:
    """`a, b, c +4`."""
    more = len(names) - shown
    return ", ".join(names[:shown]) + (f" +{more}" if more > 0 else "")


def counted(amount: int, singular: str, plural: str = "") -> str:
    """`1 node`, `3 nodes`."""
    return f"{amount} {singular if amount == 1 else plural or singular + 's'}"


def removals(trial: Trial, cause: Kind) -> str:
    """How many nodes each of the scheduler's reasons removes and which they are, the cause first."""
    refusal = trial.refusal
    if refusal.total is None or not any(reason.nodes for reason in refusal.reasons):
        return ""
    ordered = sorted(refusal.reasons, key=lambda reason: (reason.kind.code != cause.code, -(reason.nodes or 0)))
    parts = (f"{reason.nodes} {_removed(reason, trial)}" for reason in ordered)
    return f"Of {counted(refusal.total, 'node')}{as_of(trial)}: {'; '.join(parts)}. "


def as_of(trial: Trial) -> str:
    """What to say where the pods were not all counted just now."""
    return ", with the pods as of the last sweep" if trial.suspect.snapshot.counted_before else ""


def _removed(reason: Reason, trial: Trial) -> str:
    kind = reason.kind
    fits = [fit for fit in trial.fits if kind in fit.counted]
    named = f" ({listed([_detail(fit, kind) for fit in fits])})" if len(fits) == reason.nodes else ""
    resource = resource_of(kind)
    if resource and resource != "pods":
        return f"without enough {resource} free{named}"
    return _REMOVED.get(kind.code, reason.text.removeprefix("node(s) ")) + named


_REMOVED = {
    CORDONED.code: "cordoned",
    TAINT: "with a taint that the pod does not tolerate",
    SELECTOR.code: "without what its node selector or affinity demands",
    TOO_MANY_PODS.code: "full of pods",
}


_BLOCKS = {
    CORDONED.code: "is cordoned",
    SELECTOR.code: "is not what its node selector or affinity demands",
    HOST_PORT.code: "has no free host port for it",
    SPREAD.code: "has too many of them",
    AFFINITY.code: "is not near the pods that it must be with",
    ANTI_AFFINITY.code: "is too near a pod that it must not be with",
    EXISTING_ANTI_AFFINITY.code: "is too near a pod that repels it",
}


def _detail(fit: NodeFit, kind: Kind) -> str:
    if kind.code == TAINT:
        return f"{fit.name}: {fit.taints[0]}"
    resource = resource_of(kind)
    return f"{fit.name}: {free_of(resource, fit)} free" if resource else fit.name


def say_blockers(fit: NodeFit) -> str:
    """What keeps the pod off one node, as the end of a sentence about it: `has not enough cpu (0 of 4 free)`."""
    kinds = sorted(fit.blockers, key=lambda kind: (ORDER.get(kind.code, len(ORDER)), kind))
    return " and ".join(_say_blocker(fit, kind) for kind in kinds)


def _say_blocker(fit: NodeFit, kind: Kind) -> str:
    if kind.code == TAINT:
        return f"has the taint {next(taint for taint in fit.taints if taint.key == kind.detail)}"
    if resource := resource_of(kind):
        lacks = "is full of pods" if resource == "pods" else f"has not enough {resource}"
        return f"{lacks} ({free_of(resource, fit)} free)"
    return _BLOCKS.get(kind.code, f"is closed ({kind.code})")


def would_fit(trial: Trial, cause: Kind) -> str:
    """What would let the pod fit and where, the cause first: at most three sentences, ready to be followed by more."""
    if any(reason.nodes is None for reason in trial.refusal.reasons):
        return ""  # Nothing that concerns every node alike is mended on one of them.
    kinds = {kind for fit in trial.fits if len(fit.blockers) == 1 for kind in fit.blockers}
    ordered = sorted(kinds, key=lambda kind: (kind != cause, -len(trial.only(kind)), kind))
    sentences = (_would_fit(trial, kind) for kind in ordered)
    return "".join([f"{sentence} " for sentence in sentences if sentence][:SHOWN])


def _would_fit(trial: Trial, kind: Kind) -> str:
    fits = trial.only(kind)
    condition = _condition(kind, fits)
    return f"It would fit on {listed([fit.name for fit in fits])} {condition}." if condition else ""


def _condition(kind: Kind, fits: Sequence[NodeFit]) -> str:
    resource = resource_of(kind)
    if resource and resource != "pods":
        most = max((fit.room.free(resource) for fit in fits if fit.room.exact), default=Decimal(0))
        return f"if it requested at most {number(resource, most, ROUND_FLOOR)} {_unit(resource)}" if most else ""
    taint = next((str(taint) for fit in fits for taint in fit.taints if taint.key == kind.detail), kind.detail)
    return {
        TAINT: "once that has recovered" if kind.detail in NODE_STATES else f"if it tolerated {taint}",
        CORDONED.code: "if uncordoned",
        SELECTOR.code: "without its node selector and affinity",
        TOO_MANY_PODS.code: "if one more pod were allowed there",
        HOST_PORT.code: "without its host port",
        SPREAD.code: "if its spread constraint were a wish (ScheduleAnyway)",
        AFFINITY.code: "if its affinity were preferred, not required",
        ANTI_AFFINITY.code: "if its anti-affinity were preferred, not required",
        EXISTING_ANTI_AFFINITY.code: "if the pods there did not repel it",
    }.get(kind.code, "")


def _unit(resource: str) -> str:
    return "CPU" if resource == "cpu" else _NOUNS.get(resource, f" {resource}").strip()
