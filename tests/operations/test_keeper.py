"""Leases are kept while their slices are busy, and no longer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from diagnostics.models import Cluster
from diagnostics.operations import keeper, lease
from diagnostics.operations.keeper import Keeper
from diagnostics.operations.lease import Lease
from tests.operations.building import a_cluster
from tests.servers import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "EVERY", 0.02)


def taken(name: str) -> Lease:
    held = lease.take(a_cluster(name).pk, timezone.now())
    assert held
    return held


def until(held: Lease) -> float:
    found = Cluster.objects.get(pk=held.cluster_id).lease_until
    assert found
    return found.timestamp()


def expire() -> None:
    Cluster.objects.update(lease_until=timezone.now() - timedelta(seconds=1))


def test_leases_are_extended_as_long_as_they_are_kept() -> None:
    keeping, first, second = Keeper(), taken("first"), taken("second")
    with keeping.keep(first), keeping.keep(second):
        expire()
        wait_for(lambda: min(until(first), until(second)) > timezone.now().timestamp(), "both extended")
    wait_for(lambda: keeping._thread is None, "the thread's end")
    expire()

    assert len(lease.due(timezone.now())) == 2


def test_a_lease_that_somebody_else_took_is_not_extended() -> None:
    keeping, lost, kept = Keeper(), taken("lost"), taken("kept")
    Cluster.objects.filter(pk=lost.cluster_id).update(fence=99)
    with keeping.keep(lost), keeping.keep(kept):
        expire()
        wait_for(lambda: until(kept) > timezone.now().timestamp(), "the other extended")

    assert until(lost) < timezone.now().timestamp()
    wait_for(lambda: keeping._thread is None, "the thread's end")


def test_a_slice_that_is_stuck_loses_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    keeping, kept = Keeper(), taken("kept")
    monkeypatch.setattr(keeper, "LONGEST", -1.0)
    with keeping.keep(taken("stuck")):
        monkeypatch.setattr(keeper, "LONGEST", 60.0)
        with keeping.keep(kept):
            expire()
            wait_for(lambda: until(kept) > timezone.now().timestamp(), "the other extended")
            assert len(lease.due(timezone.now())) == 1
    wait_for(lambda: keeping._thread is None, "the thread's end")
