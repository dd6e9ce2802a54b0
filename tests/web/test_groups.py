"""Groups of diagnoses say what they are groups of, and what those in them suffer."""

from __future__ import annotations

import pytest

from dashboard.views import triage
from diagnostics.models import Cluster
from tests.web.conftest import Look
from tests.web.rows import a_cluster, a_diagnosis, before, resolved

pytestmark = pytest.mark.django_db


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """One with a diagnosis. A page holds none, so that groups stand for theirs."""
    monkeypatch.setattr(triage, "PAGE_SIZE", 0)
    cluster = a_cluster("prod-eu")
    a_diagnosis(cluster, "cart", summary="Container app of cart stops at start: DATABASE_URL is not set.")
    return cluster


def test_a_cause_says_what_the_newest_of_its_diagnoses_says(look: Look, cluster: Cluster) -> None:
    a_diagnosis(cluster, "web", summary="Container app of web stops at start: PORT is not set.", opened_at=before())
    listed = look(group="cause").part('<table class="list')
    assert "Container app of web stops at start: PORT is not set" in listed.text
    assert "the newest of 2" in listed.text
    assert "cart" not in listed.text


@pytest.mark.parametrize(("by", "name"), [("workload", "Deployment cart"), ("namespace", "Namespace shop")])
def test_a_group_of_one_is_named_and_says_what_that_one_says(look: Look, cluster: Cluster, by: str, name: str) -> None:
    listed = look(group=by).part('<table class="list')
    assert name in listed.text
    assert "Container app of cart stops at start: DATABASE_URL is not set" in listed.text
    assert "the newest" not in listed.text


def test_a_resolved_one_says_how_long_it_failed(look: Look, cluster: Cluster) -> None:
    resolved(cluster, "web", first_seen=before(hours=4), resolved_at=before(hours=1))
    assert "after 3 h" in look(tab="resolved").part('<tbody id="rows').text
