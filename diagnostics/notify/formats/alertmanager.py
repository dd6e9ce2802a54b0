"""Alertmanager's webhook, version 4: whatever takes Alertmanager's messages takes these. One alert a diagnosis.

Sources: prometheus.io, "Alerting: configuration", `webhook_config`; alertmanager, `template.Data` and
`notify/webhook` (`notification_reason` since 0.32).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import msgspec

from diagnostics.notify import wording
from diagnostics.notify.exchange import Request
from diagnostics.notify.formats import Format, Memory, Settings
from diagnostics.notify.notice import Cluster, Diagnosis, Digest, Notice, Storm, Type
from diagnostics.notify.wording import cut, tail

TEXT = 1_000  # Ours: of a label or an annotation.
ALERTS = 20  # Diagnoses of a digest; how many more there are is in `truncatedAlerts`.
_NEVER = "0001-01-01T00:00:00Z"  # Go's zero time: it goes on.
_ENDS = frozenset({Type.RESOLVED, Type.RECOVERED, Type.STORM_ENDED})
_REASONS = {
    Type.ESCALATED: "new alerts added",
    Type.UPDATED: "repeat interval elapsed",
    Type.ACKNOWLEDGED: "repeat interval elapsed",
    Type.DIGEST: "repeat interval elapsed",
    **dict.fromkeys(_ENDS, "all alerts resolved"),
}


class AlertmanagerSettings(Settings, frozen=True):
    """`receiver` is what the message names as such; `token` is sent as a bearer token, if there is one."""

    url: str
    receiver: str = "sickbay"
    token: str = ""
    secret_fields: ClassVar[frozenset[str]] = frozenset({"url", "token"})

    def __post_init__(self) -> None:
        if not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise ValueError("a token has printable ASCII characters and no blanks")


class Alertmanager(Format[AlertmanagerSettings]):
    """Resolved alerts carry the labels that they had while they fired, save for a severity that has changed."""

    kind = "alertmanager"
    label = "Alertmanager webhook"
    settings = AlertmanagerSettings
    retry_for = timedelta(days=1)
    pace = timedelta()

    def build(self, settings: AlertmanagerSettings, notice: Notice, memory: Memory, now: datetime) -> Request:  # noqa: ARG002 - Receivers put threads together themselves.
        """One group of alerts."""
        headers = {"content-type": "application/json"}
        if settings.token:
            headers["authorization"] = f"Bearer {settings.token}"
        return Request(settings.url, msgspec.json.encode(_group(notice, settings.receiver)), headers)


def _group(notice: Notice, receiver: str) -> dict[str, Any]:
    alerts = _alerts(notice)
    labels = _common([alert["labels"] for alert in alerts])
    return {
        "version": "4",
        "groupKey": notice.thread or notice.id,
        "truncatedAlerts": _left_out(notice, len(alerts)),
        "status": _status(notice),
        "notification_reason": _REASONS.get(notice.type, "first notification"),
        "receiver": receiver,
        "groupLabels": {name: labels[name] for name in ("alertname", "cluster") if name in labels},
        "commonLabels": labels,
        "commonAnnotations": _common([alert["annotations"] for alert in alerts]),
        "externalURL": notice.subject.url,
        "alerts": alerts,
    }


def _alerts(notice: Notice) -> list[dict[str, Any]]:
    match notice.subject:
        case Diagnosis() as it:
            return [_of_diagnosis(it, _status(notice))]
        case Digest() as it if it.diagnoses:
            return [_of_diagnosis(each, "firing") for each in it.diagnoses[:ALERTS]]
    return [_of_other(notice)]


def _left_out(notice: Notice, told: int) -> int:
    subject = notice.subject
    return max(subject.still_open - told, 0) if isinstance(subject, Digest) else 0


def _of_diagnosis(it: Diagnosis, status: str) -> dict[str, Any]:
    labels = {
        "alertname": it.code,
        "cluster": it.cluster,
        "namespace": it.namespace,
        "workload_kind": it.workload.kind,
        "workload": it.workload.name,
        "container": it.container,
        "severity": it.severity,
    }
    annotations = {
        "summary": it.summary,
        "description": f"{it.cause} {it.remedy.text}".strip(),
        "runbook_url": f"{it.url.removesuffix(f'/d/{it.number}')}/codes/{it.code}",
        "command": wording.command(it),
        "pods_affected": str(it.pods_affected),
        "pods_total": str(it.pods_total),
        "pods": wording.pods(it),
        "log": tail(wording.log_lines(it), TEXT),
    }
    ended = it.resolved_at if status == "resolved" else None
    return _alert(status, (labels, annotations), (it.first_seen, ended), it.url, it.fingerprint)


def _of_other(notice: Notice) -> dict[str, Any]:
    """A storm, a cluster that is not read, a test, or a digest of nothing: an alert of its own name."""
    subject, status = notice.subject, _status(notice)
    cluster = notice.data.get("cluster")
    labels = {"alertname": _name(notice), "cluster": cluster, "severity": _severity(notice)}
    annotations = {
        "summary": wording.headline(notice),
        "description": "\n".join([wording.sentence(notice), *wording.lines(subject)[:ALERTS]]),
    }
    began = subject.started_at if isinstance(subject, Storm) else notice.timestamp
    if isinstance(subject, Cluster) and subject.since:
        began = subject.since
    ended = notice.timestamp if status == "resolved" else None
    return _alert(status, (labels, annotations), (began, ended), subject.url, notice.thread or notice.id)


def _alert(
    status: str,
    texts: tuple[Mapping[str, str | None], Mapping[str, str | None]],
    span: tuple[datetime, datetime | None],
    url: str,
    fingerprint: str,
) -> dict[str, Any]:
    """Labels and annotations without a value are left out, as Prometheus does."""
    labels, annotations = ({name: cut(text, TEXT) for name, text in each.items() if text} for each in texts)
    began, ended = span
    return {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": began.astimezone(UTC),
        "endsAt": ended.astimezone(UTC) if ended else _NEVER,
        "generatorURL": url,
        "fingerprint": fingerprint,
    }


def _status(notice: Notice) -> str:
    return "resolved" if notice.type in _ENDS else "firing"


def _name(notice: Notice) -> str:
    match notice.subject:
        case Storm():
            return "SickbayStorm"
        case Cluster():
            return "SickbayClusterUnreachable"
        case Digest():
            return "SickbayDigest"
    return "SickbayTest"


def _severity(notice: Notice) -> str:
    return "critical" if isinstance(notice.subject, Storm | Cluster) else "info"


def _common(texts: list[dict[str, str]]) -> dict[str, str]:
    """What all of them have alike."""
    first, *others = texts
    return {name: text for name, text in first.items() if all(other.get(name) == text for other in others)}


FORMAT = Alertmanager()
