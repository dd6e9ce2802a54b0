"""The page of one pod: what it is, why it fails, what it did, and what is left of it."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from diagnostics.kube import redact
from diagnostics.models import EndedRun, KnownObject, Suspect
from tests.people import a_person
from tests.web.conftest import Look, Page
from tests.web.pods import a_log, a_manifest, a_pod, an_event, ended
from tests.web.rows import a_cluster, a_diagnosis, before, resolved

pytestmark = pytest.mark.django_db
PATH = "/c/prod-eu/p/cart-uid"
SENTINEL = "hunter2-hunter2"


@pytest.fixture
def pod() -> Suspect:
    return a_pod(a_diagnosis(a_cluster()))


def _known(pod: Suspect, resource: str, name: str, namespace: str = "", **parts: Any) -> None:
    body = zlib.compress(json.dumps({"metadata": {"name": name, "uid": f"{name} uid"}, **parts}).encode())
    KnownObject.objects.create(cluster=pod.cluster, resource=resource, namespace=namespace, name=name, body=body)


def test_it_opens_with_its_name_and_how_it_is(look: Look, pod: Suspect) -> None:
    page = look(PATH)
    assert page.headline == pod.name
    headline = page.part('<p class="row sub plain"').text
    assert headline.startswith("CrashLoopBackOff 0 of 1 container ready 3 restarts, last 2 min ago 30 min old read ")
    assert page.title == f"{pod.name} · Sickbay"


def test_it_says_why_it_fails_and_leads_there(look: Look, pod: Suspect) -> None:
    why = look(PATH).part('<div id="why"')
    assert "Why it fails: Container app of cart stops at start" in why.text
    assert "Certain" in why.text
    assert f'href="/d/{pod.cluster.diagnoses.get().number}"' in why.html


def test_what_was_resolved_is_told_as_that(look: Look) -> None:
    a_pod(resolved(a_cluster()))
    why = look(PATH).part('<div id="why"').text
    assert "Why it failed:" in why
    assert "Resolved 1 h ago" in why


def test_a_deleted_one_is_shown_as_it_was(look: Look) -> None:
    row = a_diagnosis(a_cluster())
    a_pod(row, gone_at=before(minutes=3), seen_at=before(minutes=4))
    page = look(PATH)
    assert "Deleted" in page.part('<p class="row sub plain"').text
    assert "showing evidence kept at" in page.text
    assert "kubectl" not in page.part('<section class="card" id="log"').text


def test_one_that_no_diagnosis_names_any_more_leads_to_those_of_its_workload(look: Look) -> None:
    row = a_diagnosis(a_cluster())
    Suspect.objects.create(
        cluster=row.cluster,
        uid="older",
        namespace="shop",
        name="cart-old",
        workload_kind="Deployment",
        workload_name="cart",
        body=zlib.compress(json.dumps(a_manifest()).encode()),
        seen_at=before(hours=1),
        gone_at=before(hours=1),
    )
    assert f"Its workload was diagnosed: #{row.number}" in look("/c/prod-eu/p/older").text


class TestOwners:
    def test_they_are_links_from_the_cluster_to_the_node(self, look: Look, pod: Suspect) -> None:
        _known(pod, "nodes", "node-1", status={"conditions": [{"type": "Ready", "status": "True"}]})
        chain = look(PATH).part('<ol class="chain"')
        assert chain.text == "prod-eu Deployment cart ReplicaSet …-6d9f this pod node-1, healthy"
        assert 'href="/?cluster=prod-eu&amp;namespace=shop&amp;workload=Deployment%2Fcart"' in chain.html
        assert 'href="/?cluster=prod-eu&amp;node=node-1"' in chain.html

    def test_a_node_that_is_not_ready_is_told(self, look: Look, pod: Suspect) -> None:
        _known(pod, "nodes", "node-1", status={"conditions": [{"type": "Ready", "status": "Unknown"}]})
        assert "node-1, not ready" in look(PATH).part('<ol class="chain"').text

    def test_the_delivering_tool_stands_above_the_workload(self, look: Look, pod: Suspect) -> None:
        labels = {"argocd.argoproj.io/instance": "shop-prod"}
        deployment = {"metadata": {"name": "cart", "labels": labels}, "spec": {"replicas": 3}}
        _known(pod, "deployments", "cart", "shop", **deployment, status={"readyReplicas": 2})
        page = look(PATH)
        assert "prod-eu Argo CD shop-prod Deployment cart" in page.part('<ol class="chain"').text
        assert "2 of 3 pods of the workload are ready" in page.part('<section class="card" id="siblings"').text


class TestContainers:
    @pytest.mark.usefixtures("pod")
    def test_each_says_how_it_is_and_what_it_may_use(self, look: Look) -> None:
        section = look(PATH).part('<section class="card" id="containers"')
        assert (
            "CrashLoopBackOff 3 restarts, last exit code 1, ran less than 1 s limit 64Mi memory, no probes"
            in section.text
        )
        assert 'aria-label="app: 1 exit with code 1, CrashLoopBackOff"' in section.html

    def test_init_containers_and_sidecars_have_a_strip_each(self, look: Look) -> None:
        manifest = a_manifest()
        manifest["spec"]["initContainers"] = [{"name": "prep"}, {"name": "mesh", "restartPolicy": "Always"}]
        started = ended(before(minutes=20), 0, "Completed")
        manifest["status"]["initContainerStatuses"] = [
            {"name": "prep", "state": started},
            {"name": "mesh", "ready": True, "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}},
        ]
        a_pod(a_diagnosis(a_cluster()), manifest)
        section = look(PATH).part('<section class="card" id="containers"')
        assert section.html.count('<svg class="strip"') == 3
        assert "prep init Completed in less than 1 s" in section.text
        assert "mesh sidecar Running, ready" in section.text

    def test_the_table_tells_the_same_and_what_was_stored_before(self, look: Look, pod: Suspect) -> None:
        names = {"namespace": "shop", "workload_kind": "Deployment", "workload_name": "cart", "container": "app"}
        oom = {"exit_code": 137, "reason": "OOMKilled", "started_at": before(minutes=9), "ended_at": before(minutes=8)}
        EndedRun.objects.create(cluster=pod.cluster, pod_uid=pod.uid, restart=2, **names, **oom)
        section = look(PATH).part('<section class="card" id="containers"')
        assert "137 OOMKilled" in section.part("<table").text
        assert section.part("<tbody").html.count("<tr>") == 2
        assert "2 exits with code 1, 137" in section.html


class TestEvents:
    def test_those_of_the_pod_and_its_owners_newest_first(self, look: Look, pod: Suspect) -> None:
        an_event(pod, "BackOff", before(minutes=1))
        an_event(pod, "SuccessfulCreate", before(minutes=9), object_uid="rs-uid")
        an_event(pod, "Elsewhere", before(minutes=1), object_uid="another")
        text = look(PATH).part('<section class="card" id="events"').part("<tbody").text
        assert text.index("about BackOff") < text.index("ReplicaSet cart-6d9f: about SuccessfulCreate")
        assert "Elsewhere" not in text

    def test_what_the_cluster_has_forgotten_is_marked(self, look: Look, pod: Suspect) -> None:
        an_event(pod, "BackOff", before(minutes=50))
        an_event(pod, "Unhealthy", before(minutes=70))
        section = look(PATH).part('<section class="card" id="events"')
        assert section.html.count('<tr class="kept"') == 1
        assert "about Unhealthy kept here, forgotten by the cluster" in section.text

    @pytest.mark.usefixtures("pod")
    def test_none_is_said(self, look: Look) -> None:
        assert "No event is kept of this pod" in look(PATH).text


class TestYaml:
    def test_it_is_the_pod_without_any_secret_and_the_blamed_field_marked(self, look: Look) -> None:
        row = a_diagnosis(a_cluster())
        a_pod(row)
        section = look(PATH).part('<section class="card" id="yaml"')
        assert "[redacted]" in section.text
        marked = [Page(f"<mark{part}", 200).text for part in section.html.split("<mark")[1:]]
        assert any("exitCode: 1" in line for line in marked)
        assert any("env:" in line for line in marked)
        assert not any("image: cart:1" in line.split("</mark>")[0] for line in section.html.split("<mark")[1:])

    def test_what_was_secret_is_on_no_page(self, browser: Client) -> None:
        raw = a_manifest()
        raw["metadata"]["annotations"] = {"note": f"password={SENTINEL}"}
        raw["spec"]["containers"][0]["env"] = [{"name": "TOKEN", "value": SENTINEL}]
        raw["spec"]["containers"][0]["args"] = ["--password", SENTINEL]
        pod = a_pod(a_diagnosis(a_cluster()), redact.pod_object(raw))
        a_log(pod, *redact.text(f"connecting\npassword={SENTINEL}").split("\n"))
        for path in (PATH, f"{PATH}/yaml", f"{PATH}/log/app/3"):
            answer = browser.get(path)
            assert answer.status_code == 200
            assert SENTINEL not in answer.content.decode()
            assert "[redacted]" in answer.content.decode()

    def test_it_can_be_downloaded_as_text(self, browser: Client, pod: Suspect) -> None:
        answer = browser.get(f"{PATH}/yaml")
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        assert answer["Content-Disposition"] == f'attachment; filename="{pod.name}.yaml"'
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer.content.startswith(b"apiVersion: v1\nkind: Pod\n")

    def test_one_that_others_stand_for_says_that_not_all_of_it_is_kept(self, look: Look) -> None:
        manifest = a_manifest()
        del manifest["spec"]["dnsPolicy"]
        a_pod(a_diagnosis(a_cluster()), manifest)
        assert "five are kept in full" in look(PATH).part('<section class="card" id="yaml"').text


@pytest.mark.parametrize("path", ["/c/prod-eu/p/nothing", "/c/elsewhere/p/cart-uid", "/c/prod-eu/p/%00"])
def test_what_is_not_kept_is_404_and_says_why(look: Look, pod: Suspect, path: str) -> None:
    page = look(path)
    assert page.status == 404
    assert "One that became healthy again is let go" in page.text
    assert look(f"{path}/yaml").status == 404


def test_a_cluster_may_have_slashes_in_its_name(look: Look) -> None:
    a_pod(a_diagnosis(a_cluster("arn:aws:eks:eu-1:1:cluster/shop")))
    assert look("/c/arn:aws:eks:eu-1:1:cluster/shop/p/cart-uid").headline == "cart-6d9f-abcde"


def test_a_viewer_may_look(client: Client, pod: Suspect) -> None:
    client.force_login(a_person("vera", "viewer"))
    assert client.get(PATH).status_code == 200
    assert client.post(PATH).status_code == 405


def test_strangers_are_led_to_the_sign_in(client: Client, pod: Suspect) -> None:
    for path in (PATH, f"{PATH}/yaml", f"{PATH}/log/app/3"):
        assert client.get(path).status_code == 302


def test_it_costs_the_same_whatever_is_kept(browser: Client, pod: Suspect) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(PATH).status_code == 200
        return len(queries)

    before_it = cost()
    for n in range(8):
        an_event(pod, f"Reason{n}", before(minutes=n))
        a_log(pod, "a line", restart=n)
        resolved(pod.cluster, "cart", fingerprint=f"earlier {n}")
        other = a_diagnosis(pod.cluster, f"other-{n}")
        a_pod(other, workload_name="cart")
    assert cost() == before_it <= 19
