"""The first page: what it says, in which order, and what it costs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from diagnostics.engine.verdict import Change, Remedy, Symptom, WorkloadPart
from diagnostics.models import Diagnosis
from diagnostics.queries import PAGE_SIZE, lists, narrowing
from tests.web.conftest import Look, Page
from tests.web.rows import a_cluster, a_diagnosis, before, resolved

pytestmark = pytest.mark.django_db


def names(page: Page) -> list[str]:
    """The workloads of the listed rows, in order."""
    return [row.split('title="')[1].split('"')[0].split(" ")[1] for row in page.html.split('<tr id="d-')[1:]]


def test_the_first_sentence_counts_what_is_new_and_open_and_where(look: Look) -> None:
    eu, us = a_cluster("prod-eu"), a_cluster("prod-us")
    a_cluster("staging")
    a_diagnosis(eu, "cart")
    a_diagnosis(eu, "api", state=Diagnosis.State.REGRESSED)
    a_diagnosis(us, "web", state=Diagnosis.State.ONGOING)
    page = look()
    assert page.headline == "1 new, 1 regressed, 3 open in 2 of 3 clusters"
    assert page.title == "(2) Triage · Sickbay"


def test_a_single_cluster_is_named(look: Look) -> None:
    a_diagnosis(a_cluster("demo"), state=Diagnosis.State.ONGOING)
    page = look()
    assert page.headline == "1 open in demo"
    assert page.title == "Triage · Sickbay"
    assert 'id="scope"' not in page.html


def test_a_row_says_what_where_how_many_and_since_when(look: Look) -> None:
    symptom = Symptom("probe-refused", WorkloadPart("Deployment", "web"), "It is not ready.")
    changed = (Change("containers[app].image", "a:1", "a:2"),)
    a_diagnosis(a_cluster(), confidence="likely", symptoms=(symptom,), changed=changed, first_seen=before(minutes=14.5))
    row = look().part('<tr id="d-')
    for said in ("High", "New", "DATABASE_URL is not set", "prod-eu / shop / cart", "crash-config-env", "1 symptom"):
        assert said in row.text
    for said in ("after a change", "likely", "1 of 3", "7 restarts", "for 14 min"):
        assert said in row.text


def test_names_in_a_sentence_are_set_apart(look: Look) -> None:
    a_diagnosis(a_cluster(), "cart", summary="Image registry.example/shop/cart:1.4 of cart does not exist.")
    heading = look().part('<th class="c-main" scope="row"')
    assert "<code>registry.example/shop/cart:1.4</code> of <code>cart</code> does not exist</a>" in heading.html


def test_what_a_cluster_says_is_never_markup(look: Look) -> None:
    hostile = '<script>alert(1)</script>" onmouseover=x'
    row = a_diagnosis(
        a_cluster(), summary=hostile, cause=hostile, remedy=Remedy(hostile, (hostile,)), ruled_out=(hostile,)
    )
    for page in (look(), look(f"/d/{row.number}"), look(q=hostile)):
        assert "<script>alert" not in page.html
        assert '" onmouseover' not in page.html


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ({"severity": "critical"}, {"severity": "high"}),
        ({"pods_affected": 20, "pods_total": 20}, {"pods_affected": 2}),
        ({"first_seen": before(hours=1)}, {"first_seen": before(hours=30)}),
        ({"severity": "high"}, {"severity": "low", "pods_affected": 200}),
        ({"severity": "medium", "pods_affected": 200}, {"severity": "high", "first_seen": before(days=9)}),
    ],
)
def test_the_worst_comes_first(look: Look, worse: dict[str, Any], better: dict[str, Any]) -> None:
    cluster = a_cluster()
    a_diagnosis(cluster, "better", **better)
    a_diagnosis(cluster, "worse", **worse)
    assert names(look()) == ["worse", "better"]


def test_the_lists_are_told_apart_and_counted(look: Look) -> None:
    cluster = a_cluster()
    a_diagnosis(cluster, "new")
    a_diagnosis(cluster, "again", state=Diagnosis.State.REGRESSED)
    a_diagnosis(cluster, "old", state=Diagnosis.State.ONGOING)
    resolved(cluster, "first", resolved_at=before(hours=3))
    resolved(cluster, "last")
    assert look().part('<nav class="tabs"').text == "Needs review 2Open 3Mine 0Snoozed 0Resolved 2"
    assert set(names(look(tab="review"))) == {"new", "again"}
    assert set(names(look(tab="open"))) == {"new", "again", "old"}
    assert names(look(tab="resolved")) == ["last", "first"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"severity": "critical"}, {"web"}),
        ({"severity": ["critical", "medium"]}, {"web", "db"}),
        ({"namespace": "data"}, {"db"}),
        ({"cluster": "prod-us"}, {"db"}),
        ({"code": "image-not-found"}, {"web"}),
        ({"workload": "Deployment/cart"}, {"cart"}),
        ({"workload": ["Deployment/cart", "Deployment/db"]}, {"cart", "db"}),
        ({"workload": "StatefulSet/cart"}, set()),
        ({"node": "node-7"}, {"db"}),
        ({"q": "DOES NOT EXIST"}, {"web"}),
        ({"q": "dat"}, {"db", "cart"}),  # The namespace data, and DATABASE_URL in a summary.
        ({"q": "100%"}, set()),
        ({"namespace": "shop", "severity": "critical"}, {"web"}),
        ({"severity": "dreadful", "page": "x", "tab": "nonsense"}, {"cart", "web", "db"}),
    ],
)
def test_the_list_is_narrowed_by_the_address(look: Look, query: dict[str, Any], found: set[str]) -> None:
    eu, us = a_cluster("prod-eu"), a_cluster("prod-us")
    a_diagnosis(eu, "cart")
    a_diagnosis(eu, "web", severity="critical", code="image-not-found", summary="Image w:1 does not exist.")
    db = a_diagnosis(us, "db", severity="medium", namespace="data", summary="No volume fits.")
    Diagnosis.objects.filter(pk=db.pk).update(node="node-7")
    page = look(**query)
    assert set(names(page)) == found
    if set(query) < {"severity", "namespace", "cluster", "code", "workload", "node", "q"}:
        assert f"{len(found)} of 3 match" in page.text


def test_a_number_is_found(look: Look) -> None:
    cluster = a_cluster()
    row = a_diagnosis(cluster, "cart")
    a_diagnosis(cluster, "web")
    assert names(look(q=f"#{row.number}")) == ["cart"]
    assert look(q="9" * 30).status == 200


def test_of_what_very_many_have_the_severest_are_listed(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(narrowing, "COUNT_LIMIT", 2)
    cluster = a_cluster()
    for name, severity in (("web", "low"), ("cart", "critical"), ("db", "high"), ("api", "medium")):
        a_diagnosis(cluster, name, severity=severity)
    page = look(q="DATABASE_URL")
    assert names(page) == ["cart", "db", "api"]
    assert "The severest of them are listed: add a word" in page.text
    assert re.findall(r">([^>]+) <b>(.+?)</b>", page.part('<nav class="tabs"').html) == [("Open", "3")]
    assert "The severest" not in look(q="cart").text


def test_a_text_is_looked_for_in_what_was_resolved_last(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "RESOLVED_READ", 2)
    cluster = a_cluster()
    for hours, name in enumerate(("cart", "web", "db"), 1):
        resolved(cluster, name, first_seen=before(hours=9), resolved_at=before(hours=hours))
    assert names(look(tab="resolved", q="DATABASE_URL")) == ["cart", "web"]
    page = look(tab="resolved", q="db")
    assert "0 of 3 match" in page.text
    assert "At most the latest" in page.text
    assert names(look(tab="resolved", namespace="shop")) == ["cart", "web", "db"]


def test_a_filter_that_hides_everything_says_so_and_can_be_cleared(look: Look) -> None:
    a_diagnosis(a_cluster())
    page = look(namespace="nowhere")
    assert page.part('<section class="card blank"').text.startswith("0 of 1 match")
    assert page.headline == "1 new, 1 open in prod-eu"


def test_choosing_adds_to_the_address_and_choosing_again_takes_away(look: Look) -> None:
    cluster = a_cluster()
    a_diagnosis(cluster, "cart")
    a_diagnosis(cluster, "web", severity="low", namespace="web")
    page = look(severity="high", q="cart")
    assert 'href="/?severity=high&amp;severity=low&amp;q=cart"' in page.html
    assert 'href="/?q=cart"' in page.html
    assert 'href="/?severity=high&amp;namespace=web&amp;q=cart"' in page.html


def test_what_is_chosen_can_be_given_up_when_nothing_is_left_of_it(look: Look) -> None:
    a_diagnosis(a_cluster())
    menu = look(code="gone-since").part('<details class="menu is-set"')
    assert "gone-since" in menu.text
    assert 'href="/"' in menu.html


def test_the_first_row_shows_its_next_step_while_few_are_listed(look: Look) -> None:
    cluster = a_cluster()
    for n in range(14):
        a_diagnosis(cluster, f"w{n}")
    peek = look().part('<tr class="peek"')
    assert "kubectl -n shop set env" in peek.text
    assert "Log: KeyError: 'DATABASE_URL'" in peek.text
    assert look(tab="resolved").html.count('class="peek"') == 0
    a_diagnosis(cluster, "one more")
    assert 'class="peek"' not in look().html


def test_long_lists_have_pages(look: Look) -> None:
    cluster = a_cluster()
    for n in range(PAGE_SIZE + 2):
        a_diagnosis(cluster, f"w{n:02}")
    first, second = look(severity="high"), look(severity="high", page=2)
    assert len(names(first)) == PAGE_SIZE
    assert len(names(second)) == 2
    assert not set(names(first)) & set(names(second))
    assert 'href="/?severity=high&amp;page=2" rel="next"' in first.html
    assert 'href="/?severity=high" rel="prev"' in second.html
    assert "This page is empty" in look(page=9).text


def test_nothing_to_review_is_not_nothing_open(look: Look) -> None:
    a_diagnosis(a_cluster(), state=Diagnosis.State.ONGOING)
    page = look(tab="review")
    assert "Nothing needs review" in page.text
    assert "1 diagnosis is open and was seen before" in page.text


def cost(browser: Client, path: str = "/") -> int:
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(path).status_code == 200
    return len(queries)


@pytest.mark.parametrize("path", ["/", "/?tab=review", "/?tab=snoozed", "/?tab=resolved", "/?severity=high&q=cart"])
def test_the_number_of_queries_does_not_depend_on_what_is_stored(browser: Client, path: str) -> None:
    cluster = a_cluster()
    a_diagnosis(cluster, "cart")
    resolved(cluster, "old cart")
    few = cost(browser, path)
    for n in range(60):
        a_diagnosis(a_cluster(f"c{n}"), f"cart-{n}", namespace=f"n{n}", code=f"c-{n}")
        resolved(cluster, f"old cart {n}")
    assert cost(browser, path) == few
    assert few <= 22


def test_the_all_clear_page_costs_the_same_whatever_was_resolved(browser: Client) -> None:
    cluster = a_cluster()
    resolved(cluster, "cart")
    few = cost(browser)
    for n in range(30):
        resolved(cluster, f"cart-{n}")
        a_cluster(f"c{n}")
    assert cost(browser) == few


def test_what_has_no_pods_counts_none(look: Look) -> None:
    """A node that is short of memory fails without a pod of its own."""
    row = a_diagnosis(a_cluster("demo"), "lab-node-3", namespace=None, pods=(), pods_affected=0, pods_total=0)
    triage = look()
    assert "0 of 0" not in triage.text
    assert "Worst: lab-node-3 in demo." in triage.text
    assert "0 of 0" not in look(f"/d/{row.number}").text
