"""What holds for all templates and static files: nothing inline, every drawing there, every class used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from tests.web.conftest import Look
from tests.web.rows import a_cluster, a_diagnosis, resolved

TEMPLATES = sorted((settings.PROJECT / "templates").rglob("*.html"))
STATIC = settings.PROJECT / "static"
CODE = [*TEMPLATES, *(settings.PROJECT / "dashboard").rglob("*.py"), *STATIC.glob("*.js")]
INLINE = re.compile(r"\s(?:style|on[a-z]+)\s*=|<style|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_nothing_is_inline(template: Path) -> None:
    assert not INLINE.search(template.read_text())


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_address_of_ours_begins_with_the_base_path(template: Path) -> None:
    assert not re.search(r"""(?:href|action|src)=["']/""", template.read_text()), "let {% url %} write it"


def test_the_sprite_holds_what_is_drawn_and_nothing_else() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text()))
    text = "".join(path.read_text() for path in CODE)
    by_name = {name for name in drawn if re.search(rf"""["']{re.escape(name)}["']""", text)}
    composed = {name for name in drawn if name.startswith(("sev-", "conf-", "st-"))}
    assert drawn - by_name - composed == set()
    assert set(re.findall(r'{% icon "([\w-]+)" %}', text)) <= drawn


def test_every_class_of_the_stylesheet_is_used() -> None:
    styles = "".join(
        re.sub(r"/\*.*?\*/|\"[^\"]*\"", "", path.read_text(), flags=re.DOTALL) for path in STATIC.glob("*.css")
    )
    classes = set(re.findall(r"\.([a-z][\w-]*)(?=[^{}]*\{)", styles))
    text = "".join(path.read_text() for path in CODE)
    words = set(re.findall(r"[a-z][\w-]*", text))
    values = {"critical", "high", "medium", "low", "info", "new", "regressed", "resolved", "paused"}
    values |= {f"is-{kind}" for kind in ("clear", "doubt", "lost", "paused", "unread")}  # Tiles of the wallboard.
    values |= {f"c{series}" for series in range(1, 7)}  # Series of a chart.
    assert classes - words - values == set()


@pytest.mark.django_db
def test_the_policy_forbids_what_is_not_ours(look: Look, browser: Client) -> None:
    cluster = a_cluster()
    row = a_diagnosis(cluster)
    resolved(cluster, "web")
    for path in ("/", "/?tab=resolved", f"/d/{row.number}", "/signin", "/nowhere"):
        response = browser.get(path)
        policy = response["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not INLINE.search(response.content.decode())
        assert not re.search(r'(?:src|href)="https?:', response.content.decode())


@pytest.mark.django_db
def test_a_page_is_never_kept_by_a_cache(browser: Client) -> None:
    a_cluster()
    assert {"no-cache", "private"} <= set(browser.get("/")["Cache-Control"].split(", "))


@pytest.mark.django_db
@pytest.mark.parametrize(("cookie", "theme"), [("dark", "dark"), ("light", "light"), ('"><script>', None), ("", None)])
def test_the_theme_is_painted_by_the_server(browser: Client, cookie: str, theme: str | None) -> None:
    browser.cookies["theme"] = cookie
    opening = browser.get("/").content.decode().split(">")[1]
    start = '<html lang="en" data-zone="UTC"'
    assert opening.strip() == (start if theme is None else f'{start} data-theme="{theme}"')
