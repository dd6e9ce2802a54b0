"""Notices to build messages from: a plain one, and the longest that a cluster can make us send."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from diagnostics.notify.notice import Notice, Type

AT = datetime(2026, 11, 23, 3, 31, 7, tzinfo=UTC)
UUID = "0f8c9a4e-7a60-4b5a-9f38-1d7e2f6f9a11"
# A log line that would call everybody, close fences and tags, and speak in several scripts.
NASTY = "<!channel> @everyone ``` </b> *bold* _it_ [a](http://x) & \u202e\u0000 🦀 Ошибка "


def diagnosis(**changes: Any) -> dict[str, Any]:
    """REST's shape of a diagnosis."""
    return {
        "id": UUID,
        "number": 1284,
        "url": "https://sickbay.example/d/1284",
        "cluster": "prod-eu",
        "state": "new",
        "code": "crash-oom-limit",
        "severity": "high",
        "confidence": "certain",
        "namespace": "shop",
        "workload": {"kind": "Deployment", "name": "cart"},
        "pods": [{"name": "cart-6d9f-abcde", "uid": "u1", "status": "CrashLoopBackOff", "node": "n1"}],
        "pods_affected": 3,
        "pods_total": 5,
        "container": "app",
        "summary": "Container app used more memory than its limit of 64Mi and was killed.",
        "cause": "The working set is larger than the limit.",
        "offender": {"kind": "Deployment", "namespace": "shop", "name": "cart", "path": "spec.template"},
        "remedy": {
            "text": "Raise the limit above the working set.",
            "commands": ["kubectl -n shop set resources deployment/cart -c app --limits=memory=128Mi"],
            "verify": ["kubectl -n shop rollout status deployment/cart"],
        },
        "evidence": [
            {"source": "pod", "object": "Pod/cart-6d9f-abcde", "path": "status", "value": "OOMKilled", "at": None},
            {"source": "log", "object": "Pod/cart-6d9f-abcde", "path": "app", "value": "out of memory", "at": None},
        ],
        "ruled_out": ["liveness kill: no Killing event"],
        "first_seen": "2026-11-23T03:25:00Z",
        "last_seen": "2026-11-23T03:31:07Z",
        "restarts": 3,
        "changed": [
            {"path": "containers[app].image", "from": "cart:1.4.2", "to": "cart:1.4.3", "at": None, "by": "helm"}
        ],
        "delivered_by": None,
        "symptoms": [],
        "resolved_at": None,
        "fingerprint": "5f1d",
        **changes,
    }


def longest() -> dict[str, Any]:
    """A message of 5,000 characters, 500 pods, a log of 100 kB, names as long as the API allows."""
    pods = [{"name": f"{'p' * 240}-{n}", "uid": str(n), "status": "CrashLoopBackOff", "node": "n"} for n in range(500)]
    return diagnosis(
        cluster="c" * 253,
        namespace="n" * 63,
        workload={"kind": "StatefulSet", "name": "w" * 253},
        container="k" * 63,
        pods=pods,
        pods_affected=50_000,
        pods_total=50_000,
        summary=NASTY * 75,
        cause=NASTY * 75,
        remedy={"text": NASTY * 75, "commands": ["kubectl " + "x" * 5_000], "verify": []},
        evidence=[{"source": "log", "object": "Pod/p", "path": "k", "value": NASTY * 1_500, "at": None}],
        changed=[{"path": "p" * 500, "from": NASTY * 75, "to": NASTY * 75, "at": None, "by": NASTY}],
    )


STORM = {
    "cluster": "prod-eu",
    "url": "https://sickbay.example/?cluster=prod-eu",
    "diagnoses": 1_200,
    "pods": 50_000,
    "started_at": "2026-11-23T03:31:07Z",
    "ended_at": None,
    "shares": [
        {"code": f"code-{n}", "severity": "high", "diagnoses": 9, "pods": 9, "example": NASTY * 9} for n in range(40)
    ],
}
CLUSTER = {"cluster": "prod-eu", "url": "https://sickbay.example/clusters", "reason": "refused", "since": None}
DIGEST = {
    "url": "https://sickbay.example/",
    "opened": 5,
    "resolved": 3,
    "still_open": 40,
    "diagnoses": [longest() for _ in range(40)],
}
TEST = {"channel": "on-call", "url": "https://sickbay.example/notifications", "by": "ada"}


def notice(type_: Type = Type.OPENED, data: dict[str, Any] | None = None, **changes: Any) -> Notice:
    """One notice; without `data` the plain diagnosis, or whatever its type is about."""
    plain = {"diagnosis": diagnosis(), "storm": STORM, "cluster": CLUSTER, "digest": DIGEST, "channel": TEST}
    about = data if data is not None else plain[type_.partition(".")[0]]
    fields: dict[str, Any] = {"id": UUID, "thread": UUID, "route": "everything", "timestamp": AT, **changes}
    return Notice(type=type_, data=about, **fields)


def every_notice() -> list[Notice]:
    """One of each type, and the longest of those about a diagnosis."""
    return [
        *(notice(type_) for type_ in Type),
        *(notice(type_, longest()) for type_ in Type if type_.startswith("diagnosis.")),
    ]
