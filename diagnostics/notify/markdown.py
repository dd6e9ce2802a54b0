"""A notice as Markdown, for receivers that differ in how a text is escaped and how long it may be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from diagnostics.notify import wording
from diagnostics.notify.markup import fenced
from diagnostics.notify.notice import Diagnosis, Notice
from diagnostics.notify.wording import cut, tail

LINES = 10  # Shares of a storm, diagnoses of a digest.
Escape = Callable[[str, int], str]  # A text of a cluster, at most so many characters.


@dataclass(frozen=True, slots=True)
class Lengths:
    """How many characters each part of a message may have."""

    sentence: int
    pods: int
    log_lines: int
    command: int
    fact: int


def paragraphs(notice: Notice, escaped: Escape, lengths: Lengths) -> Iterator[str]:
    """What happened, what there is to see of it, and where to go on."""
    subject = notice.subject
    yield escaped(wording.sentence(notice), lengths.sentence)
    yield from (escaped(line, lengths.fact) for line in wording.lines(subject)[:LINES])
    if isinstance(subject, Diagnosis):
        yield from _details(subject, escaped, lengths)
    yield " · ".join(f"[{label}]({url})" for label, url in wording.links(subject))


def _details(diagnosis: Diagnosis, escaped: Escape, lengths: Lengths) -> Iterator[str]:
    if pods := wording.pods(diagnosis):
        yield escaped(pods, lengths.pods)
    if lines := wording.log_lines(diagnosis):
        yield fenced(tail(lines, lengths.log_lines))
    if command := wording.command(diagnosis):
        yield fenced(cut(command, lengths.command))
