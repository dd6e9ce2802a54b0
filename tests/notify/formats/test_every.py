"""Every format that speaks HTTP: what its receiver takes, whatever a cluster says, and what answers mean."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from diagnostics.notify.exchange import Answer, Result
from diagnostics.notify.formats import formats
from diagnostics.notify.notice import Notice, Type
from tests.notify.formats.checking import HOOK, SETTINGS, request, sent
from tests.notify.notices import AT, every_notice, longest, notice

NOTICES = every_notice()
MOST_BYTES = {"teams": 20_000, "google_chat": 32_000, "pagerduty": 512_000, "webhook": 20_000, "alertmanager": 200_000}
PATIENT = {"webhook"}  # Takes nothing but 410 for an end.


def _texts(document: Any, *, markdown: bool = False) -> Iterator[str]:
    """All texts, or those that are read as Markdown: those of a `TextRun` are not."""
    match document:
        case {"type": "TextRun"} if markdown:
            return
        case dict():
            for each in document.values():
                yield from _texts(each, markdown=markdown)
        case list():
            for each in document:
                yield from _texts(each, markdown=markdown)
        case str():
            yield document


def test_every_format_has_settings_here() -> None:
    assert {*SETTINGS, "email"} == set(formats())


@pytest.mark.parametrize("kind", SETTINGS)
@pytest.mark.parametrize("about", NOTICES, ids=lambda about: f"{about.type}-{len(str(about.data))}")
def test_the_receiver_takes_every_notice(kind: str, about: Notice) -> None:
    assert sent(kind, about)
    assert len(request(kind, about).body) <= MOST_BYTES.get(kind, 64_000)


@pytest.mark.parametrize("kind", ["slack", "slack_bot", "mattermost", "rocketchat"])
@pytest.mark.parametrize("type_", [Type.OPENED, Type.STORM_STARTED, Type.DIGEST])
def test_a_log_line_calls_nobody(kind: str, type_: Type) -> None:
    about = notice(type_, longest()) if type_ is Type.OPENED else notice(type_)
    for text in _texts(sent(kind, about)):
        assert "<!channel>" not in text
        assert kind.startswith("slack") or "@everyone" not in text


@pytest.mark.parametrize("kind", ["mattermost", "rocketchat", "discord", "teams"])
def test_a_log_line_makes_no_link_and_ends_no_block_of_code(kind: str) -> None:
    for text in _texts(sent(kind, notice(Type.OPENED, longest())), markdown=True):
        assert text.count("```") % 2 == 0
        assert "[a](http://x)" not in "".join(text.split("```")[::2])


@pytest.mark.parametrize("kind", [kind for kind in SETTINGS if kind not in ("webhook", "template")])
def test_what_cannot_be_seen_is_not_sent(kind: str) -> None:
    for text in _texts(sent(kind, notice(Type.OPENED, longest()))):
        if kind not in ("pagerduty", "alertmanager"):  # JSON for programs, which escape it themselves.
            assert "\0" not in text
            assert "\u202e" not in text


@pytest.mark.parametrize("kind", SETTINGS)
@pytest.mark.parametrize(
    ("status", "result"),
    [(429, Result.LATER), (500, Result.LATER), (503, Result.LATER), (302, Result.REFUSED), (400, Result.REFUSED)],
)
def test_failures_pass_or_do_not(kind: str, status: int, result: Result) -> None:
    expected = Result.LATER if kind in PATIENT else result
    outcome = formats()[kind].judge(Answer(status, b"no", {"retry-after": "7"} if status == 429 else {}), AT)
    assert (outcome.result, outcome.disables) == (expected, False)
    assert outcome.reason == f"HTTP {status} no"
    assert outcome.retry_after == (timedelta(seconds=7) if status == 429 else None)


@pytest.mark.parametrize("kind", [kind for kind in SETTINGS if kind not in ("webhook", "slack")])
def test_an_address_that_is_gone_disables_the_channel(kind: str) -> None:
    assert formats()[kind].judge(Answer(404, b"gone"), AT).disables


@pytest.mark.parametrize("kind", SETTINGS)
def test_what_is_secret_is_a_setting_and_goes_only_where_it_belongs(kind: str) -> None:
    form = formats()[kind]
    assert form.settings.secret_fields <= set(form.settings.__struct_fields__)
    built = request(kind, notice())
    assert built.url.startswith(HOOK)
    assert b"sentinel" not in built.body
