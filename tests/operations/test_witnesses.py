"""A few pods stand for many that fail alike."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from diagnostics.operations.witnesses import MOST, Witnesses
from diagnostics.snapshot.pods import Pod
from tests.operations.watched import crashing_pod, failing_pod

OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "cart-6d9f", "uid": "r1", "controller": True}


def owned(name: str, made: Any = crashing_pod, **changes: Any) -> Pod:
    document = made(name, **changes)
    document["metadata"]["ownerReferences"] = [OWNER]
    return msgspec.convert(document, Pod)


@pytest.fixture
def witnesses() -> Witnesses:
    witnesses = Witnesses()
    assert all(witnesses.claim(owned(f"cart-{n}")) for n in range(MOST))
    return witnesses


def test_the_first_of_those_that_fail_alike_stand_for_the_others(witnesses: Witnesses) -> None:
    assert not witnesses.claim(owned("cart-9"))
    assert witnesses.claim(owned("cart-0")), "it is one still"
    assert witnesses.beside(owned("cart-9")) == {f"uid-shop-cart-{n}" for n in range(MOST)}


def test_every_phase_of_a_crash_loop_is_alike(witnesses: Witnesses) -> None:
    document = crashing_pod("cart-9", restarts=5)
    document["metadata"]["ownerReferences"] = [OWNER]
    status = document["status"]["containerStatuses"][0]
    status["state"] = {"running": {"startedAt": "2026-11-23T03:00:00Z"}}

    assert witnesses.beside(msgspec.convert(document, Pod))


def test_those_that_fail_otherwise_have_witnesses_of_their_own(witnesses: Witnesses) -> None:
    assert witnesses.claim(owned("cart-9", failing_pod))
    assert witnesses.claim(owned("cart-8", namespace="test"))
    assert witnesses.claim(msgspec.convert(crashing_pod("alone"), Pod))


def test_who_goes_or_fails_otherwise_makes_room(witnesses: Witnesses) -> None:
    witnesses.release("uid-shop-cart-0")
    witnesses.claim(owned("cart-1", failing_pod))

    assert witnesses.claim(owned("cart-7"))
    assert witnesses.claim(owned("cart-8"))
    assert not witnesses.claim(owned("cart-9"))
    assert witnesses.beside(owned("other", failing_pod)) == {"uid-shop-cart-1"}


def test_nobody_stands_for_nobody(witnesses: Witnesses) -> None:
    for n in range(MOST):
        witnesses.release(f"uid-shop-cart-{n}")
    witnesses.release("unknown")

    assert not witnesses.beside(owned("cart-9"))
