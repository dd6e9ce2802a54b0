"""A cluster that is served and watched, for the tests of watching."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection

from diagnostics.demo.resources import Json
from diagnostics.demo.server import ClusterServer
from diagnostics.models import Cluster, Diagnosis
from diagnostics.operations import watching
from tests.clusters import pod
from tests.servers import wait_for


def stamp(seconds_ago: float = 0) -> str:
    """A time as the API server writes it."""
    return (datetime.now(UTC) - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def node(name: str = "node-1") -> Json:
    """A node that is ready."""
    return {
        "metadata": {"name": name, "uid": f"uid-{name}"},
        "spec": {},
        "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": stamp()}]},
    }


def lost_node(name: str = "node-2") -> Json:
    """A node whose kubelet has not been heard of for a quarter of an hour."""
    condition = {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown", "lastTransitionTime": stamp(900)}
    lost = node(name)
    lost["status"]["conditions"] = [condition | {"message": "Kubelet stopped posting node status."}]
    return lost


def failing_pod(name: str, namespace: str = "shop", **metadata: Any) -> Json:
    """A pod whose container names a ConfigMap that does not exist."""
    found = pod(name, namespace)
    found["metadata"] |= {"creationTimestamp": stamp(60), **metadata}
    status = found["status"]
    status["phase"] = "Pending"
    status["conditions"][1]["status"] = "False"
    waiting = {"reason": "CreateContainerConfigError", "message": 'configmap "settings" not found'}
    status["containerStatuses"][0] |= {"ready": False, "started": False, "state": {"waiting": waiting}}
    return found


def crashing_pod(name: str, namespace: str = "shop", *, restarts: int = 4) -> Json:
    """A pod that crashed and waits to be started again."""
    found = pod(name, namespace)
    found["status"]["conditions"][1]["status"] = "False"
    ended = {"exitCode": 1, "reason": "Error", "startedAt": stamp(20), "finishedAt": stamp(10)}
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 1m20s restarting failed container"}
    found["status"]["containerStatuses"][0] |= {
        "ready": False,
        "restartCount": restarts,
        "state": {"waiting": waiting},
        "lastState": {"terminated": ended},
    }
    return found


def event(about: Json, uid: str, reason: str, message: str, **fields: Any) -> Json:
    """An event about a pod."""
    metadata = about["metadata"]
    involved = {"kind": "Pod", "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "metadata": {"name": f"{metadata['name']}.{uid}", "namespace": metadata["namespace"], "uid": uid},
        "involvedObject": involved,
        "reason": reason,
        "message": message,
        "type": "Warning",
        "count": 1,
        "firstTimestamp": stamp(),
        "lastTimestamp": stamp(),
        **fields,
    }


def stored_cluster(server: ClusterServer, folder: Path, **columns: Any) -> Cluster:
    """The row of a served cluster."""
    kubeconfig = server.kubeconfig(folder / "kubeconfig")
    return Cluster.objects.create(name="demo", context="demo", kubeconfig=str(kubeconfig), **columns)


def look_once(cluster: Cluster) -> bool:
    """A slice that is to stop at once: it sweeps, or judges what is stored, and follows nothing."""
    stopping = threading.Event()
    stopping.set()
    watched = watching.follow(cluster.pk, stopping)
    cluster.refresh_from_db()
    return watched


@contextmanager
def followed(cluster: Cluster) -> Iterator[threading.Thread]:
    """A slice that runs in a thread of its own, once its watches are open, and is stopped at the end."""
    stopping = threading.Event()

    def run() -> None:
        try:
            watching.follow(cluster.pk, stopping)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    beats = {Cluster.objects.get(pk=cluster.pk).fresh_at}
    thread.start()

    def open_now() -> bool:
        beats.add(Cluster.objects.get(pk=cluster.pk).fresh_at)
        return not thread.is_alive() or len(beats) > 2  # The first may be a sweep's, before the watches are opened.

    try:
        wait_for(open_now, "a slice with open watches")
        yield thread
    finally:
        stopping.set()
        thread.join()
        cluster.refresh_from_db()


def wait_for_diagnosis(**lookups: Any) -> Diagnosis:
    """The one diagnosis with these columns, as soon as there is one."""
    wait_for(lambda: Diagnosis.objects.filter(**lookups).exists(), f"a diagnosis with {lookups}")
    return Diagnosis.objects.get(**lookups)
