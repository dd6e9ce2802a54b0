"""Badges: open to whoever has the key, and never fine where that is not known."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from diagnostics.models import Badge, Cluster, KnownObject
from diagnostics.operations import badges
from tests.people import a_person
from tests.web.conftest import Look
from tests.web.rows import a_cluster, a_diagnosis, before, resolved

pytestmark = pytest.mark.django_db


def a_badge(cluster: Cluster, namespace: str = "", workload: str = "") -> Badge:
    return badges.create(cluster, namespace, workload, by=None)


def test_there_are_no_more_than_a_page_lists(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(badges, "MOST", 1)
    badge = a_badge(a_cluster())
    answer = browser.post("/badges/", {"cluster": badge.cluster.name})
    assert answer.status_code == 422
    assert "revoke one first" in answer.content.decode()
    assert Badge.objects.count() == 1


def told(client: Client, badge: Badge) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(client.get(reverse("badge-endpoint", args=[badge.key])).content)
    return found


def message(client: Client, cluster: Cluster, *place: str) -> str:
    return str(told(client, a_badge(cluster, *place))["message"])


def drawn(client: Client, badge: Badge) -> ET.Element:
    response = client.get(reverse("badge", args=[badge.key]))
    assert response["Content-Type"] == "image/svg+xml"
    return ET.fromstring(response.content)  # noqa: S314 - Our own picture.


def test_a_badge_counts_what_is_open_and_names_the_worst(client: Client) -> None:
    cluster = a_cluster()
    a_diagnosis(cluster, "cart", severity="medium")
    a_diagnosis(cluster, "api", severity="critical")
    resolved(cluster, "web", severity="critical")

    assert told(client, a_badge(cluster)) == {
        "schemaVersion": 1,
        "label": "prod-eu",
        "message": "2 open, worst critical",
        "color": "#b0211d",
        "isError": False,
        "cacheSeconds": 60,
    }


def test_a_badge_may_be_of_a_namespace_or_a_workload(client: Client) -> None:
    cluster = a_cluster()
    a_diagnosis(cluster, "cart", severity="low")
    a_diagnosis(cluster, "api", namespace="bank")
    a_diagnosis(a_cluster("staging"), "cart")

    assert message(client, cluster, "shop") == "1 open, worst low"
    assert message(client, cluster, "", "Deployment/cart") == "1 open, worst low"
    assert message(client, cluster, "bank", "api") == "1 open, worst high"
    assert told(client, a_badge(cluster, "shop", "cart"))["label"] == "prod-eu/shop/cart"


def test_what_was_never_seen_is_not_known(client: Client) -> None:
    cluster = a_cluster()
    resolved(cluster, "old")
    KnownObject.objects.create(cluster=cluster, resource="deployments", namespace="bank", name="api", body=b"")
    KnownObject.objects.create(cluster=a_cluster("staging"), resource="jobs", namespace="lab", name="sum", body=b"")

    assert message(client, cluster, "bank") == "nothing failing"
    assert message(client, cluster, "bank", "Deployment/api") == "nothing failing"
    assert message(client, cluster, "", "api") == "nothing failing"
    assert message(client, cluster, "shop", "Deployment/old") == "nothing failing"
    assert message(client, cluster, "bank", "Job/api") == "not known"
    assert message(client, cluster, "bnak") == "not known"
    assert message(client, cluster, "lab") == "not known"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "nothing failing"),
        ({"fresh_at": before(hours=1)}, "not known"),
        ({"fresh_at": None}, "not known"),
        ({"fresh_at": before(seconds=90)}, "not known"),
        ({"paused": True}, "not known"),
        ({"gaps": [{"resource": "pods"}]}, "not fully read"),
        ({"malformed": 1}, "not fully read"),
        ({"gaps": [{"resource": "pods/log"}]}, "nothing failing"),
    ],
)
def test_only_what_is_known_to_be_fine_is_fine(client: Client, columns: dict[str, Any], said: str) -> None:
    assert message(client, a_cluster(**columns)) == said


def test_it_goes_with_its_cluster(client: Client) -> None:
    cluster = a_cluster()
    badge = a_badge(cluster)
    cluster.delete()

    assert client.get(reverse("badge", args=[badge.key])).status_code == 404


def test_the_picture_says_it_in_words_and_by_a_shape(client: Client) -> None:
    cluster = a_cluster("<prod> & \"eu'")
    a_diagnosis(cluster)

    picture = drawn(client, a_badge(cluster))

    assert picture.get("aria-label") == "<prod> & \"eu': 1 open, worst high"
    texts = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["<prod> & \"eu'", "1 open, worst high"]
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}path"))) == 1


def test_every_state_has_its_own_shape(client: Client) -> None:
    shapes = set()
    for severity in ("critical", "high", "medium", "low", "info"):
        a_diagnosis(a_cluster(severity), severity=severity)
    a_cluster("fine")
    a_cluster("lost", fresh_at=None)
    for cluster in Cluster.objects.all():
        *_, group = drawn(client, a_badge(cluster))
        shapes.add(ET.tostring(group).split(b"scale")[1])

    assert len(shapes) == 7


def test_it_may_be_kept_for_a_minute_and_shown_elsewhere(client: Client) -> None:
    response = client.get(reverse("badge", args=[a_badge(a_cluster()).key]))

    assert response["Cache-Control"] == "public, max-age=60"
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in response
    assert "Cookie" not in response.get("Vary", "")


@pytest.mark.parametrize("forged", ["x", "eyJjbHVzdGVyIjoicHJvZC1ldSJ9:forged", "%00"])
def test_a_key_that_was_not_made_here_is_unknown(client: Client, forged: str) -> None:
    a_cluster()

    assert client.get(f"/badge/{forged}.svg").status_code == 404
    assert client.get(f"/badge/{forged}.json").status_code == 404


def test_a_badge_is_two_queries(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    cluster: Cluster = a_cluster()
    for n in range(5):
        a_diagnosis(cluster, f"w{n}")

    badge = a_badge(cluster)

    with django_assert_num_queries(2):
        told(client, badge)


def test_the_command_prints_addresses_that_work(client: Client) -> None:
    a_diagnosis(a_cluster())
    out = StringIO()

    call_command("badge", "--cluster", "prod-eu", "--namespace", "shop", stdout=out)

    picture, endpoint, markdown = out.getvalue().splitlines()
    assert markdown == f"![Sickbay: prod-eu/shop]({picture})"
    base = "http://127.0.0.1:8000"
    assert picture.startswith(f"{base}/badge/")
    assert client.get(picture.removeprefix(base)).status_code == 200
    assert client.get(endpoint.removeprefix(base)).json()["label"] == "prod-eu/shop"


def test_the_command_names_the_clusters_that_there_are() -> None:
    a_cluster("staging")

    with pytest.raises(CommandError, match="there is no cluster prod; there are: staging"):
        call_command("badge", "--cluster", "prod")


def test_the_command_refuses_what_no_workload_is_called() -> None:
    a_cluster()

    with pytest.raises(CommandError, match="workload: write a kind and a name, such as Deployment/cart"):
        call_command("badge", "--cluster", "prod-eu", "--workload", "all of it")


class TestPage:
    def test_says_who_made_each_and_how_it_is_shown_elsewhere(self, look: Look, browser: Client) -> None:
        a_cluster()
        answer = browser.post("/badges/", {"cluster": "prod-eu", "namespace": "shop", "workload": "Deployment/cart"})
        badge = Badge.objects.get()
        assert answer["Location"] == f"/badges/#badge-{badge.pk}"
        page = look("/badges/")
        assert page.headline == "1 badge"
        shown = page.part(f'<li id="badge-{badge.pk}"')
        assert "prod-eu/shop/Deployment/cart" in shown.text
        assert "Made by ana" in shown.text
        picture = f"http://127.0.0.1:8000/badge/{badge.key}.svg"
        assert f"![Sickbay: prod-eu/shop/Deployment/cart]({picture})" in shown.text
        assert f'<img src="{picture}" alt="Sickbay: prod-eu/shop/Deployment/cart">' in shown.text
        assert f"/badge/{badge.key}.json" in shown.text

    def test_names_no_two_badges_alike(self, browser: Client) -> None:
        a_cluster()
        for _ in range(2):
            browser.post("/badges/", {"cluster": "prod-eu"})
        first, second = Badge.objects.values_list("key", flat=True)
        assert first != second
        assert len(first) >= 32

    @pytest.mark.parametrize(
        ("posted", "said"),
        [
            ({"cluster": "gone"}, "Select a valid choice"),
            ({"cluster": "prod-eu", "namespace": "Shop!"}, "Write one namespace as kubectl shows it"),
            ({"cluster": "prod-eu", "workload": "the cart"}, "Write a kind and a name, such as Deployment/cart"),
        ],
    )
    def test_says_beside_the_field_what_is_wrong(self, browser: Client, posted: dict[str, str], said: str) -> None:
        a_cluster()
        answer = browser.post("/badges/", posted)
        assert answer.status_code == 422
        assert said in answer.content.decode()
        assert not Badge.objects.exists()

    def test_a_revoked_badge_is_gone_at_once(self, browser: Client, client: Client) -> None:
        badge = a_badge(a_cluster())
        assert client.get(reverse("badge", args=[badge.key])).status_code == 200
        assert browser.post(f"/badges/{badge.pk}/revoke")["Location"] == "/badges/"
        for name in ("badge", "badge-endpoint"):
            assert client.get(reverse(name, args=[badge.key])).status_code == 404
        assert browser.post(f"/badges/{badge.pk}/revoke").status_code == 404

    def test_a_viewer_looks_and_changes_nothing(self, client: Client) -> None:
        badge = a_badge(a_cluster())
        client.force_login(a_person("vi", "viewer"))
        page = client.get("/badges/").content.decode()
        assert badge.key in page
        assert "Make badge" not in page
        assert "Revoke" not in page
        assert client.post("/badges/", {"cluster": "prod-eu"}).status_code == 403
        assert client.post(f"/badges/{badge.pk}/revoke").status_code == 403
        assert Badge.objects.count() == 1

    def test_a_stranger_is_led_to_the_sign_in(self, client: Client) -> None:
        badge = a_badge(a_cluster())
        for answer in (client.get("/badges/"), client.post(f"/badges/{badge.pk}/revoke")):
            assert answer["Location"].startswith("/signin?next=")
        assert Badge.objects.exists()

    def test_without_any_it_says_what_follows(self, look: Look) -> None:
        page = look("/badges/")
        assert page.headline == "No badge yet"
        assert "nobody reads anything without signing in" in page.text
        assert "No cluster is watched yet" in page.text

    def test_offers_what_was_seen(self, look: Look) -> None:
        KnownObject.objects.create(cluster=a_cluster(), resource="cronjobs", namespace="lab", name="sum", body=b"")
        page = look("/badges/")
        assert '<option value="CronJob/sum">' in page.html
        assert '<option value="lab">' in page.html

    def test_many_badges_are_no_more_queries(
        self, browser: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        cluster = a_cluster()
        for n in range(5):
            a_badge(cluster, f"n{n}")
        with django_assert_num_queries(14):
            browser.get("/badges/")
