"""What pages cost as there is more to show: as many queries as before, no more HTML than a phone bears, a light first view."""

from __future__ import annotations

import gzip
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from diagnostics.models import Cluster, Diagnosis
from diagnostics.queries import PAGE_SIZE
from tests.web.conftest import Look
from tests.web.filled import fill
from tests.web.many import add_diagnoses
from tests.web.rows import a_cluster

pytestmark = pytest.mark.django_db

HTML_LIMIT = 200_000
FIRST_VIEW_LIMIT = 60_000  # Bytes as they are sent, gzipped: HTML, styles, scripts and icons.
MORE_THAN_A_PAGE, MANY = PAGE_SIZE + 10, 400
LISTS = (
    *("/", "/?sort=newest", "/?tab=review", "/?tab=mine", "/?tab=snoozed", "/?tab=resolved", "/?page=2", "/?peek=5"),
    *(f"/?group={by}" for by in ("cause", "workload", "node", "namespace")),
    *("/?severity=critical", "/?namespace=ns-7", "/?q=VARIABLE", "/?q=nothing", "/tv", "/codes/", "/timeline"),
    *("/?tab=resolved&q=VARIABLE", "/search?q=VARIABLE", "/search?q=nothing", "/clusters/", "/settings/system"),
)
FIRST_VIEWS = (
    *("/", "/?tab=resolved", "/d/{number}", "/codes/", "/codes/crash-config-env", "/tv", "/timeline"),
    *("/notifications/", "/notifications/routes/new", "/notifications/silences/new", "/notifications/deliveries/"),
    *("/settings/people", "/settings/tokens", "/settings/system", "/settings/redaction", "/setup", "/signin"),
    *("/clusters/", "/clusters/add", "/search?q=cart", "/settings/account", "/settings/retention"),
)


@pytest.fixture
def cluster(db: None) -> Cluster:
    return a_cluster()


def test_queries_and_html_do_not_grow_with_the_diagnoses(browser: Client, cluster: Cluster) -> None:
    now, asked = datetime.now(UTC), dict[str, list[int]]()
    for numbers in (range(MORE_THAN_A_PAGE), range(MORE_THAN_A_PAGE, MANY)):
        add_diagnoses(cluster, numbers, now)
        add_diagnoses(cluster, numbers, now, resolved=True)
        for path in LISTS:
            with CaptureQueriesContext(connection) as queries:
                answer = browser.get(path)
            assert answer.status_code == 200, path
            assert len(answer.content) <= HTML_LIMIT, path
            asked.setdefault(path, []).append(len(queries))

    assert {path: counts for path, counts in asked.items() if counts[1] > counts[0]} == {}


def test_a_diagnosis_of_many_pods_is_no_larger_than_a_phone_bears(look: Look, cluster: Cluster) -> None:
    add_diagnoses(cluster, range(1), datetime.now(UTC))
    row = Diagnosis.objects.get()
    pod = row.verdict["pods"][0]
    row.verdict["pods"] = [pod | {"name": f"{pod['name']}-{n}", "uid": f"u{n}"} for n in range(500)]
    row.save()

    page = look(reverse("diagnosis", args=[row.number]))

    assert page.status == 200
    assert len(page.html.encode()) <= HTML_LIMIT


@pytest.mark.parametrize("path", FIRST_VIEWS)
def test_the_first_view_of_a_page_is_light(browser: Client, user: User, path: str) -> None:
    worst = fill(user)
    if path == "/signin":
        browser.logout()

    answer = browser.get(path.format(number=worst.number))

    assert answer.status_code == 200
    html = answer.content.decode()
    sizes = {name: _sent(_read(name)) for name in _linked(html)} | {"html": _sent(answer.content)}
    assert sum(sizes.values()) < FIRST_VIEW_LIMIT, sizes
    assert len(sizes) > 4, "styles, scripts and icons were not found"


def _linked(html: str) -> set[str]:
    """The static files that a page has the browser fetch, itself and through what it fetches."""
    linked = set(re.findall(rf'(?:href|src)="{settings.STATIC_URL}([^"#?]+)', html))
    return linked | {name for each in linked if each.endswith((".css", ".js")) for name in _imported(each)}


def _imported(name: str) -> set[str]:
    return set(
        re.findall(r"""(?:\burl\(|@import|\bfrom\b|\bimport\b)\s*\(?["']?\./?([\w./-]+)""", _read(name).decode())
    )


def _read(name: str) -> bytes:
    found = finders.find(name)
    assert isinstance(found, str), name
    return Path(found).read_bytes()


def _sent(body: bytes) -> int:
    return len(gzip.compress(body, 9))
