"""Labels that the pod demands of a node and that no node has, or no node has together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from operator import itemgetter
from typing import NamedTuple

from diagnostics.rules.lookalikes import alike
from diagnostics.rules.model import Evidence, Finding, Rule, Severity, Stage
from diagnostics.rules.scheduling.case import Case
from diagnostics.rules.scheduling.fit import SELECTOR, NodeFit
from diagnostics.rules.scheduling.wording import counted, listed
from diagnostics.snapshot.placement import SelectorRequirement
from diagnostics.snapshot.selectors import Requirement, unmet

NODE_SELECTOR = Rule(
    code=SELECTOR.code,
    severity=Severity.HIGH,
    stage=Stage.SCHEDULING,
    message="No node meets {demand}, which {workload_name} demands{nearest}.",
    cause="{nodes}{values}A node selector or required node affinity leaves only nodes whose labels meet it in full.",
    remedy="{would_fit}Correct the node selector or affinity, or label a node that really is what the pod needs.",
    commands=("kubectl label node {nearest_node} {label}", "kubectl -n {namespace} edit {workload}"),
    verify=("kubectl get nodes -L {label_key}",),
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=5),
    references=("https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/",),
)
# Labels that kubelets and cloud providers keep: set by hand they would state something untrue.
UNLABELLED = replace(
    NODE_SELECTOR,
    remedy="{would_fit}Correct the node selector or affinity, or add a node of that kind.",
)
RULES = (NODE_SELECTOR,)

_KEPT_BY_OTHERS = (
    "kubernetes.io",
    "k8s.io",
    "karpenter.sh",
    "eks.amazonaws.com",
    "cloud.google.com",
    "kubernetes.azure.com",
)
# Stands for demands that were not read with the pod.
_UNSTATED = Requirement(
    path="nodeSelector",
    requirement=SelectorRequirement(key="what its node selector or affinity says", operator="Exists"),
)


def explain_selector(case: Case) -> Finding:
    """A pod that demands labels which no node has, or no node has together."""
    nearest = _nearest(case)
    alone = next((demand for demand in nearest.missing if not _met_somewhere(case, demand)), None)
    shown = (alone,) if alone else nearest.demands
    label = _settable_label(alone) if alone and nearest.fit else None
    return case.finding(
        NODE_SELECTOR if label else UNLABELLED,
        *(case.suspect.quote(f"spec.{demand.path}", demand) for demand in shown),
        *_quote_labels(case, nearest),
        field=shown[0].path,
        signature=" and ".join(map(str, shown)),
        demand=" and ".join(map(str, shown)),
        nearest=_near(case, nearest, alone),
        nearest_node=nearest.fit.name if nearest.fit else None,
        label=label,
        label_key=shown[0].requirement.key,
        values=_say_values(case, shown[0].requirement.key),
    )


class Nearest(NamedTuple):
    """The node that fails the fewest demands of one alternative, those demands, and the ones that it fails."""

    fit: NodeFit | None
    demands: tuple[Requirement, ...]
    missing: tuple[Requirement, ...]


def _nearest(case: Case) -> Nearest:
    """Open nodes come before closed ones; where no node was read there is none."""
    alternatives = case.trial.alternatives or ((_UNSTATED,),)
    failing = [
        (len(missing), fit.closed, fit.name, Nearest(fit, demands, missing))
        for fit in case.trial.fits
        for demands in alternatives
        if (missing := unmet(demands, fit.node))
    ]
    return min(failing, key=itemgetter(0, 1, 2))[3] if failing else Nearest(None, alternatives[0], ())


def _met_somewhere(case: Case, demand: Requirement) -> bool:
    return any(not unmet((demand,), fit.node) for fit in case.trial.fits)


def _near(case: Case, nearest: Nearest, alone: Requirement | None) -> str:
    """What comes nearest, as the end of the sentence that says what is demanded."""
    if not case.trial.fits:
        return "; the nodes' labels could not be read"
    if alone is None:
        missing = " and ".join(map(str, nearest.missing))
        return f"; {nearest.fit.name}, the nearest, lacks {missing}" if nearest.fit else ""
    if slip := _slip(case, alone):
        return f"; {slip}"
    values = _values(case, alone.requirement.key)
    return f"; nodes have {listed(sorted(values))}" if values else "; no node has that label"


def _slip(case: Case, demand: Requirement) -> str:
    """A node's label that looks like the one demanded, but for a slip of the pen in its value or key."""
    key = demand.requirement.key
    for value in demand.requirement.values:
        if near := alike(value, _values(case, key)):
            return f"the nearest is {key}={near}"
    keys = {other for fit in case.trial.fits for other in fit.node.metadata.labels if other != key}
    if near := alike(key, keys):
        return f"nodes have the label {near} ({listed(sorted(_values(case, near)))})"
    return ""


def _values(case: Case, key: str) -> Counter[str]:
    """The values that nodes have for a label, with how many nodes have each."""
    return Counter(value for fit in case.trial.fits if (value := fit.node.metadata.labels.get(key)) is not None)


def _say_values(case: Case, key: str) -> str:
    if not case.trial.fits:
        return ""
    values = _values(case, key)
    if not values:
        return f"No node has a label {key}. "
    said = [f"{value} on {counted(number, 'node')}" for value, number in values.most_common()]
    return f"{key} is {listed(said)}. "


def _quote_labels(case: Case, nearest: Nearest) -> list[Evidence]:
    """What the nearest node has in place of what it lacks."""
    if nearest.fit is None:
        return []
    labels, keys = nearest.fit.node.metadata.labels, [demand.requirement.key for demand in nearest.missing]
    return [case.quote_node(nearest.fit, f"metadata.labels[{key}]", labels.get(key, "not set")) for key in keys]


def _settable_label(demand: Requirement) -> str | None:
    """The label that would meet a demand, if it is one that people set."""
    key, operator, values = demand.requirement.key, demand.requirement.operator, demand.requirement.values
    prefix = key.rpartition("/")[0]
    if prefix.endswith(_KEPT_BY_OTHERS) or operator not in ("In", "Exists"):
        return None
    return f"{key}={values[0] if values else ''}"


EXPLAINED: dict[str, Callable[[Case], Finding]] = {SELECTOR.code: explain_selector}
