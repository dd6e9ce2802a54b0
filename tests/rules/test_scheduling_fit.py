"""Trying a pod on every node, against a scheduler that is written out plainly and looks at every single pod.

It filters node by node as kube-scheduler does and counts each node for the first filter that refuses it; what is
computed from cohorts must come to the same, "would fit if" must hold when the one thing is lifted, and the root must
be what frees the most nodes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.rules.scheduling.fit import Trial
from diagnostics.rules.scheduling.message import Kind, parse
from diagnostics.rules.scheduling.root import root
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.pods import Pod
from tests.rules.clusters import cluster, node, pod, running

ZONE = "topology.kubernetes.io/zone"
# In the order of the scheduler's filters, with its words.
REASONS = {
    "sched-cordoned": "node(s) were unschedulable",
    "sched-untolerated-taint": "node(s) had untolerated taint(s)",
    "sched-node-selector": "node(s) didn't match Pod's node affinity/selector",
    "sched-host-port": "node(s) didn't have free ports for the requested pod ports",
    "sched-insufficient-cpu": "Insufficient cpu",
    "sched-topology-spread": "node(s) didn't match pod topology spread constraints",
    "sched-pod-affinity": "node(s) didn't match pod affinity rules",
    "sched-pod-anti-affinity": "node(s) didn't match pod anti-affinity rules",
    "sched-existing-anti-affinity": "node(s) didn't satisfy existing pods anti-affinity rules",
}
ORDER = list(REASONS)


@dataclass(frozen=True)
class OneNode:
    """A node of 4 CPUs."""

    name: str
    zone: str = "a"
    disk: str = "ssd"
    cordoned: bool = False
    tainted: bool = False


@dataclass(frozen=True)
class OnePod:
    """A pod of Deployment `app`; on no node, it is the one that waits."""

    app: str
    on: str = ""
    cpu: int = 1
    port: bool = False
    repels: str = ""  # The app that it must not share a zone with,
    seeks: str = ""  # and the one that it must.
    spread: bool = False
    disk: str = ""


def refusals(here: OneNode, waiting: OnePod, nodes: list[OneNode], pods: list[OnePod]) -> set[str]:
    """Every filter that refuses one node."""
    zone_of = {one.name: one.zone for one in nodes}
    near = [one for one in pods if zone_of[one.on] == here.zone]
    beside = [one for one in pods if one.on == here.name]
    told = {
        "sched-cordoned": here.cordoned,
        "sched-untolerated-taint": here.tainted,
        "sched-node-selector": waiting.disk not in ("", here.disk),
        "sched-host-port": waiting.port and any(one.port for one in beside),
        # What asks for nothing fits even where too much is placed already.
        "sched-insufficient-cpu": waiting.cpu > 0 and sum(one.cpu for one in beside) + waiting.cpu > 4,
        "sched-topology-spread": waiting.spread and _too_uneven(here, waiting, nodes, pods),
        "sched-pod-affinity": bool(waiting.seeks) and not _is_near(waiting, near, pods),
        "sched-pod-anti-affinity": any(one.app == waiting.repels for one in near),
        "sched-existing-anti-affinity": any(one.repels == waiting.app for one in near),
    }
    return {code for code, holds in told.items() if holds}


def _is_near(waiting: OnePod, near: list[OnePod], pods: list[OnePod]) -> bool:
    first = waiting.app == waiting.seeks and not any(one.app == waiting.seeks for one in pods)
    return first or any(one.app == waiting.seeks for one in near)


def _too_uneven(here: OneNode, waiting: OnePod, nodes: list[OneNode], pods: list[OnePod]) -> bool:
    eligible = {one.name: one.zone for one in nodes if waiting.disk in ("", one.disk)}
    counts = Counter(dict.fromkeys(eligible.values(), 0))
    counts.update(eligible[one.on] for one in pods if one.app == waiting.app and one.on in eligible)
    return counts[here.zone] + 1 - min(counts.values(), default=0) > 1


def message(nodes: list[OneNode], refused: dict[str, set[str]]) -> str:
    """As the scheduler counts them."""
    first = Counter(min(codes, key=ORDER.index) for codes in refused.values())
    said = ", ".join(f"{number} {REASONS[code]}" for code, number in first.items())
    return f"0/{len(nodes)} nodes are available: {said}."


def _terms(app: str) -> dict[str, Any]:
    term = {"topologyKey": ZONE, "labelSelector": {"matchLabels": {"app": app}}}
    return {"requiredDuringSchedulingIgnoredDuringExecution": [term] if app else []}


def _spec(one: OnePod) -> dict[str, Any]:
    constraint = {"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule"}
    return {
        "affinity": {"podAntiAffinity": _terms(one.repels), "podAffinity": _terms(one.seeks)},
        "topologySpreadConstraints": [{**constraint, "labelSelector": {"matchLabels": {"app": one.app}}}] * one.spread,
        "nodeSelector": {"disk": one.disk} if one.disk else {},
    }


def snapshot_of(nodes: list[OneNode], pods: list[OnePod]) -> Snapshot:
    taint = {"key": "dedicated", "effect": "NoSchedule"}
    snapshot = cluster(
        *(
            node(one.name, *([taint] * one.tainted), labels={ZONE: one.zone, "disk": one.disk}, cordoned=one.cordoned)
            for one in nodes
        )
    )
    for one in pods:
        ports = [{"hostPort": 8080}] * one.port
        running(snapshot, one.app, one.on, ports=ports, requests={"cpu": str(one.cpu)}, **_spec(one))
    return snapshot


def trial_of(waiting: OnePod, nodes: list[OneNode], pods: list[OnePod]) -> Trial:
    refused = {one.name: refusals(one, waiting, nodes, pods) for one in nodes}
    document = msgspec.to_builtins(pod(message(nodes, refused), requests={"cpu": str(waiting.cpu)}, **_spec(waiting)))
    document["metadata"]["labels"] = {"app": waiting.app}
    document["spec"]["containers"][0]["ports"] = [{"hostPort": 8080}] * waiting.port
    workload = WorkloadRef(kind="StatefulSet", name="web", namespace="shop")
    suspect = Suspect(snapshot_of(nodes, pods), msgspec.convert(document, Pod), workload)
    return Trial(suspect, parse(document["status"]["conditions"][0]["message"]))


def lifted(waiting: OnePod, code: str) -> OnePod:
    """The pod without what the filter asks for."""
    return {
        "sched-node-selector": replace(waiting, disk=""),
        "sched-host-port": replace(waiting, port=False),
        "sched-topology-spread": replace(waiting, spread=False),
        "sched-pod-affinity": replace(waiting, seeks=""),
        "sched-pod-anti-affinity": replace(waiting, repels=""),
    }[code]


RARELY = st.sampled_from([False, False, False, True])
APPS = st.sampled_from(["x", "y", "z"])
MAYBE = st.sampled_from(["", "", "x", "y"])
SHAPES = st.lists(
    st.builds(OneNode, st.just(""), st.sampled_from("ab"), st.sampled_from(["ssd", "hdd"]), RARELY, RARELY),
    min_size=1,
    max_size=4,
)


@st.composite
def clusters(draw: Any) -> tuple[OnePod, list[OneNode], list[OnePod]]:
    nodes = [replace(shape, name=f"n{i}") for i, shape in enumerate(draw(SHAPES))]
    placed = st.builds(
        OnePod, APPS, st.sampled_from([one.name for one in nodes]), st.integers(0, 2), st.booleans(), MAYBE
    )
    disks = st.sampled_from(["", "", "ssd"])
    waiting = st.builds(OnePod, APPS, st.just(""), st.integers(1, 4), st.booleans(), MAYBE, MAYBE, st.booleans(), disks)
    return draw(waiting), nodes, draw(st.lists(placed, max_size=6))


@given(clusters())
def test_what_is_tried_comes_to_what_the_scheduler_does(case: Any) -> None:
    waiting, nodes, pods = case
    refused = {one.name: refusals(one, waiting, nodes, pods) for one in nodes}
    if not all(refused.values()):
        return  # It would have been placed.
    trial = trial_of(*case)
    assert trial.others_known or not pods
    if pods:
        _closed_by_the_same(trial, refused)
        _it_would_fit_where_and_if_that_is_said(trial, *case)
        _the_root_is_what_frees_the_most_nodes_that_are_open_to_the_pod(trial, refused)


def _closed_by_the_same(trial: Trial, refused: dict[str, set[str]]) -> None:
    assert {fit.name: {kind.code for kind in fit.blockers} for fit in trial.fits} == refused


def _it_would_fit_where_and_if_that_is_said(
    trial: Trial, waiting: OnePod, nodes: list[OneNode], pods: list[OnePod]
) -> None:
    by_name = {one.name: one for one in nodes}
    for kind in {kind for fit in trial.fits for kind in fit.blockers} - {Kind("sched-cordoned")}:
        for fit in trial.only(kind):
            if kind.code == "sched-insufficient-cpu":
                smaller = replace(waiting, cpu=int(fit.room.free("cpu")))
                assert not refusals(by_name[fit.name], smaller, nodes, pods)
            elif kind.code not in ("sched-untolerated-taint", "sched-existing-anti-affinity"):
                # The other demands stay; but which zones a selector leaves to be spread over goes with it.
                more = refusals(by_name[fit.name], lifted(waiting, kind.code), nodes, pods)
                assert not more or (kind.code, more) == ("sched-node-selector", {"sched-topology-spread"})


def _the_root_is_what_frees_the_most_nodes_that_are_open_to_the_pod(trial: Trial, refused: dict[str, set[str]]) -> None:
    closing = {"sched-cordoned", "sched-untolerated-taint"}
    selected = [codes for codes in refused.values() if "sched-node-selector" not in codes]
    candidates = [codes for codes in selected if not codes & closing] or selected
    freed = Counter(code for codes in candidates if len(codes) == 1 for code in codes)
    cause, _ = root(trial)
    if freed:
        assert freed[cause.code] == max(freed.values())
    assert selected or cause.code in ("sched-node-selector", *closing)
