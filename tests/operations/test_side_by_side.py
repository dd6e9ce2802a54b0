"""Workers side by side: what one does while another is at it is neither undone nor done twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F

from diagnostics.engine.verdict import Verdict
from diagnostics.models import Channel, Cluster, Delivery, Diagnosis, Route, Storm
from diagnostics.operations import announcing, bulletins, lifecycle, people
from diagnostics.operations.recording import record
from diagnostics.operations.refusing import Invalid
from diagnostics.operations.triaging import Triage
from diagnostics.queries.people import admins
from tests.operations.building import MINUTE, T0, a_cluster, judgement, verdict
from tests.people import a_person

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
DAY = 24 * 60 * MINUTE
Beside = Callable[[Callable[[], Any]], "Future[Any]"]


@pytest.fixture
def beside() -> Iterator[Beside]:
    """Runs something on a connection of its own, and waits a moment for it: it is done by then, or held up."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")

    def run(task: Callable[[], Any]) -> Any:
        try:
            return task()
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:

        def start(task: Callable[[], Any]) -> Future[Any]:
            done, future = threading.Event(), pool.submit(run, task)
            future.add_done_callback(lambda _: done.set())
            done.wait(timeout=0.3)
            return future

        yield start


@pytest.fixture
def chat() -> Channel:
    return Channel.objects.create(name="chat", kind="slack", settings={})


def route(channel: Channel, **columns: Any) -> None:
    made = Route.objects.create(name="everything", position=1, **columns)
    Route.objects.update(created_at=T0 - DAY)
    made.channels.set([channel])


def found(cluster: Cluster, *verdicts: Verdict) -> None:
    with transaction.atomic():
        record(cluster, judgement(*verdicts), T0)


@pytest.mark.parametrize(
    ("act", "column"),
    [(Triage.acknowledge, "acknowledged_at"), (Triage.resolve, "resolved_at")],
)
def test_what_somebody_does_while_a_judgement_is_stored_is_kept(
    beside: Beside, monkeypatch: pytest.MonkeyPatch, act: Callable[[Triage], Diagnosis], column: str
) -> None:
    cluster = a_cluster()
    found(cluster, verdict())
    Diagnosis.objects.update(notice_due_at=None)
    triage = Triage(Diagnosis.objects.get().uuid, None, T0 + MINUTE)
    acting, seen = [], lifecycle.seen

    def meanwhile(*given: Any) -> Any:
        acting.append(beside(lambda: act(triage)))
        return seen(*given)

    monkeypatch.setattr(lifecycle, "seen", meanwhile)
    with transaction.atomic():
        record(cluster, judgement(verdict(summary="It fails in another way.")), T0 + MINUTE)
    acting[0].result()

    row = Diagnosis.objects.get()
    assert (getattr(row, column), row.notice_due_at) == (T0 + MINUTE, T0 + MINUTE)
    assert (row.summary, row.version) == ("It fails in another way.", 3)


def test_two_that_announce_tell_of_a_storm_once(beside: Beside, chat: Channel) -> None:
    route(chat)
    cluster = a_cluster()
    Cluster.objects.update(added_at=T0 - DAY)
    found(cluster, *(verdict(name=f"w{n}") for n in range(20)))
    first = Diagnosis.objects.order_by("pk")[:10].values_list("pk", flat=True)
    Diagnosis.objects.exclude(pk__in=list(first)).update(notice_due_at=F("notice_due_at") + MINUTE)
    with transaction.atomic():
        announcing.announce(T0)
        other = beside(lambda: announcing.announce(T0 + MINUTE))
    other.result()

    assert Storm.objects.count() == 1
    assert list(Delivery.objects.values_list("type", flat=True)) == ["storm.started"]
    assert not Diagnosis.objects.exclude(notice_due_at=None).exists()


def test_two_that_look_for_digests_send_one(beside: Beside, chat: Channel) -> None:
    route(chat, digest_at=time(2, 30))
    found(a_cluster(), verdict())
    with transaction.atomic():
        assert bulletins.announce(T0) == 1
        other = beside(lambda: bulletins.announce(T0))

    assert other.result() == 0
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize("step_down", [people.deactivate, lambda user: people.give_role(user, "viewer")])
def test_of_two_admins_who_go_at_once_one_stays(beside: Beside, step_down: Callable[[User], None]) -> None:
    ana, bo = a_person("ana", "admin"), a_person("bo", "admin")
    with transaction.atomic():
        step_down(ana)
        other = beside(lambda: step_down(bo))

    with pytest.raises(Invalid, match="this is the only active admin"):
        other.result()
    assert list(admins()) == [bo]
