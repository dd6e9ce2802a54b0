"""What pods request, in numbers: what the scheduler books for them on a node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache

from diagnostics.snapshot.pods import LeanContainer, LeanPod
from diagnostics.snapshot.quantities import InvalidQuantity, parse

_NOTHING = Decimal(0)


def amounts(resources: Mapping[str, str | int | float]) -> dict[str, Decimal]:
    """Quantities as numbers in base units; one that is malformed counts as nothing."""
    return dict(_amounts(tuple(resources.items())))


@lru_cache(maxsize=4096)  # A cluster's pods request the same few amounts over and over.
def _amounts(resources: tuple[tuple[str, str | int | float], ...]) -> dict[str, Decimal]:
    numbers = {}
    for name, quantity in resources:
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
        add(booked, _asked(container))
    for name, amount in _peak(pod.spec.init_containers, booked).items():
        booked[name] = max(booked.get(name, _NOTHING), amount)
    if pod.spec.resources.requests:
        booked.update(amounts(pod.spec.resources.requests))
    if pod.spec.overhead:
        add(booked, amounts(pod.spec.overhead))
    return booked


def _peak(init_containers: Iterable[LeanContainer], booked: dict[str, Decimal]) -> dict[str, Decimal]:
    """The most that one init container needs, with the sidecars before it; all sidecars are added to what is booked."""
    peak: dict[str, Decimal] = {}
    sidecars: dict[str, Decimal] = {}
    for container in init_containers:
        own = _asked(container)
        if container.restartable:
            add(booked, own)
            add(sidecars, own)
            continue
        for name, amount in own.items():
            peak[name] = max(peak.get(name, _NOTHING), amount + sidecars.get(name, _NOTHING))
    return peak


def _asked(container: LeanContainer) -> Mapping[str, Decimal]:
    return _amounts(tuple(container.resources.requests.items()))


def add(total: dict[str, Decimal], more: Mapping[str, Decimal]) -> None:
    """Adds amounts to a total, resource by resource."""
    if not total:
        total.update(more)
        return
    for name, amount in more.items():
        total[name] = total.get(name, _NOTHING) + amount
