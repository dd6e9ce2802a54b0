"""Every text of the pages goes through gettext: nothing is written bare in a template, nor told from Python alone."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings

TEMPLATES = sorted((settings.PROJECT / "templates").rglob("*.html"))
TOLD = ("title", "aria-label", "placeholder", "alt")  # Attributes that people read or hear.
NAMES = {
    "Sickbay",
    "API",
    "YAML",
    "shields",
    "io",
    "ctrl",
    "ms",
    "redacted",
    "Markdown",
    "HTML",
}  # The same in every language.
ATTRIBUTES = re.compile(r"{% block (?:here\w*|watches) %}.*?{% endblock %}|{% comment %}.*?{% endcomment %}")
TAG = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
TRANSLATED = re.compile(r"{%\s*blocktranslate.*?{%\s*endblocktranslate\s*%}", re.DOTALL)
WORD = re.compile(r"[A-Za-z]{2,}")


class Bare(HTMLParser):
    """Words of a template that no translation tag holds."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code += tag in ("code", "kbd", "script")
        for name, value in attrs:
            if name in TOLD:
                self._read(value or "")

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in ("code", "kbd", "script")

    def handle_data(self, data: str) -> None:
        if not self._code:
            self._read(data)

    def _read(self, text: str) -> None:
        self.words += [word for word in WORD.findall(text) if word not in NAMES]


def bare(source: str) -> list[str]:
    """The bare words of a template's source."""
    reader = Bare()
    reader.feed(TAG.sub("", ATTRIBUTES.sub("", TRANSLATED.sub("", source))))
    return reader.words


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(settings.PROJECT / "templates")))
def test_no_text_is_written_bare(template: Path) -> None:
    assert bare(template.read_text()) == []


def test_bare_words_are_noticed() -> None:
    source = '<p title="Hello">{% translate "fine" %} or {{ not }}</p><code>kubectl</code>{% blocktranslate %}x{% endblocktranslate %}'
    assert bare(source) == ["Hello", "or"]
