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

from dashboard.badges import key_of
from diagnostics.models import Cluster
from diagnostics.queries.badges import Place
from tests.web.rows import a_cluster, a_diagnosis, before, resolved

pytestmark = pytest.mark.django_db


def told(client: Client, place: Place) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(client.get(reverse("badge-endpoint", args=[key_of(place)])).content)
    return found


def message(client: Client, *place: str) -> str:
    return str(told(client, Place(*place))["message"])


def drawn(client: Client, place: Place) -> ET.Element:
    response = client.get(reverse("badge", args=[key_of(place)]))
    assert response["Content-Type"] == "image/svg+xml"
    return ET.fromstring(response.content)  # noqa: S314 - Our own picture.


def test_a_badge_counts_what_is_open_and_names_the_worst(client: Client) -> None:
    cluster = a_cluster()
    a_diagnosis(cluster, "cart", severity="medium")
    a_diagnosis(cluster, "api", severity="critical")
    resolved(cluster, "web", severity="critical")

    assert told(client, Place("prod-eu")) == {
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

    assert message(client, "prod-eu", "shop") == "1 open, worst low"
    assert message(client, "prod-eu", "", "Deployment/cart") == "1 open, worst low"
    assert message(client, "prod-eu", "bank", "api") == "1 open, worst high"
    assert message(client, "prod-eu", "bank", "Job/api") == "nothing failing"
    assert told(client, Place("prod-eu", "shop", "cart"))["label"] == "prod-eu/shop/cart"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "nothing failing"),
        ({"fresh_at": before(hours=1)}, "not known"),
        ({"fresh_at": None}, "not known"),
        ({"paused": True}, "not known"),
        ({"gaps": [{"resource": "pods"}]}, "not fully read"),
        ({"malformed": 1}, "not fully read"),
        ({"gaps": [{"resource": "pods/log"}]}, "nothing failing"),
    ],
)
def test_only_what_is_known_to_be_fine_is_fine(client: Client, columns: dict[str, Any], said: str) -> None:
    a_cluster(**columns)

    assert message(client, "prod-eu") == said


def test_a_cluster_that_is_gone_is_not_known(client: Client) -> None:
    assert told(client, Place("gone"))["isError"] is True


def test_the_picture_says_it_in_words_and_by_a_shape(client: Client) -> None:
    cluster = a_cluster("<prod> & \"eu'")
    a_diagnosis(cluster)

    picture = drawn(client, Place(cluster.name))

    assert picture.get("aria-label") == "<prod> & \"eu': 1 open, worst high"
    texts = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["<prod> & \"eu'", "1 open, worst high"]
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}path"))) == 1


def test_every_state_has_its_own_shape(client: Client) -> None:
    shapes = set()
    for severity in ("critical", "high", "medium", "low", "info"):
        a_diagnosis(a_cluster(severity), severity=severity)
    a_cluster("fine")
    for name in ("critical", "high", "medium", "low", "info", "fine", "gone"):
        *_, group = drawn(client, Place(name))
        shapes.add(ET.tostring(group).split(b"scale")[1])

    assert len(shapes) == 7


def test_it_may_be_kept_for_a_minute_and_shown_elsewhere(client: Client) -> None:
    a_cluster()

    response = client.get(reverse("badge", args=[key_of(Place("prod-eu"))]))

    assert response["Cache-Control"] == "public, max-age=60"
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in response
    assert "Cookie" not in response.get("Vary", "")


@pytest.mark.parametrize("forged", ["x", "eyJjbHVzdGVyIjoicHJvZC1ldSJ9:forged"])
def test_a_key_that_was_not_made_here_is_unknown(client: Client, forged: str) -> None:
    a_cluster()

    assert client.get(f"/badge/{forged}.svg").status_code == 404
    assert client.get(f"/badge/{forged}.json").status_code == 404


def test_a_badge_is_two_queries(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    cluster: Cluster = a_cluster()
    for n in range(5):
        a_diagnosis(cluster, f"w{n}")

    with django_assert_num_queries(2):
        told(client, Place("prod-eu"))


def test_the_command_prints_addresses_that_work(client: Client) -> None:
    a_diagnosis(a_cluster())
    out = StringIO()

    call_command("badge", "--cluster", "prod-eu", "--namespace", "shop", stdout=out)

    picture, endpoint, markdown = out.getvalue().splitlines()
    assert markdown == f"![Sickbay]({picture})"
    base = "http://127.0.0.1:8000"
    assert picture.startswith(f"{base}/badge/")
    assert client.get(picture.removeprefix(base)).status_code == 200
    assert client.get(endpoint.removeprefix(base)).json()["label"] == "prod-eu/shop"


def test_the_command_names_the_clusters_that_there_are() -> None:
    a_cluster("staging")

    with pytest.raises(CommandError, match="there is no cluster prod; there are: staging"):
        call_command("badge", "--cluster", "prod")
