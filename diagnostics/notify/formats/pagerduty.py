"""PagerDuty by Events API v2: one alert a diagnosis, triggered, acknowledged and resolved with it.

Sources: developer.pagerduty.com, "Send an Alert Event", "Send a Change Event" and the OpenAPI schema of the Events API
(summary 1,024 characters, event 512,000 bytes). 202 means queued; 400 is never worth a second try.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

import msgspec

from diagnostics.notify import wording
from diagnostics.notify.exchange import Answer, Outcome, Request, judged
from diagnostics.notify.formats import Format, Memory, Settings
from diagnostics.notify.notice import Diagnosis, Notice, Storm, Subject, Type
from diagnostics.notify.wording import cut, tail

SUMMARY, SOURCE = 1_024, 255
TEXT, LOG_LINES = 2_000, 2_000  # Ours.
LINES = 20  # Shares of a storm, diagnoses of a digest.
_KEY = re.compile(r"[0-9A-Za-z]{32}")
_SEVERITIES = {"critical": "critical", "high": "error", "medium": "warning", "low": "info", "info": "info"}
_ENDS = frozenset({Type.RESOLVED, Type.RECOVERED, Type.STORM_ENDED})


class PagerDutySettings(Settings, frozen=True):
    """`routing_key` is the integration key of a service. In the EU `url` is https://events.eu.pagerduty.com."""

    routing_key: str
    url: str = "https://events.pagerduty.com"
    secret_fields: ClassVar[frozenset[str]] = frozenset({"routing_key"})

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.routing_key):
            raise ValueError("an integration key of Events API v2 has 32 letters and digits")


class PagerDuty(Format[PagerDutySettings]):
    """`dedup_key` is the thread, so no message has to be remembered. A digest pages nobody: it is a change event."""

    kind = "pagerduty"
    label = "PagerDuty"
    settings = PagerDutySettings
    retry_for = timedelta(days=1)  # An alert that is never resolved is worse than one that is resolved late.
    pace = timedelta()

    def build(self, settings: PagerDutySettings, notice: Notice, memory: Memory, now: datetime) -> Request:  # noqa: ARG002 - Neither earlier messages nor the time matter here.
        """One event."""
        changes = notice.type is Type.DIGEST
        body = {"routing_key": settings.routing_key, **(_change(notice) if changes else _alert(notice))}
        url = f"{settings.url.rstrip('/')}/v2/{'change/' if changes else ''}enqueue"
        return Request(url, msgspec.json.encode(body), {"content-type": "application/json"})

    def judge(self, answer: Answer, now: datetime) -> Outcome:
        """By its status; a key that nobody has will not come into being."""
        outcome = judged(answer, now)
        unknown = "invalid routing key" in answer.text.lower()
        return replace(outcome, disables=outcome.disables or unknown) if outcome.reason else outcome


def _alert(notice: Notice) -> dict[str, Any]:
    named = {"dedup_key": notice.thread or notice.id}
    if notice.type in _ENDS:
        return {"event_action": "resolve", **named}
    if notice.type is Type.ACKNOWLEDGED:
        return {"event_action": "acknowledge", **named}
    return {
        "event_action": "trigger",
        **named,
        "payload": _payload(notice),
        "client": "Sickbay",
        "client_url": notice.subject.url,
        "links": _links(notice.subject),
    }


def _payload(notice: Notice) -> dict[str, Any]:
    subject = notice.subject
    found: dict[str, Any] = {
        "summary": _summary(notice),
        "source": cut(notice.data.get("cluster") or "Sickbay", SOURCE),
        "severity": _severity(notice),
        "timestamp": notice.timestamp,
        "custom_details": {"lines": wording.lines(subject)[:LINES]},
    }
    if isinstance(subject, Diagnosis):
        found |= {
            "component": str(subject.workload),
            "group": subject.place,
            "class": subject.code,
            "custom_details": _details(subject),
        }
    return found


def _details(diagnosis: Diagnosis) -> dict[str, str]:
    found = {
        **dict(wording.facts(diagnosis)),
        "Cause": diagnosis.cause,
        "Remedy": diagnosis.remedy.text,
        "Command": wording.command(diagnosis),
        "Pods": wording.pods(diagnosis),
        "Last log lines": tail(wording.log_lines(diagnosis), LOG_LINES),
    }
    return {label: cut(value, TEXT) for label, value in found.items() if value}


def _change(notice: Notice) -> dict[str, Any]:
    subject = notice.subject
    payload = {
        "summary": _summary(notice),
        "source": "Sickbay",
        "timestamp": notice.timestamp,
        "custom_details": {"lines": [cut(line, TEXT) for line in wording.lines(subject)[:LINES]]},
    }
    return {"payload": payload, "links": _links(subject)}


def _summary(notice: Notice) -> str:
    return cut(f"{wording.headline(notice)}: {wording.sentence(notice)}", SUMMARY)


def _severity(notice: Notice) -> str:
    match notice.subject:
        case Diagnosis() as it:
            return _SEVERITIES.get(it.severity, "error")
        case Storm():
            return "critical"
    return "info" if notice.type is Type.TEST else "error"


def _links(subject: Subject) -> list[dict[str, str]]:
    return [{"href": url, "text": label} for label, url in wording.links(subject)]


FORMAT = PagerDuty()
