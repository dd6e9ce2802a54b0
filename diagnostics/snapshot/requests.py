"""What pods request, in numbers: what the scheduler books for them on a node."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from diagnostics.snapshot.pods import LeanPod
from diagnostics.snapshot.quantities import InvalidQuantity, parse

_NOTHING = Decimal(0)


def amounts(resources: Mapping[str, str | int | float]) -> dict[str, Decimal]:
    """Quantities as numbers in base units; one that is malformed counts as nothing."""
    numbers = {}
    for name, quantity in resources.items():
        try:
            numbers[name] = parse(quantity)
        except InvalidQuantity:
            continue
    return numbers


def requests(pod: LeanPod) -> dict[str, Decimal]:
    """What the scheduler books for a pod: the sum of its containers or its largest init container, plus overhead.

    Source: k8s.io/component-helpers/resource, `PodRequests`; native sidecars count beside the main containers, and
    requests of the pod itself (`spec.resources`) take the place of the sum.
    """
    booked: dict[str, Decimal] = {}
    for container in pod.spec.containers:
        add(booked, amounts(container.resources.requests))
    peak: dict[str, Decimal] = {}
    sidecars: dict[str, Decimal] = {}
    for container in pod.spec.init_containers:
        own = amounts(container.resources.requests)
        if container.restartable:
            add(booked, own)
            add(sidecars, own)
            continue
        for name, amount in own.items():
            peak[name] = max(peak.get(name, _NOTHING), amount + sidecars.get(name, _NOTHING))
    for name, amount in peak.items():
        booked[name] = max(booked.get(name, _NOTHING), amount)
    booked.update(amounts(pod.spec.resources.requests))
    add(booked, amounts(pod.spec.overhead))
    return booked


def add(total: dict[str, Decimal], more: Mapping[str, Decimal]) -> None:
    """Adds amounts to a total, resource by resource."""
    for name, amount in more.items():
        total[name] = total.get(name, _NOTHING) + amount
