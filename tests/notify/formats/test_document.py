"""docs/notifications.md says what the code does: every format, every variable, and examples that work."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from diagnostics.notify.exchange import Request
from diagnostics.notify.formats import Memory, formats
from diagnostics.notify.formats.template import preview, variables
from diagnostics.notify.formats.webhook import new_secret
from diagnostics.notify.notice import Type
from tests.notify.notices import notice

DOCUMENT = (Path(__file__).parents[3] / "docs" / "notifications.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in DOCUMENT.splitlines() if line[:1] == "|"]


def test_every_format_is_listed_with_what_it_wants() -> None:
    listed = {row[1].strip("`"): row[2] for row in ROWS if len(row) == 4}
    assert listed.keys() - {"`kind`", "kind", "---|---|---|---"} == formats().keys()
    for kind, form in formats().items():
        for name in form.settings.__struct_fields__:
            if name != "url" or kind != "slack_bot":  # Which is for tests of the bot alone.
                assert f"`{name}`" in listed[kind]


def test_every_variable_of_a_template_is_explained() -> None:
    explained = {name for row in ROWS if len(row) == 2 for name in re.findall(r"`(\w+)`", row[0])}
    assert explained == set(variables(notice()))


@pytest.mark.parametrize("template", re.findall(r"```jinja\n(.*?)```", DOCUMENT, flags=re.DOTALL))
def test_the_templates_work(template: str) -> None:
    for type_ in Type:
        assert preview(template, notice(type_))


def test_what_verifies_by_hand_tells_ours_from_others() -> None:
    code = next(block for block in re.findall(r"```python\n(.*?)```", DOCUMENT, flags=re.DOTALL) if "def " in block)
    found: dict[str, Any] = {}
    exec(code, found)  # noqa: S102 - our own example
    form, secret = formats()["webhook"], new_secret()
    settings = form.read({"url": "https://receiver.example/hook", "secrets": [new_secret(), secret]})
    request = form.build(settings, notice(), Memory(), datetime.now(UTC))
    assert isinstance(request, Request)
    assert found["verified"](secret, request.headers, request.body)
    assert not found["verified"](secret, request.headers, request.body + b" ")
    assert not found["verified"](new_secret(), request.headers, request.body)
