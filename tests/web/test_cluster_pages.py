"""The pages about clusters: what cannot be read first, a test of each step, and credentials that never come back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from diagnostics.demo.server import ClusterServer
from diagnostics.kube.pasted import LARGEST
from diagnostics.models import Cluster, ClusterCredentials, Run
from diagnostics.operations import clusters, ways
from diagnostics.queries import reading
from tests.clusters import on_this_machine, serving
from tests.people import a_person
from tests.web.conftest import Look, Page
from tests.web.rows import a_cluster, a_diagnosis, before

pytestmark = pytest.mark.django_db
ADD = "/clusters/add"
WORD = "sentinel-of-a-token"
GAP = {"resource": "pods/log", "namespace": None, "error": "forbidden", "grant": "get pods/log"}


@pytest.fixture(autouse=True)
def nothing_else_is_known(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    on_this_machine(settings, monkeypatch, tmp_path)


@pytest.fixture
def lab() -> Iterator[ClusterServer]:
    with serving(token=WORD) as server:
        yield server


def sent(browser: Client, path: str, **data: Any) -> Page:
    """The page that answers a form."""
    response = browser.post(path, data, follow=True)
    return Page(response.content.decode(), response.status_code)


def pasted(server: str, user: dict[str, Any] | None = None, *names: str) -> str:
    return json.dumps({
        "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in names or ("edge",)],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": WORD} if user is None else user}],
    })  # fmt: skip


def sealed(page: Page) -> str:
    return unescape(page.html.partition('name="sealed" value="')[2].partition('"')[0])


def test_what_cannot_be_read_stands_first_with_what_is_frozen(look: Look) -> None:
    a_cluster("well")
    lost = a_cluster(
        "prod-us",
        fresh_at=before(minutes=6),
        failing_since=before(minutes=6),
        failure="https://10.0.0.1 cannot be reached.",
        retry_at=timezone.now() + timedelta(seconds=30),
    )
    for _ in range(3):
        Run.objects.create(cluster=lost, kind="follow", started_at=timezone.now(), seconds=1, failure="no")
    a_diagnosis(lost)
    a_cluster("in-part", gaps=[GAP])
    page = look("/clusters/")

    assert page.headline == "1 cluster is read in full, 1 in part, 1 not at all"
    assert page.text.index("10.0.0.1 cannot be reached.") < page.text.index("Read in part")
    assert "Tried 3 times. Its 1 open diagnosis is frozen as of" in page.text
    assert "Next try at" in page.text
    assert "kubectl --context prod-us get --raw '/readyz?verbose'" in unescape(page.html)


def test_a_missing_right_is_shown_with_its_cost_and_the_yaml_that_adds_it(look: Look) -> None:
    a_cluster("edge", gaps=[GAP, {**GAP, "resource": "events", "grant": "list events"}])
    page = look("/clusters/")

    assert page.headline == "1 cluster is read in part"
    assert "2 rights are missing" in page.text
    assert "causes that only a log tells are possible at most" in page.text
    assert "causes are not looked for" in page.text
    assert "resources: [pods/log]" in page.text
    assert "verbs: [list, watch]" in page.text


def test_what_is_well_is_a_line_with_its_last_read_and_worst_diagnosis(look: Look) -> None:
    cluster = a_cluster(server_version="v1.36.1", pods_seen=1246)
    Run.objects.create(cluster=cluster, kind="sweep", started_at=before(minutes=1), seconds=1.94)
    a_diagnosis(cluster, "api", severity="critical")
    a_diagnosis(cluster, "web", severity="low")
    row = look("/clusters/").part(f'<tr id="cluster-{cluster.uuid}"')

    assert all(said in row.text for said in ("took 1.9 s", "1,246", "2 open, worst Critical", "v1.36.1", "w1"))
    assert "/?cluster=prod-eu" in row.html


def test_none_at_all_says_why(look: Look) -> None:
    page = look("/clusters/")

    assert page.headline == "No cluster is watched yet"
    assert ADD in page.html


def test_as_many_queries_for_two_hundred_as_for_one(
    look: Look,
    django_assert_num_queries: DjangoAssertNumQueries,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    a_cluster("first")
    look("/clusters/")
    with django_assert_max_num_queries(16) as one:
        look("/clusters/")
    for n in range(200):
        cluster = a_cluster(f"c-{n:03}", gaps=[GAP] * (n % 2), paused=n % 7 == 0)
        Run.objects.create(cluster=cluster, kind="sweep", started_at=timezone.now(), seconds=1)
    with django_assert_num_queries(len(one)):
        assert look("/clusters/").status == 200


def test_viewers_and_guests_look_and_nothing_else(client: Client, settings: Settings) -> None:
    cluster = a_cluster()
    client.force_login(a_person("vera", "viewer"))
    for path in ("/clusters/", f"/clusters/{cluster.uuid}"):
        html = client.get(path).content.decode()
        assert 'name="do"' not in html
        assert ADD not in html
    for path in (ADD, "/clusters/do", f"/clusters/{cluster.uuid}", f"/clusters/{cluster.uuid}/remove"):
        assert client.post(path).status_code == 403
    assert client.get(ADD).status_code == 403
    client.logout()
    settings.DEMO = True
    assert client.get("/clusters/").status_code == 200
    assert client.get(ADD)["Location"].startswith("/signin")
    assert Cluster.objects.filter(paused=False).exists()


def test_a_cluster_is_paused_with_a_reason_and_resumed(browser: Client) -> None:
    cluster = a_cluster()
    page = sent(browser, "/clusters/do", do=f"pause {cluster.uuid}", reason="node pool is rebuilt", back="cluster")

    assert page.headline == "prod-eu is paused"
    assert "node pool is rebuilt Shown as of" in page.text
    assert f'value="resume {cluster.uuid}">Undo' in page.html
    page = sent(browser, "/clusters/do", do=f"resume {cluster.uuid}")
    assert f'value="pause {cluster.uuid} node pool is rebuilt">Undo' in page.html
    sent(browser, "/clusters/do", do=f"pause {cluster.uuid} node pool is rebuilt")
    cluster.refresh_from_db()
    assert (cluster.paused, cluster.pause_reason) == (True, "node pool is rebuilt")


def test_reading_now_gives_the_lease_back(browser: Client) -> None:
    cluster = a_cluster(resource_versions={"pods": "1"})
    assert "read in full within seconds" in sent(browser, "/clusters/do", do=f"read {cluster.uuid}").text
    cluster.refresh_from_db()
    assert (cluster.lease_owner, cluster.resource_versions) == ("", {})


@pytest.mark.parametrize("do", ["", "pause", "pause x", "drop {uuid}"])
def test_a_button_that_is_none_is_refused(browser: Client, do: str) -> None:
    cluster = a_cluster()
    assert browser.post("/clusters/do", {"do": do.format(uuid=cluster.uuid)}).status_code == 400


def test_what_goes_with_a_cluster_is_said_before(browser: Client, look: Look) -> None:
    cluster = a_cluster(added_here=True)
    a_diagnosis(cluster)
    page = look(f"/clusters/{cluster.uuid}")

    assert "With it go 1 diagnosis and its evidence: 0 pods, 0 events, 0 logs." in page.text
    assert "it begins anew" not in page.text
    assert "prod-eu is removed" in sent(browser, f"/clusters/{cluster.uuid}/remove").text
    assert not Cluster.objects.exists()
    assert look(f"/clusters/{cluster.uuid}").status == 404


def test_of_one_that_the_environment_names_that_is_said(look: Look, settings: Settings, tmp_path: Any) -> None:
    with serving() as server:
        settings.KUBECONFIG = str(server.kubeconfig(tmp_path / "config", name="prod-eu"))
    cluster = a_cluster()

    assert "The environment names it, so it begins anew at once." in look(f"/clusters/{cluster.uuid}").text


def test_what_somebody_removed_meanwhile_is_not_found(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Cluster(name="gone")
    monkeypatch.setattr(reading, "by_uuid", lambda _uuid: gone)
    for verb in ("pause", "resume", "read"):
        assert browser.post("/clusters/do", {"do": f"{verb} {gone.uuid}"}).status_code == 404
    assert browser.post(f"/clusters/{gone.uuid}/remove").status_code == 404


def test_a_pasted_kubeconfig_is_tested_then_added_and_seen_nowhere(
    browser: Client, lab: ClusterServer, caplog: pytest.LogCaptureFixture
) -> None:
    lab.access.forbid("get", "pods/log")
    with caplog.at_level("DEBUG"):
        page = sent(browser, ADD, kubeconfig=pasted(lab.url), test="1")
        assert "Log in" in page.text
        assert "failed: get pods/log" in page.text
        assert "Add with reduced rights" in page.text
        assert "resources: [pods/log]" in page.text
        assert not Cluster.objects.exists()
        added = sent(browser, ADD, sealed=sealed(page), name="Edge", namespaces="shop", save="1")

    cluster = Cluster.objects.get()
    assert (cluster.name, cluster.context, cluster.added_here, cluster.namespaces) == ("Edge", "edge", True, ["shop"])
    assert "Edge is added." in added.text
    looked = browser.get(f"/clusters/{cluster.uuid}").content.decode()
    told = browser.get("/api/v1/clusters").content.decode()
    for text in (page.html, added.html, looked, told, caplog.text, sealed(page)):
        assert WORD not in text
    assert "a kubeconfig that was pasted" in looked


def test_of_several_contexts_one_is_chosen(browser: Client, lab: ClusterServer) -> None:
    page = sent(browser, ADD, kubeconfig=pasted(lab.url, None, "one", "two"), test="1")
    assert page.status == 422
    assert "no current context" in page.text
    assert '<option value="two">' in page.html
    assert "Connection test" in sent(browser, ADD, sealed=sealed(page), context="two", test="1").text
    sent(browser, ADD, sealed=sealed(page), context="two", save="1")

    assert Cluster.objects.get().name == "two"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Paste a kubeconfig."),
        ("a: [", "is not YAML"),
        (pasted("https://prod.example", {"exec": {"command": "aws"}, "token": WORD}), "exec runs a program"),
        (pasted("https://169.254.169.254"), "169.254.169.254 is never asked"),
    ],
)
def test_what_is_refused_is_said_beside_the_field(browser: Client, text: str, says: str) -> None:
    page = sent(browser, ADD, kubeconfig=text, test="1")

    assert page.status == 422
    assert says in page.text
    assert ".." not in page.text
    assert WORD not in page.html


def test_what_cannot_be_read_does_not_go_back_sealed(browser: Client) -> None:
    for text in ("a: [", pasted("https://prod.example") + "#" * LARGEST):
        page = sent(browser, ADD, kubeconfig=text, test="1")

        assert page.status == 422
        assert sealed(page) == ""


def test_what_cannot_list_pods_is_not_added(browser: Client, lab: ClusterServer) -> None:
    lab.access.only_namespaces("shop")
    page = sent(browser, ADD, kubeconfig=pasted(lab.url), save="1")

    assert "It can be added once pods can be listed" in page.text
    assert not Cluster.objects.exists()
    sent(browser, ADD, sealed=sealed(page), namespaces="shop", save="1")
    assert Cluster.objects.get().namespaces == ["shop"]


def test_a_step_that_fails_is_the_last(browser: Client) -> None:
    page = sent(browser, ADD, kubeconfig=pasted("http://127.0.0.1:1"), test="1")

    assert "failed: Reach its port Port 1: Connection refused." in page.text
    assert "Log in" not in page.text


def test_without_a_key_it_is_said_what_to_do(browser: Client, lab: ClusterServer, settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = []
    assert "FIELD_ENCRYPTION_KEYS is not set" in sent(browser, ADD, kubeconfig=pasted(lab.url), test="1").text


def test_a_name_that_is_taken_is_refused(browser: Client, lab: ClusterServer) -> None:
    a_cluster("edge")
    assert "There is another cluster of this name." in sent(browser, ADD, kubeconfig=pasted(lab.url), save="1").text


def test_a_context_of_this_server_can_be_added(
    browser: Client, lab: ClusterServer, settings: Settings, tmp_path: Any
) -> None:
    settings.KUBECONFIG = str(lab.kubeconfig(tmp_path / "config", name="demo"))
    assert "?from=server" in browser.get(ADD).content.decode()
    sent(browser, f"{ADD}?from=server", context="demo", save="1")

    cluster = Cluster.objects.get()
    assert (cluster.context, cluster.kubeconfig, cluster.added_here) == ("demo", settings.KUBECONFIG, True)
    assert not ClusterCredentials.objects.exists()


def test_the_cluster_that_this_runs_in_is_offered_in_a_pod(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "?from=pod" not in look(ADD).html
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert "as its own service account" in look(ADD, **{"from": "pod"}).text


def added(lab: ClusterServer, token: str = WORD) -> Cluster:
    text = pasted(lab.url, {"token": token})
    return clusters.add("edge", ways.by_paste(ways.read(text), ""))


def test_a_cluster_is_tested_on_its_page(browser: Client, lab: ClusterServer, settings: Settings) -> None:
    cluster = added(lab)
    lab.access.forbid("list", "nodes")
    page = sent(browser, f"/clusters/{cluster.uuid}", test="1")
    assert "failed: list nodes" in page.text
    assert WORD not in page.html

    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:0]
    assert "FIELD_ENCRYPTION_KEYS" in sent(browser, f"/clusters/{cluster.uuid}", test="1").text


def test_credentials_are_replaced_if_they_serve(browser: Client, lab: ClusterServer) -> None:
    cluster = added(lab, "expired")
    path = f"/clusters/{cluster.uuid}"
    wrong = sent(browser, path, kubeconfig=pasted(lab.url, {"token": "wrong"}), replace="1")
    assert "no pods can be listed, so they are not stored" in wrong.text
    assert "read with the new credentials" in sent(browser, path, kubeconfig=pasted(lab.url), replace="1").text
    stored = ClusterCredentials.objects.get().kubeconfig
    assert stored["users"][0]["user"]["token"] == WORD
