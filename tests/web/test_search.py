"""Search finds whatever is known by a name, and says what it looked through."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from diagnostics.models import Cluster, KnownObject
from tests.web.conftest import Look
from tests.web.filled import fill
from tests.web.rows import a_cluster, a_diagnosis, a_kept_pod, before, resolved


@pytest.fixture
def cluster(db: None) -> Cluster:
    cluster = a_cluster()
    a_kept_pod(a_diagnosis(cluster, "cart"), gone_at=before(minutes=5))
    resolved(cluster, "old-cart")
    KnownObject.objects.create(cluster=cluster, resource="deployments", namespace="shop", name="cart", body=b"")
    KnownObject.objects.create(cluster=cluster, resource="nodes", namespace="", name="cart-node", body=b"")
    return cluster


@pytest.mark.parametrize(
    ("text", "section", "link"),
    [
        ("cart DATABASE_URL", "diagnoses", "/d/"),
        ("CART-6d9f", "pods", "/c/prod-eu/p/cart-uid"),
        ("cart-uid", "pods", "/c/prod-eu/p/cart-uid"),
        ("cart", "workloads", "/?cluster=prod-eu&amp;namespace=shop&amp;workload=Deployment%2Fcart"),
        ("cart-node", "nodes", "/?cluster=prod-eu&amp;node=cart-node"),
        ("shop", "namespaces", "/?cluster=prod-eu&amp;namespace=shop"),
        ("prod", "clusters", "/clusters/"),
        ("KeyError", "quotes", "/d/"),
        ("oom", "codes", "/codes/crash-oom-limit"),
        ("notif", "pages", "/notifications/"),
    ],
)
def test_each_kind_is_found_and_leads_to_its_place(
    look: Look, cluster: Cluster, text: str, section: str, link: str
) -> None:
    page = look("/search", q=text)
    assert f'href="{link}' in page.part(f'<section class="card" id="{section}"').html
    assert page.headline == f"What is called “{text}”"


def test_a_diagnosis_is_found_by_the_number_that_people_say(look: Look, cluster: Cluster) -> None:
    row = cluster.diagnoses.get(workload_name="old-cart")
    part = look("/search", q=f"#{row.number}").part('<section class="card" id="diagnoses"')
    assert f'href="/d/{row.number}"' in part.html
    assert part.text.endswith("resolved")


def test_pods_that_are_gone_say_so(look: Look, cluster: Cluster) -> None:
    assert look("/search", q="cart-6d9f").part('<section class="card" id="pods"').text.endswith("gone")


def test_nothing_found_says_what_was_looked_through(look: Look, cluster: Cluster) -> None:
    page = look("/search", q="no zebra")
    assert page.headline == "Nothing is called “no zebra”"
    assert "Healthy pods are not kept" in page.text


def test_without_a_text_it_says_what_it_finds(look: Look, cluster: Cluster) -> None:
    page = look("/search")
    assert page.headline == "Search"
    assert 'id="pages"' in page.html
    assert 'id="codes"' not in page.html


@pytest.mark.parametrize("text", ["%", "_", "<b>", "a\0b", "#99999999999999999999", "x" * 300, '"', "\\"])
def test_what_is_special_elsewhere_is_only_text_here(look: Look, cluster: Cluster, text: str) -> None:
    page = look("/search", q=text)
    assert page.status == 200
    assert "<b>" not in page.part("<h1").html


def test_the_part_for_the_palette_is_a_list_of_options(browser: Client, cluster: Cluster) -> None:
    answer = browser.get("/search", {"q": "cart", "part": ""})
    html = answer.content.decode()
    assert "<html" not in html
    assert html.count('role="option"') >= 4
    assert "no-store" in answer["Cache-Control"]
    empty = browser.get("/search", {"q": "no zebra", "part": ""}).content.decode()
    assert 'href="/search?q=no%20zebra"' in empty


def test_it_takes_the_same_queries_whatever_is_stored(
    browser: Client, user: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    fill(user)
    with django_assert_num_queries(12):
        browser.get("/search", {"q": "cart", "part": ""})
    for n in range(30):
        a_diagnosis(Cluster.objects.earliest("pk"), f"cart-{n}")
    with django_assert_num_queries(12):
        browser.get("/search", {"q": "cart", "part": ""})


def test_strangers_are_asked_to_sign_in(client: Client, db: None) -> None:
    assert client.get("/search", {"q": "cart"})["Location"] == "/signin?next=%2Fsearch%3Fq%3Dcart"
