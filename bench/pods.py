"""Realistic pods as an API server sends them: about 11 kB each with managedFields, one in fifty failing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

PAGE = 500
FAILING_EVERY = 50
_NODES = 100
_STARTED = "2026-11-23T03:25:20Z"


def pages(count: int, failing_every: int = FAILING_EVERY) -> Iterator[list[dict[str, Any]]]:
    """Pods in pages of 500, in the order of their names, as `limit=500` returns them."""
    for first in range(0, count, PAGE):
        yield [pod(index, failing_every) for index in range(first, min(first + PAGE, count))]


def pod(index: int, failing_every: int = FAILING_EVERY) -> dict[str, Any]:
    """One pod of Deployment app-N: two containers, a native sidecar, twenty variables each, five volumes."""
    workload, failing = f"app-{index // 10:05}", index % failing_every == 7 % failing_every
    name = f"{workload}-6f5749d9db-{index % 10:05}"
    return {
        "metadata": _metadata(name, workload, index),
        "spec": _spec(workload, index),
        "status": _status(failing, index),
    }


def table_row(made: dict[str, Any]) -> dict[str, Any]:
    """The pod's row of the Table that kubectl asks for, with the metadata that the server sends along."""
    failing = made["status"]["containerStatuses"][0]["restartCount"]
    cells = [made["metadata"]["name"], "1/2" if failing else "2/2", "CrashLoopBackOff" if failing else "Running"]
    cells += ["7 (2m ago)" if failing else "0", "28m", "10.0.0.1", made["spec"]["nodeName"], "<none>", "<none>"]
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": made["metadata"]}
    return {"cells": cells, "object": partial}


def _metadata(name: str, workload: str, index: int) -> dict[str, Any]:
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name.rpartition("-")[0], "uid": f"rs-{index // 10}"}
    return {
        "name": name,
        "generateName": name.rpartition("-")[0] + "-",
        "namespace": f"team-{index // 200:03}",
        "uid": f"4f2e4254-bc67-7e9a-{index:012}",
        "resourceVersion": str(100_000 + index),
        "creationTimestamp": _STARTED,
        "labels": {"app": workload, "pod-template-hash": "6f5749d9db", "app.kubernetes.io/managed-by": "Helm"},
        "annotations": {"checksum/config": "0" * 64, "prometheus.io/scrape": "true", "prometheus.io/port": "9090"},
        "ownerReferences": [owner | {"controller": True, "blockOwnerDeletion": True}],
        "managedFields": [_managed("kube-controller-manager"), _managed("kubelet")],
    }


def _managed(manager: str) -> dict[str, Any]:
    env: dict[str, Any] = {
        f'k:{{"name":"SETTING_{number}"}}': {".": {}, "f:name": {}, "f:value": {}} for number in range(20)
    }
    container = {".": {}, "f:image": {}, "f:imagePullPolicy": {}, "f:name": {}, "f:resources": {}, "f:env": env}
    fields = {"f:spec": {"f:containers": {'k:{"name":"app"}': container}, "f:dnsPolicy": {}, "f:restartPolicy": {}}}
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": "v1",
        "time": _STARTED,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }


def _spec(workload: str, index: int) -> dict[str, Any]:
    volumes = [{"name": f"volume-{number}", "configMap": {"name": f"{workload}-{number}"}} for number in range(5)]
    return {
        "volumes": volumes,
        "containers": [_container("app", workload), _container("metrics", workload)],
        "initContainers": [_container("mesh", workload) | {"restartPolicy": "Always"}],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": workload,
        "nodeName": f"node-{index % _NODES:03}",
        "schedulerName": "default-scheduler",
        "tolerations": [
            {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            for key in ("not-ready", "unreachable")
        ],
    }


def _container(name: str, workload: str) -> dict[str, Any]:
    return {
        "name": name,
        "image": f"registry.example/{workload}/{name}:1.4.2",
        "env": [{"name": f"SETTING_{number}", "value": f"value-{number}"} for number in range(20)],
        "resources": {
            "requests": {"cpu": "100m", "memory": "128Mi"},
            "limits": {"memory": "256Mi"},
        },
        "volumeMounts": [{"name": f"volume-{number}", "mountPath": f"/etc/{number}"} for number in range(5)],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080, "scheme": "HTTP"}, "periodSeconds": 10},
        "terminationMessagePath": "/dev/termination-log",
        "imagePullPolicy": "IfNotPresent",
    }


def _status(failing: bool, index: int) -> dict[str, Any]:
    truth = "False" if failing else "True"
    conditions = [
        {"type": kind, "status": status, "lastProbeTime": None, "lastTransitionTime": _STARTED}
        for kind, status in (
            ("Initialized", "True"),
            ("Ready", truth),
            ("ContainersReady", truth),
            ("PodScheduled", "True"),
        )
    ]
    running = {"state": {"running": {"startedAt": _STARTED}}, "lastState": {}, "ready": True, "restartCount": 0}
    crashed = {
        "state": {
            "waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container=app"}
        },
        "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "startedAt": _STARTED, "finishedAt": _STARTED}},
        "ready": False,
        "restartCount": 7,
    }
    image = {"image": "registry.example/app:1.4.2", "imageID": "registry.example/app@sha256:" + "a" * 64}
    return {
        "phase": "Running",
        "conditions": conditions,
        "hostIP": "10.0.0.1",
        "podIP": f"10.1.{index // 250 % 250}.{index % 250}",
        "startTime": _STARTED,
        "qosClass": "Burstable",
        "initContainerStatuses": [{"name": "mesh", "started": True, **image, **running}],
        "containerStatuses": [
            {"name": "app", "started": not failing, **image, **(crashed if failing else running)},
            {"name": "metrics", "started": True, **image, **running},
        ],
    }


def encoded(document: object) -> bytes:
    """Compact JSON, as the API server sends it."""
    return json.dumps(document, separators=(",", ":")).encode()
