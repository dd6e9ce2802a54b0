"""The page of one diagnosis."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from diagnostics.engine.verdict import AffectedPod, Change, DeliveredBy, EvidencePart, Remedy, Symptom, WorkloadPart
from diagnostics.models import Activity, Diagnosis, Occurrence
from diagnostics.queries import HISTORY_LIMIT, PODS_LIMIT
from tests.web.conftest import Look
from tests.web.rows import a_cluster, a_diagnosis, a_kept_log, a_kept_pod, before, resolved

pytestmark = pytest.mark.django_db


def test_it_opens_with_the_cause_and_how_sure_that_is(look: Look) -> None:
    row = a_diagnosis(a_cluster(), first_seen=before(minutes=14.5), confidence="likely")
    page = look(f"/d/{row.number}")
    assert page.headline == "Container app of cart stops at start: DATABASE_URL is not set"
    title = page.part('<div class="title"').text
    for said in ("High", "New", "for 14 min", "1 of 3 pods failing", "Likely", "The program reads a variable"):
        assert said in title
    assert page.title == f"#{row.number} cart: crash-config-env · Sickbay"


def test_what_to_do_can_be_copied_whole_and_breaks_between_flags(look: Look) -> None:
    command = """kubectl --context prod-eu -n shop patch deploy/cart --type=json -p '[{"op": "add", "value": "a b"}]'"""
    row = a_diagnosis(a_cluster(), remedy=Remedy("Patch it.", (command,), ("kubectl get pods",)))
    section = look(f"/d/{row.number}").part('<section class="card next"')
    assert "Patch it." in section.text
    assert section.html.count("data-copy=") == 2
    assert '&#x27;[{&quot;op&quot;: &quot;add&quot;, &quot;value&quot;: &quot;a b&quot;}]&#x27;"' in section.html
    for part in ("<span>--context prod-eu</span>", "<span>-n shop</span>", "<span>--type=json</span>"):
        assert part in section.html
    assert "<span>-p &#x27;[{&quot;op&quot;" in section.html


def test_whoever_delivers_a_workload_is_named(look: Look) -> None:
    row = a_diagnosis(a_cluster(), delivered_by=DeliveredBy("Argo CD", "shop/prod", "argocd"))
    assert "Argo CD delivers this Deployment (shop/prod)." in look(f"/d/{row.number}").text


class TestEvidence:
    def test_the_strongest_proves_it_only_where_the_engine_is_certain(self, look: Look) -> None:
        cluster = a_cluster()
        sure = look(f"/d/{a_diagnosis(cluster, 'cart').number}").part('<ol class="ev"').text
        unsure = look(f"/d/{a_diagnosis(cluster, 'web', confidence='likely').number}").part('<ol class="ev"').text
        assert (sure.count("Proves it."), sure.count("Supports it.")) == (1, 1)
        assert (unsure.count("Proves it."), unsure.count("Supports it.")) == (0, 2)
        assert sure.startswith("The log says why Proves it. Pod cart-6d9f-abcde, previous log of app")
        assert "lastState.terminated.exitCode is 1" in sure
        assert "Ruled out Memory limit: the exit code is 1, not 137" in sure

    def test_the_log_is_shown_around_the_line_that_proves_it(self, look: Look) -> None:
        row = a_diagnosis(a_cluster())
        a_kept_log(row, *(f"line {n}" for n in range(1, 13)), "KeyError: 'DATABASE_URL'", "bye", "never shown")
        log = look(f"/d/{row.number}").part('<code class="log"').html
        assert "<mark><i>13</i>KeyError: &#x27;DATABASE_URL&#x27;</mark>" in log
        assert "<span><i>7</i>line 7</span>" in log
        assert "line 6<" not in log
        assert "<span><i>14</i>bye</span>" in log
        assert "never shown" not in log

    def test_a_log_that_is_gone_leaves_the_line_that_was_quoted(self, look: Look) -> None:
        row = a_diagnosis(a_cluster())
        a_kept_log(row, "another run", "with another end")
        log = look(f"/d/{row.number}").part('<code class="log"').html
        assert "<mark><i>1</i>KeyError" in log
        assert "another" not in log

    def test_an_event_is_quoted_in_full(self, look: Look) -> None:
        event = EvidencePart("event", "Pod/x", "message", "Failed: pull: not found (x12)", before(minutes=1))
        row = a_diagnosis(a_cluster(), evidence=(event,))
        text = look(f"/d/{row.number}").part('<ol class="ev"').text
        assert text.startswith("Event Failed Proves it. Pod x")
        assert "pull: not found (x12)" in text

    def test_a_long_value_is_quoted_beneath_its_field(self, look: Look) -> None:
        long = "0/6 nodes are available: " + "6 Insufficient memory, " * 5
        row = a_diagnosis(
            a_cluster(), evidence=(EvidencePart("pod", "Pod/x", "status.conditions[PodScheduled].message", long),)
        )
        item = look(f"/d/{row.number}").part('<ol class="ev"')
        assert "<h3><code>conditions[PodScheduled].message</code></h3>" in item.html
        assert long in item.part('<code class="log soft"').html


def test_what_changed_shows_old_and_new_and_how_long_before(look: Look) -> None:
    first = before(minutes=10)
    at = first - timedelta(seconds=11)
    changes = (
        Change("containers[app].env", "DATABASE_URL", None, at, "argocd"),
        Change("containers[app].image", "cart:1", "cart:2", at, "argocd"),
    )
    row = a_diagnosis(a_cluster(), first_seen=first, changed=changes)
    section = look(f"/d/{row.number}").part('<section class="card" id="changed"')
    assert "by argocd" in section.text
    assert "11 s before the first failure" in section.text
    assert section.html.count('<tr class="del hit"') == 1  # The offender's own field.
    assert (section.html.count('<tr class="del'), section.html.count('<tr class="add')) == (2, 1)


def test_without_a_change_nothing_is_said_of_one(look: Look) -> None:
    page = look(f"/d/{a_diagnosis(a_cluster()).number}")
    assert "What changed" not in page.text


class TestPods:
    def test_are_listed_with_status_and_node(self, look: Look) -> None:
        row = a_diagnosis(a_cluster())
        assert (
            "cart-6d9f-abcde CrashLoopBackOff node-1"
            in look(f"/d/{row.number}").part('<section class="card" id="pods"').text
        )

    def test_that_are_all_gone_are_said_to_be(self, look: Look) -> None:
        row = a_diagnosis(a_cluster())
        a_kept_pod(row, gone_at=before(minutes=2))
        page = look(f"/d/{row.number}")
        assert page.part('<div class="banner note" id="standing"').text.startswith("Its pod was deleted")
        assert "showing evidence kept at" in page.text
        assert "Deleted" in page.part('<tr class="gone"').text

    def test_that_are_only_partly_gone_are_marked_alone(self, look: Look) -> None:
        pods = (AffectedPod("a", "a-uid", "Error", "n"), AffectedPod("b", "b-uid", "Error", None))
        row = a_diagnosis(a_cluster(), pods=pods)
        a_kept_pod(row, gone_at=before(minutes=2))
        page = look(f"/d/{row.number}")
        assert 'id="standing"' not in page.html
        assert page.html.count('<tr class="gone"') == 1

    def test_are_listed_up_to_a_limit(self, look: Look) -> None:
        pods = tuple(AffectedPod(f"p{n}", f"u{n}", "Error", "n") for n in range(PODS_LIMIT + 2))
        row = a_diagnosis(a_cluster(), pods=pods)
        page = look(f"/d/{row.number}")
        assert "and 2 more pods" in page.text
        assert f"p{PODS_LIMIT} " not in page.part('<section class="card" id="pods"').text


def test_symptoms_are_folded_under_the_cause(look: Look) -> None:
    symptoms = (
        Symptom("probe-refused", WorkloadPart("Deployment", "web"), "It refuses."),
        Symptom("probe-timeout", WorkloadPart("Deployment", "web"), "It is slow."),
    )
    row = a_diagnosis(a_cluster(), symptoms=symptoms)
    text = look(f"/d/{row.number}").part('<section class="card" id="symptoms"').text
    assert "2 symptoms in 1 workload" in text
    assert "web It refuses. probe-refused" in text


def test_symptoms_of_what_several_namespaces_share_name_theirs(look: Look) -> None:
    web = WorkloadPart("Deployment", "web")
    symptoms = (Symptom("image-tls", web, "It is refused.", "a"), Symptom("image-tls", web, "It is refused.", "b"))
    row = a_diagnosis(a_cluster(), namespace=None, workload=WorkloadPart("Registry", "quay.io"), symptoms=symptoms)
    text = look(f"/d/{row.number}").part('<section class="card" id="symptoms"').text
    assert "2 symptoms in 2 workloads" in text
    assert "a / web It is refused. image-tls" in text


def test_the_timeline_tells_everything_newest_first(look: Look) -> None:
    first = before(minutes=30)
    change = Change("containers[app].image", "a", "b", first - timedelta(minutes=1), "helm")
    row = a_diagnosis(a_cluster(), first_seen=first, opened_at=first + timedelta(seconds=40), changed=(change,))
    earlier = first - timedelta(days=2)
    Occurrence.objects.create(
        diagnosis=row, started_at=earlier, ended_at=earlier + timedelta(hours=1), pods_peak=4, verdict={}
    )
    detail = {"severity": {"from": 3, "to": 4}, "confidence": {"from": "likely", "to": "certain"}}
    Activity.objects.create(diagnosis=row, kind="changed", at=first + timedelta(minutes=2), detail=detail)
    Activity.objects.create(diagnosis=row, kind="resolved", at=first + timedelta(minutes=3))
    Activity.objects.create(diagnosis=row, kind="regressed", at=first + timedelta(minutes=4))
    text = look(f"/d/{row.number}").part('<section class="card" id="timeline"').text
    told = [
        "Failing again: reopened",
        "Clean for long enough: resolved",
        "Severity from high to critical; Confidence from likely to certain",
        "Diagnosed",
        "First failure",
        "Changed by helm: containers[app].image",
        "An earlier time it failed, at most 4 pods",
    ]
    assert sorted(told, key=text.index) == told


class TestStanding:
    def test_resolved(self, look: Look) -> None:
        row = resolved(a_cluster(), first_seen=before(hours=2), resolved_at=before(hours=1))
        page = look(f"/d/{row.number}")
        banner = page.part('<div class="banner calm" id="standing"').text
        assert banner.startswith("Resolved")
        assert "after 1 h" in banner or "after 60 min" in banner
        assert "If it comes back" in page.text
        assert "pods failing" not in page.part('<div class="title"').text

    def test_clean_but_not_resolved_yet(self, look: Look) -> None:
        row = a_diagnosis(a_cluster(), clean_since=before(minutes=1))
        assert "Not failing since" in look(f"/d/{row.number}").part('<div class="banner calm"').text

    def test_of_a_cluster_that_was_lost(self, look: Look) -> None:
        row = a_diagnosis(a_cluster(fresh_at=before(minutes=6), failing_since=before(minutes=6)))
        page = look(f"/d/{row.number}")
        assert "prod-eu cannot be reached." in page.text
        assert "as of" in page.part('<div class="title"').text


def test_how_far_it_reaches(look: Look) -> None:
    cluster = a_cluster()
    row = a_diagnosis(cluster, pods_affected=3, pods_total=3)
    a_diagnosis(cluster, "web")
    a_diagnosis(cluster, "db", namespace="data")
    resolved(cluster, "old")
    text = look(f"/d/{row.number}").part('<section class="card" aria-labelledby="re-h"').text
    assert "Pods all 3" in text
    assert "Restarts 7" in text
    assert "1 other open in its namespace" in text


def test_something_without_a_namespace_has_none(look: Look) -> None:
    row = a_diagnosis(a_cluster(), "node-3", namespace=None, workload=WorkloadPart("Node", "node-3"), container=None)
    text = look(f"/d/{row.number}").part('<aside class="stack"').text
    assert "Node node-3" in text
    assert "Namespace" not in text
    assert "Container" not in text


@pytest.mark.parametrize("number", ["0", "4711", "9" * 30])
def test_an_unknown_number_is_not_found(look: Look, number: str) -> None:
    page = look(f"/d/{number}")
    assert page.status == 404
    assert page.headline == f"There is no diagnosis #{int(number)}"


def test_it_costs_the_same_however_long_its_history(browser: Client) -> None:
    def cost(row: Diagnosis) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(f"/d/{row.number}").status_code == 200
        return len(queries)

    cluster = a_cluster()
    young, old = a_diagnosis(cluster, "cart"), a_diagnosis(cluster, "web")
    for n in range(HISTORY_LIMIT + 5):
        Occurrence.objects.create(diagnosis=old, started_at=before(days=n), ended_at=before(days=n), verdict={})
        Activity.objects.create(diagnosis=old, kind="resolved", at=before(days=n))
        a_cluster(f"c{n}")
    a_kept_log(old, "x")
    assert cost(old) == cost(young) <= 22
