"""Pods that were ended from outside: evicted, refused, removed, or kept from going."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from diagnostics.engine.texts import Texts
from diagnostics.rules.disrupted import disrupted
from diagnostics.rules.evicted import evicted
from diagnostics.rules.model import Check, Confidence, Finding
from diagnostics.rules.rejected import rejected
from diagnostics.rules.suspect import Suspect
from diagnostics.rules.terminating import terminating
from diagnostics.snapshot.objects import Node, Workload
from diagnostics.snapshot.pods import Pod
from tests.rules.crashing import at, codes, ended, event, judge, status, suspect

READY_LOST = {"type": "Ready", "status": "False", "reason": "PodFailed", "lastTransitionTime": at(minutes=5)}


def dead(reason: str, message: str = "", **more: Any) -> Suspect:
    """A failed pod with that status reason and message."""
    return suspect(
        status(ended(137), restarts=0),
        **{"phase": "Failed", "reason": reason, "message": message, "conditions": [READY_LOST], **more},
    )


def only(check: Check, of: Suspect) -> Finding:
    """The one finding."""
    (found,) = judge(check, of)
    return found


def said(check: Check, of: Suspect) -> str:
    """What is said."""
    found = only(check, of)
    return Texts(of, found).sentence(found.rule.message)


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        ("The node was low on resource: memory. ", "evicted-memory", "n1 was low on memory."),
        (
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 53228Ki. ",
            "evicted-memory",
            "(52Mi left, the threshold is 100Mi)",
        ),
        (
            "The node was low on resource: ephemeral-storage. Threshold quantity: odd, available: 1Gi. ",
            "evicted-disk",
            "(ephemeral-storage) (1Gi left, the threshold is odd)",
        ),
        ("The node was low on resource: nodefs.inodes. ", "evicted-inodes", "ran out of inodes"),
        (
            "The node was low on resource: pids. Threshold quantity: 9, available: 3. ",
            "evicted-pids",
            "(3 left, the threshold is 9)",
        ),
        ("The node had condition: [DiskPressure]. ", "evicted-condition", "n1 has DiskPressure"),
        (
            'Container app exceeded its local ephemeral storage limit "20Mi". ',
            "evicted-container-ephemeral",
            "container app wrote",
        ),
        (
            "Pod ephemeral local storage usage exceeds the total limit of containers 20Mi. ",
            "evicted-pod-ephemeral",
            "limits of 20Mi together",
        ),
        (
            'Usage of EmptyDir volume "s" exceeds the limit "10Mi". ',
            "evicted-emptydir",
            "volume s grew past its sizeLimit of 10Mi",
        ),
        ("", "evicted-disk", "the kubelet does not say of what"),
    ],
)
def test_why_it_was_evicted(message: str, code: str, words: str) -> None:
    of = dead("Evicted", message)
    assert only(evicted, of).rule.code == code
    assert words in said(evicted, of)


def test_who_used_most() -> None:
    message = (
        "The node was low on resource: memory. Container app was using 812Mi, request is 64Mi, has larger consumption "
        "of memory. "
    )
    found = only(evicted, dead("Evicted", message))
    assert found.params["heavy"] == " Container app used 812Mi and requests 64Mi."
    assert found.offender is not None
    assert found.offender.path == "spec.template.spec.containers[app].resources.requests.memory"


def test_the_field_that_has_to_change() -> None:
    found = only(evicted, dead("Evicted", 'Usage of EmptyDir volume "s" exceeds the limit "10Mi". '))
    assert found.offender is not None
    assert (found.offender.path, found.signature) == ("spec.template.spec.volumes[s].emptyDir.sizeLimit", "s 10Mi")
    found = only(evicted, dead("Evicted", "The node had condition: [DiskPressure]. "))
    assert found.offender is not None
    assert (found.offender.kind, found.offender.name) == ("Node", "n1")


@pytest.mark.parametrize("reason", ["Evicted", "NodeShutdown", "DeadlineExceeded"])
def test_an_old_dead_pod_of_a_healthy_workload_is_residue(reason: str) -> None:
    old = [{**READY_LOST, "lastTransitionTime": at(hours=2)}]
    of = dead(reason, "x", conditions=old)
    of.snapshot.deployments[("shop", "cart")] = msgspec.convert(
        {"spec": {"replicas": 2}, "status": {"readyReplicas": 2}}, Workload
    )
    assert codes(evicted, of) == ["evicted-residue"]
    assert codes(rejected, of) + codes(disrupted, of) == []
    of.snapshot.deployments[("shop", "cart")] = msgspec.convert(
        {"spec": {"replicas": 2}, "status": {"readyReplicas": 1}}, Workload
    )
    assert "evicted-residue" not in codes(evicted, of)


def test_a_bare_pod_is_never_residue() -> None:
    old = [{**READY_LOST, "lastTransitionTime": at(hours=2)}]
    of = dead("Evicted", conditions=old, metadata={"ownerReferences": []})
    assert codes(evicted, of) == ["evicted-disk"]


@pytest.mark.parametrize(
    "of",
    [
        dead("Evicted", phase="Running"),
        dead("", phase="Failed"),
        dead("Evicted", metadata={"deletionTimestamp": at(seconds=3)}),
        dead("OutOfcpu"),
    ],
    ids=["running", "no-reason", "terminating", "refused"],
)
def test_not_evicted(of: Suspect) -> None:
    assert codes(evicted, of) == []


def test_when_a_dead_pod_ended() -> None:
    by_container = only(evicted, dead("Evicted", conditions=[]))
    assert f"{by_container.since:%H:%M:%S}" == "03:59:00"
    neither = suspect(phase="Failed", reason="Evicted")
    assert f"{only(evicted, neither).since:%H:%M:%S}" == "03:50:00"


@pytest.mark.parametrize(
    ("reason", "message", "code", "words"),
    [
        (
            "OutOfcpu",
            "Node didn't have enough resource: cpu, requested: 64000, used: 744, capacity: 1900",
            "reject-out-of",
            "it requests 64 cpu, and 744m of 1.9 are taken",
        ),
        (
            "OutOfmemory",
            "Node didn't have enough resource: memory, requested: 1073741824, used: 0, capacity: 536870912",
            "reject-out-of",
            "it requests 1Gi memory, and 0 of 512Mi are taken",
        ),
        (
            "OutOfpods",
            "Node didn't have enough resource: pods, requested: 1, used: 110, capacity: 110",
            "reject-out-of",
            "it requests 1 pods, and 110 of 110 are taken",
        ),
        ("OutOfexample.com/x", "", "reject-out-of", "it has not enough example.com/x"),
        ("OutOf", "", "reject-out-of", "it has not enough resources"),
        (
            "SysctlForbidden",
            'forbidden sysctl: "net.core.somaxconn" not allowlisted',
            "reject-sysctl",
            "the sysctl net.core.somaxconn",
        ),
        ("SysctlForbidden", "", "reject-sysctl", "it sets a sysctl"),
        (
            "UnexpectedAdmissionError",
            "Pod was rejected: Allocate failed due to x.",
            "reject-device",
            "given: Allocate failed due to x.",
        ),
        ("TopologyAffinityError", "", "reject-numa", "one NUMA node: TopologyAffinityError."),
        (
            "NodeAffinity",
            "Predicate NodeAffinity failed",
            "reject-predicate",
            "refused cart: Predicate NodeAffinity failed.",
        ),
        ("NodeShutdown", "shutting down", "reject-shutdown", "shutting down"),
        ("PodOSNotSupported", "", "reject-os", "another operating system"),
        ("UnexpectedAdmissionError", "Cannot enforce AppArmor: off", "reject-apparmor", "AppArmor"),
    ],
)
def test_why_it_was_refused(reason: str, message: str, code: str, words: str) -> None:
    of = dead(reason, message)
    assert only(rejected, of).rule.code == code
    assert words in said(rejected, of)


@pytest.mark.parametrize(
    "of",
    [
        dead("Evicted"),
        dead("OutOfcpu", phase="Pending"),
        dead("OutOfcpu", metadata={"deletionTimestamp": at(seconds=3)}),
    ],
    ids=["evicted", "pending", "terminating"],
)
def test_not_refused(of: Suspect) -> None:
    assert codes(rejected, of) == []


def target(reason: str, **more: Any) -> Suspect:
    """A running pod with that DisruptionTarget."""
    condition = {"type": "DisruptionTarget", "status": "True", "reason": reason, "lastTransitionTime": at(minutes=1)}
    return suspect(conditions=[condition], **more)


@pytest.mark.parametrize(
    ("of", "code", "offender"),
    [
        (target("PreemptionByScheduler"), "preempted", "Deployment/cart"),
        (target("DeletionByTaintManager"), "taint-evicted", "Node/n1"),
        (target("EvictionByEvictionAPI"), "drained", "Deployment/cart"),
        (target("DeletionByPodGC", spec={"nodeName": ""}), "podgc", "Deployment/cart"),
        (dead("Preempting"), "preempted-critical", "Node/n1"),
        (dead("Terminated", "node shutdown"), "node-shutdown-terminated", "Node/n1"),
        (dead("DeadlineExceeded"), "deadline-pod", "Deployment/cart"),
    ],
)
def test_who_ended_it(of: Suspect, code: str, offender: str) -> None:
    found = only(disrupted, of)
    assert found.rule.code == code
    assert found.offender is not None
    assert f"{found.offender.kind}/{found.offender.name}" == offender


@pytest.mark.parametrize("of", [target("Other"), suspect(), dead("Evicted")])
def test_nobody_ended_it(of: Suspect) -> None:
    assert codes(disrupted, of) == []


def test_the_length_of_the_deadline() -> None:
    of = dead("DeadlineExceeded", spec={"activeDeadlineSeconds": 20})
    assert said(disrupted, of) == "cart ran longer than its activeDeadlineSeconds of 20 s and was ended."


def test_the_taint_that_removed_it() -> None:
    of = target("DeletionByTaintManager")
    taints = [{"key": "spot", "effect": "NoSchedule"}, {"key": "gone", "effect": "NoExecute"}]
    of.snapshot.nodes["n1"] = msgspec.convert({"metadata": {"name": "n1"}, "spec": {"taints": taints}}, Node)
    assert "(gone:NoExecute)" in said(disrupted, of)
    unknown = target("DeletionByTaintManager")
    unknown.snapshot.nodes.clear()
    assert only(disrupted, unknown).params["taint"] == ""


def test_the_pod_that_took_its_place() -> None:
    uid = "f2153598-fa1e-4ec3-93b9-cb9118b832e6"
    preempted = event("Preempted", f"Preempted by pod {uid} on node n1", container=None)
    of = target("PreemptionByScheduler", events=[preempted])
    assert only(disrupted, of).params["preemptor"] == ""
    of.snapshot.suspects.append(msgspec.convert({"metadata": {"name": "big", "namespace": "shop", "uid": uid}}, Pod))
    found = only(disrupted, of)
    assert found.params["preemptor"] == " (Pod big)"
    assert found.offender is not None
    assert found.offender.name == "big"


def going(over: float = 600, *, node_ready: str | None = "True", **more: Any) -> Suspect:
    """A pod that should be gone for that many seconds, on a node with that Ready condition; None for no such node."""
    metadata = {"deletionTimestamp": at(seconds=over), **more.pop("metadata", {})}
    of = suspect(*more.pop("statuses", ({"name": "app", "state": {"running": {}}},)), metadata=metadata, **more)
    if node_ready is None:
        of.snapshot.nodes = {"other": Node()}
    else:
        ready = [{"type": "Ready", "status": node_ready}]
        of.snapshot.nodes["n1"] = msgspec.convert({"metadata": {"name": "n1"}, "status": {"conditions": ready}}, Node)
    return of


@pytest.mark.parametrize(
    ("of", "code"),
    [
        (going(node_ready="Unknown"), "term-node-gone"),
        (going(node_ready=None), "term-node-gone"),
        (going(metadata={"finalizers": ["x/y"]}, statuses=[status(ended())]), "term-finalizer"),
        (going(metadata={"finalizers": ["x/y"]}), "term-grace"),  # Its container runs: the finalizer waits for that.
        (going(events=[event("FailedKillPod", "error killing pod: x", container=None)]), "term-kill-failed"),
        (going(events=[event("FailedPreStopHook", "PreStopHook failed")]), "term-prestop"),
        (going(), "term-grace"),
        (going(spec={"nodeName": ""}, events=[event("ExceededGracePeriod", "x", container=None)]), "term-kill-failed"),
    ],
)
def test_what_keeps_it(of: Suspect, code: str) -> None:
    assert codes(terminating, of) == [code]


def test_nothing_is_wrong_until_a_minute_past_the_grace_period() -> None:
    assert codes(terminating, going(59)) == []
    assert codes(terminating, going(-3600)) == []
    assert codes(terminating, suspect()) == []


def test_a_lost_node_is_told_once_it_is_due() -> None:
    assert codes(terminating, going(299, node_ready="Unknown")) == []
    assert codes(terminating, going(300, node_ready="Unknown")) == ["term-node-gone"]


def test_nodes_that_were_not_read_are_not_gone() -> None:
    of = going()
    of.snapshot.nodes.clear()
    assert codes(terminating, of) == ["term-grace"]


def test_what_must_be_said_of_a_lost_node() -> None:
    assert "its node n1 does not answer" in said(terminating, going(node_ready="Unknown"))
    assert "its node n1 no longer exists" in said(terminating, going(node_ready=None))
    assert only(terminating, going()).confidence is Confidence.CERTAIN
