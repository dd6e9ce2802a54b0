"""Nodes that are closed by the pods that run there, or do not: affinity and anti-affinity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from diagnostics.rules.lookalikes import alike
from diagnostics.rules.model import Evidence, Finding, Offender, Rule, Severity, Stage
from diagnostics.rules.scheduling.case import Case
from diagnostics.rules.scheduling.domains import domain_word, domains, repelled_by_siblings, replicas
from diagnostics.rules.scheduling.tenants import (
    called,
    in_usable_domains,
    inside,
    names_of,
    only_other,
    say_taken,
    template,
)
from diagnostics.rules.scheduling.wording import SHOWN, counted, listed
from diagnostics.rules.subject import TEMPLATE_PATHS
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.placed import Cohort
from diagnostics.snapshot.placement import LabelSelector, PodAffinityTerm
from diagnostics.snapshot.selectors import as_argument, describe_selector

_AFFINITY = "affinity.{}.requiredDuringSchedulingIgnoredDuringExecution"
_REFERENCE = "https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/"
_UNSTATED_TERM = PodAffinityTerm(topology_key="kubernetes.io/hostname")


def closing(code: str, message: str, cause: str, remedy: str, *commands: str, reference: str = _REFERENCE) -> Rule:
    """A rule about nodes that other pods close."""
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


POD_ANTI_AFFINITY = closing(
    "sched-pod-anti-affinity",
    "Every {domain} that {workload_name} may use already runs a pod that it must not share one with ({selector}).",
    "Its required anti-affinity forbids pods with {selector} to share a {domain} ({topology_key}).{taken}",
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
EXISTING_ANTI_AFFINITY = closing(
    "sched-existing-anti-affinity",
    "Pods that already run on every node that {workload_name} may use refuse to share one with it{repelling}.",
    "Their required anti-affinity matches the labels of this pod: {labels}.",
    "Move or relax the pods that repel it, or change the labels that they match.",
    "kubectl get pods -A -o custom-columns=NS:.metadata.namespace,NAME:.metadata.name,NODE:.spec.nodeName,"
    "REPELS:.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution",
)
POD_AFFINITY = closing(
    "sched-pod-affinity",
    "{workload_name} must run in one {domain} with a pod that matches {selector}, and no node that it may use has one{nearest}.",
    "Its required affinity looks for {selector} in namespace {term_namespaces} (topology key {topology_key}).",
    "Start the pods that it looks for, correct the selector, or make the affinity preferred.",
    "kubectl -n {term_namespace} get pods -o wide -l {label_selector}",
)
RULES = (POD_ANTI_AFFINITY, EXISTING_ANTI_AFFINITY, POD_AFFINITY)


def explain_anti_affinity(case: Case) -> Finding:
    """A pod that must not share a domain with others, where every domain has one."""
    siblings = repelled_by_siblings(case.suspect)
    terms = siblings or case.suspect.pod.spec.affinity.pod_anti_affinity.required or (_UNSTATED_TERM,)
    term = min(terms, key=lambda term: len(domains(case.usable, term.topology_key)))
    places = domains(case.usable, term.topology_key)
    wanted = replicas(case.suspect) if siblings and places else None
    rule = POD_ANTI_AFFINITY if wanted is None else SURGING if len(places) >= wanted else CROWDED
    peers = _known(case, case.trial.occupancy.matching(term, case.suspect.namespace))
    taken = say_taken(case, peers, term.topology_key)
    path = _AFFINITY.format("podAntiAffinity")
    return case.finding(
        rule,
        case.suspect.quote(f"spec.{path}", _say_term(term)),
        field=path,
        signature=term.topology_key,
        replicas=counted(wanted or 0, "replica"),
        places=f"{counted(len(places), domain_word(term.topology_key))} ({listed(sorted(places))})",
        limit=len(places),
        taken=f" Taken are {taken}." if taken else "",
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
        nearest=_nearest(case, term),
        words=_term_words(case, term),
    )


def _known(case: Case, cohorts: list[Cohort] | None) -> list[Cohort]:
    """Other pods, where they account for what the scheduler says; else there are none to name."""
    return cohorts or [] if case.trial.others_known else []


def _nearest(case: Case, term: PodAffinityTerm) -> str:
    """What comes nearest to the pods that a pod must be with, as the end of a sentence; nothing where that is unknown."""
    occupancy, home = case.trial.occupancy, case.suspect.namespace
    peers = occupancy.matching(term, home)
    if peers is None or not case.trial.others_known:
        return ""
    if peers:
        places = occupancy.in_domains(peers, term.topology_key)
        where = inside(term.topology_key, places) if places else f"on nodes without the label {term.topology_key}"
        return f"; there are {names_of(case, peers)} {where}"
    return _lookalike(case, term)


def _lookalike(case: Case, term: PodAffinityTerm) -> str:
    """A label of pods in the namespace that looks like the one looked for, but for a slip of the pen; else no pod has it."""
    wanted = (term.label_selector or LabelSelector()).match_labels
    here = list(case.suspect.snapshot.placed.of_namespace((term.namespaces or (case.suspect.namespace,))[0]))
    for key, value in wanted.items():
        values = {cohort.labels[key] for cohort in here if key in cohort.labels}
        if value not in values and (near := alike(value, values)):
            return f"; the nearest is {key}={near}"
    return "; no pod has these labels"


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
    repelling = list(_repelling(case))
    other = only_other(case, (cohort for cohort, _ in repelling))
    return case.finding(
        EXISTING_ANTI_AFFINITY,
        case.suspect.quote("metadata.labels", said),
        *(_quote_repelling(cohort, term) for cohort, term in repelling[:SHOWN]),
        offender=template(other, _AFFINITY.format("podAntiAffinity")) if other else _labels(case.suspect),
        labels=said,
        repelling=_say_repelling(case, repelling),
    )


def _repelling(case: Case) -> Iterator[tuple[Cohort, PodAffinityTerm]]:
    """The pods that repel this one from domains that it may use, with the term that does."""
    for cohort, term in (case.trial.occupancy.repelling or ()) if case.trial.others_known else ():
        if in_usable_domains(case, [cohort], term.topology_key):
            yield cohort, term


def _quote_repelling(cohort: Cohort, term: PodAffinityTerm) -> Evidence:
    path = f"spec.{_AFFINITY.format('podAntiAffinity')}"
    return Evidence("pod", f"Pod/{cohort.pod}", path, f"{_say_term(term)} (namespace {cohort.namespace})")


def _say_repelling(case: Case, repelling: Sequence[tuple[Cohort, PodAffinityTerm]]) -> str:
    """Who repels the pod and where."""
    said = {
        f"{called(case, cohort)} {inside(term.topology_key, in_usable_domains(case, [cohort], term.topology_key))}"
        for cohort, term in repelling
    }
    return f": {listed(sorted(said))}" if said else ""


def _labels(suspect: Suspect) -> Offender:
    """The labels that the workload gives its pods."""
    workload = suspect.workload
    template = TEMPLATE_PATHS.get(workload.kind, "spec").removesuffix("spec")
    return Offender(workload.kind, workload.name, workload.namespace or None, f"{template}metadata.labels")


EXPLAINED: dict[str, Callable[[Case], Finding]] = {
    POD_ANTI_AFFINITY.code: explain_anti_affinity,
    EXISTING_ANTI_AFFINITY.code: explain_existing_anti_affinity,
    POD_AFFINITY.code: explain_affinity,
}
