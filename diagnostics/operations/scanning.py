"""One look at a cluster, from its API server to verdicts, without a database: what `manage.py scan` prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import msgspec

from diagnostics import engine
from diagnostics.engine.verdict import Crashed, Skipped, Verdict
from diagnostics.kube.access import Access
from diagnostics.kube.collect import Scope, enrich, sweep
from diagnostics.kube.health import server_version
from diagnostics.rules.model import Severity
from diagnostics.snapshot.cluster import Snapshot, Unavailable
from diagnostics.snapshot.display import columns
from diagnostics.snapshot.pods import LeanPod
from diagnostics.snapshot.wanted import Wanted

SCHEMA = "sickbay/scan.v1"


@dataclass(frozen=True, slots=True)
class Request:
    """What to look at. No namespaces means all of them."""

    namespaces: tuple[str, ...] = ()
    selector: str = ""
    min_severity: Severity = Severity.LOW
    logs: bool = True
    all_pods: bool = False


class PodLine(msgspec.Struct, frozen=True):
    """`pods[]` of `--all-pods`: kubectl's columns of one pod."""

    namespace: str
    name: str
    status: str
    ready: str
    restarts: int


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """The contract's object, `sickbay/scan.v1`; `pods` is left out unless every pod was asked for."""

    schema: str = SCHEMA
    cluster: str
    server_version: str | None
    observed_at: datetime
    pods_seen: int
    namespaces: tuple[str, ...] | None
    unavailable: tuple[Unavailable, ...]
    malformed: int
    crashed: tuple[Crashed, ...]
    skipped: tuple[Skipped, ...]
    diagnoses: tuple[Verdict, ...]
    pods: tuple[PodLine, ...] | msgspec.UnsetType = msgspec.UNSET


def scan(access: Access, request: Request, progress: Callable[[str], None] = lambda _: None) -> Scan:
    """Reads, judges and reports one cluster.

    Raises `kube.errors.ReadFailed` when pods can be read in none of the namespaces asked for. Whatever else could
    not be read is in `unavailable`.
    """
    pods: list[PodLine] = []
    snapshot = _read(access, request, pods, progress)
    snapshot.server_version = server_version(access) or ""
    judgement = engine.judge(snapshot)
    return Scan(
        cluster=snapshot.cluster,
        server_version=snapshot.server_version or None,
        observed_at=snapshot.now,
        pods_seen=snapshot.pods_seen,
        namespaces=request.namespaces or None,
        unavailable=tuple(snapshot.unavailable),
        malformed=snapshot.malformed,
        crashed=judgement.crashed,
        skipped=judgement.skipped,
        diagnoses=tuple(found for found in judgement.verdicts if _wanted(found, request, snapshot.now)),
        pods=tuple(pods) if request.all_pods else msgspec.UNSET,
    )


def _read(access: Access, request: Request, pods: list[PodLine], progress: Callable[[str], None]) -> Snapshot:
    seen = 0

    def on_pod(pod: LeanPod) -> None:
        nonlocal seen
        seen += 1
        if not seen % 500:
            progress(f"{seen:,} pods read")
        if request.all_pods:
            pods.append(_line(pod))

    # History is information: pods that restarted long ago are looked at only by those who ask for it.
    window = engine.EVER if request.min_severity == Severity.INFO else engine.UNSETTLED
    scope = Scope(namespaces=request.namespaces or None, label_selector=request.selector)
    snapshot = sweep(
        access, scope, suspicious=partial(engine.suspicious, restarted_within=window), on_pod=on_pod
    ).snapshot
    wanted = engine.wanted(snapshot)
    if not request.logs:
        wanted = replace(wanted, logs=())
    progress(f"{seen:,} pods read, {len(snapshot.suspects):,} suspicious: reading their context")
    enrich(access, snapshot, wanted)
    told = engine.wanted(snapshot)  # Logs name what nothing else did.
    enrich(access, snapshot, Wanted(resources=told.resources - wanted.resources - wanted.around))
    return snapshot


def _line(pod: LeanPod) -> PodLine:
    shown = columns(pod)
    return PodLine(
        namespace=pod.metadata.namespace,
        name=pod.metadata.name,
        status=shown.status,
        ready=f"{shown.ready}/{shown.total}",
        restarts=shown.restarts,
    )


def _wanted(verdict: Verdict, request: Request, now: datetime) -> bool:
    due = verdict.visible_at <= now and Severity[verdict.severity.upper()] >= request.min_severity
    return due and (not request.namespaces or _concerns_namespaces(verdict))


def _concerns_namespaces(verdict: Verdict) -> bool:
    """Whether a verdict matters to who asked for some namespaces: a node's only if it explains what fails in them."""
    return verdict.namespace is not None or bool(verdict.pods or verdict.symptoms)
