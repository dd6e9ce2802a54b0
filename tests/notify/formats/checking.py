"""Settings of every format that speaks HTTP, and what its receiver would accept: a schema, or a stock receiver's model."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec
from jsonschema import Draft202012Validator, FormatChecker

from diagnostics.notify.exchange import Request
from diagnostics.notify.formats import Memory, formats
from diagnostics.notify.formats.webhook import new_secret
from diagnostics.notify.notice import Notice
from tests.notify.notices import AT

SCHEMAS = Path(__file__).parent.parent / "schemas"
HOOK = "https://receiver.example/hook"
TEMPLATE = '{"title": {{ headline|tojson }}, "text": {{ sentence|tojson }}, "log": {{ log|tojson }}}'
SETTINGS: dict[str, dict[str, Any]] = {
    "slack": {},
    "slack_bot": {"token": "xoxb-1-sentinel", "channel": "#on-call"},
    "mattermost": {},
    "rocketchat": {"channel": "#on-call"},
    "discord": {},
    "teams": {},
    "google_chat": {},
    "pagerduty": {"routing_key": "0123456789abcdef0123456789abcdef"},
    "alertmanager": {},
    "webhook": {"secrets": [new_secret()]},
    "template": {"template": TEMPLATE},
}
_SCHEMA_OF = {"slack_bot": "slack", "mattermost": "attachments", "rocketchat": "attachments"}


class Alert(msgspec.Struct, forbid_unknown_fields=True):
    """`template.Alert` of Alertmanager, as receivers decode it."""

    status: Literal["firing", "resolved"]
    labels: dict[str, str]
    annotations: dict[str, str]
    startsAt: datetime  # noqa: N815 - Alertmanager's name
    endsAt: datetime  # noqa: N815
    generatorURL: str  # noqa: N815
    fingerprint: str


class Group(msgspec.Struct, forbid_unknown_fields=True):
    """`webhook.Message` of Alertmanager, as receivers decode it."""

    version: Literal["4"]
    groupKey: str  # noqa: N815 - Alertmanager's name
    truncatedAlerts: int  # noqa: N815
    status: Literal["firing", "resolved"]
    notification_reason: str
    receiver: str
    groupLabels: dict[str, str]  # noqa: N815
    commonLabels: dict[str, str]  # noqa: N815
    commonAnnotations: dict[str, str]  # noqa: N815
    externalURL: str  # noqa: N815
    alerts: list[Alert]


def request(kind: str, about: Notice, memory: Memory | None = None, **settings: Any) -> Request:
    """What is sent, with plain settings."""
    form = formats()[kind]
    read = form.read({"url": HOOK, **SETTINGS[kind], **settings})
    built = form.build(read, about, memory or Memory(), AT)
    assert isinstance(built, Request)
    return built


def accepted(kind: str, body: bytes) -> Any:
    """The document, if the receiver would take it; raises what is wrong with it."""
    document = json.loads(body)
    if kind == "alertmanager":
        msgspec.convert(document, Group, strict=False)
    elif (schema := SCHEMAS / f"{_SCHEMA_OF.get(kind, kind)}.json").exists():
        Draft202012Validator(json.loads(schema.read_text()), format_checker=FormatChecker()).validate(document)
    return document


def sent(kind: str, about: Notice, memory: Memory | None = None, **settings: Any) -> Any:
    """The document that is sent, if the receiver would take it."""
    return accepted(kind, request(kind, about, memory, **settings).body)
