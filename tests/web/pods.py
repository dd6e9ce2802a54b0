"""Kept pods and logs as their page finds them."""

from __future__ import annotations

import json
import zlib
from datetime import datetime
from typing import Any

from django.utils import timezone

from diagnostics.models import Diagnosis, KeptEvent, KeptLog, Suspect
from tests.web.rows import a_kept_pod, before


def stamp(at: datetime) -> str:
    """As Kubernetes writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def ended(at: datetime, code: int = 1, reason: str = "Error") -> dict[str, Any]:
    """A run that ended at this moment, as soon as it had begun."""
    start = stamp(at.replace(microsecond=0))
    return {"terminated": {"exitCode": code, "reason": reason, "startedAt": start, "finishedAt": start}}


def a_manifest(name: str = "cart", **status: Any) -> dict[str, Any]:
    """A pod of workload `name` with one container, app, that waits to start again after three restarts."""
    crashed = {
        "name": "app",
        "restartCount": 3,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": ended(before(minutes=2)),
    }
    return {
        "metadata": {
            "name": f"{name}-6d9f-abcde",
            "namespace": "shop",
            "uid": f"{name}-uid",
            "creationTimestamp": stamp(before(minutes=30)),
            "ownerReferences": [{"kind": "ReplicaSet", "name": f"{name}-6d9f", "uid": "rs-uid", "controller": True}],
        },
        "spec": {
            "nodeName": "node-1",
            "dnsPolicy": "ClusterFirst",
            "containers": [
                {
                    "name": "app",
                    "image": "cart:1",
                    "env": [{"name": "TOKEN", "value": "[redacted]"}],
                    "resources": {"limits": {"memory": "64Mi"}},
                }
            ],
        },
        "status": {"phase": "Running", "containerStatuses": [crashed], **status},
    }


def a_pod(diagnosis: Diagnosis, manifest: dict[str, Any] | None = None, **columns: Any) -> Suspect:
    """The first pod of a diagnosis as it is kept."""
    body = zlib.compress(json.dumps(manifest or a_manifest(diagnosis.workload_name)).encode())
    return a_kept_pod(diagnosis, body=body, **columns)


def a_log(pod: Suspect, *lines: str, container: str = "app", restart: int = 3, **log: Any) -> KeptLog:
    """A log of one of its containers: of the previous run, unless said otherwise."""
    body = zlib.compress(json.dumps({"lines": lines, "previous": True, "missing": "", **log}).encode())
    return KeptLog.objects.create(
        cluster=pod.cluster,
        pod_uid=pod.uid,
        container=container,
        restart=restart,
        body=body,
        kept_at=timezone.now(),
    )


def an_event(pod: Suspect, reason: str, at: datetime, object_uid: str = "") -> KeptEvent:
    """An event about it, or about one of its owners."""
    event = {"reason": reason, "message": f"about {reason}", "type": "Warning", "lastTimestamp": stamp(at)}
    return KeptEvent.objects.create(
        cluster=pod.cluster,
        uid=f"{pod.uid} {reason}",
        object_uid=object_uid or pod.uid,
        body=zlib.compress(json.dumps(event).encode()),
        last_at=at,
    )
