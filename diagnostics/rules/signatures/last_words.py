"""What a container said before it ended: its termination message, else the tail of its log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from diagnostics.rules.model import Evidence
from diagnostics.rules.signatures.search import KEPT, Match, search
from diagnostics.rules.signatures.stable import stable_name, stable_text
from diagnostics.rules.signatures.text import Entry, Level, clean, entries
from diagnostics.rules.suspect import ContainerView

# How much of a log is quoted where no line of it tells the cause.
TAIL_LINES = 30
TAIL_CHARACTERS = 4000
QUOTED = 600
SAID = 200

# Reasons for which `terminated.message` is the program's, not the runtime's or the kubelet's.
_OWN_MESSAGE = ("Error", "Completed", "OOMKilled")
_NO_LOG = "unable to retrieve container logs for"
_COMPLAINT = re.compile(
    r"(?i)\b(?:errors?|fail(?:ed|ure|s)?|fatal|cannot|can't|could ?n[o']t|unable|invalid|denied|refused|missing"
    r"|not found|abort(?:ed|ing)?|panic|exception|bad|illegal|unexpected|giving up|unsupported|expired|unknown)\b"
)


@dataclass(frozen=True, slots=True)
class Text:
    """Lines that a container left, and where they stand."""

    lines: Sequence[str]
    place: str  # "previous log", "log", or the JSON path of the termination message.
    source: str  # As in Evidence: "log" or "pod".


class LastWords:
    """A container's last words. Reads nothing: the log was read before, or says why it was not."""

    def __init__(self, container: ContainerView) -> None:
        self._container = container
        self._at = container.last_end.finished_at if container.last_end else None

    @cached_property
    def _message(self) -> Text:
        end = self._container.last_end
        own = end.message if end and end.reason in _OWN_MESSAGE else ""
        return Text(own.strip().splitlines(), f"{self._container.last_end_path}.message", "pod")

    @cached_property
    def _log(self) -> Text:
        log = self._container.log
        return Text(() if self._not_its_log else log.lines, "previous log" if log.previous else "log", "log")

    @property
    def _not_its_log(self) -> str:
        """Why the log that was read is not that of the ended run; nothing if it is."""
        log, running = self._container.log, self._container.status.state.running
        if log.lines and log.lines[0].startswith(_NO_LOG):
            return "the node no longer has it"
        if log.lines and not log.previous and running is not None and self._container.last_end is not None:
            return "only that of the run since then is left"
        return ""

    @cached_property
    def _found(self) -> list[tuple[Text, Match]]:
        found: list[tuple[Text, Match]] = []
        for text in (self._message, self._log):
            known = {match.signature.id for _, match in found}
            found += [(text, match) for match in search(text.lines) if match.signature.id not in known]
        return found[:KEPT]

    @property
    def missing(self) -> str:
        """Why there are no last words; nothing where there are some."""
        if self._message.lines or self._log.lines:
            return ""
        return self._not_its_log or self._container.log.missing or "the container wrote nothing"

    @property
    def best(self) -> Match | None:
        """The signature that tells most, if any was found."""
        return self._found[0][1] if self._found else None

    @cached_property
    def _telling(self) -> tuple[Text, Entry] | None:
        """The line that is worth saying where no signature matched: the last complaint, else the last line."""
        for text in (self._message, self._log):
            said = entries(text.lines)
            loud = [entry for entry in said if entry.level >= Level.ERROR]
            complaints = loud or [entry for entry in said if _COMPLAINT.search(entry.text)]
            if said:
                return text, (complaints or said)[-1]
        return None

    @property
    def words(self) -> str:
        """What it said, to go on a sentence with: ": port 80 is already in use", "; its log ends with ..."."""
        if self.best:
            quoted = "" if self.best.names else f" (“{short(self.best.text, 120)}”)"
            return f": {short(self.best.words)}{quoted}"
        if self._telling is None:
            return f"; there is no log ({self.missing})" if self.missing else "; its log holds only debug lines"
        return f"; it says “{short(self._telling[1].text)}”"

    @property
    def signature(self) -> str:
        """The part of it that is the same in every pod and run; nothing where it only chats."""
        suspect = self._container.suspect
        if self.best:
            names = self.best.names
            if "what" in names:
                return stable_text(names["what"], suspect)
            named = names.get("address") or " ".join(names.values())
            return f"{self.best.signature.id} {stable_name(named, suspect)}".strip()
        if self._telling and _COMPLAINT.search(self._telling[1].text):
            return stable_text(self._telling[1].text, suspect)
        return ""

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The lines that tell the cause, or the tail of the log."""
        if self._found:
            lines = {(text.place, match.line): (text, match) for text, match in reversed(self._found)}
            return tuple(self._quote(text, match) for text, match in reversed(lines.values()))
        copied = list(self._log.lines[-len(self._message.lines) :]) == list(self._message.lines)
        texts = (self._message,) if self._message.lines and copied else (self._message, self._log)
        return tuple(self._tail(text) for text in texts if text.lines)

    def _quote(self, text: Text, match: Match) -> Evidence:
        value = cut(match.text) + (f"\n    at {match.frame}" if match.frame else "")
        return self._evidence(text, f"line {match.line} of {len(text.lines)}", value)

    def _tail(self, text: Text) -> Evidence:
        last = [cut(clean(line)) for line in text.lines[-TAIL_LINES:]]
        while len(last) > 1 and sum(map(len, last)) > TAIL_CHARACTERS:
            del last[0]
        total = len(text.lines)
        lines = f"line {total}" if len(last) == 1 else f"lines {total - len(last) + 1}-{total}"
        return self._evidence(text, f"{lines} of {total}", "\n".join(last))

    def _evidence(self, text: Text, lines: str, value: str) -> Evidence:
        place = text.place if text.source == "pod" else f"{text.place}, {lines}"
        return Evidence(text.source, self._container.suspect.object, place, value, self._at)


def short(text: str, longest: int = SAID) -> str:
    """A text that fits into a sentence: cut, and without the stop that the sentence will set."""
    return cut(text, longest).rstrip(".!")


def cut(text: str, longest: int = QUOTED) -> str:
    """A text that fits into a piece of evidence."""
    text = text.strip()
    return text[:longest].rstrip() + "…" if len(text) > longest else text
