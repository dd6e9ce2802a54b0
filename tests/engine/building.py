"""Small pods and rules for engine tests: just enough of each to make one behaviour visible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from diagnostics.rules.model import Check, Confidence, Finding, Judge, Rule, Severity, Stage
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.objects import Workload
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.pods import Pod

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
CART = WorkloadRef(kind="Deployment", name="cart", namespace="shop")


def document(name: str = "cart-7f6-x1") -> dict[str, Any]:
    """The JSON of a running, not ready pod of ReplicaSet cart-7f6: init container prepare, containers app and side."""
    owner = {"kind": "ReplicaSet", "name": "cart-7f6", "uid": "rs-1", "controller": True}
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": f"uid-{name}",
            "creationTimestamp": "2026-11-23T03:00:00Z",
            "ownerReferences": [owner],
        },
        "spec": {
            "nodeName": "n1",
            "initContainers": [{"name": "prepare"}],
            "containers": [{"name": "app"}, {"name": "side"}],
        },
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "False"}],
            "initContainerStatuses": [{"name": "prepare", "state": {"terminated": {"exitCode": 0}}}],
            "containerStatuses": [
                {"name": "app", "restartCount": 3, "state": {"running": {}}},
                {"name": "side", "restartCount": 1, "state": {"running": {}}, "ready": True},
            ],
        },
    }


def pod(name: str = "cart-7f6-x1", change: Callable[[dict[str, Any]], object] = lambda _: None) -> Pod:
    """That pod, after `change` has edited its JSON."""
    made = document(name)
    change(made)
    return msgspec.convert(made, Pod, strict=False)


def snapshot(*pods: Pod, **fields: Any) -> Snapshot:
    """A snapshot at `NOW` in which those pods are suspects of Deployment cart."""
    made = Snapshot(cluster="lab", now=NOW, suspects=list(pods), **fields)
    made.deployments[("shop", "cart")] = Workload()
    for each in pods:
        made.count(each)
    return made


def suspect(**fields: Any) -> Suspect:
    """The one suspect of such a snapshot."""
    one = pod()
    return Suspect(snapshot(one, **fields), one, CART)


def rule(code: str = "crash-x", stage: Stage = Stage.CRASH, severity: Severity = Severity.HIGH, **texts: Any) -> Rule:
    """A rule with short texts."""
    texts = {"message": f"{code} of {{container}}", "cause": "why", "remedy": "do", **texts}
    return Rule(code=code, stage=stage, severity=severity, **texts)


def finding(made: Rule, container: str = "", confidence: Confidence = Confidence.CERTAIN, **fields: Any) -> Finding:
    """A finding with one piece of evidence."""
    evidence = fields.pop("evidence", (suspect().quote("status.phase", "Running"),))
    return Finding(rule=made, confidence=confidence, evidence=evidence, container=container, **fields)


def checks(*judges: Judge, needs: tuple[str, ...] = ()) -> Callable[[], tuple[Check, ...]]:
    """Stands in for `diagnostics.rules.checks`."""
    made = tuple(Check(name=judge.__name__, rules=(), judge=judge, needs=needs) for judge in judges)
    return lambda: made


def yields(*found: Finding) -> Judge:
    """A judge that concludes the same of every suspect."""

    def always(_: Suspect) -> Iterator[Finding]:
        yield from found

    return always
