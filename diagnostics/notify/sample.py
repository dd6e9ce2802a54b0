"""An invented diagnosis: to show what messages look like, and to try templates on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from diagnostics.notify.notice import Notice, Type

_AT = datetime(2026, 1, 31, 3, 31, 7, tzinfo=UTC)


def sample(type_: Type = Type.OPENED) -> Notice:
    """A notice about a diagnosis. Its texts have the quotes, line ends and signs that real ones have."""
    return Notice(id="sample", type=type_, timestamp=_AT, data=_diagnosis(), thread="sample", route="everything")


def _diagnosis() -> dict[str, Any]:
    return {
        "id": "00000000-0000-4000-8000-000000000000",
        "number": 1284,
        "url": "https://sickbay.example/d/1284",
        "cluster": "prod-eu",
        "state": "new",
        "code": "crash-config-missing",
        "severity": "high",
        "confidence": "certain",
        "namespace": "shop",
        "workload": {"kind": "Deployment", "name": "cart"},
        "pods": [
            {"name": "cart-6d9f-abcde", "uid": "u1", "status": "CrashLoopBackOff", "node": "node-1"},
            {"name": "cart-6d9f-fghij", "uid": "u2", "status": "CrashLoopBackOff", "node": "node-2"},
        ],
        "pods_affected": 2,
        "pods_total": 3,
        "container": "app",
        "summary": 'Container app exits with code 1: it misses the setting "DATABASE_URL".',
        "cause": "The program says so in its last log line and ends.",
        "offender": {"kind": "Deployment", "namespace": "shop", "name": "cart", "path": "spec.template"},
        "remedy": {
            "text": "Set the variable in the template of the Deployment.",
            "commands": ["kubectl -n shop edit deployment/cart"],
            "verify": ["kubectl -n shop rollout status deployment/cart"],
        },
        "evidence": [
            {"source": "pod", "object": "Pod/cart-6d9f-abcde", "path": "lastState.terminated.exitCode", "value": "1"},
            {
                "source": "log",
                "object": "Pod/cart-6d9f-abcde",
                "path": "app",
                "value": 'starting\nKeyError: "DATABASE_URL" <not set> & \\ended',
            },
        ],
        "ruled_out": [],
        "first_seen": "2026-01-31T03:25:00Z",
        "last_seen": "2026-01-31T03:31:07Z",
        "restarts": 3,
        "changed": [{"path": "containers[app].image", "from": "cart:1.4.2", "to": "cart:1.4.3", "by": "helm"}],
        "symptoms": [],
        "resolved_at": None,
        "fingerprint": "5f1d",
    }
