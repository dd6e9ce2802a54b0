"""Stored rows as the pages find them."""

from __future__ import annotations

import json
import zlib
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.utils import timezone

from diagnostics.engine.verdict import (
    AffectedPod,
    EvidencePart,
    OffenderPart,
    Remedy,
    Verdict,
    WorkloadPart,
)
from diagnostics.models import Activity, Cluster, Diagnosis, KeptLog, Occurrence, Suspect
from diagnostics.rules.model import Severity


def before(**span: float) -> datetime:
    """A moment before now: `before(minutes=5)`."""
    return timezone.now() - timedelta(**span)


def a_cluster(name: str = "prod-eu", **columns: Any) -> Cluster:
    """A cluster that was read just now by a worker."""
    now = timezone.now()
    watched = {"fresh_at": now, "lease_owner": "w1", "lease_until": now + timedelta(minutes=5), "pods_seen": 40}
    cluster = Cluster.objects.create(name=name, context=name, **{**watched, **columns})
    Cluster.objects.filter(pk=cluster.pk).update(added_at=before(days=1))
    return cluster


def a_verdict(name: str = "cart", **changes: Any) -> Verdict:
    """A verdict on a workload of namespace shop."""
    first_seen = changes.pop("first_seen", before(minutes=14))
    verdict = Verdict(
        code="crash-config-env",
        severity="high",
        confidence="certain",
        namespace="shop",
        workload=WorkloadPart("Deployment", name),
        pods=(AffectedPod(f"{name}-6d9f-abcde", f"{name}-uid", "CrashLoopBackOff", "node-1"),),
        pods_affected=1,
        pods_total=3,
        container="app",
        summary=f"Container app of {name} stops at start: DATABASE_URL is not set.",
        cause="The program reads a variable that the pod template does not set.",
        offender=OffenderPart("Deployment", "shop", name, "spec.template.spec.containers[app].env"),
        remedy=Remedy(
            "Set DATABASE_URL for container app.",
            (f"kubectl -n shop set env deployment/{name} DATABASE_URL=value",),
            (f"kubectl -n shop rollout status deployment/{name}",),
        ),
        evidence=(
            EvidencePart(
                "log", f"Pod/{name}-6d9f-abcde", "previous log of app", "KeyError: 'DATABASE_URL'", first_seen
            ),
            EvidencePart(
                "pod",
                f"Pod/{name}-6d9f-abcde",
                "status.containerStatuses[app].lastState.terminated.exitCode",
                "1",
                first_seen,
            ),
        ),
        ruled_out=("memory limit: the exit code is 1, not 137",),
        first_seen=first_seen,
        last_seen=timezone.now(),
        restarts=7,
        fingerprint=f"fingerprint of {name}",
        visible_at=first_seen,
        notify_at=first_seen,
    )
    return msgspec.structs.replace(verdict, **changes)


def a_diagnosis(cluster: Cluster, name: str = "cart", **changes: Any) -> Diagnosis:
    """A diagnosis with its occurrence and its activity; columns of the row may be given beside the verdict's fields."""
    columns = {key: changes.pop(key) for key in ("state", "opened_at", "resolved_at", "clean_since") if key in changes}
    verdict = a_verdict(name, **changes)
    row = Diagnosis.objects.create(
        cluster=cluster,
        fingerprint=verdict.fingerprint,
        code=verdict.code,
        severity=Severity[verdict.severity.upper()],
        confidence=verdict.confidence,
        namespace=verdict.namespace or "",
        workload_kind=verdict.workload.kind,
        workload_name=verdict.workload.name,
        container=verdict.container or "",
        summary=verdict.summary,
        pods_affected=verdict.pods_affected,
        pods_total=verdict.pods_total,
        restarts=verdict.restarts,
        verdict=msgspec.to_builtins(verdict),
        first_seen=verdict.first_seen,
        last_seen=verdict.last_seen,
        **{"opened_at": verdict.first_seen, **columns},
    )
    ended_at = columns.get("resolved_at")
    Occurrence.objects.create(
        diagnosis=row, started_at=row.first_seen, ended_at=ended_at, pods_peak=row.pods_affected, verdict=row.verdict
    )
    Activity.objects.create(diagnosis=row, kind=Activity.Kind.OPENED, at=row.opened_at)
    return row


def resolved(cluster: Cluster, name: str = "cart", **changes: Any) -> Diagnosis:
    """A diagnosis that was resolved an hour ago."""
    changes = {"resolved_at": before(hours=1), "first_seen": before(hours=2), **changes}
    return a_diagnosis(cluster, name, state=Diagnosis.State.RESOLVED, **changes)


def a_kept_pod(diagnosis: Diagnosis, **columns: Any) -> Suspect:
    """The first affected pod of a diagnosis, as it is kept."""
    pod = diagnosis.verdict["pods"][0]
    names = {"namespace": diagnosis.namespace, "name": pod["name"]}
    body = zlib.compress(json.dumps({"metadata": {**names, "uid": pod["uid"]}}).encode())
    workload = {"workload_kind": diagnosis.workload_kind, "workload_name": diagnosis.workload_name}
    return Suspect.objects.create(
        cluster=diagnosis.cluster,
        uid=pod["uid"],
        **{"body": body, "seen_at": timezone.now(), **names, **workload, **columns},
    )


def a_kept_log(diagnosis: Diagnosis, *lines: str) -> KeptLog:
    """The log of the first affected pod's container, as it is kept."""
    body = zlib.compress(json.dumps({"lines": lines, "previous": True, "missing": ""}).encode())
    return KeptLog.objects.create(
        cluster=diagnosis.cluster,
        pod_uid=diagnosis.verdict["pods"][0]["uid"],
        container=diagnosis.container,
        body=body,
        kept_at=timezone.now(),
    )
