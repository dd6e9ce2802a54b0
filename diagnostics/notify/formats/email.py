"""E-mail, plain and HTML; all of one diagnosis is one conversation.

Sources: RFC 5322, 3.6.4 (`Message-ID`, `References`). Mail readers join what refers to the same message under the same
subject, so the subject is the same from the opening to the end, and what happened stands in the first line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from diagnostics.notify import wording
from diagnostics.notify.exchange import Mail
from diagnostics.notify.formats import Format, Memory, Settings
from diagnostics.notify.markup import spelled
from diagnostics.notify.notice import Diagnosis, Notice, Type
from diagnostics.notify.wording import cut, tail

SUBJECT = 200  # Characters; a header line may have 998 bytes.
SENTENCE, TEXT, LOG_LINES, FACT = 3_000, 2_000, 2_000, 500
LINES = 50  # Shares of a storm, diagnoses of a digest.
MOST_RECEIVERS = 50
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\\]+@[^\s@<>,;:\"()\\]+")
_PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)


class EmailSettings(Settings, frozen=True):
    """`to` are plain addresses. How mail is sent is the operator's business (`EMAIL_URL`)."""

    to: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 0 < len(self.to) <= MOST_RECEIVERS:
            raise ValueError(f"name 1 to {MOST_RECEIVERS} addresses")
        for address in self.to:
            if not address.isascii() or not _ADDRESS.fullmatch(address):
                raise ValueError(f"{address!r} is not an address such as on-call@example.org")


class Email(Format[EmailSettings]):
    """An opening begins a conversation; whatever follows refers to it, whether or not this receiver had it."""

    kind = "email"
    label = "E-mail"
    settings = EmailSettings
    retry_for = timedelta(hours=12)  # Mail servers make strangers wait.
    pace = timedelta()

    def build(self, settings: EmailSettings, notice: Notice, memory: Memory, now: datetime) -> Mail:  # noqa: ARG002 - Neither earlier messages nor the time matter here.
        """One mail; the same on every attempt."""
        host = urlsplit(notice.subject.url).hostname or "sickbay"
        begins = not notice.thread or notice.type is Type.OPENED
        root = f"<{notice.thread}@{host}>" if notice.thread else ""
        return Mail(
            to=settings.to,
            subject=("" if begins else "Re: ") + _subject(notice),
            text="\n".join(_text(notice)),
            html=_html(notice),
            message_id=root if root and begins else f"<{notice.id}@{host}>",
            references="" if begins else root,
        )


def _subject(notice: Notice) -> str:
    it = notice.subject
    text = f"{it.code} · {it.workload} ({it.place})" if isinstance(it, Diagnosis) else wording.headline(notice)
    return _shown(" ".join(text.split()), SUBJECT)


def _text(notice: Notice) -> Iterator[str]:
    subject = notice.subject
    yield _shown(wording.headline(notice), SENTENCE)
    yield ""
    yield _shown(wording.sentence(notice), SENTENCE)
    yield from (f"- {_shown(line, FACT)}" for line in wording.lines(subject)[:LINES])
    if isinstance(subject, Diagnosis):
        yield from _details(subject)
    yield ""
    yield from (f"{label}: {url}" for label, url in wording.links(subject))
    if notice.route:
        yield from ("", f"Sent by route {notice.route}.")


def _details(diagnosis: Diagnosis) -> Iterator[str]:
    yield ""
    yield from (f"{label}: {_shown(value, FACT)}" for label, value in wording.facts(diagnosis))
    for label, text in _paragraphs(diagnosis):
        yield from ("", f"{label}:", text)


def _paragraphs(diagnosis: Diagnosis) -> Iterator[tuple[str, str]]:
    found = {
        "Why": diagnosis.cause,
        "What helps": diagnosis.remedy.text,
        "Command": wording.command(diagnosis),
        "Pods": wording.pods(diagnosis),
        "Last log lines": tail(wording.log_lines(diagnosis), LOG_LINES),
    }
    return ((label, _shown(text, TEXT)) for label, text in found.items() if text)


def _html(notice: Notice) -> str:
    subject = notice.subject
    diagnosis = subject if isinstance(subject, Diagnosis) else None
    return _PAGES.get_template("email.html").render(
        headline=_shown(wording.headline(notice), SENTENCE),
        sentence=_shown(wording.sentence(notice), SENTENCE),
        colour=f"#{wording.colour(notice):06x}",
        lines=[_shown(line, FACT) for line in wording.lines(subject)[:LINES]],
        facts=[(label, _shown(value, FACT)) for label, value in wording.facts(diagnosis)] if diagnosis else [],
        paragraphs=list(_paragraphs(diagnosis)) if diagnosis else [],
        links=wording.links(subject),
        route=cut(notice.route, FACT),
    )


def _shown(text: str, most: int) -> str:
    return spelled(text, most, {})


FORMAT = Email()
