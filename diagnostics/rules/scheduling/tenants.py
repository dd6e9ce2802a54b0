"""Who is in the way, in words: the workloads that hold what a waiting pod needs, node by node or domain by domain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from diagnostics.rules.model import Evidence, Offender
from diagnostics.rules.scheduling.case import Case
from diagnostics.rules.scheduling.domains import domain_word, domains
from diagnostics.rules.scheduling.fit import NodeFit
from diagnostics.rules.scheduling.occupancy import Skew
from diagnostics.rules.scheduling.wording import counted, listed, measure, say_blockers
from diagnostics.rules.subject import TEMPLATE_PATHS
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.placed import Cohort, Holder

_DOMAINS = 5  # Domains whose numbers a sentence bears.


def called(case: Case, one: Cohort | Holder) -> str:
    """A pod's workload as people say it: `Deployment web`, with its namespace where that is another."""
    return _called(case, case.trial.occupancy.workload(one))


def _called(case: Case, workload: WorkloadRef) -> str:
    elsewhere = workload.namespace != case.suspect.namespace
    return f"{workload.kind} {workload.namespace}/{workload.name}" if elsewhere else f"{workload.kind} {workload.name}"


def inside(key: str, values: Iterable[str]) -> str:
    """Where something runs: `on lab-node-1`, `in eu-west-1a`."""
    return f"{'on' if domain_word(key) == 'node' else 'in'} {listed(sorted(values))}"


def in_usable_domains(case: Case, cohorts: Iterable[Cohort], key: str) -> dict[str, list[Cohort]]:
    """Pods by domain, of the domains that the pod may use."""
    usable = domains(case.usable, key)
    return {value: found for value, found in case.trial.occupancy.in_domains(cohorts, key).items() if value in usable}


def say_taken(case: Case, cohorts: Iterable[Cohort], key: str) -> str:
    """Which domains are taken and by whom: `lab-node-1 by StatefulSet etcd, lab-node-2 by Deployment cache`."""
    taken = in_usable_domains(case, cohorts, key)
    return listed([f"{value} by {names_of(case, found)}" for value, found in sorted(taken.items())])


def names_of(case: Case, cohorts: Iterable[Cohort]) -> str:
    """Whose pods these are."""
    return " and ".join(sorted({called(case, cohort) for cohort in cohorts}))


def say_port_holders(case: Case, fits: Sequence[NodeFit]) -> str:
    """Who holds the host ports that the pod wants: `DaemonSet edge/proxy on lab-node-1`."""
    nodes: dict[str, list[str]] = {}
    for fit in fits:
        for who in sorted({called(case, holder) for holder in case.trial.occupancy.port_holders(fit.name)}):
            nodes.setdefault(who, []).append(fit.name)
    return " and ".join(f"{who} on {listed(names)}" for who, names in nodes.items())


def only_other(case: Case, ones: Iterable[Cohort | Holder]) -> WorkloadRef | None:
    """The workload that all these pods are of, if that is one, and another than the waiting pod's."""
    workloads = {case.trial.occupancy.workload(one) for one in ones} or {case.suspect.workload}
    first, *others = workloads
    return None if others or first == case.suspect.workload else first


def template(workload: WorkloadRef, field: str) -> Offender:
    """A field of another workload's pod spec as an offender."""
    path = TEMPLATE_PATHS.get(workload.kind)
    return Offender(workload.kind, workload.name, workload.namespace or None, f"{path}.{field}" if path else None)


def quote_holder(holder: Holder, path: str, value: str) -> Evidence:
    """Evidence from a pod that holds something."""
    return Evidence("pod", f"Pod/{holder.pod}", path, f"{value} (namespace {holder.namespace}, node {holder.node})")


def say_skew(skew: Skew) -> str:
    """How many pods each domain has, the fullest first: `eu-west-1a has 3, eu-west-1b 1`."""
    ordered = sorted(skew.counts.items(), key=lambda count: (-count[1], count[0]))
    if not ordered:
        return ""
    (fullest, most), *others = ordered
    if len(others) > _DOMAINS:  # The emptiest says more than those between.
        others = [*others[: _DOMAINS - 1], others[-1]]
    return f"{fullest} has {most}" + "".join(f", {value} {number}" for value, number in others)


def say_emptiest_domain(case: Case, skew: Skew) -> str:
    """Why the pod cannot go where the fewest are: what keeps it off the nodes there."""
    least = min(skew.counts.values(), default=0)
    key = skew.constraint.topology_key
    names = sorted(value for value, number in skew.counts.items() if number == least)
    inside = [fit for fit in case.trial.fits if fit.node.metadata.labels.get(key) in names]
    reasons = [f"{fit.name} {say_blockers(fit)}" for fit in inside if fit.name not in skew.closed]
    if not reasons:
        return ""
    return f" It would have to go to the {domain_word(key)} with the fewest ({listed(names)}): {listed(reasons)}."


def say_reservers(case: Case, resource: str, fits: Sequence[NodeFit]) -> str:
    """Which workloads have the most of a resource booked on those nodes; nothing where not all pods were counted."""
    booked = _booked(case, resource, {fit.name for fit in fits})
    ordered = sorted(booked.items(), key=lambda one: (-one[1].amount, one[0]))
    said = [f"{_called(case, who)} ({_share(resource, share)})" for who, share in ordered]
    return f" Most on {listed(sorted(fit.name for fit in fits))} is booked by {listed(said)}." if said else ""


class Share(NamedTuple):
    """How much of a resource some pods have booked, and how many they are."""

    amount: Decimal
    pods: int


def _booked(case: Case, resource: str, nodes: set[str]) -> dict[WorkloadRef, Share]:
    occupancy = case.trial.occupancy
    shares: dict[WorkloadRef, Share] = {}
    for cohort in case.suspect.snapshot.placed if occupancy.counted() else ():
        pods = sum(cohort.nodes[node] for node in nodes & cohort.nodes.keys())
        each = Decimal(1) if resource == "pods" else cohort.requests.get(resource, Decimal(0))
        if pods and each:
            who = occupancy.workload(cohort)
            known = shares.get(who, Share(Decimal(0), 0))
            shares[who] = Share(known.amount + pods * each, known.pods + pods)
    return shares


def _share(resource: str, share: Share) -> str:
    pods = counted(share.pods, "pod")
    return pods if resource == "pods" else f"{measure(resource, share.amount)} in {pods}"
