"""Decoding, triage and judging, each on one core: against `json.loads` of the same bytes, and per pod.

`python -m bench.judging [PODS]` prints the figures of performance.md, "decode + triage alone" and "judging".
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from bench.pods import encoded, pages
from diagnostics import engine
from diagnostics.demo.discovery import RECORDED
from diagnostics.demo.recordings import load
from diagnostics.demo.server import ClusterServer
from diagnostics.kube.access import load as open_cluster
from diagnostics.kube.collect import Scope, enrich, sweep
from diagnostics.operations.packing import pack
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.meta import Condition, ManagedMetadata, Metadata, OwnerReference
from diagnostics.snapshot.objects import CronJob, RawList, Workload, WorkloadStatus
from diagnostics.snapshot.pods import (
    Container,
    ContainerState,
    ContainerStatus,
    LeanPod,
    Pod,
    PodSpec,
    PodStatus,
    Terminated,
)

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
_LEAN = msgspec.json.Decoder(LeanPod)


class LeanPage(msgspec.Struct):
    """A page whose items are decoded at once."""

    items: list[LeanPod]


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """The CPU time of the cheapest of several runs."""
    runs = []
    for _ in range(times):
        started = time.process_time()
        work()
        runs.append(time.process_time() - started)
    return min(runs)


def triage(page: bytes) -> int:
    """What a sweep does to a page of pods, as far as healthy ones go."""
    snapshot, suspicious = Snapshot(cluster="bench", now=NOW), 0
    for raw in msgspec.json.decode(page, type=RawList).items or ():
        pod = _LEAN.decode(raw)
        snapshot.count(pod)
        suspicious += engine.suspicious(pod, NOW)
    return suspicious


def count(pods: list[LeanPod]) -> Snapshot:
    """What a sweep counts of pods that it does not keep."""
    snapshot = Snapshot(cluster="bench", now=NOW)
    for pod in pods:
        snapshot.count(pod)
    return snapshot


def demo() -> Snapshot:
    """The demo cluster's suspects with everything that is read about them."""
    recording = load(RECORDED)
    with (
        TemporaryDirectory() as folder,
        ClusterServer(
            recording.store, recording.logs, documents=recording.documents, now=lambda: recording.captured_at
        ) as server,
        open_cluster(str(server.kubeconfig(Path(folder, "kubeconfig")))) as access,
    ):
        snapshot = sweep(access, Scope(), suspicious=engine.suspicious).snapshot
        enrich(access, snapshot, engine.wanted(snapshot))
    return snapshot


def nightly(count: int) -> Snapshot:
    """A CronJob of which so many runs failed, each with a pod that is left."""
    made = Snapshot(cluster="bench", now=NOW)
    made.cronjobs["shop", "nightly"] = CronJob(metadata=ManagedMetadata(name="nightly", namespace="shop"))
    owner = OwnerReference(kind="CronJob", name="nightly", controller=True)
    failed = WorkloadStatus(conditions=(Condition(type="Failed", status="True", reason="BackoffLimitExceeded"),))
    for name in (f"nightly-{number:05}" for number in range(count)):
        metadata = ManagedMetadata(name=name, namespace="shop", uid=name, owner_references=(owner,))
        made.jobs["shop", name] = Workload(metadata=metadata, status=failed)
        made.suspects.append(_attempt(name))
    return made


def _attempt(job: str) -> Pod:
    owner = OwnerReference(kind="Job", name=job, controller=True)
    ended = ContainerState(terminated=Terminated(exit_code=1, reason="Error", finished_at=NOW))
    return Pod(
        metadata=Metadata(name=f"{job}-x", namespace="shop", uid=f"{job}-x", owner_references=(owner,)),
        spec=PodSpec(containers=(Container(name="work"),), restart_policy="Never"),
        status=PodStatus(phase="Failed", container_statuses=(ContainerStatus(name="work", state=ended),)),
    )


def main(pods: int) -> None:
    """Measures and prints."""
    read = [encoded({"kind": "PodList", "metadata": {}, "items": items}) for items in pages(pods)]
    peer = seconds(lambda: [json.loads(page) for page in read])
    ours = seconds(lambda: [triage(page) for page in read])
    print(f"json.loads of {pods:,} pods            CPU {peer:6.3f} s")
    print(f"decode, count and triage           CPU {ours:6.3f} s  {ours / peer:.2f} of it (target 0.15)")
    healthy = [pod for page in read for pod in msgspec.json.decode(page, type=LeanPage).items]
    alone = seconds(lambda: [engine.suspicious(pod, NOW) for pod in healthy]) / len(healthy)
    print(f"triage alone                       {alone * 1e6:6.2f} us a pod (target 10)")
    counted, into = seconds(lambda: count(healthy)) / len(healthy), count(healthy).placed
    print(
        f"counting who runs where            {counted * 1e6:6.2f} us a pod (target 10 with triage); "
        f"{len(list(into))} cohorts, {len(pack(into.kept())) / 1e3:.0f} kB kept"
    )
    snapshot = demo()
    judged = seconds(lambda: engine.judge(snapshot))
    print(
        f"judging the demo cluster           {judged * 1e3:6.1f} ms for {len(snapshot.suspects)} suspects, logs included: "
        f"{judged / len(snapshot.suspects) * 1e3:.2f} ms each (target 2)"
    )
    few, many = ((count, nightly(count)) for count in (1_000, 5_000))
    each = [seconds(lambda runs=runs: engine.judge(runs), 1) / count for count, runs in (few, many)]  # type: ignore[misc]
    print(
        f"judging failed runs of one CronJob {each[0] * 1e3:6.2f} ms each of {few[0]:,}, {each[1] * 1e3:.2f} of {many[0]:,}: "
        f"{each[1] / each[0]:.2f} times (linear is 1)"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
