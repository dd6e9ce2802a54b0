"""What several workloads suffer at the same time from one thing is one diagnosis; what fewer suffer is their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings

from diagnostics.engine import judge, judging
from diagnostics.engine.sharing import ZONE_LABEL, reach
from diagnostics.engine.verdict import Judgement, Verdict
from diagnostics.rules.model import Check, Confidence, Finding, Offender, Rule, Shared, Stage
from diagnostics.rules.subject import ObjectView
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.meta import ManagedMetadata, Metadata
from diagnostics.snapshot.objects import Node, Workload
from diagnostics.snapshot.pods import Pod
from tests.engine.building import NOW, finding, pod, rule, snapshot
from tests.subsets import BATCH, RANDOM

QUAY, HUB = Shared("Registry", "quay.io"), Shared("Registry", "docker.io")
UNREACHABLE = rule("image-x", Stage.IMAGE, together="{thing} is away for {sufferers}", verify=())
NETWORK = rule("cni-x", Stage.SANDBOX, together="no network on {place} for {sufferers}", verify=())


@dataclass(frozen=True)
class Struck:
    """A pod of a StatefulSet that fails, and what is found in it."""

    workload: str
    minutes: int = 0  # After an hour ago.
    thing: Shared = QUAY
    rule: Rule = UNREACHABLE
    node: str = "n1"
    name: str = "0"
    containers: tuple[str, ...] = ("app",)
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def pod(self) -> Pod:
        def change(document: dict[str, Any]) -> None:
            owner = {"kind": "StatefulSet", "name": self.workload, "uid": self.workload, "controller": True}
            document["metadata"] |= {"namespace": f"of-{self.workload}", "ownerReferences": [owner]}
            document["spec"]["nodeName"] = self.node

        return pod(f"{self.workload}-{self.name}", change)

    def found(self, suspect: Suspect) -> Iterator[Finding]:
        evidence, since = (suspect.quote("status.phase", "Pending"),), NOW - timedelta(minutes=60 - self.minutes)
        for name in self.containers:
            fields = {"evidence": evidence, "since": since, "shared": self.thing, **self.fields}
            yield finding(self.rule, name, **fields)


def judged(monkeypatch: pytest.MonkeyPatch, struck: Sequence[Struck], *more: Check, **objects: Any) -> Judgement:
    """What is said of these pods; `objects` is what else the snapshot holds, but of `nodes` only names and zones."""
    by_name = {each.pod.metadata.name: each for each in struck}

    def of_pod(suspect: Suspect) -> Iterator[Finding]:
        return by_name[suspect.metadata.name].found(suspect)

    monkeypatch.setattr(judging, "checks", lambda: (Check("pods", (), of_pod), *more))
    zones = objects.pop("nodes", {})
    nodes = {name: Node(metadata=Metadata(name=name, labels=labels(zone))) for name, zone in zones.items()}
    return judge(snapshot(*(each.pod for each in struck), nodes=nodes, **objects))


def labels(zone: str) -> dict[str, str]:
    return {ZONE_LABEL: zone} if zone else {}


def verdicts(monkeypatch: pytest.MonkeyPatch, *struck: Struck, **more: Any) -> tuple[Verdict, ...]:
    judgement = judged(monkeypatch, struck, **more)
    assert not judgement.crashed
    return judgement.verdicts


def about(found: tuple[Verdict, ...]) -> list[tuple[str, int]]:
    """What the verdicts are about, and how many pods suffer."""
    return sorted((f"{each.workload.kind}/{each.workload.name}", each.pods_affected) for each in found)


def many(*placed: tuple[str, int], **fields: Any) -> list[Struck]:
    """Pods of these workloads, struck at those minutes."""
    return [Struck(workload, minutes, name=str(number), **fields) for number, (workload, minutes) in enumerate(placed)]


@pytest.mark.parametrize(
    "struck",
    [
        many(("a", 0), ("a", 0), ("b", 0)),
        many(("a", 0), ("b", 0), ("c", 0)),
        many(("a", 0), ("b", 5), ("c", 10)),
        many(("a", 0), ("a", 1), ("a", 2), ("b", 10)),
    ],
)
def test_three_pods_of_two_workloads_within_ten_minutes_share_a_cause(
    monkeypatch: pytest.MonkeyPatch, struck: list[Struck]
) -> None:
    assert about(verdicts(monkeypatch, *struck)) == [("Registry/quay.io", len(struck))]


@pytest.mark.parametrize(
    "struck",
    [
        many(("a", 0), ("b", 0)),
        many(("a", 0), ("a", 0), ("a", 0)),
        many(("a", 0), ("b", 5), ("c", 11)),
        many(("a", 0), ("a", 1), ("a", 2), ("b", 13)),
        [*many(("a", 0), ("a", 0)), Struck("b", thing=HUB, name="2")],
        [*many(("a", 0), ("a", 0)), Struck("b", rule=NETWORK, name="2")],
        [Struck("a", containers=("app", "side")), Struck("b")],
    ],
)
def test_fewer_or_later_ones_or_of_something_else_do_not(monkeypatch: pytest.MonkeyPatch, struck: list[Struck]) -> None:
    assert {kind for name, _ in about(verdicts(monkeypatch, *struck)) for kind in [name.split("/")[0]]} == {
        "StatefulSet"
    }


def test_what_is_struck_later_joins_and_what_failed_long_before_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    found = verdicts(monkeypatch, *many(("old", 0), ("a", 20), ("b", 21), ("c", 22), ("late", 55)))
    assert about(found) == [("Registry/quay.io", 4), ("StatefulSet/old", 1)]


def test_nobody_is_named_who_has_no_cause_to_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """An image that somebody mistyped makes no registry guilty, however many others fail alike."""
    assert len(verdicts(monkeypatch, *many(("a", 0), ("b", 0), ("c", 0), fields={"shared": None}))) == 3


def test_what_is_said_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = ("kubectl -n {namespace} edit {workload}", "kubectl get nodes")
    told = rule("image-x", Stage.IMAGE, together="{thing} is away for {sufferers}", commands=commands, verify=())
    struck = many(("a", 3), ("a", 4), ("b", 5), rule=told)
    found = verdicts(monkeypatch, *struck)[0]
    assert (found.code, found.namespace, found.container, found.delivered_by) == ("image-x", None, None, None)
    assert found.summary == "quay.io is away for 3 pods of 2 workloads"
    assert found.remedy.commands == ("kubectl get nodes",)  # Neither workload is to be edited.
    assert found.severity == "critical"  # As with a workload that has no ready pod left.
    assert (found.pods_affected, found.pods_total, len(found.pods), found.restarts) == (3, 3, 3, 9)
    assert found.first_seen == NOW - timedelta(minutes=57)
    assert (found.offender.kind, found.offender.namespace, found.offender.name) == ("Registry", None, "quay.io")
    assert [item.object for item in found.evidence] == ["Pod/a-0", "Pod/b-2"]
    assert [(each.namespace, each.workload.name, each.code) for each in found.symptoms] == [
        ("of-a", "a", "image-x"),
        ("of-b", "b", "image-x"),
    ]
    assert found.symptoms[0].summary == "image-x of app"


def test_it_is_the_same_whoever_suffers_but_not_of_another_thing_or_code(monkeypatch: pytest.MonkeyPatch) -> None:
    scenes: tuple[list[Struck], ...] = (
        many(("a", 0), ("b", 0), ("c", 0)),
        many(("x", 20), ("x", 20), ("y", 20), fields={"signature": "other"}),
        many(("a", 0), ("b", 0), ("c", 0), thing=HUB),
        many(("a", 0), ("b", 0), ("c", 0), rule=NETWORK),
    )
    first, second, *others = (verdicts(monkeypatch, *scene)[0].fingerprint for scene in scenes)
    assert first == second
    assert len({first, *others}) == 3


def test_a_pod_with_two_failing_containers_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    both = ("app", "side")
    (found,) = verdicts(monkeypatch, *many(("a", 0), ("b", 0), ("c", 0), containers=both))
    assert (found.pods_affected, found.pods_total, len(found.symptoms)) == (3, 3, 6)


def test_of_a_workload_only_the_pods_on_the_node_are_the_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    here = many(("a", 0), ("b", 0), ("c", 0), thing=Shared("Node", "n1"), rule=NETWORK)
    there = Struck("a", thing=Shared("Node", "n2"), rule=NETWORK, name="9", node="n2")
    found = verdicts(monkeypatch, *here, there)
    assert about(found) == [("Node/n1", 3), ("StatefulSet/a", 1)]
    assert "no network on node n1 for 3 pods of 3 workloads" in {each.summary for each in found}


def on_nodes(*nodes: str) -> list[Struck]:
    """A pod of a workload of its own on each of the nodes, without network."""
    return [
        Struck(f"w{number}", thing=Shared("Node", node), rule=NETWORK, node=node) for number, node in enumerate(nodes)
    ]


ZONES = {"n1": "a", "n2": "a", "n3": "b"}


@pytest.mark.parametrize(
    ("struck", "zones", "expected"),
    [
        (on_nodes("n1", "n2", "n2"), ZONES, [("Zone/a", 3)]),
        (on_nodes("n1", "n1", "n1"), ZONES, [("Node/n1", 3)]),  # One node is no zone.
        (on_nodes("n1", "n1", "n1", "n3"), ZONES, [("Node/n1", 3), ("StatefulSet/w3", 1)]),  # Nor are two zones.
        (on_nodes("n1", "n1", "n1", "n2"), {"n1": "a", "n2": "a"}, [("Node/n1", 3), ("StatefulSet/w3", 1)]),
        (on_nodes("n1", "n1", "n1", "n2"), {"n1": "", "n2": "", "n3": "b"}, [("Node/n1", 3), ("StatefulSet/w3", 1)]),
        (on_nodes("n1", "n2"), ZONES, [("StatefulSet/w0", 1), ("StatefulSet/w1", 1)]),
    ],
)
def test_a_zone_is_at_fault_where_several_of_its_nodes_are_and_no_others(
    monkeypatch: pytest.MonkeyPatch, struck: list[Struck], zones: dict[str, str], expected: list[tuple[str, int]]
) -> None:
    found = verdicts(monkeypatch, *struck, nodes=zones)
    assert about(found) == expected
    if expected[0][0] == "Zone/a":
        assert found[0].summary == "no network on the nodes of zone a for 3 pods of 3 workloads"


WEBHOOK = Shared("Webhook", "images.example")
DOWN = rule("create-webhook-down", Stage.GATED, together="{sufferers} are not created by {thing}", verify=())
DEADLOCK = rule("webhook-deadlock", Stage.GATED, together="{thing}", explains=("create-webhook-down",), verify=())


def refused(monkeypatch: pytest.MonkeyPatch, *named: str, own: str = "") -> tuple[Verdict, ...]:
    """Deployments that lack two pods each because of a webhook; one of them may be its own backend."""

    def of_deployment(view: ObjectView[Workload]) -> Iterator[Finding]:
        made = DEADLOCK if view.metadata.name == own else DOWN
        proof = (view.quote("status.conditions[ReplicaFailure]", "no"),)
        service = Offender("Service", "policy", "security")
        yield finding(made, evidence=proof, shortfall=(2, 3), shared=WEBHOOK, since=NOW, offender=service)

    monkeypatch.setattr(judging, "checks", lambda: (Check("created", (), of_deployment, about=("Deployment",)),))
    taken = Snapshot(cluster="lab", now=NOW)
    for name in named:
        taken.deployments["shop", name] = Workload(metadata=ManagedMetadata(name=name, namespace="shop", uid=name))
    return judge(taken).verdicts


def test_pods_that_are_missing_count(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = refused(monkeypatch, "cart", "web")
    assert (found.workload.kind, found.pods, found.pods_affected, found.pods_total) == ("Webhook", (), 4, 6)
    assert found.summary == "4 pods of 2 workloads are not created by images.example"
    assert (found.offender.kind, found.offender.name) == ("Service", "policy")  # What each of them points at.
    assert about(refused(monkeypatch, "cart")) == [("Deployment/cart", 2)]


def test_what_keeps_its_own_backend_away_explains_what_the_others_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = refused(monkeypatch, "cart", "policy", "web", own="policy")
    assert (found.code, found.workload.name) == ("webhook-deadlock", "policy")
    assert [symptom.workload.name for symptom in found.symptoms] == ["cart", "web"]


def test_what_follows_from_a_member_comes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    struck = many(("a", 0), ("b", 0), ("c", 0))
    taken = Workload(metadata=ManagedMetadata(name="a", namespace="of-a", uid="a"))

    def unready(view: ObjectView[Workload]) -> Iterator[Finding]:
        proof = (view.quote("status.readyReplicas", 0),)
        yield finding(rule("sts-stuck", Stage.WORKLOAD, verify=()), evidence=proof)

    check = Check("w", (), unready, about=("StatefulSet",))
    (found,) = judged(monkeypatch, struck, check, statefulsets={("of-a", "a"): taken}).verdicts
    assert [symptom.code for symptom in found.symptoms] == ["image-x", "sts-stuck", "image-x", "image-x"]


def test_the_surest_then_the_first_speaks_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    said = rule("image-x", Stage.IMAGE, together="{how}", verify=())
    struck = [
        Struck("a", 0, rule=said, fields={"params": {"how": "guess"}, "confidence": Confidence.POSSIBLE}),
        Struck("b", 2, rule=said, fields={"params": {"how": "second"}}),
        Struck("c", 1, rule=said, fields={"params": {"how": "first"}}),
    ]
    (found,) = verdicts(monkeypatch, *struck)
    assert (found.summary, found.confidence) == ("first", "certain")


@pytest.mark.parametrize(("texts", "crashes"), [({"message": "{x}"}, 3), ({"together": "{x}"}, 1)])
def test_a_text_that_cannot_be_filled_is_shown_as_such(
    monkeypatch: pytest.MonkeyPatch, texts: dict[str, Any], crashes: int
) -> None:
    broken = replace(UNREACHABLE, **texts)
    judgement = judged(monkeypatch, many(("a", 0), ("b", 0), ("c", 0), rule=broken))
    assert (judgement.verdicts, [each.check for each in judgement.crashed]) == ((), ["image-x"] * crashes)


def test_what_may_be_shared_is_known_by_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Struck("b", thing=Shared("Node", "n7"), rule=NETWORK)
    judgement = judged(monkeypatch, [Struck("a"), node])
    assert judgement.sharable == {("of-a", "Registry/quay.io"), ("of-b", "Node")}
    assert reach(Shared("Webhook", "w")) == "Webhook/w"


CROWD = [
    *many(("a", 0), ("b", 3), ("c", 9), ("d", 40), ("a", 12)),
    *many(("e", 0), ("f", 0), ("g", 0), thing=HUB, containers=("app", "side")),
    *on_nodes("n1", "n2", "n2"),
]


@settings(max_examples=15, deadline=None)
@given(RANDOM)
def test_sharing_knows_no_order(random: Random) -> None:
    with pytest.MonkeyPatch.context() as patch:
        expected = judged(patch, CROWD, nodes=ZONES)
        for _ in range(BATCH):
            assert judged(patch, random.sample(CROWD, len(CROWD)), nodes=ZONES) == expected
    assert about(expected.verdicts) == [("Registry/docker.io", 3), ("Registry/quay.io", 5), ("Zone/a", 3)]
