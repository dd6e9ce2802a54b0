"""That nothing is being updated is said on every page, whatever else it is about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from diagnostics.models import Channel, Cluster, Delivery, Diagnosis, Route, Suspect
from tests.web.conftest import Page
from tests.web.filled import fill
from tests.web.rows import before

pytestmark = pytest.mark.django_db


def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    """Every name by which a page may be asked for."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name


def plain_paths() -> Iterator[str]:
    """The addresses of pages that are about no one thing."""
    for name in names(get_resolver().url_patterns):
        try:
            yield reverse(name)
        except NoReverseMatch:
            continue


def paths_about(diagnosis: Diagnosis, reader: User) -> Iterator[str]:
    """The addresses of pages that are about one thing."""
    yield reverse("diagnosis", args=[diagnosis.number])
    yield reverse("code", args=[diagnosis.code])
    yield reverse("person", args=[reader.pk])
    yield reverse("channel-new", args=["slack"])
    for thing in (Channel.objects.get(name="#ops"), Route.objects.get(), Delivery.objects.all()[0], diagnosis.cluster):
        yield reverse(thing._meta.model_name, args=[thing.uuid])
    yield reverse("pod", args=[diagnosis.cluster.name, Suspect.objects.get().uid])


def test_no_worker_is_said_on_every_page(browser: Client, user: User) -> None:
    diagnosis = fill(user)
    Cluster.objects.update(fresh_at=before(minutes=5), lease_until=before(minutes=4.5), failing_since=None)
    silent: list[str] = []
    told = 0
    for path in {*plain_paths(), *paths_about(diagnosis, user)} - {reverse("signin")}:
        response = browser.get(path)
        page = response.content.decode() if "text/html" in response.get("Content-Type", "") else ""
        if response.status_code == 200 and "<main" in page:
            said = "Data is not being updated. No worker has read a cluster for" in Page(page, 200).text
            told, silent = told + said, silent + ([] if said else [path])
    assert silent == []
    assert told > 30
