"""One watcher a cluster at a time, and no write by one that lost its lease."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from diagnostics.models import Cluster
from diagnostics.operations import lease
from diagnostics.operations.lease import TERM, Lease, LeaseLost
from tests.operations.building import T0, a_cluster

LATER = T0 + TERM + timedelta(seconds=1)


def taken(cluster: Cluster) -> Lease:
    found = lease.take(cluster.pk, T0)
    assert found
    return found


@pytest.mark.django_db
def test_only_one_of_two_gets_the_lease() -> None:
    cluster = a_cluster()

    assert lease.take(cluster.pk, T0)
    assert lease.take(cluster.pk, T0) is None
    assert lease.due(T0) == []


@pytest.mark.django_db
def test_a_lease_that_ran_out_is_taken_over_with_a_higher_fence() -> None:
    cluster = a_cluster()
    first = taken(cluster)

    assert lease.due(LATER) == [cluster.pk]
    second = lease.take(cluster.pk, LATER)
    assert second
    assert second.fence > first.fence


@pytest.mark.django_db
def test_a_lease_that_is_extended_does_not_run_out() -> None:
    cluster = a_cluster()
    lease.extend(taken(cluster), T0 + TERM)

    assert lease.take(cluster.pk, LATER) is None


@pytest.mark.django_db
def test_a_transaction_that_takes_long_does_not_cost_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, clock = a_cluster(), iter([0.0, TERM.total_seconds()])
    held = taken(cluster)
    monkeypatch.setattr("diagnostics.operations.lease.time.monotonic", lambda: next(clock))
    with lease.fenced(held, T0):
        pass

    assert lease.take(cluster.pk, LATER) is None


@pytest.mark.django_db
def test_whoever_lost_the_lease_writes_nothing() -> None:
    cluster = a_cluster()
    stale = taken(cluster)
    lease.take(cluster.pk, LATER)

    with pytest.raises(LeaseLost), lease.fenced(stale, LATER, pods_seen=7):
        Cluster.objects.create(name="never")

    assert list(Cluster.objects.values_list("name", "pods_seen")) == [("prod-eu", 0)]


@pytest.mark.django_db
def test_a_fenced_transaction_sets_columns_and_extends() -> None:
    cluster = a_cluster()
    with lease.fenced(taken(cluster), LATER, pods_seen=7):
        pass

    cluster.refresh_from_db()
    assert (cluster.pods_seen, cluster.lease_until) == (7, LATER + TERM)


@pytest.mark.django_db
def test_an_error_in_a_fenced_transaction_takes_everything_back() -> None:
    cluster = a_cluster()
    held = taken(cluster)
    with pytest.raises(ZeroDivisionError), lease.fenced(held, LATER, pods_seen=7):
        raise ZeroDivisionError

    cluster.refresh_from_db()
    assert (cluster.pods_seen, cluster.lease_until) == (0, T0 + TERM)


@pytest.mark.django_db
def test_a_released_lease_can_be_taken_at_once_but_not_by_its_old_holder_twice() -> None:
    cluster = a_cluster()
    first = taken(cluster)
    lease.release(first, T0)
    second = taken(cluster)
    lease.release(first, T0)

    assert lease.take(cluster.pk, T0) is None
    with pytest.raises(LeaseLost):
        lease.extend(first, T0)
    lease.extend(second, T0)


@pytest.mark.django_db
def test_paused_clusters_and_those_that_back_off_are_not_due() -> None:
    paused = a_cluster("paused", paused=True)
    resting = a_cluster("resting", retry_at=LATER)

    assert lease.due(T0) == []
    assert lease.take(paused.pk, T0) is None
    assert lease.take(resting.pk, T0) is None
    assert lease.due(LATER) == [resting.pk]


@pytest.mark.django_db
def test_a_cluster_that_is_paused_or_removed_ends_its_slice() -> None:
    cluster = a_cluster()
    held = taken(cluster)
    Cluster.objects.update(paused=True)
    with pytest.raises(LeaseLost):
        lease.extend(held, T0)

    cluster.delete()
    with pytest.raises(LeaseLost):
        lease.extend(held, T0)
    assert lease.take(held.cluster_id, LATER) is None


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_gets_the_lease() -> None:
    cluster = a_cluster()
    start = threading.Barrier(8)
    found: list[Lease | None] = []

    def take() -> None:
        start.wait()
        try:
            found.append(lease.take(cluster.pk, T0))
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert [held.fence for held in found if held] == [1]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_rival_waits_for_the_transaction_of_the_holder_and_finds_it_extended() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: there is nobody to wait for")
    cluster = a_cluster()
    held = taken(cluster)
    found: list[Lease | None] = []

    def rival() -> None:
        try:
            found.append(lease.take(cluster.pk, LATER))
        finally:
            connection.close()

    thread = threading.Thread(target=rival)
    with transaction.atomic():
        lease.extend(held, LATER)
        thread.start()
        thread.join(timeout=0.3)
        assert thread.is_alive()
    thread.join()
    assert found == [None]
