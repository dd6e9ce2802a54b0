"""Selectors, affinity and tolerations, matched as the API server and the scheduler match them.

Sources: Kubernetes API reference, "LabelSelector", "NodeSelector" and "Toleration"; k8s.io/component-helpers
scheduling/corev1 (`nodeaffinity`, `FindMatchingUntoleratedTaint`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from diagnostics.snapshot.meta import Object
from diagnostics.snapshot.objects import Node, Taint
from diagnostics.snapshot.placement import LabelSelector, NodeSelectorTerm, SelectorRequirement, Toleration
from diagnostics.snapshot.pods import PodSpec

# The effects that keep a pod off a node; PreferNoSchedule is a wish.
REPELLING_EFFECTS = frozenset({"NoSchedule", "NoExecute"})
NAME_FIELD = "metadata.name"


class Requirement(Object, frozen=True):
    """One thing that a pod demands of a node's labels or fields, and where its spec says so."""

    path: str
    requirement: SelectorRequirement

    def __str__(self) -> str:
        """As people say it."""
        return describe(self.requirement)


def holds(requirement: SelectorRequirement, labels: Mapping[str, str]) -> bool:
    """Whether labels (or fields) satisfy one requirement; an operator that we do not know never holds."""
    present, value = requirement.key in labels, labels.get(requirement.key, "")
    match requirement.operator:
        case "In":
            return present and value in requirement.values
        case "NotIn":
            return not present or value not in requirement.values
        case "Exists":
            return present
        case "DoesNotExist":
            return not present
        case "Gt" | "Lt":
            return present and _compares(value, requirement)
        case _:
            return False


def _compares(value: str, requirement: SelectorRequirement) -> bool:
    """Gt and Lt compare whole numbers and take exactly one value."""
    try:
        (bound,) = (int(bound) for bound in requirement.values)
        number = int(value)
    except ValueError:
        return False
    return number > bound if requirement.operator == "Gt" else number < bound


def matches(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Whether a label selector selects these labels: a missing one nothing, an empty one everything."""
    if selector is None:
        return False
    return all(holds(requirement, labels) for requirement in requirements(selector))


def requirements(selector: LabelSelector) -> tuple[SelectorRequirement, ...]:
    """A label selector's demands in one form."""
    return (*_equalities(selector.match_labels), *selector.match_expressions)


def _equalities(labels: Mapping[str, str]) -> Iterable[SelectorRequirement]:
    return (SelectorRequirement(key=key, operator="In", values=(value,)) for key, value in labels.items())


_TO_SAY = {"In": "in", "NotIn": "not in", "Gt": ">", "Lt": "<"}


def describe(requirement: SelectorRequirement) -> str:
    """A requirement as people say it: `disktype=nvme`, `zone in (a, b)`, `gpu (any value)`, `cores > 8`."""
    key, operator, values = requirement.key, requirement.operator, requirement.values
    if operator in ("In", "NotIn") and len(values) == 1:
        return f"{key}{'=' if operator == 'In' else '!='}{values[0]}"
    if operator in ("Exists", "DoesNotExist"):
        return f"{key} (any value)" if operator == "Exists" else f"no {key}"
    said = ", ".join(values) if operator in ("Gt", "Lt") else f"({', '.join(values)})"
    return f"{key} {_TO_SAY.get(operator, operator)} {said}"


def as_argument(selector: LabelSelector | None) -> str:
    """A label selector as `kubectl get -l` takes it: `app=web,tier!=cache,zone in (a,b),gpu,!old`."""
    return ",".join(_argument(requirement) for requirement in requirements(selector or LabelSelector()))


def _argument(requirement: SelectorRequirement) -> str:
    key, operator, values = requirement.key, requirement.operator, requirement.values
    if operator in ("Exists", "DoesNotExist"):
        return key if operator == "Exists" else f"!{key}"
    if len(values) == 1:
        return f"{key}{'!=' if operator == 'NotIn' else '='}{values[0]}"
    return f"{key} {operator.lower()} ({','.join(values)})"


def describe_selector(selector: LabelSelector | None) -> str:
    """A label selector on one line: `app=web, tier!=cache`; `nothing` and `every pod` for the two special ones."""
    if selector is None:
        return "nothing"
    return ", ".join(describe(requirement) for requirement in requirements(selector)) or "every pod"


def node_requirements(spec: PodSpec) -> tuple[tuple[Requirement, ...], ...]:
    """What a pod demands of a node: alternatives, of which one must hold in full. Empty when it demands nothing.

    `nodeSelector` is part of every alternative; a required node affinity gives one alternative a term. A term
    without requirements never matches, so it is no alternative.
    """
    selector = tuple(
        Requirement(path=f"nodeSelector[{equality.key}]", requirement=equality)
        for equality in _equalities(spec.node_selector)
    )
    required = spec.affinity.node_affinity.required
    if required is None:
        return (selector,) if selector else ()
    terms = tuple((*selector, *_term(term)) for term in required.node_selector_terms if _term(term))
    return terms or ((*selector, _NEVER),)


_TERMS = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
_NEVER = Requirement(path=_TERMS, requirement=SelectorRequirement(key="an empty node selector term", operator="Never"))


def _term(term: NodeSelectorTerm) -> tuple[Requirement, ...]:
    return tuple(
        Requirement(path=_TERMS, requirement=requirement)
        for requirement in (*term.match_expressions, *term.match_fields)
    )


def unmet(alternative: Iterable[Requirement], node: Node) -> tuple[Requirement, ...]:
    """The demands of one alternative that a node does not meet."""
    return tuple(demand for demand in alternative if not holds(demand.requirement, _facts(demand, node)))


def _facts(demand: Requirement, node: Node) -> Mapping[str, str]:
    if demand.requirement.key == NAME_FIELD:  # The only field that `matchFields` knows; no label is called so.
        return {NAME_FIELD: node.metadata.name}
    return node.metadata.labels


def selects(alternatives: tuple[tuple[Requirement, ...], ...], node: Node) -> bool:
    """Whether a node meets one of the alternatives of `node_requirements`."""
    return not alternatives or any(not unmet(alternative, node) for alternative in alternatives)


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    """Whether one toleration tolerates one taint: an empty key or effect stands for any."""
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if toleration.operator == "Exists":
        return True
    # An empty key is only valid together with Exists.
    return bool(toleration.key) and toleration.value == taint.value


def untolerated(tolerations: tuple[Toleration, ...], taints: tuple[Taint, ...]) -> tuple[Taint, ...]:
    """The taints that keep the pod off a node, in the node's order."""
    if not taints:  # As on most nodes, and there are many of them.
        return ()
    return tuple(
        taint
        for taint in taints
        if taint.effect in REPELLING_EFFECTS and not any(tolerates(toleration, taint) for toleration in tolerations)
    )
