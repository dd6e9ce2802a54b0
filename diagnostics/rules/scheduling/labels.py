"""Labels that the pod demands of a node and that no node has, or no node has together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from diagnostics.rules.lookalikes import alike
from diagnostics.rules.model import Evidence, Finding, Rule, Severity, Stage
from diagnostics.rules.scheduling.case import Case
from diagnostics.rules.scheduling.fit import SELECTOR, NodeFit
from diagnostics.rules.scheduling.wording import counted, listed
from diagnostics.snapshot.pods import SelectorRequirement
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
    node, missing = _nearest(case)
    demand = next((one for one in missing if not _met_somewhere(case, one)), None)
    shown = (demand,) if demand else missing
    label = _settable_label(shown[0]) if node and len(shown) == 1 else None
    return case.finding(
        NODE_SELECTOR if label else UNLABELLED,
        *(case.suspect.quote(f"spec.{one.path}", one) for one in shown),
        *_quote_label(case, node, shown[0].requirement.key),
        field=shown[0].path,
        signature=" and ".join(map(str, shown)),
        demand=" and ".join(map(str, shown)),
        nearest=_near(case, node, demand, missing),
        nearest_node=node.name if node else None,
        label=label,
        label_key=shown[0].requirement.key,
        values=_say_values(case, shown[0].requirement.key),
    )


def _nearest(case: Case) -> tuple[NodeFit | None, tuple[Requirement, ...]]:
    """The node that fails the fewest demands of one alternative, open ones first, and the demands that it fails."""
    alternatives = case.trial.alternatives
    failing = [
        (len(missing), fit.closed, fit.name, fit, missing)
        for fit in case.trial.fits
        for alternative in alternatives
        if (missing := unmet(alternative, fit.node))
    ]
    if failing:
        *_, fit, missing = min(failing, key=lambda one: one[:3])
        return fit, missing
    return None, alternatives[0] if alternatives else (_UNSTATED,)


def _met_somewhere(case: Case, demand: Requirement) -> bool:
    return not case.trial.fits or any(not unmet((demand,), fit.node) for fit in case.trial.fits)


def _near(case: Case, node: NodeFit | None, demand: Requirement | None, missing: tuple[Requirement, ...]) -> str:
    """What comes nearest, as the end of the sentence that says what is demanded."""
    if not case.trial.fits:
        return "; the nodes' labels could not be read"
    if node is None:
        return ""
    if demand is None:
        return f"; {node.name}, the nearest, does not meet {' and '.join(map(str, missing))}"
    if slip := _slip(case, demand):
        return f"; {slip}"
    values = _values(case, demand.requirement.key)
    return f"; nodes have {listed(sorted(values))}" if values else "; no node has that label"


def _slip(case: Case, demand: Requirement) -> str:
    """A node's label that looks like the one demanded, but for a slip of the pen in its value or key."""
    key = demand.requirement.key
    for value in demand.requirement.values:
        if near := alike(value, _values(case, key)):
            return f"did you mean {key}={near}"
    keys = {other for fit in case.trial.fits for other in fit.node.metadata.labels if other != key}
    if near := alike(key, keys):
        return f"did you mean the label {near} ({listed(sorted(_values(case, near)))})"
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


def _quote_label(case: Case, node: NodeFit | None, key: str) -> list[Evidence]:
    if node is None:
        return []
    return [case.quote_node(node, f"metadata.labels[{key}]", node.node.metadata.labels.get(key, "not set"))]


def _settable_label(demand: Requirement) -> str | None:
    """The label that would meet a demand, if it is one that people set."""
    key, operator, values = demand.requirement.key, demand.requirement.operator, demand.requirement.values
    prefix = key.rpartition("/")[0]
    if prefix.endswith(_KEPT_BY_OTHERS) or operator not in ("In", "Exists"):
        return None
    return f"{key}={values[0] if values else ''}"


EXPLAINED: dict[str, Callable[[Case], Finding]] = {SELECTOR.code: explain_selector}
