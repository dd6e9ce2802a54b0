"""Nodes that are closed by the pods that run there: affinity, anti-affinity, spreading, host ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from diagnostics.rules.model import Finding, Offender, Rule, Severity, Stage
from diagnostics.rules.scheduling.case import Case
from diagnostics.rules.scheduling.domains import domain_word, domains, repelled_by_siblings, replicas
from diagnostics.rules.scheduling.wording import counted, listed
from diagnostics.rules.subject import TEMPLATE_PATHS
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.placement import PodAffinityTerm, TopologySpreadConstraint
from diagnostics.snapshot.selectors import as_argument, describe_selector

_AFFINITY = "affinity.{}.requiredDuringSchedulingIgnoredDuringExecution"
_REFERENCE = "https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/"
_UNSTATED_TERM = PodAffinityTerm(topology_key="kubernetes.io/hostname")


def _rule(code: str, message: str, cause: str, remedy: str, *commands: str, reference: str = _REFERENCE) -> Rule:
    return Rule(
        code=code,
        severity=Severity.HIGH,
        stage=Stage.SCHEDULING,
        message=message,
        cause="{nodes}" + cause,
        remedy="{would_fit}" + remedy,
        commands=commands,
        visible_after=timedelta(minutes=1),
        notify_after=timedelta(minutes=5),
        references=(reference,),
    )


POD_ANTI_AFFINITY = _rule(
    "sched-pod-anti-affinity",
    "Every {domain} that {workload_name} may use already runs a pod that it must not share one with ({selector}).",
    "Its required anti-affinity forbids pods with {selector} to share a {domain} ({topology_key}).",
    "Make the anti-affinity preferred instead of required, or add a {domain}.",
    "kubectl get pods -A -o wide -l {label_selector}",
)
# The pod repels its own siblings: then it is arithmetic.
CROWDED = replace(
    POD_ANTI_AFFINITY,
    message="{workload_name} wants {replicas}, no two sharing a {domain}, but only {places} can take them.",
    remedy="{would_fit}Run at most {limit}, make the anti-affinity preferred instead of required, or add a {domain}.",
    commands=(
        "kubectl -n {namespace} scale {workload} --replicas={limit}",
        "kubectl -n {namespace} get pods -o wide -l {label_selector}",
    ),
)
# There are places enough, but a rolling update needs one more while old and new pods run side by side.
SURGING = replace(
    CROWDED,
    message="{workload_name} runs {replicas}, no two sharing a {domain}, and there is no place for one more on {places}.",
    remedy="{would_fit}Let the rolling update remove an old pod first (maxSurge 0, maxUnavailable 1), or add a"
    " {domain}.",
    commands=("kubectl -n {namespace} get pods -o wide -l {label_selector}",),
)
EXISTING_ANTI_AFFINITY = _rule(
    "sched-existing-anti-affinity",
    "Pods that already run on every node that {workload_name} may use refuse to share one with it.",
    "Their required anti-affinity matches the labels of this pod: {labels}.",
    "Move or relax the pods that repel it, or change the labels that they match.",
    "kubectl get pods -A -o custom-columns=NS:.metadata.namespace,NAME:.metadata.name,NODE:.spec.nodeName,"
    "REPELS:.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution",
)
POD_AFFINITY = _rule(
    "sched-pod-affinity",
    "{workload_name} must run in one {domain} with a pod that matches {selector}, and no node that it may use has one.",
    "Its required affinity looks for {selector} in namespace {term_namespaces} (topology key {topology_key}).",
    "Start the pods that it looks for, correct the selector, or make the affinity preferred.",
    "kubectl -n {term_namespace} get pods -o wide -l {label_selector}",
)
TOPOLOGY_SPREAD = _rule(
    "sched-topology-spread",
    "One more pod of {workload_name} would be spread too unevenly over {domain}s (maxSkew {max_skew}).",
    "Pods with {selector} may differ by at most {max_skew} between two {domain}s ({topology_key}){table}.",
    "Add room in the {domain} that has the fewest, or let the spread be a wish (whenUnsatisfiable: ScheduleAnyway).",
    "kubectl -n {namespace} get pods -o wide -l {label_selector}",
    "kubectl get nodes -L {topology_key}",
    reference="https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/",
)
UNLABELLED_DOMAIN = replace(
    TOPOLOGY_SPREAD,
    message="No node that {workload_name} may use has the label {topology_key}, over which its pods must be spread.",
    cause="{nodes}A node without the label belongs to no {domain}, so a spread constraint keeps the pod off.",
    remedy="{would_fit}Label the nodes, correct the topologyKey, or use whenUnsatisfiable: ScheduleAnyway.",
    commands=("kubectl get nodes -L {topology_key}",),
)
HOST_PORT = _rule(
    "sched-host-port",
    "Host port {ports} is taken on every node that {workload_name} may use.",
    "A host port can be used by one pod a node.",
    "Drop the hostPort and use a Service, run one pod a node as a DaemonSet, or stop what holds the port.",
    "kubectl get pods -A -o custom-columns=NS:.metadata.namespace,NAME:.metadata.name,NODE:.spec.nodeName,"
    "PORTS:.spec.containers[*].ports[*].hostPort",
    reference="https://kubernetes.io/docs/concepts/configuration/overview/",
)
RULES = (POD_ANTI_AFFINITY, EXISTING_ANTI_AFFINITY, POD_AFFINITY, TOPOLOGY_SPREAD, HOST_PORT)


def explain_anti_affinity(case: Case) -> Finding:
    """A pod that must not share a domain with others, where every domain has one."""
    siblings = repelled_by_siblings(case.suspect)
    terms = siblings or case.suspect.pod.spec.affinity.pod_anti_affinity.required or (_UNSTATED_TERM,)
    term = min(terms, key=lambda term: len(domains(case.usable, term.topology_key)))
    places = domains(case.usable, term.topology_key)
    wanted = replicas(case.suspect) if siblings and places else None
    rule = POD_ANTI_AFFINITY if wanted is None else SURGING if len(places) >= wanted else CROWDED
    path = _AFFINITY.format("podAntiAffinity")
    return case.finding(
        rule,
        case.suspect.quote(f"spec.{path}", _say_term(term)),
        field=path,
        signature=term.topology_key,
        replicas=counted(wanted or 0, "replica"),
        places=f"{counted(len(places), domain_word(term.topology_key))} ({listed(sorted(places))})",
        limit=len(places),
        words=_term_words(case, term),
    )


def explain_affinity(case: Case) -> Finding:
    """A pod that must share a domain with pods that are nowhere it may go."""
    terms = case.suspect.pod.spec.affinity.pod_affinity.required
    path = _AFFINITY.format("podAffinity")
    term = terms[0] if terms else _UNSTATED_TERM
    return case.finding(
        POD_AFFINITY,
        case.suspect.quote(f"spec.{path}", _say_term(term)),
        field=path,
        signature=describe_selector(term.label_selector),
        words=_term_words(case, term),
    )


def _term_words(case: Case, term: PodAffinityTerm) -> dict[str, Any]:
    namespaces = term.namespaces or (case.suspect.namespace,)
    return {
        "selector": describe_selector(term.label_selector),
        "label_selector": as_argument(term.label_selector),
        "topology_key": term.topology_key,
        "domain": domain_word(term.topology_key),
        "term_namespace": namespaces[0],
        "term_namespaces": listed(namespaces),
    }


def _say_term(term: PodAffinityTerm) -> str:
    return f"{describe_selector(term.label_selector)} in one {term.topology_key}"


def explain_existing_anti_affinity(case: Case) -> Finding:
    """A pod that the pods already running repel."""
    labels = case.suspect.pod.metadata.labels
    said = listed([f"{key}={value}" for key, value in sorted(labels.items()) if not key.endswith("-hash")], 6)
    return case.finding(
        EXISTING_ANTI_AFFINITY, case.suspect.quote("metadata.labels", said), offender=_labels(case.suspect), labels=said
    )


def _labels(suspect: Suspect) -> Offender:
    """The labels that the workload gives its pods."""
    workload = suspect.workload
    template = TEMPLATE_PATHS.get(workload.kind, "spec").removesuffix("spec")
    return Offender(workload.kind, workload.name, workload.namespace or None, f"{template}metadata.labels")


def explain_spread(case: Case) -> Finding:
    """A pod whose spread constraint no node that it may use can keep."""
    constraints = case.suspect.pod.spec.topology_spread_constraints
    hard = [constraint for constraint in constraints if constraint.when_unsatisfiable != "ScheduleAnyway"]
    constraint = _tightest(case, hard)
    places = domains(case.usable, constraint.topology_key)
    said = [f"{value} with {counted(len(nodes), 'node')}" for value, nodes in sorted(places.items())]
    return case.finding(
        UNLABELLED_DOMAIN if case.usable and not places else TOPOLOGY_SPREAD,
        case.suspect.quote(f"spec.topologySpreadConstraints[{constraint.topology_key}]", _say_constraint(constraint)),
        field="topologySpreadConstraints",
        signature=constraint.topology_key,
        selector=describe_selector(constraint.label_selector),
        label_selector=as_argument(constraint.label_selector),
        topology_key=constraint.topology_key,
        domain=domain_word(constraint.topology_key),
        max_skew=constraint.max_skew,
        table=f"; open to it are {listed(said)}" if said else "",
    )


def _tightest(case: Case, constraints: list[TopologySpreadConstraint]) -> TopologySpreadConstraint:
    """The constraint with the fewest domains: the one that is broken first."""
    return min(
        constraints or [TopologySpreadConstraint(topology_key="kubernetes.io/hostname")],
        key=lambda constraint: len(domains(case.usable, constraint.topology_key)),
    )


def _say_constraint(constraint: TopologySpreadConstraint) -> str:
    return f"maxSkew {constraint.max_skew}, {constraint.when_unsatisfiable}, {describe_selector(constraint.label_selector)}"


def explain_host_port(case: Case) -> Finding:
    """A pod whose host port is taken on every node that it may use."""
    taken = [
        (container.name, f"{port.host_port}/{port.protocol}")
        for container in case.suspect.pod.spec.containers
        for port in container.ports
        if port.host_port
    ]
    name, ports = (taken[0][0] if taken else ""), listed([port for _, port in taken]) or "of the pod"
    return case.finding(
        HOST_PORT,
        case.suspect.quote(f"spec.containers[{name}].ports", ports),
        field=f"containers[{name}].ports",
        signature=ports,
        ports=ports,
    )


EXPLAINED: dict[str, Callable[[Case], Finding]] = {
    POD_ANTI_AFFINITY.code: explain_anti_affinity,
    EXISTING_ANTI_AFFINITY.code: explain_existing_anti_affinity,
    POD_AFFINITY.code: explain_affinity,
    TOPOLOGY_SPREAD.code: explain_spread,
    HOST_PORT.code: explain_host_port,
}
