"""Verdicts and clusters as the tests of recording need them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from diagnostics.engine.verdict import (
    AffectedPod,
    EvidencePart,
    Judgement,
    OffenderPart,
    Remedy,
    Verdict,
    WorkloadPart,
)
from diagnostics.models import Cluster

T0 = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

CART = Verdict(
    code="image-not-found",
    severity="high",
    confidence="certain",
    namespace="shop",
    workload=WorkloadPart("Deployment", "cart"),
    pods=(AffectedPod("cart-6d9f-abcde", "u1", "ImagePullBackOff", "n1"),),
    pods_affected=1,
    pods_total=3,
    container="app",
    summary="Image cart:1.4.3 does not exist in the registry registry.example.",
    cause="The registry was reached.",
    offender=OffenderPart("Deployment", "shop", "cart", "spec.template.spec.containers[app].image"),
    remedy=Remedy("Correct the image."),
    evidence=(EvidencePart("pod", "Pod/cart-6d9f-abcde", "status.containerStatuses[app].state.waiting.reason", "x"),),
    first_seen=T0,
    last_seen=T0,
    fingerprint="cart",
    visible_at=T0,
    notify_at=T0,
)


def verdict(**changes: Any) -> Verdict:
    """The verdict on cart, with changes; a `name` makes it that of another workload."""
    name = changes.pop("name", None)
    if name is not None:
        changes = {"fingerprint": name, "workload": WorkloadPart("Deployment", name), **changes}
    return msgspec.structs.replace(CART, **changes)


def judgement(*verdicts: Verdict, **rest: Any) -> Judgement:
    """A judgement that holds these."""
    return Judgement(verdicts=verdicts, **rest)


def a_cluster(name: str = "prod-eu", **columns: Any) -> Cluster:
    """A stored cluster."""
    return Cluster.objects.create(name=name, context=name, **columns)
