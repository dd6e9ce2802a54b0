"""What a browser missed is healed over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from diagnostics.models import Cluster, Update
from diagnostics.queries import watching
from tests.web.rows import a_cluster

pytestmark = pytest.mark.django_db


@pytest.fixture
def cluster() -> Cluster:
    return a_cluster()


def told(cluster: Cluster, topic: str = "diagnoses", ids: list[str] | None = None) -> Update:
    return Update.objects.create(cluster=cluster, topic=topic, ids=ids)


def changes(browser: Client, since: int) -> dict[str, Any]:
    response = browser.get("/live/changes", {"since": since})
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    body: dict[str, Any] = response.json()
    return body


def test_nothing_was_missed(browser: Client, cluster: Cluster) -> None:
    last = told(cluster)
    assert changes(browser, last.seq) == {"seq": last.seq, "changes": []}


def test_nothing_ever_happened(browser: Client) -> None:
    assert changes(browser, 0) == {"seq": 0, "changes": []}


def test_what_was_missed_comes_merged(browser: Client, cluster: Cluster) -> None:
    ids = [str(uuid4()) for _ in range(3)]
    known = told(cluster, ids=["not again"])
    told(cluster, ids=ids[:2])
    told(cluster, "cluster")
    last = told(cluster, ids=ids[1:])
    assert changes(browser, known.seq) == {
        "seq": last.seq,
        "changes": [
            {"topic": "diagnoses", "ids": sorted(ids), "cluster": "prod-eu"},
            {"topic": "cluster", "ids": None, "cluster": "prod-eu"},
        ],
    }


EVERYTHING = [{"topic": "diagnoses", "ids": None, "cluster": None}]


def test_what_is_no_longer_kept_is_fetched_again_whole(browser: Client, cluster: Cluster) -> None:
    old, *_, last = [told(cluster, ids=[]) for _ in range(5)]
    Update.objects.filter(seq__lt=last.seq).delete()
    assert changes(browser, old.seq) == {"seq": last.seq, "changes": EVERYTHING}
    assert changes(browser, last.seq - 1)["changes"] == [{"topic": "diagnoses", "ids": [], "cluster": "prod-eu"}]


def test_a_number_from_another_life_is_fetched_again_whole(browser: Client, cluster: Cluster) -> None:
    last = told(cluster)
    assert changes(browser, last.seq + 1000) == {"seq": last.seq, "changes": EVERYTHING}


def test_too_much_is_fetched_again_whole(browser: Client, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "HEAL_LIMIT", 3)
    first = told(cluster, ids=[])
    for _ in range(3):
        told(cluster, ids=[])
    assert len(changes(browser, first.seq)["changes"]) == 1
    last = told(cluster, ids=[])
    assert changes(browser, first.seq) == {"seq": last.seq, "changes": EVERYTHING}


@pytest.mark.parametrize("since", ["", "-1", "x", "9" * 30, "1.5"])
def test_a_number_that_is_none_is_refused(browser: Client, since: str) -> None:
    assert browser.get("/live/changes", {"since": since}).status_code == 400
