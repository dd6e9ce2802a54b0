"""Nodes that are closed by how many pods run there: spreading over domains, host ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from diagnostics.rules.model import Finding
from diagnostics.rules.scheduling.case import Case
from diagnostics.rules.scheduling.domains import domain_word, domains
from diagnostics.rules.scheduling.neighbours import closing
from diagnostics.rules.scheduling.occupancy import Skew
from diagnostics.rules.scheduling.tenants import (
    only_other,
    quote_holder,
    say_emptiest_domain,
    say_port_holders,
    say_skew,
    template,
)
from diagnostics.rules.scheduling.wording import SHOWN, counted, listed
from diagnostics.snapshot.placement import TopologySpreadConstraint
from diagnostics.snapshot.selectors import as_argument, describe_selector

TOPOLOGY_SPREAD = closing(
    "sched-topology-spread",
    "One more pod of {workload_name} would be spread too unevenly over {domain}s (maxSkew {max_skew}){skew}.",
    "Pods with {selector} may differ by at most {max_skew} between two {domain}s ({topology_key}){table}.{emptiest}",
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
HOST_PORT = closing(
    "sched-host-port",
    "Host port {ports} is taken on every node that {workload_name} may use{holders}.",
    "A host port can be used by one pod a node.",
    "Drop the hostPort and use a Service, run one pod a node as a DaemonSet, or stop what holds the port.",
    "kubectl get pods -A -o custom-columns=NS:.metadata.namespace,NAME:.metadata.name,NODE:.spec.nodeName,"
    "PORTS:.spec.containers[*].ports[*].hostPort",
    reference="https://kubernetes.io/docs/concepts/configuration/overview/",
)
RULES = (TOPOLOGY_SPREAD, HOST_PORT)


def explain_spread(case: Case) -> Finding:
    """A pod whose spread constraint no node that it may use can keep."""
    constraints = case.suspect.pod.spec.topology_spread_constraints
    hard = [constraint for constraint in constraints if constraint.when_unsatisfiable != "ScheduleAnyway"]
    skew = _broken(case)
    constraint = skew.constraint if skew else _tightest(case, hard)
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
        skew=f": {numbers}" if skew and (numbers := say_skew(skew)) else "",
        emptiest=say_emptiest_domain(case, skew) if skew else "",
    )


def _broken(case: Case) -> Skew | None:
    """The constraint that closes the most of the nodes that the pod may use, where all its pods were counted."""
    usable = {fit.name for fit in case.usable}
    skews = [skew for skew in case.trial.occupancy.skews if skew] if case.trial.others_known else []
    return max(skews, key=lambda skew: len(skew.closed & usable), default=None)


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
    wanted = [
        (container.name, f"{port.host_port}/{port.protocol}")
        for container in case.suspect.pod.spec.containers
        for port in container.ports
        if port.host_port
    ]
    name, ports = (wanted[0][0] if wanted else ""), listed([port for _, port in wanted]) or "of the pod"
    fits = [fit for fit in case.usable if HOST_PORT.code in {kind.code for kind in fit.blockers}]
    held = [holder for fit in fits for holder in case.trial.occupancy.port_holders(fit.name)]
    holders, other = say_port_holders(case, fits), only_other(case, held)
    return case.finding(
        HOST_PORT,
        case.suspect.quote(f"spec.containers[{name}].ports", ports),
        *(quote_holder(holder, "spec.containers[*].ports[*].hostPort", "holds the port") for holder in held[:SHOWN]),
        field=f"containers[{name}].ports",
        offender=template(other, "containers[*].ports") if other else None,
        signature=ports,
        ports=ports,
        holders=f": by {holders}" if holders else "",
    )


EXPLAINED: dict[str, Callable[[Case], Finding]] = {
    TOPOLOGY_SPREAD.code: explain_spread,
    HOST_PORT.code: explain_host_port,
}
