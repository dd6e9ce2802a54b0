"""Namespaces that do not go."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from diagnostics.engine.texts import Texts
from diagnostics.rules.model import Confidence, Finding
from diagnostics.rules.namespaces import namespace_stuck, wants, wants_around
from diagnostics.rules.subject import ObjectView
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.admission import Namespace
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.pods import Pod

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
DELETED = "2026-11-23T03:00:00Z"
REMAINING = "NamespaceContentRemaining"
FINALIZERS = "NamespaceFinalizersRemaining"


def pod(*finalizers: str, namespace: str = "old", deleted: str | None = DELETED, name: str = "held") -> Pod:
    metadata = {"name": name, "namespace": namespace, "deletionTimestamp": deleted, "finalizers": finalizers}
    return msgspec.convert({"metadata": metadata}, Pod)


def judged(*pods: Pod, deleted: str | None = DELETED, **conditions: str) -> tuple[ObjectView[Namespace], list[Finding]]:
    """What is said of namespace `old` with these conditions, all of them true."""
    told = [{"type": type_, "status": "True", "message": message} for type_, message in conditions.items()]
    metadata: dict[str, Any] = {"name": "old", "deletionTimestamp": deleted}
    item = msgspec.convert({"metadata": metadata, "status": {"conditions": told}}, Namespace)
    snapshot = Snapshot(cluster="lab", now=NOW, suspects=list(pods))
    view = ObjectView(snapshot, "Namespace", item, WorkloadRef(kind="Namespace", name="old"))
    return view, list(namespace_stuck.judge(view))


def offender(found: Finding) -> str:
    assert found.offender is not None
    return f"{found.offender.kind}/{found.offender.name}"


def test_a_namespace_that_lives_or_goes_quietly() -> None:
    assert judged(deleted=None, **{REMAINING: "some"})[1] == []
    assert judged()[1] == []


@pytest.mark.parametrize(
    ("message", "named", "obstacle"),
    [
        ("lab.example/hold in 1 resource instances", "lab.example/hold", "finalizer lab.example/hold is not removed"),
        ("", "", f"its condition {FINALIZERS} holds"),
    ],
)
def test_finalizers_of_other_objects(message: str, named: str, obstacle: str) -> None:
    """The condition counts them by name."""
    view, (found,) = judged(
        **{FINALIZERS: message and f"Some content in the namespace has finalizers remaining: {message}"}
    )
    assert (found.signature, offender(found)) == (named, "Namespace/old")
    assert Texts(view, found).sentence(found.rule.message).endswith(f"and does not go: {obstacle}.")


def test_a_pod_that_keeps_it() -> None:
    """Told by the pod alone, while the conditions are not written yet; other pods keep nothing."""
    others = (pod(), pod("x", namespace="new"), pod("x", deleted=None))
    view, (found,) = judged(pod("lab.example/hold"), *others)
    assert (found.confidence, offender(found)) == (Confidence.LIKELY, "Pod/held")
    texts = Texts(view, found)
    assert "finalizer lab.example/hold of pod held is not removed" in texts.sentence(found.rule.message)
    assert "controller that owns the finalizer" in texts.sentence(found.rule.remedy)
    assert [command.split()[1] for command in texts.commands(found.rule.commands)] == ["-n", "get"]


def test_content_that_is_left() -> None:
    view, (found,) = judged(**{REMAINING: "Some resources are remaining: widgets.lab.example has 2 resource instances"})
    texts = Texts(view, found)
    assert "widgets.lab.example has 2 resource instances" in texts.sentence(found.rule.message)
    assert texts.sentence(found.rule.remedy).startswith("Delete what is left by hand")


def test_discovery_that_names_no_api() -> None:
    _, (found,) = judged(NamespaceDeletionDiscoveryFailure="Discovery failed for all groups")
    assert offender(found) == "Namespace/old"


def test_only_namespaces_that_the_reader_looks_at() -> None:
    """Their list is one for the whole cluster, whatever somebody asked for."""
    view, found = judged(pod(), **{REMAINING: "some"})
    assert len(found) == 1
    view.snapshot.bookings_complete = False
    assert len(list(namespace_stuck.judge(view))) == 1
    view.snapshot.suspects = [pod(namespace="other")]
    assert list(namespace_stuck.judge(view)) == []


def test_who_reads_namespaces() -> None:
    """Whoever looks at all of them, and whoever sees a pod that is being deleted."""
    snapshot = Snapshot(cluster="lab", now=NOW)
    assert list(wants_around(snapshot)) == [("namespaces", None)]
    snapshot.bookings_complete = False
    assert list(wants_around(snapshot)) == []
    workload = WorkloadRef(kind="Pod", name="held", namespace="old")
    assert list(wants(Suspect(snapshot, pod(), workload))) == [("namespaces", None)]
    assert list(wants(Suspect(snapshot, pod(deleted=None), workload))) == []
