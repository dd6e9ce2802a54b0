"""Small clusters as an API server answers: from what people apply, what controllers make of it is derived.

Workloads get their ReplicaSets and pods, Services their EndpointSlices, budgets their counts. Everything is a month old
and well unless it is said otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

import msgspec

from diagnostics.engine import judge, suspicious
from diagnostics.engine.verdict import Verdict
from diagnostics.snapshot.cluster import ContainerLog, Snapshot
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.pods import LeanPod, Pod
from tests.rules.controllers import (
    MONTH,
    NOW,
    Change,
    Json,
    at,
    condition,
    counted,
    init_status,
    owned,
    run_status,
    slices,
    suffix,
    workload_status,
)
from tests.rules.loading import LISTS


def labels(name: str, instance: str = "", **more: str) -> dict[str, str]:
    """The labels that charts give."""
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": instance or name, **more}


def container(name: str = "app", *ports: Json, **fields: Any) -> Json:
    """A container with those ports."""
    return {"name": name, "image": f"registry.example/{name}:1", "ports": list(ports), **fields}


def probe(port: int | str, **fields: Any) -> Json:
    """A probe over HTTP."""
    return {"httpGet": {"path": "/healthz", "port": port}, **fields}


def port(number: int, name: str = "", **fields: Any) -> Json:
    """A port that a container declares."""
    return {"containerPort": number, "protocol": "TCP", **({"name": name} if name else {}), **fields}


def unready(minutes: float = 30, **state: Any) -> Change:
    """What makes a pod not ready for those minutes, its first container in that state: it runs, unless one is given."""

    def change(pod: Json) -> None:
        for each in pod["status"]["conditions"]:
            if each["type"] in ("Ready", "ContainersReady"):
                each |= {"status": "False", "lastTransitionTime": at(minutes), "reason": "ContainersNotReady"}
        for status in pod["status"]["containerStatuses"][:1]:
            status |= {"ready": False, **state}

    return change


class Platform:
    """A cluster in the making; `kind(...)` methods return the object, to be changed before `snapshot` reads it."""

    def __init__(self, nodes: int = 3) -> None:
        self.lists: dict[str, list[Json]] = {name: [] for name in LISTS}
        self.lists |= {"pods": [], "events": []}
        self.logs: dict[str, tuple[str, ...]] = {}  # by pod
        self._addresses = count(1)
        for number in range(1, nodes + 1):
            self.node(f"node-{number}")

    def add(self, resource: str, name: str, namespace: str = "", minutes: float = MONTH, **fields: Any) -> Json:
        """An object of that list, made so many minutes ago."""
        made = {"name": name, "namespace": namespace, "uid": f"{resource}-{namespace}-{name}", "generation": 1}
        metadata = {**made, "creationTimestamp": at(minutes), **fields.pop("metadata", {})}
        item = {"metadata": metadata, **fields}
        self.lists[resource].append(item)
        return item

    def node(self, name: str, version: str = "v1.33.4", **fields: Any) -> Json:
        """A node that is ready."""
        room = {"cpu": "8", "memory": "32Gi", "pods": "110"}
        info = {"kubeletVersion": version, "operatingSystem": "linux", "architecture": "amd64"}
        status = {"conditions": [condition("Ready")], "capacity": room, "allocatable": room, "nodeInfo": info}
        labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
        return self.add("nodes", name, metadata={"labels": labels}, **{"spec": {}, "status": status, **fields})

    # ---- Workloads.

    def deployment(self, name: str, namespace: str, replicas: int = 1, **rest: Any) -> Json:
        """A Deployment with one ReplicaSet; `rest` is as for `workload`."""
        return self.workload("Deployment", name, namespace, replicas, **rest)

    def stateful_set(self, name: str, namespace: str, replicas: int = 1, service: str = "", **rest: Any) -> Json:
        """A StatefulSet that names a Service."""
        return self.workload("StatefulSet", name, namespace, replicas, spec={"serviceName": service}, **rest)

    def daemon_set(self, name: str, namespace: str, **rest: Any) -> Json:
        """A DaemonSet with a pod on every node."""
        return self.workload("DaemonSet", name, namespace, len(self.lists["nodes"]), **rest)

    def workload(  # noqa: PLR0913 - what a manifest says, and how it has fared
        self,
        kind: str,
        name: str,
        namespace: str,
        replicas: int,
        *,
        labels: Mapping[str, str] | None = None,
        containers: Iterable[Json] = (),
        ready: int | None = None,
        broken: Change | None = None,
        minutes: float = MONTH,
        spec: Json | None = None,
        pod_spec: Json | None = None,
        metadata: Json | None = None,
    ) -> Json:
        """A workload and its pods, of which the first `ready` are so and the others `broken` since half an hour."""
        ready = replicas if ready is None else ready
        template = {
            "metadata": {"labels": dict(labels or {"app": name})},
            "spec": {"containers": list(containers) or [container()], **(pod_spec or {})},
        }
        selector = {"matchLabels": template["metadata"]["labels"]}
        own = {} if kind == "DaemonSet" else {"replicas": replicas}
        made = self.add(
            f"{kind.lower()}s",
            name,
            namespace,
            minutes,
            metadata=metadata or {},
            spec={"selector": selector, "template": template, **own, **(spec or {})},
            status=workload_status(kind, replicas, ready),
        )
        self._pods(kind, made, replicas, ready, broken or unready(), minutes)
        return made

    def _pods(self, kind: str, of: Json, replicas: int, ready: int, broken: Change, minutes: float) -> None:
        metadata, template = of["metadata"], of["spec"]["template"]
        name, namespace, owner = metadata["name"], metadata["namespace"], (kind, metadata["name"])
        own: Json = {"controller-revision-hash": f"{name}-6d9f"}
        if kind == "Deployment":
            own, owner = {"pod-template-hash": "6d9f8c7b5d"}, ("ReplicaSet", f"{name}-6d9f8c7b5d")
            self.add("replicasets", owner[1], namespace, metadata=owned(kind, name, of), spec=of["spec"])
        for number in range(replicas):
            pod_name, labels = f"{owner[1]}-{suffix(number)}", {**template["metadata"]["labels"], **own}
            if kind == "StatefulSet":
                pod_name = f"{name}-{number}"
                labels |= {"statefulset.kubernetes.io/pod-name": pod_name, "apps.kubernetes.io/pod-index": str(number)}
            pod = self.pod(
                pod_name, namespace, template["spec"], labels, owner, minutes=minutes, node=self._node(number)
            )
            if number >= ready:
                broken(pod)

    def _node(self, number: int) -> str:
        nodes = self.lists["nodes"]
        return str(nodes[number % len(nodes)]["metadata"]["name"]) if nodes else ""

    def pod(
        self,
        name: str,
        namespace: str,
        spec: Json | None = None,
        labels: Mapping[str, str] | None = None,
        owner: tuple[str, str] | None = None,
        *,
        minutes: float = MONTH,
        node: str = "",
    ) -> Json:
        """A pod that is ready, of that owner if one is given."""
        spec = spec or {"containers": [container()]}
        node = node or self._node(0)
        metadata = {**(owned(*owner) if owner else {}), "labels": dict(labels or {"app": name})}
        started = at(minutes)
        status = {
            "phase": "Running",
            "startTime": started,
            "podIP": f"10.0.0.{next(self._addresses)}",
            "conditions": [
                condition(type_, minutes=minutes)
                for type_ in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
            ],
            "initContainerStatuses": [init_status(each, started) for each in spec.get("initContainers", ())],
            "containerStatuses": [run_status(each, started) for each in spec["containers"]],
        }
        return self.add(
            "pods", name, namespace, minutes, metadata=metadata, spec={**spec, "nodeName": node}, status=status
        )

    # ---- Around them.

    def service(self, name: str, namespace: str, *ports: Json | int, **spec: Any) -> Json:
        """A Service; it selects `app=<name>` unless a selector is given."""
        made = [each if isinstance(each, dict) else {"port": each} for each in ports]
        numbered = [{"protocol": "TCP", "targetPort": each["port"], **each} for each in made]
        defaults = {"type": "ClusterIP", "clusterIP": f"10.96.0.{len(self.lists['services']) + 1}"}
        fields = {**defaults, "selector": {"app": name}, "ports": numbered, **spec}
        metadata = fields.pop("metadata", {})
        fields = {key: value for key, value in fields.items() if value is not None}
        return self.add("services", name, namespace, metadata=metadata, spec=fields)

    def budget(self, name: str, namespace: str, minimum: int = 1, labels: Mapping[str, str] | None = None) -> Json:
        """A budget of so many healthy pods, for those with these labels."""
        spec = {"minAvailable": minimum, "selector": {"matchLabels": dict(labels or {"app": name})}}
        return self.add("poddisruptionbudgets", name, namespace, spec=spec)

    def autoscaler(self, name: str, namespace: str, *conditions: Json, least: int = 1, most: int = 5) -> Json:
        """A HorizontalPodAutoscaler of the Deployment of that name, by CPU."""
        target = {"kind": "Deployment", "name": name, "apiVersion": "apps/v1"}
        metric = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
        metrics = [{"type": "Resource", "resource": metric}]
        spec = {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": most, "metrics": metrics}
        told = conditions or (
            condition("AbleToScale", reason="ReadyForNewScale"),
            condition("ScalingActive", reason="ValidMetricFound"),
            condition("ScalingLimited", "False", reason="DesiredWithinRange"),
        )
        status = {"currentReplicas": least, "desiredReplicas": least, "conditions": list(told)}
        return self.add("horizontalpodautoscalers", name, namespace, spec=spec, status=status)

    def event(self, of: Json, kind: str, reason: str, message: str, minutes: float = 1, **fields: Any) -> Json:
        """An event about an object, of so many minutes ago."""
        metadata = of["metadata"]
        about = {"kind": kind, **{key: metadata[key] for key in ("name", "namespace", "uid")}}
        if path := fields.pop("container", ""):
            about["fieldPath"] = f"spec.containers{{{path}}}"
        times = {"firstTimestamp": at(max(minutes, 25)), "lastTimestamp": at(minutes)}
        document = {"involvedObject": about, "reason": reason, "message": message, **times, **fields}
        self.lists["events"].append(document)
        return document

    # ---- Reading it.

    def snapshot(self, *, scope: Iterable[str] | None = None) -> Snapshot:
        """All of it as a scan reads it; `scope` are the only namespaces that are judged, as of a follower."""
        pods, budgets = self.lists["pods"], self.lists["poddisruptionbudgets"]
        lists = {
            **self.lists,
            "endpointslices": [*self.lists["endpointslices"], *slices(self.lists["services"], pods)],
            "poddisruptionbudgets": [counted(budget, pods) for budget in budgets],
        }
        snapshot = Snapshot(cluster="lab", now=NOW, server_version="v1.33.4", read={*lists})
        snapshot.scope = None if scope is None else frozenset(scope)
        for resource, (attribute, type_) in LISTS.items():
            for item in lists[resource]:
                name, namespace = item["metadata"]["name"], item["metadata"]["namespace"]
                key = (namespace, name) if namespace else name
                getattr(snapshot, attribute)[key] = msgspec.convert(item, type_)
        self._look(snapshot)
        snapshot.add_events(msgspec.convert(each, Event) for each in lists["events"])
        return snapshot

    def _look(self, snapshot: Snapshot) -> None:
        for document in self.lists["pods"]:
            lean, pod = msgspec.convert(document, LeanPod), msgspec.convert(document, Pod)
            snapshot.count(lean)
            if suspicious(lean, NOW) and snapshot.judges(pod.metadata.namespace):
                snapshot.suspects.append(pod)
                if lines := self.logs.get(pod.metadata.name):
                    snapshot.logs[pod.metadata.uid, pod.spec.containers[0].name] = ContainerLog(lines=lines)


def shown(snapshot: Snapshot) -> list[Verdict]:
    """What is said of it, from low upwards, that is old enough to be seen."""
    judgement = judge(snapshot)
    assert not judgement.crashed, judgement.crashed
    assert not judgement.skipped, judgement.skipped
    return [found for found in judgement.verdicts if found.severity != "info" and found.visible_at <= NOW]
