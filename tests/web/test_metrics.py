"""What Prometheus scrapes: from rows and Redis, in few queries, for those who may."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings
from redis import Redis

from dashboard.celery import seen_key
from dashboard.environment import PROJECT
from diagnostics.models import Channel, Cluster, Delivery, Run
from diagnostics.operations import tokens
from diagnostics.queries import gauges
from tests.servers import free_port, private_redis
from tests.web.rows import a_cluster, a_diagnosis, before, resolved

pytestmark = pytest.mark.django_db

QUERIES = 6  # Diagnoses, clusters, two of runs, channels, deliveries.
DASHBOARD = PROJECT / "deploy/grafana/sickbay.json"
RULES = PROJECT / "deploy/prometheus/sickbay-rules.yaml"

Labels = frozenset[tuple[str, str]]
Scrape = Callable[[], "Scraped"]


class Scraped(dict[str, dict[Labels, float]]):
    """Values by metric and labels."""

    def one(self, name: str, **labels: str) -> float:
        return self[name][frozenset(labels.items())]


def read(text: str) -> Scraped:
    found = Scraped()
    for family in text_string_to_metric_families(text):
        found[family.name] = {frozenset(sample.labels.items()): sample.value for sample in family.samples}
    return found


@pytest.fixture(autouse=True)
def no_redis(settings: Settings) -> None:
    settings.QUEUES_URL = f"redis://127.0.0.1:{free_port()}/0"


@pytest.fixture
def redis(settings: Settings) -> Iterator[Redis]:
    with private_redis() as url, Redis.from_url(url) as server:
        settings.QUEUES_URL = url
        yield server


@pytest.fixture
def scrape(client: Client, settings: Settings) -> Scrape:
    settings.METRICS_ALLOW_CIDRS = [ip_network("127.0.0.0/8")]

    def scraped() -> Scraped:
        response = client.get("/metrics")
        assert response.status_code == 200
        return read(response.content.decode())

    return scraped


def a_channel(name: str = "oncall", **columns: Any) -> Channel:
    return Channel.objects.create(name=name, kind="webhook", settings={"url": "https://hooks.example/x"}, **columns)


def a_delivery(channel: Channel, state: str) -> Delivery:
    now = timezone.now()
    return Delivery.objects.create(
        channel=channel, type="diagnosis.opened", data={}, state=state, created_at=now, due_at=now
    )


def a_run(cluster: Cluster, seconds: float, kind: str = "sweep", failure: str = "") -> Run:
    return Run.objects.create(
        cluster=cluster, kind=kind, started_at=timezone.now(), seconds=seconds, changes=1, failure=failure
    )


def test_open_diagnoses_by_cluster_severity_and_code(scrape: Scrape) -> None:
    cluster = a_cluster()
    a_diagnosis(cluster, "cart")
    a_diagnosis(cluster, "api")
    a_diagnosis(cluster, "web", code="image-pull", severity="medium")
    resolved(cluster, "old")

    scraped = scrape()

    labels = {"cluster": "prod-eu", "severity": "high", "code": "crash-config-env"}
    assert scraped.one("sickbay_diagnoses_open", **labels) == 2
    assert sum(scraped["sickbay_diagnoses_open"].values()) == 3


def test_rare_codes_are_counted_together_above_the_limit(scrape: Scrape, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges, "SERIES_LIMIT", 1)
    cluster = a_cluster()
    for name, code in (("a", "image-pull"), ("b", "image-pull"), ("c", "crash-loop"), ("d", "probe-liveness")):
        a_diagnosis(cluster, name, code=code)

    counts = {dict(labels)["code"]: value for labels, value in scrape()["sickbay_diagnoses_open"].items()}

    assert counts == {"image-pull": 2, "other": 2}


def test_a_cluster_says_how_old_and_how_whole_its_picture_is(scrape: Scrape) -> None:
    gaps = [{"resource": "pods/log", "error": "forbidden"}, {"resource": "nodes", "error": "timeout"}]
    a_cluster(fresh_at=before(minutes=5), gaps=gaps, malformed=2, crashed=["x"], failing_since=before(minutes=4))

    scraped = scrape()

    assert 300 <= scraped.one("sickbay_cluster_freshness_seconds", cluster="prod-eu") < 400
    assert scraped.one("sickbay_cluster_failing", cluster="prod-eu") == 1
    assert scraped.one("sickbay_cluster_paused", cluster="prod-eu") == 0
    assert scraped.one("sickbay_cluster_malformed_objects", cluster="prod-eu") == 2
    assert scraped.one("sickbay_cluster_crashed_checks", cluster="prod-eu") == 1
    assert scraped.one("sickbay_cluster_unavailable", cluster="prod-eu", error="forbidden") == 1
    assert scraped.one("sickbay_cluster_pods", cluster="prod-eu") == 40


def test_a_cluster_that_was_never_read_is_as_old_as_its_row(scrape: Scrape) -> None:
    a_cluster(fresh_at=None)

    assert scrape().one("sickbay_cluster_freshness_seconds", cluster="prod-eu") >= 86_400


def test_runs_by_cluster_and_kind(scrape: Scrape) -> None:
    cluster = a_cluster()
    for seconds, failure in ((9.0, ""), (3.0, "refused"), (6.0, "")):
        a_run(cluster, seconds, failure=failure)
    a_run(cluster, 300.0, kind="follow")

    scraped = scrape()

    sweeps = {"cluster": "prod-eu", "kind": "sweep"}
    found = {name: scraped.one(f"sickbay_run_{name}", **sweeps) for name in ("last_seconds", "mean_seconds", "failed")}
    assert found == {"last_seconds": 6, "mean_seconds": 6, "failed": 1}
    assert scraped.one("sickbay_run_longest_seconds", **sweeps) == 9
    assert scraped.one("sickbay_run_kept", cluster="prod-eu", kind="follow") == 1


def test_channels_and_their_deliveries(scrape: Scrape) -> None:
    failing = a_channel(failing_since=before(minutes=1), failures=4)
    a_channel("quiet", enabled=False)
    for state in ("sent", "sent", "dead", "pending"):
        a_delivery(failing, state)

    scraped = scrape()

    assert scraped.one("sickbay_channel_failing", channel="oncall", kind="webhook") == 1
    assert scraped.one("sickbay_channel_failures", channel="oncall", kind="webhook") == 4
    assert scraped.one("sickbay_channel_enabled", channel="quiet", kind="webhook") == 0
    assert scraped.one("sickbay_deliveries", channel="oncall", state="sent") == 2
    assert scraped.one("sickbay_deliveries", channel="oncall", state="dead") == 1
    assert scraped.one("sickbay_deliveries", channel="quiet", state="dead") == 0


def test_channels_are_measured_without_the_key_of_their_settings(scrape: Scrape, settings: Settings) -> None:
    a_channel()
    settings.FIELD_ENCRYPTION_KEYS = []

    assert scrape().one("sickbay_channel_enabled", channel="oncall", kind="webhook") == 1


def test_queues_and_workers(scrape: Scrape, redis: Redis) -> None:
    redis.rpush("rest", "one", "two")
    cache.delete(seen_key("watch"))
    cache.set(seen_key("rest"), 1.0, 60)

    scraped = scrape()

    assert scraped.one("sickbay_redis_up") == 1
    assert scraped.one("sickbay_queue_tasks", queue="rest") == 2
    assert scraped.one("sickbay_queue_tasks", queue="watch") == 0
    assert scraped.one("sickbay_worker_seen", queue="rest") == 1
    assert scraped.one("sickbay_worker_seen", queue="watch") == 0


def test_without_redis_everything_else_is_measured(scrape: Scrape) -> None:
    a_cluster()

    scraped = scrape()

    assert scraped.one("sickbay_redis_up") == 0
    assert scraped["sickbay_queue_tasks"] == scraped["sickbay_worker_seen"] == {}
    assert scraped["sickbay_cluster_pods"]


def test_names_that_need_it_are_escaped(scrape: Scrape) -> None:
    name = 'pro"d\\eu\nx'
    a_cluster(name)

    assert scrape().one("sickbay_cluster_pods", cluster=name) == 40


@pytest.mark.parametrize("clusters", [1, 4])
def test_the_number_of_queries_is_constant(
    scrape: Scrape, django_assert_num_queries: DjangoAssertNumQueries, clusters: int
) -> None:
    for n in range(clusters):
        cluster = a_cluster(f"c{n}")
        a_diagnosis(cluster)
        a_run(cluster, 1)
        a_delivery(a_channel(f"channel {n}"), "sent")

    with django_assert_num_queries(QUERIES):
        scrape()


def test_a_token_with_the_scope_read_may_scrape(client: Client, user: User) -> None:
    _, shown = tokens.create(user, "prometheus", ["read"], timezone.now())

    response = client.get("/metrics", headers={"Authorization": f"Bearer {shown}"})

    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")
    assert "no-store" in response["Cache-Control"]


def test_an_expired_token_and_nobody_are_refused(client: Client, user: User) -> None:
    now = timezone.now()
    token, shown = tokens.create(user, "prometheus", ["read"], now)
    token.expires_at = now - timedelta(seconds=1)
    token.save()

    refused = [client.get("/metrics", headers=headers) for headers in ({"Authorization": f"Bearer {shown}"}, {})]

    assert [response.status_code for response in refused] == [401, 401]
    assert "METRICS_ALLOW_CIDRS" in refused[0].content.decode()


def test_a_session_alone_does_not_scrape(browser: Client) -> None:
    assert browser.get("/metrics").status_code == 401


@pytest.mark.parametrize(
    ("peer", "status"), [("10.1.2.3", 200), ("::ffff:10.1.2.3", 200), ("10.2.0.1", 401), ("::1", 401), ("", 401)]
)
def test_listed_addresses_need_no_token(client: Client, settings: Settings, peer: str, status: int) -> None:
    settings.METRICS_ALLOW_CIDRS = [ip_network("10.1.0.0/16")]

    assert client.get("/metrics", REMOTE_ADDR=peer).status_code == status


def test_every_metric_is_documented(scrape: Scrape) -> None:
    documented = set(re.findall(r"`(sickbay_\w+)`", (PROJECT / "docs/programs.md").read_text()))

    assert documented == set(scrape())


@pytest.mark.parametrize("path", [DASHBOARD, RULES])
def test_what_is_deployed_uses_metrics_that_exist(scrape: Scrape, path: Any) -> None:
    used = set(re.findall(r"\bsickbay_[a-z_]+", path.read_text()))

    assert used
    assert used <= scrape().keys()


def test_the_dashboard_names_its_data_source_by_a_variable() -> None:
    dashboard = json.loads(DASHBOARD.read_text())

    sources = {json.dumps(panel["datasource"]) for panel in dashboard["panels"] if panel["type"] != "row"}

    assert dashboard["title"] == "Sickbay"
    assert sources == {'{"type": "prometheus", "uid": "${datasource}"}'}
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]

    assert rules
    for rule in rules:
        assert rule["alert"].startswith("Sickbay")
        assert {"expr", "for", "labels", "annotations"} <= rule.keys()
        assert {"summary", "description"} == rule["annotations"].keys()
