"""What the controllers and kubelets of a cluster make of what people apply, for the clusters of `platforms`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
MONTH = 30 * 24 * 60.0
Json = dict[str, Any]
Change = Callable[[Json], object]


def at(minutes: float = MONTH) -> str:
    """That many minutes before `NOW`, as the API writes it."""
    return f"{NOW - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


def condition(type_: str, status: str = "True", minutes: float = MONTH, **fields: str) -> Json:
    """A condition that has been so for those minutes."""
    return {"type": type_, "status": status, "lastTransitionTime": at(minutes), **fields}


def slices(services: Iterable[Json], pods: Iterable[Json]) -> Iterator[Json]:
    """The EndpointSlices of Services: one a set of ports that pods have; an empty one where no pod is selected."""
    every = list(pods)
    for service in services:
        if selector := service["spec"].get("selector"):
            by_ports: dict[bytes, list[Json]] = {}
            for pod in selected(every, service["metadata"]["namespace"], selector):
                ports = msgspec.json.encode(list(_resolved(service["spec"]["ports"], pod)))
                by_ports.setdefault(ports, []).append(_endpoint(service, pod))
            for number, (ports, endpoints) in enumerate(by_ports.items() or [(b"null", None)]):
                yield {**_slice(service, number), "endpoints": endpoints, "ports": msgspec.json.decode(ports)}


def _endpoint(service: Json, pod: Json) -> Json:
    ready = is_ready(pod) or bool(service["spec"].get("publishNotReadyAddresses"))
    return {"addresses": [pod["status"]["podIP"]], "conditions": {"ready": ready}}


def _slice(service: Json, number: int) -> Json:
    made = {key: service["metadata"][key] for key in ("namespace", "creationTimestamp")}
    name = service["metadata"]["name"]
    labels = {"kubernetes.io/service-name": name}
    changed = {"endpoints.kubernetes.io/last-change-trigger-time": at(30)}
    return {"metadata": {**made, "name": f"{name}-{number}", "labels": labels, "annotations": changed}}


def selected(pods: Iterable[Json], namespace: str, labels: Mapping[str, str]) -> Iterator[Json]:
    """The pods with an address that have these labels."""
    for pod in pods:
        metadata, status = pod["metadata"], pod["status"]
        lives = status.get("podIP") and status["phase"] in ("Running", "Pending")
        if lives and metadata["namespace"] == namespace and labels.items() <= metadata["labels"].items():
            yield pod


def counted(budget: Json, pods: Iterable[Json]) -> Json:
    """A budget with the status that its controller gives it."""
    spec = budget["spec"]
    guarded = list(selected(pods, budget["metadata"]["namespace"], spec["selector"]["matchLabels"]))
    healthy, wanted = sum(map(is_ready, guarded)), spec["minAvailable"]
    allowed = max(healthy - wanted, 0)
    told = condition("DisruptionAllowed", "True" if allowed else "False", 30, reason="InsufficientPods")
    counts = {"currentHealthy": healthy, "desiredHealthy": wanted, "expectedPods": len(guarded)}
    return {**budget, "status": {**counts, "disruptionsAllowed": allowed, "conditions": [told]}}


def workload_status(kind: str, replicas: int, ready: int) -> Json:
    """The status of a workload of so many pods, of which some are ready; since half an hour, if not all are."""
    if kind == "DaemonSet":
        names = ("desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled")
        return {
            "observedGeneration": 1,
            **dict.fromkeys(names, replicas),
            "numberReady": ready,
            "numberAvailable": ready,
        }
    status: Json = {"observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas}
    status |= {"readyReplicas": ready, "availableReplicas": ready}
    if kind == "StatefulSet":
        return {**status, "currentRevision": "6d9f", "updateRevision": "6d9f"}
    available = condition("Available", "True" if ready == replicas else "False", MONTH if ready == replicas else 30)
    progressing = condition("Progressing", reason="NewReplicaSetAvailable", lastUpdateTime=at())
    return {**status, "conditions": [available, progressing]}


def owned(kind: str, name: str, of: Json | None = None) -> Json:
    """The metadata by which a controller marks what it makes."""
    owner = {"kind": kind, "name": name, "uid": of["metadata"]["uid"] if of else f"u-{name}", "controller": True}
    annotations = {"deployment.kubernetes.io/revision": "1"} if kind == "Deployment" else {}
    return {"ownerReferences": [owner], "annotations": annotations}


def suffix(number: int) -> str:
    """What makes a pod's name its own."""
    return f"{number:05}".translate(str.maketrans("0123456789", "bcdfghjklm"))


def run_status(spec: Json, started: str) -> Json:
    """The status of a container that runs and is ready."""
    state = {"state": {"running": {"startedAt": started}}, "lastState": {}, "restartCount": 0}
    image = {"image": spec["image"], "imageID": f"{spec['image'].partition(':')[0]}@sha256:{'4' * 64}"}
    return {"name": spec["name"], "ready": True, "started": True, **image, **state}


def init_status(spec: Json, started: str) -> Json:
    """The status of an init container that is done, or of a sidecar that runs."""
    if spec.get("restartPolicy") == "Always":
        return run_status(spec, started)
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": started}
    return {**run_status(spec, started), "state": {"terminated": ended}, "started": False}


def is_ready(pod: Json) -> bool:
    """Whether a pod is ready."""
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"]["conditions"])


def _resolved(ports: Iterable[Json], pod: Json) -> Iterator[Json]:
    """The ports of a Service that a pod has: by number always, by name where a container declares it."""
    sidecars = [each for each in pod["spec"].get("initContainers", ()) if each.get("restartPolicy") == "Always"]
    containers = [*pod["spec"]["containers"], *sidecars]
    declared = {
        each["name"]: each["containerPort"] for one in containers for each in one.get("ports", ()) if "name" in each
    }
    for each in ports:
        target = each["targetPort"]
        number = declared.get(target) if isinstance(target, str) else target
        if number is not None:
            yield {"name": each.get("name", ""), "port": number, "protocol": each["protocol"]}
