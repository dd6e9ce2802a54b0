"""A signed-in browser, and what it shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.people import a_person

INLINE = frozenset({"a", "b", "code", "em", "i", "kbd", "mark", "span", "svg", "time", "use"})

Look = Callable[..., "Page"]


class Page(HTMLParser):
    """A page as its reader sees it: `text` without markup, in one line; `html` for the rest."""

    def __init__(self, html: str, status: int) -> None:
        super().__init__()
        self.html, self.status = html, status
        self._texts: list[str] = []
        self._skipped = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - HTMLParser calls it so.
        self._skipped += tag in ("script", "style")
        if tag not in INLINE:
            self._texts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._skipped -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self._texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self._texts)).strip()

    def part(self, opening: str) -> Page:
        """The element that begins with this markup, as a page of its own: `part('<h1')`."""
        start = self.html.index(opening)
        tag = re.match(r"<(\w+)", opening)
        assert tag
        depth, position = 0, start
        for match in re.compile(rf"</?{tag[1]}\b[^>]*>").finditer(self.html, start):
            depth += -1 if match[0].startswith("</") else 1
            position = match.end()
            if depth == 0:
                break
        return Page(self.html[start:position], self.status)

    @property
    def title(self) -> str:
        return self.part("<title").text

    @property
    def headline(self) -> str:
        return self.part("<h1").text


@pytest.fixture(autouse=True)
def static_root(settings: Settings) -> None:
    """WhiteNoise warns of a missing directory; here nothing is collected."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def user(db: None) -> User:
    return a_person("ana", "admin")


@pytest.fixture
def browser(client: Client, user: User) -> Client:
    """A signed-in client."""
    client.force_login(user)
    return client


@pytest.fixture
def look(browser: Client) -> Look:
    """Opens a page: `look("/", severity="high")`."""

    def open_page(path: str = "/", **query: str | int | list[str]) -> Page:
        response = browser.get(path, query)
        return Page(response.content.decode(), response.status_code)

    return open_page
