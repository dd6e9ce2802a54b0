"""The objects of an application as they are first written: Deployment, ReplicaSet, pod."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from diagnostics.demo.life.stage import Application, Release, Stage, encoded
from diagnostics.demo.resources import Json

REVISION = "deployment.kubernetes.io/revision"
# How long the story's pods stay bound to a node that is lost; the usual five minutes would be too slow to watch.
EVICTED_AFTER = 15


def template(app: Application, release: Release) -> Json:
    """`spec.template`."""
    container: Json = {
        "name": app.container,
        "image": release.image,
        "resources": _resources(app, release),
        "readinessProbe": {
            "httpGet": {"path": "/healthz", "port": app.port, "scheme": "HTTP"},
            "timeoutSeconds": 1,
            "periodSeconds": 5,
            "successThreshold": 1,
            "failureThreshold": 3,
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }
    if release.env:
        container["env"] = [{"name": name, "value": value} for name, value in release.env]
    spec: Json = {
        "containers": [container],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "automountServiceAccountToken": False,
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "tolerations": _tolerations(app),
    }
    return {"metadata": {"labels": {"app": app.name}}, "spec": spec}


def deployment(stage: Stage, app: Application, pod_template: Json) -> Json:
    """A Deployment that nobody has looked at yet."""
    metadata = _metadata(stage, app, app.name, labels={"app": app.name})
    spec = {
        "replicas": app.replicas,
        "selector": {"matchLabels": {"app": app.name}},
        "template": pod_template,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 60,
    }
    metadata |= {"generation": 1, "managedFields": [_applied(stage)]}
    return {"metadata": metadata, "spec": spec, "status": {}}


def replicaset_name(app: Application, pod_template: Json) -> str:
    """The Deployment's name and a hash of the template, so that a template that comes back finds its ReplicaSet."""
    return f"{app.name}-{_template_hash(pod_template)}"


def replicaset(stage: Stage, app: Application, owner: Json) -> Json:
    """A ReplicaSet of a Deployment's present template, without pods yet."""
    pod_template = owner["spec"]["template"]
    labels = {"app": app.name, "pod-template-hash": _template_hash(pod_template)}
    annotations = {
        "deployment.kubernetes.io/desired-replicas": str(app.replicas),
        "deployment.kubernetes.io/max-replicas": str(app.replicas + 1),
    }
    metadata = _metadata(stage, app, replicaset_name(app, pod_template), labels=labels, annotations=annotations)
    metadata |= {"generation": 1, "ownerReferences": [_owned_by("Deployment", owner)]}
    spec = {
        "replicas": 0,
        "selector": {"matchLabels": labels},
        "template": {**pod_template, "metadata": {"labels": labels}},
    }
    return {"metadata": metadata, "spec": spec, "status": {"replicas": 0}}


def retemplate(stage: Stage, found: Json, pod_template: Json) -> None:
    """Gives a Deployment another template, if it is another one."""
    if found["spec"]["template"] != pod_template:
        found["spec"]["template"] = pod_template
        found["metadata"]["generation"] += 1
        found["metadata"]["managedFields"] = [_applied(stage)]


def _applied(stage: Stage) -> Json:
    """What `kubectl apply` leaves behind; the fields that it wrote aside."""
    return {
        "manager": "kubectl-client-side-apply",
        "operation": "Update",
        "apiVersion": "apps/v1",
        "time": stage.stamp,
        "fieldsType": "FieldsV1",
        "fieldsV1": {},
    }


def annotated(found: Json, annotations: dict[str, str]) -> Json:
    """A copy with these annotations besides its own."""
    own = found["metadata"].get("annotations", {})
    return {**found, "metadata": {**found["metadata"], "annotations": {**own, **annotations}}}


def revision(replicaset: Json) -> int:
    """Which revision of its Deployment a ReplicaSet is; 0 before it is one."""
    return int(replicaset["metadata"].get("annotations", {}).get(REVISION, "0"))


def pod(stage: Stage, app: Application, owner: Json) -> Json:
    """A pod of a ReplicaSet, not scheduled yet."""
    pod_template, name = owner["spec"]["template"], owner["metadata"]["name"]
    metadata = _metadata(stage, app, f"{name}-{stage.suffix()}", labels=pod_template["metadata"]["labels"])
    metadata |= {"generateName": f"{name}-", "generation": 1, "ownerReferences": [_owned_by("ReplicaSet", owner)]}
    spec = {
        **pod_template["spec"],
        "serviceAccountName": "default",
        "serviceAccount": "default",
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }
    resources = spec["containers"][0]["resources"]
    return {
        "metadata": metadata,
        "spec": spec,
        "status": {"phase": "Pending", "qosClass": "Burstable" if resources else "BestEffort"},
    }


def _template_hash(pod_template: Json) -> str:
    """What the names of ReplicaSets and pods carry."""
    return encoded(hashlib.sha256(msgspec.json.encode(pod_template, order="sorted")).hexdigest(), 10)


def _metadata(stage: Stage, app: Application, name: str, **more: Any) -> Json:
    own = {"name": name, "namespace": app.namespace, "uid": stage.uid(), "creationTimestamp": stage.stamp}
    return {**own, **more}


def _owned_by(kind: str, owner: Json) -> Json:
    metadata = owner["metadata"]
    reference = {"apiVersion": "apps/v1", "kind": kind, "name": metadata["name"], "uid": metadata["uid"]}
    return {**reference, "controller": True, "blockOwnerDeletion": True}


def _resources(app: Application, release: Release) -> Json:
    amounts = {"memory": release.memory} if release.memory else {}
    if app.gpu:
        amounts["nvidia.com/gpu"] = "1"
    return {"limits": amounts, "requests": amounts} if amounts else {}


def _tolerations(app: Application) -> list[Json]:
    lost = [
        {
            "key": f"node.kubernetes.io/{condition}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": EVICTED_AFTER,
        }
        for condition in ("not-ready", "unreachable")
    ]
    gpu = {"key": "dedicated", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"}
    return [*lost, gpu] if app.gpu else lost
