"""What is said of a pod that no node takes: states, numbers, the nearest match, and what could not be checked."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from diagnostics.rules.model import Confidence
from diagnostics.rules.scheduling import unscheduled, wants
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import Snapshot, Unavailable
from diagnostics.snapshot.objects import Claim
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.pods import Pod
from tests.rules.clusters import NOW, POOL, cluster, event, finding, findings, node, pod
from tests.rules.loading import FIXTURES, load
from tests.subsets import BATCH, RANDOM, pruned

FULL = "0/1 nodes are available: 1 Insufficient cpu."
CLAIM = [{"name": "data", "persistentVolumeClaim": {"claimName": "web-data"}}]


def changed(waiting: Pod, **fields: Any) -> Pod:
    """The pod with other fields of its status or metadata."""
    document = msgspec.to_builtins(waiting)
    for path, value in fields.items():
        part, _, field = path.partition("__")
        document[part][field] = value
    return msgspec.convert(document, Pod)


# Who waits for a node at all.


@pytest.mark.parametrize(
    "fields",
    [
        {"status__phase": "Running"},
        {"status__phase": "Failed"},
        {"metadata__deletionTimestamp": "2026-11-23T03:59:00Z"},
        {"spec__nodeName": "a"},
        {"status__conditions": [{"type": "PodScheduled", "status": "True"}]},
    ],
    ids=["running", "failed", "being deleted", "bound", "about to be bound"],
)
def test_quiet_for_a_pod_that_does_not_wait_for_a_node(fields: dict[str, Any]) -> None:
    assert findings(cluster(node("a")), changed(pod(FULL), **fields)) == []


@pytest.mark.parametrize(
    ("waiting", "wanted"),
    [
        (pod(FULL, volumes=CLAIM), [("persistentvolumeclaims", "shop")]),
        (pod(FULL, volumes=[{"name": "data", "ephemeral": {}}]), [("persistentvolumeclaims", "shop")]),
        (pod(FULL, volumes=[{"name": "data"}]), []),
        (pod(FULL, volumes=CLAIM, nodeName="a"), []),
    ],
    ids=["a claim", "an ephemeral volume", "another volume", "bound"],
)
def test_claims_are_wanted_only_for_a_waiting_pod_that_mounts_some(waiting: Pod, wanted: list[tuple[str, str]]) -> None:
    suspect = Suspect(Snapshot(cluster="lab", now=NOW), waiting, WorkloadRef(kind="Pod", name="web-0"))
    assert list(wants(suspect)) == wanted


# Where the scheduler's words come from.


def test_the_event_speaks_where_the_pod_has_no_condition() -> None:
    events = [
        event("FailedScheduling", "0/1 nodes are available: 1 Too many pods.", "2026-11-23T03:10:00Z"),
        event("FailedScheduling", FULL, "2026-11-23T03:50:00Z"),
        event("FailedScheduling", "Failed to schedule pod, no instance type", "2026-11-23T03:59:00Z", "karpenter"),
    ]
    found = finding(cluster(), pod(None), events)
    assert found.rule.code == "sched-karpenter-refused"
    assert (found.evidence[0].source, found.evidence[0].value) == ("event", FULL)


def test_a_bare_condition_is_all_that_is_quoted() -> None:
    waiting = changed(pod(FULL), status__conditions=[{"type": "PodScheduled", "status": "False"}])
    found = finding(cluster(), waiting)
    assert (found.rule.code, found.evidence[0].path) == ("sched-other", "status.conditions[PodScheduled].status")


def test_an_autoscaler_alone_is_not_the_scheduler() -> None:
    events = [event("FailedScheduling", "Failed to schedule pod", component="karpenter")]
    assert finding(cluster(), pod(None), events).rule.code == "sched-scheduler-absent"


# Numbers.


def test_what_is_free_rounds_down_and_the_request_up() -> None:
    snapshot = cluster(node("a", memory="8190Mi"), booked={"a": {"memory": "4Gi"}})
    found = finding(snapshot, pod("0/1 nodes are available: 1 Insufficient memory.", requests={"memory": "4095Mi"}))
    assert (found.params["request"], found.params["emptiest"]) == (
        "4Gi of memory",
        "a, the emptiest, has 3.9Gi of 7.9Gi",
    )
    assert found.params["suggested"] == "3.9Gi"


def test_no_request_is_suggested_where_nothing_is_free() -> None:
    found = finding(cluster(node("a"), booked={"a": {"cpu": "5"}}), pod(FULL, requests={"cpu": "1"}))
    assert (found.params["emptiest"], found.params["suggested"]) == ("a, the emptiest, has 0 of 4", None)


def test_bookings_that_are_not_complete_are_said_to_be() -> None:
    snapshot = cluster(node("a"), booked={"a": {"cpu": "3"}})
    snapshot.bookings_complete = False
    found = finding(snapshot, pod(FULL, requests={"cpu": "2"}))
    assert (found.params["emptiest"], found.params["suggested"]) == ("a, the emptiest, has at most 1 of 4", None)
    assert found.params["would_fit"] == ""


def test_pods_that_could_not_be_counted_say_nothing_about_room() -> None:
    snapshot = cluster(node("a"), booked={"a": {"pods": "3"}})
    snapshot.unavailable.append(Unavailable(resource="pods", namespace="other"))
    found = finding(snapshot, pod("0/1 nodes are available: 1 Too many pods."))
    assert found.params["emptiest"] == "a takes 110"


def test_without_nodes_the_request_is_all_there_is() -> None:
    found = finding(cluster(), pod(FULL, requests={"cpu": "1500m"}))
    assert (found.params["request"], found.params["emptiest"]) == ("1.5 CPUs", "how much is free could not be read")
    found = finding(cluster(), pod("0/1 nodes are available: 1 Too many pods."))
    assert (found.offender and found.offender.kind, found.params["emptiest"]) == (
        "StatefulSet",
        "which they are could not be read",
    )


def test_the_largest_request_is_the_one_to_change() -> None:
    document = msgspec.to_builtins(pod(FULL))
    document["spec"]["containers"] = [{"name": "big", "resources": {"requests": {"cpu": "3"}}}, {"name": "app"}]
    document["spec"]["initContainers"] = [{"name": "small", "resources": {"requests": {"cpu": "1"}}}]
    found = finding(cluster(node("a", cpu="2")), msgspec.convert(document, Pod))
    assert found.offender is not None
    assert found.offender.path == "spec.template.spec.containers[big].resources.requests.cpu"
    assert (found.rule.code, found.params["container"]) == ("sched-impossible-request", "big")


def test_a_node_that_cannot_say_what_it_has_offers_nothing() -> None:
    found = finding(cluster(node("a", cpu="?")), pod(FULL, requests={"cpu": "1"}))
    assert found.params["emptiest"] == "none of them offers it"


def test_some_nodes_that_are_too_full_are_counted() -> None:
    snapshot = cluster(
        *(node(name) for name in "abcd"),
        booked={"a": {"cpu": "4"}, "b": {"cpu": "4"}, "c": {"pods": "110"}, "d": {"cpu": "4", "pods": "110"}},
    )
    message = "0/4 nodes are available: 3 Insufficient cpu, 2 Too many pods."
    found = finding(snapshot, pod(message, requests={"cpu": "1"}))
    assert found.params["short_nodes"] == "3 of the 4 nodes that web may use do not have"
    assert str(found.params["nodes"]).startswith(
        "Of 4 nodes: 3 without enough cpu free (a: 0 of 4 free, b: 0 of 4 free"
    )


# Taints.


def test_the_toleration_is_added_to_those_that_the_pod_has() -> None:
    tolerations = [
        {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
        {"key": "team", "operator": "Exists"},
    ]
    taint = {"key": "spot", "effect": "NoExecute"}
    message = "0/1 nodes are available: 1 node(s) had untolerated taint {spot: }."
    found = finding(cluster(node("a", taint)), pod(message, tolerations=tolerations))
    patch = json.loads(str(found.params["patch"]))
    assert patch["spec"]["template"]["spec"]["tolerations"] == [
        {"key": "team", "operator": "Exists"},
        {"key": "spot", "operator": "Exists", "effect": "NoExecute"},
    ]


def test_no_patch_for_a_kind_whose_template_is_not_known() -> None:
    snapshot, waiting = cluster(node("a", POOL)), pod("0/1 nodes are available: 1 node(s) had untolerated taint(s).")
    suspect = Suspect(snapshot, waiting, WorkloadRef(kind="Database", name="orders", namespace="shop"))
    (found,) = unscheduled.judge(suspect)
    assert found.params["patch"] is None


def test_a_tolerated_cordon_is_none() -> None:
    tolerations = [{"key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"}]
    snapshot = cluster(node("a", cordoned=True), booked={"a": {"cpu": "4"}})
    found = finding(snapshot, pod(FULL, requests={"cpu": "1"}, tolerations=tolerations))
    assert found.confidence is Confidence.CERTAIN


# Labels.


def selecting(*nodes: Any, **spec: Any) -> dict[str, Any]:
    message = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."
    found = finding(cluster(*nodes), pod(message, **spec))
    assert found.rule.code == "sched-node-selector"
    return dict(found.params)


@pytest.mark.parametrize(
    ("nodes", "nearest"),
    [
        ([node("a", labels={"disk": "ssds"})], "; the nearest is disk=ssds"),
        ([node("a", labels={"disks": "hdd"})], "; nodes have the label disks (hdd)"),
        ([node("a", labels={"disk": "tape"})], "; nodes have tape"),
        ([node("a")], "; no node has that label"),
        ([], "; the nodes' labels could not be read"),
    ],
    ids=["a value like it", "a key like it", "other values", "no such label", "nodes unread"],
)
def test_the_nearest_match(nodes: list[Any], nearest: str) -> None:
    assert selecting(*nodes, nodeSelector={"disk": "ssd"})["nearest"] == nearest


def test_the_nearest_node_is_an_open_one() -> None:
    words = selecting(node("a", POOL), node("b"), nodeSelector={"disk": "ssd"})
    assert (words["nearest_node"], words["label"]) == ("b", "disk=ssd")


def test_labels_that_others_keep_are_not_to_be_set_by_hand() -> None:
    assert selecting(node("a"), nodeSelector={"topology.kubernetes.io/zone": "b"})["label"] is None


def affine(*terms: list[dict[str, Any]]) -> dict[str, Any]:
    required = {"nodeSelectorTerms": [{"matchExpressions": term} for term in terms]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}


def test_the_alternative_that_comes_nearest_speaks() -> None:
    far = [{"key": key, "operator": "Exists"} for key in ("x", "y")]
    near = [{"key": "disk", "operator": "NotIn", "values": ["tape"]}]
    words = selecting(node("a", labels={"disk": "tape"}), affinity=affine(far, near))
    assert (words["demand"], words["label"]) == ("disk!=tape", None)


def test_a_demand_for_any_value_gives_a_label_without_one() -> None:
    words = selecting(node("a"), affinity=affine([{"key": "gpu", "operator": "Exists"}]))
    assert (words["demand"], words["label"]) == ("gpu (any value)", "gpu=")


def test_nodes_that_have_the_labels_by_now() -> None:
    words = selecting(node("a", labels={"disk": "ssd"}), nodeSelector={"disk": "ssd"})
    assert (words["demand"], words["nearest"], words["nearest_node"]) == ("disk=ssd", "", None)


def test_demands_that_were_not_read() -> None:
    assert selecting()["demand"] == "what its node selector or affinity says (any value)"


# Neighbours.


def test_a_host_port_without_a_port() -> None:
    message = "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."
    assert finding(cluster(), pod(message)).params["ports"] == "of the pod"


def test_the_tightest_spread_is_named() -> None:
    spread = [
        {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "DoNotSchedule"},
        {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"},
        {"maxSkew": 1, "topologyKey": "rack", "whenUnsatisfiable": "ScheduleAnyway"},
    ]
    snapshot = cluster(node("a", labels={"zone": "z"}), node("b", labels={"zone": "z"}))
    message = "0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints."
    found = finding(snapshot, pod(message, topologySpreadConstraints=spread))
    assert (found.signature, found.params["table"]) == ("zone", "; open to it are z with 2 nodes")


# Claims.


def claim(**fields: Any) -> Claim:
    document = {"metadata": {"name": "web-data", "namespace": "shop"}, "spec": {}, "status": {"phase": "Bound"}}
    return msgspec.convert({**document, **fields}, Claim)


def of_claims(message: str, *claims: Claim, **spec: Any) -> dict[str, Any]:
    snapshot = cluster()
    snapshot.claims.update({("shop", one.metadata.name): one for one in claims})
    return dict(finding(snapshot, pod(message, **{"volumes": CLAIM, **spec})).params)


def test_only_unbound_claims_are_blamed() -> None:
    volumes = [*CLAIM, {"name": "logs", "persistentVolumeClaim": {"claimName": "web-logs"}}]
    pending = claim(metadata={"name": "web-logs", "namespace": "shop"}, status={"phase": "Pending"})
    words = of_claims("pod has unbound immediate PersistentVolumeClaims", claim(), pending, volumes=volumes)
    assert (words["claims"], words["claim_states"]) == ("web-logs", " web-logs is Pending (no storage class).")


def test_a_lost_claim_is_told_by_its_phase_or_by_name() -> None:
    lost = claim(status={"phase": "Lost"}, spec={"volumeName": "pv-1", "storageClassName": "fast"})
    assert (
        of_claims(
            "0/1 nodes are available: 1 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s).",
            lost,
        )["claim_states"]
        == " web-data is Lost (class fast, volume pv-1)."
    )
    assert (
        of_claims('persistentvolumeclaim "web-data" bound to non-existent persistentvolume "pv-1"')["claim"]
        == "web-data"
    )


def test_a_claim_for_one_pod_is_told_by_its_access_mode() -> None:
    message = "0/1 nodes are available: 1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode."
    volumes = [{"name": "logs", "persistentVolumeClaim": {"claimName": "web-logs"}}, *CLAIM]
    words = of_claims(message, claim(spec={"accessModes": ["ReadWriteOncePod"]}), volumes=volumes)
    assert words["claim"] == "web-data"


def test_a_claim_on_its_way_out_that_could_not_be_read() -> None:
    words = of_claims('persistentvolumeclaim "web-data" is being deleted')
    assert (words["deleted"], words["finalizers"]) == ("", "")


def test_a_missing_claim_where_others_could_not_be_read() -> None:
    snapshot = cluster()
    snapshot.unavailable.append(Unavailable(resource="persistentvolumeclaims"))
    found = finding(snapshot, pod('persistentvolumeclaim "web-data" not found', volumes=CLAIM))
    assert found.params["checked"] == " Whether a similar one exists could not be checked."


def test_the_signature_of_a_claim_is_its_volume_so_that_replicas_share_one_row() -> None:
    found = finding(cluster(), pod('persistentvolumeclaim "web-data" not found', volumes=CLAIM))
    assert found.signature == "data"


# Waiting for something else than a node.


def test_the_gates_of_a_known_controller() -> None:
    gates = [{"name": "kueue.x-k8s.io/admission"}, {"name": "example.com/hold"}]
    found = finding(cluster(), pod("blocked", reason="SchedulingGated", schedulingGates=gates))
    assert found.params["gates"] == "scheduling gates kueue.x-k8s.io/admission, example.com/hold"
    assert found.params["controller"] == " (Kueue)"


def test_a_gate_that_the_spec_no_longer_shows() -> None:
    assert finding(cluster(), pod("blocked", reason="SchedulingGated")).params["gates"] == "a scheduling gate"


@pytest.mark.parametrize(
    ("claims", "kind", "name"),
    [
        ([{"name": "gpu", "resourceClaimName": "gpu-1"}], "ResourceClaim", "gpu-1"),
        ([{"name": "gpu"}, {"name": "b", "resourceClaimTemplateName": "tpl"}], "ResourceClaimTemplate", "tpl"),
        ([{"name": "gpu"}], "ResourceClaim", "of its own"),
    ],
)
def test_the_first_resource_claim_is_named(claims: list[dict[str, str]], kind: str, name: str) -> None:
    found = finding(cluster(), pod(None, resourceClaims=claims))
    assert (found.params["claim_kind"], found.params["claim"]) == (kind, name)
    message = "0/1 nodes are available: 1 cannot allocate all claims."
    found = finding(cluster(), pod(message, resourceClaims=claims))
    assert (found.rule.code, found.params["claim"]) == ("sched-dra", name)


@pytest.mark.parametrize("phase", ["Pending", "Running"])
def test_devices_matter_until_the_pod_has_started(phase: str) -> None:
    waiting = changed(pod(None, nodeName="a"), status__phase=phase)
    said = [event("FailedPrepareDynamicResources", "Failed to prepare dynamic resources: no driver")]
    assert [one.rule.code for one in findings(cluster(node("a")), waiting, said)] == (
        ["sched-dra"] if phase == "Pending" else []
    )


def test_victims_that_are_gone_already() -> None:
    waiting = changed(pod("0/1 nodes are available: 1 Insufficient cpu."), status__nominatedNodeName="a")
    found = finding(cluster(node("a")), waiting)
    assert (found.rule.code, found.params["victims"]) == ("sched-preempting", "pods of lower priority")


def test_a_nominated_node_alone_is_no_preemption() -> None:
    """Since v1.35 the scheduler nominates a node for any pod that it tries to bind."""
    message = 'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded'
    waiting = changed(pod(message, reason="SchedulerError", volumes=CLAIM), status__nominatedNodeName="a")
    assert finding(cluster(node("a")), waiting).rule.code == "sched-pvc-unbound"
    futile = f"{FULL} preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    waiting = changed(pod(futile), status__nominatedNodeName="a")
    found = finding(cluster(), waiting)
    assert found.rule.code == "sched-insufficient-cpu"
    assert found.ruled_out == ("preemption: evicting pods of lower priority would not make room",)


def test_a_long_error_is_cut() -> None:
    found = finding(cluster(), pod("x" * 500, reason="SchedulerError"))
    assert found.params["stated"] == "x" * 197 + "..."


@pytest.mark.parametrize("nodes", [[], [node("a")]], ids=["nodes unread", "the node exists"])
def test_a_named_node_that_may_be_there(nodes: list[Any]) -> None:
    assert findings(cluster(*nodes), pod(None, nodeName="a")) == []


# Autoscalers.


def test_a_scale_up_that_was_taken_back_since() -> None:
    events = [
        event("TriggeredScaleUp", "pod triggered scale-up", "2026-11-23T03:55:00Z", "cluster-autoscaler"),
        event(
            "NotTriggerScaleUp",
            "pod didn't trigger scale-up: 1 in backoff after failed scale-up",
            "2026-11-23T03:57:00Z",
            "cluster-autoscaler",
        ),
    ]
    found = finding(cluster(), pod(FULL), events)
    assert (found.rule.code, found.params["refusal"]) == (
        "sched-autoscaler-refused",
        "in backoff after failed scale-up",
    )


def test_a_nominated_node_claim() -> None:
    events = [event("Nominated", "Pod should schedule on: nodeclaim/default-x", "2026-11-23T03:58:00Z", "karpenter")]
    assert finding(cluster(), pod(FULL), events).params["autoscaler"] == "Karpenter"


@pytest.mark.parametrize(
    ("message", "refusal", "pool"),
    [
        (
            'Failed to schedule pod, incompatible with nodepool "gpu", no instance type satisfied resources {"cpu":"64"}',
            "no instance type that it may use is large enough or fits the pod's demands",
            "gpu",
        ),
        (
            "Failed to schedule pod, did not tolerate a=b:NoSchedule",
            "its nodes have a taint that the pod does not tolerate",
            None,
        ),
        ("Failed to schedule pod, for a new reason", "it cannot schedule the pod", None),
    ],
)
def test_what_karpenter_says(message: str, refusal: str, pool: str | None) -> None:
    found = finding(cluster(), pod(FULL), [event("FailedScheduling", message, component="karpenter")])
    assert found.rule.code == "sched-karpenter-refused"
    assert (found.params["refusal"], found.params["nodepool"]) == (refusal, pool)


# Robustness.

PENDING = [
    (load(path.parent), json.loads(path.read_bytes())["items"]) for path in sorted(FIXTURES.glob("sched-*/*/pods.json"))
]


@settings(max_examples=25, deadline=None)
@given(RANDOM)
def test_any_subset_of_fields_is_malformed_or_judged(random: Random) -> None:
    for snapshot, pods in random.sample(PENDING, BATCH):
        dropped = {random.randint(1, 120) for _ in range(random.randrange(25))}
        for document in pods:
            try:
                waiting = msgspec.convert(pruned(document, dropped), Pod)
            except msgspec.ValidationError:
                continue
            list(unscheduled.judge(Suspect(snapshot, waiting, snapshot.owners.top(waiting.metadata))))


@settings(max_examples=25, deadline=None)
@given(RANDOM)
def test_the_order_of_the_reasons_does_not_matter(random: Random) -> None:
    for snapshot, _ in random.sample(PENDING, BATCH):
        _whatever_the_order(snapshot, random)


def _whatever_the_order(snapshot: Snapshot, order: Random) -> None:
    for waiting in snapshot.suspects:
        suspect = Suspect(snapshot, waiting, snapshot.owners.top(waiting.metadata))
        document = msgspec.to_builtins(waiting)
        for condition in document["status"].get("conditions", ()):
            condition["message"] = _shuffled(condition["message"], order)
        other = Suspect(snapshot, msgspec.convert(document, Pod), suspect.workload)
        assert [(one.rule.code, one.signature, one.offender) for one in unscheduled.judge(suspect)] == [
            (one.rule.code, one.signature, one.offender) for one in unscheduled.judge(other)
        ]


def _shuffled(message: str, order: Random) -> str:
    head, colon, rest = message.partition(" available: ")
    reasons, stop, tail = rest.partition(".")
    parts = reasons.split(", ")
    if any("{" in part for part in parts):
        return message
    order.shuffle(parts)
    return f"{head}{colon}{', '.join(parts)}{stop}{tail}"
