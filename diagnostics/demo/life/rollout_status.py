"""What the Deployment and ReplicaSet controllers write into `status`.

Source: kubernetes pkg/controller/deployment (`sync.go`, `progress.go`); the texts of a recorded cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from diagnostics.demo.life.stage import Application, Stage, condition, set_condition
from diagnostics.demo.resources import Json

# Pods that are there, and those of them that are ready.
Counts = tuple[int, int]


def of_replicaset(stage: Stage, found: Json, pods: int, ready: int) -> None:
    """Writes a ReplicaSet's status, if it changed."""
    status: Json = {"replicas": pods, "fullyLabeledReplicas": pods, "readyReplicas": ready, "availableReplicas": ready}
    status = {key: value for key, value in status.items() if value or key == "replicas"}
    _write(stage, "replicasets", found, {**status, "observedGeneration": found["metadata"]["generation"]})


def of_deployment(stage: Stage, app: Application, newest: str, counted: Mapping[str, Counts]) -> None:
    """Writes a Deployment's status, if it changed, from the counts of its ReplicaSets by name."""
    found = stage.store.get("deployments", app.namespace, app.name)
    if found is None:
        return
    pods, ready = (sum(counts[index] for counts in counted.values()) for index in (0, 1))
    updated, updated_ready = counted[newest]
    numbers = {
        "replicas": pods,
        "updatedReplicas": updated,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": max(max(pods, app.replicas) - ready, 0),
    }
    status: Json = {key: value for key, value in numbers.items() if value}
    status["observedGeneration"] = found["metadata"]["generation"]
    status["conditions"] = [dict(each) for each in found["status"].get("conditions", ())]
    _available(status, stage.stamp, enough=ready >= app.replicas)
    complete = updated == pods == updated_ready == app.replicas
    _progressing(status, stage, newest, complete=complete, moved=_moved(found["status"], status))
    _write(stage, "deployments", found, status)


def _available(status: Json, at: str, *, enough: bool) -> None:
    if enough:
        reason, message = "MinimumReplicasAvailable", "Deployment has minimum availability."
    else:
        reason, message = "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
    updated = condition(status, "Available").get("lastUpdateTime", at)
    if condition(status, "Available").get("reason") != reason:
        updated = at
    set_condition(status, at, "Available", str(enough), lastUpdateTime=updated, reason=reason, message=message)


def _progressing(status: Json, stage: Stage, newest: str, *, complete: bool, moved: bool) -> None:
    before, quoted = condition(status, "Progressing"), f'ReplicaSet "{newest}"'
    updated = stage.stamp if moved or not before else before["lastUpdateTime"]
    late = stage.now - datetime.fromisoformat(updated) > timedelta(seconds=60)
    if complete:
        value, reason, message = "True", "NewReplicaSetAvailable", f"{quoted} has successfully progressed."
    elif late or (before.get("reason") == "ProgressDeadlineExceeded" and not moved):
        value, reason, message = "False", "ProgressDeadlineExceeded", f"{quoted} has timed out progressing."
    else:
        value, reason, message = "True", "ReplicaSetUpdated", f"{quoted} is progressing."
    if reason != before.get("reason"):
        updated = stage.stamp
    said = {"lastUpdateTime": updated, "reason": reason, "message": message}
    set_condition(status, stage.stamp, "Progressing", value, **said)


def _moved(before: Json, now: Json) -> bool:
    """Whether the rollout came forward: more new pods, more ready ones, or fewer old ones."""
    gained = any(now.get(key, 0) > before.get(key, 0) for key in ("updatedReplicas", "readyReplicas"))
    rest = [each.get("replicas", 0) - each.get("updatedReplicas", 0) for each in (before, now)]
    return gained or rest[1] < rest[0]


def _write(stage: Stage, resource: str, found: Json, status: Json) -> None:
    metadata = found["metadata"]
    if status != found["status"]:
        stage.store.modify(resource, metadata["namespace"], metadata["name"], lambda each: each.update(status=status))
