"""Whatever somebody is shown leads somewhere: no dead link, form or anchor, whoever looks."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import Resolver404, resolve

from tests.people import a_person
from tests.web.filled import fill

pytestmark = pytest.mark.django_db
MOST = 400  # Pages; a crawl that finds more goes round in circles.
PER_VIEW = 4  # Pages of one view: other rows and other filters lead to nothing new.


@dataclass
class Seen(HTMLParser):
    """What a page holds that leads elsewhere, and what its own parts are called."""

    links: set[str] = field(default_factory=set)
    forms: set[tuple[str, str]] = field(default_factory=set)
    ids: list[str] = field(default_factory=list)
    references: set[str] = field(default_factory=set)  # Ids that other elements point to.

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a" and "href" in found:
            self.links.add(found["href"])
        if tag == "form":
            self.forms.add((found.get("method", "get"), found.get("action", "")))
        for name in ("for", "form", "popovertarget", "aria-labelledby", "aria-describedby", "aria-controls"):
            self.references.update(found.get(name, "").split())


def view_of(path: str) -> str:
    """The name of the view that answers a path. Raises Resolver404."""
    match = resolve(path)
    return match.view_name or repr(match.func)


def crawl(client: Client) -> list[str]:
    """Follows every link from the first page on; returns what is wrong, a line each."""
    wrong: list[str] = []
    waiting, known, visits = deque(["/"]), {"/"}, dict[str, int]()
    while waiting:
        path = waiting.popleft()
        answer = client.get(path)
        assert len(known) < MOST * 20
        if answer.status_code >= 400 or "/signin" in answer.get("Location", ""):
            wrong.append(f"{path}: {answer.status_code}")
        if answer.status_code != 200 or "text/html" not in answer["Content-Type"]:
            continue
        seen = Seen()
        seen.feed(answer.content.decode())
        wrong += faults(path, seen)
        for link in sorted(seen.links):
            target, _ = urldefrag(urljoin(path, link))
            parts = urlsplit(target)
            if parts.netloc or target in known or parts.path.startswith(("/static/", "/signin", "/signout")):
                continue
            known.add(target)
            name = view_of(parts.path)
            visits[name] = visits.get(name, 0) + 1
            if visits[name] <= PER_VIEW:
                waiting.append(target)
    return wrong


def faults(path: str, seen: Seen) -> list[str]:
    """What is wrong within one page."""
    twice = {name for name in seen.ids if seen.ids.count(name) > 1}
    lost = {link for link in seen.links if link.startswith("#") and link[1:] not in seen.ids}
    nobody = seen.references - set(seen.ids)
    return [
        *(f"{path}: two elements are called {name}" for name in sorted(twice)),
        *(f"{path}: nothing is called {link}" for link in sorted(lost)),
        *(f"{path}: something refers to {name}, which is not there" for name in sorted(nobody)),
        *(f"{path}: form to {action}" for method, action in sorted(seen.forms) if not _is_taken(path, method, action)),
    ]


def _is_taken(path: str, method: str, action: str) -> bool:
    """Whether a form's address is one of ours."""
    if method.lower() == "dialog":
        return True
    try:
        view_of(urlsplit(urljoin(path, action)).path)
    except Resolver404:
        return False
    return True


@pytest.mark.parametrize("role", ["viewer", "responder", "admin"])
def test_nobody_is_led_astray(client: Client, role: str) -> None:
    ana = a_person("ana", role)
    fill(ana)
    client.force_login(ana)
    assert crawl(client) == []


def test_the_visitor_of_a_demo_is_not_led_astray(client: Client) -> None:
    fill(a_person("ana", "admin"))
    client.force_login(User.objects.create_user("guest"))
    assert crawl(client) == []


def test_the_empty_site_has_no_dead_ends(client: Client) -> None:
    client.force_login(a_person("ana", "admin"))
    assert crawl(client) == []


def test_a_crawl_notices_what_is_wrong() -> None:
    seen = Seen()
    seen.feed('<p id="a"><p id="a"><a href="#b">x</a><form method="post" action="/nowhere"><label for="c">y</label>')
    found = " ".join(faults("/", seen))
    assert re.findall(r"called a|called #b|refers to c|form to /nowhere", found) == [
        "called a",
        "called #b",
        "refers to c",
        "form to /nowhere",
    ]
