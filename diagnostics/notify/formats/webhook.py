"""Our own webhook: JSON signed after Standard Webhooks 1.0.0, plain or as a CloudEvent.

Sources: github.com/standard-webhooks/standard-webhooks, "Specification"; cloudevents.io, "CloudEvents 1.0.2" with its
JSON format and HTTP webhook binding.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, ClassVar, Literal

import msgspec

from diagnostics.notify import wording
from diagnostics.notify.exchange import Answer, Outcome, Request, Result, judged
from diagnostics.notify.formats import Format, Memory, Settings
from diagnostics.notify.notice import Diagnosis, Notice

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # Bytes of a secret.
MOST_BYTES = 20_000  # Of a body.
_CUTS = ((20, 2_000), (10, 500), (5, 200), (2, 100))  # Items of a list, characters of a text.
_NAMES = "dev.sickbay"


class WebhookSettings(Settings, frozen=True):
    """`secrets` sign, the newest first: while one is replaced by another the receiver may know either."""

    url: str
    secrets: tuple[str, ...]
    mode: Literal["standard", "cloudevents"] = "standard"
    secret_fields: ClassVar[frozenset[str]] = frozenset({"url", "secrets"})

    @classmethod
    def proposed(cls) -> dict[str, Any]:
        """A new secret, to be copied to the receiver."""
        return {"secrets": [new_secret()]}

    def __post_init__(self) -> None:
        if not self.secrets:
            raise ValueError("a webhook needs a secret to sign with")
        for secret in self.secrets:
            _key(secret)


class Webhook(Format[WebhookSettings]):
    """At least once: the same `webhook-id` on every attempt. What is refused with 410 is never sent again."""

    kind = "webhook"
    label = "Webhook"
    settings = WebhookSettings
    retry_for = timedelta(days=1)
    pace = timedelta()

    def build(self, settings: WebhookSettings, notice: Notice, memory: Memory, now: datetime) -> Request:  # noqa: ARG002 - Receivers put threads together themselves.
        """Exactly these bytes are signed and sent."""
        as_event = settings.mode == "cloudevents"
        body = fitted(_event(notice) if as_event else _standard(notice))
        headers = {
            "content-type": "application/cloudevents+json" if as_event else "application/json",
            "webhook-id": notice.id,
            "webhook-timestamp": str(int(now.timestamp())),
        }
        headers["webhook-signature"] = signature(settings.secrets, headers, body)
        return Request(settings.url, body, headers)

    def judge(self, answer: Answer, now: datetime) -> Outcome:
        """By its status, as the specification has it: only 410 means that nobody wants these any more.

        Whatever else a receiver says may be a deployment gone wrong, so it is tried again.
        """
        outcome = judged(answer, now)
        if outcome.result is Result.SENT or answer.status == HTTPStatus.GONE:
            return outcome
        return replace(outcome, result=Result.LATER, disables=False)


def new_secret() -> str:
    """A secret of 32 random bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(keys: tuple[str, ...], headers: dict[str, str], body: bytes) -> str:
    """One signature a secret, so that a receiver may verify with the old or the new one."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digests = (hmac.new(_key(key), signed, hashlib.sha256).digest() for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def fitted(document: dict[str, Any]) -> bytes:
    """A document as JSON below the limit: its lists and texts are cut ever shorter until it fits, and it says so."""
    body = msgspec.json.encode(document)
    for items, characters in _CUTS:
        if len(body) <= MOST_BYTES:
            break
        body = msgspec.json.encode(
            {**document, "data": {**_cut(document["data"], items, characters), "truncated": True}}
        )
    return body


def _cut(value: Any, items: int, characters: int) -> Any:
    match value:
        case str():
            return wording.cut(value, characters)
        case dict():
            return {name: _cut(each, items, characters) for name, each in value.items()}
        case list():
            return [_cut(each, items, characters) for each in value[:items]]
    return value


def _standard(notice: Notice) -> dict[str, Any]:
    return {"type": notice.type, "timestamp": notice.timestamp, "data": notice.data}


def _event(notice: Notice) -> dict[str, Any]:
    """Structured mode; (source, id) is unique because the id alone is."""
    subject = notice.subject
    event = {
        "specversion": "1.0",
        "id": notice.id,
        "source": f"/clusters/{notice.data.get('cluster', '')}" if "cluster" in notice.data else "/",
        "type": f"{_NAMES}.{notice.type}.v1",
        "time": notice.timestamp,
        "datacontenttype": "application/json",
        "data": notice.data,
    }
    if isinstance(subject, Diagnosis):
        place = f"{subject.namespace}/" if subject.namespace else ""
        event["subject"] = f"{place}{subject.workload.kind}/{subject.workload.name}"
    return event


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(PREFIX) or not SHORTEST <= len(key) <= LONGEST:
        raise ValueError(f"a secret is {PREFIX} and {SHORTEST} to {LONGEST} random bytes in base64")
    return key


FORMAT = Webhook()
