"""A pod's status as the kubelet writes it: edits of one `status` at one moment."""

from __future__ import annotations

from typing import Any

from diagnostics.demo.life.stage import Application, Release, set_condition
from diagnostics.demo.resources import Json


def created(status: Json, at: str, app: Application, release: Release, host: str, address: str) -> None:
    """The kubelet has taken the pod on; its container is being created."""
    status["conditions"] = []
    set_condition(status, at, "PodReadyToStartContainers", "False")
    set_condition(status, at, "Initialized", "True")
    unready(status, at, app.container)
    set_condition(status, at, "PodScheduled", "True")
    status |= {"observedGeneration": 1, "hostIP": host, "hostIPs": [{"ip": host}]}
    status |= {"podIP": address, "podIPs": [{"ip": address}], "startTime": at}
    status["containerStatuses"] = [_container(app, release)]


def started(status: Json, at: str, app: Application, release: Release, container_id: str, restarts: int) -> None:
    """The container runs; how it ended before is its last state."""
    before = status["containerStatuses"][0]
    ended = before["state"] if "terminated" in before["state"] else before["lastState"]
    fresh = _container(app, release, state={"running": {"startedAt": at}}, lastState=ended)
    fresh |= {"restartCount": restarts, "imageID": "sha256:" + container_id[-64:], "containerID": container_id}
    status |= {"phase": "Running", "containerStatuses": [{**fresh, "started": True}]}


def ended(status: Json, at: str, exit_code: int, reason: str) -> None:
    """The container that ran has ended."""
    container = status["containerStatuses"][0]
    end_run(container, at, exitCode=exit_code, reason=reason)
    unready(status, at, container["name"])


def waiting(status: Json, reason: str, message: str) -> None:
    """The container waits."""
    wait(status["containerStatuses"][0], reason, message)


def end_run(container: Json, at: str, **how: Any) -> None:
    """A container status goes from running to terminated."""
    ran = {"startedAt": container["state"]["running"]["startedAt"], "finishedAt": at}
    container["state"] = {"terminated": {**how, **ran, "containerID": container["containerID"]}}
    container |= {"ready": False, "started": False}


def wait(container: Json, reason: str, message: str) -> None:
    """A container status goes on to waiting; how it ended before is its last state now."""
    if "terminated" in container["state"]:
        container["lastState"] = container["state"]
    container["state"] = {"waiting": {"reason": reason, "message": message}}


def ready(status: Json, at: str) -> None:
    """The readiness probe succeeds."""
    status["containerStatuses"][0]["ready"] = True
    for kind in ("Ready", "ContainersReady"):
        set_condition(status, at, kind, "True")


def unready(status: Json, at: str, container: str) -> None:
    """The pod is not ready, for its container is not."""
    for each in status.get("containerStatuses", ()):
        each["ready"] = False
    message = f"containers with unready status: [{container}]"
    for kind in ("Ready", "ContainersReady"):
        set_condition(status, at, kind, "False", reason="ContainersNotReady", message=message)


def stopped(status: Json, at: str) -> None:
    """The pod was deleted and its container, if it ran, has ended well."""
    if is_running(status):
        ended(status, at, exit_code=0, reason="Completed")
    status["phase"] = "Succeeded" if _is(status, "terminated") else "Failed"


def is_running(status: Json) -> bool:
    """Whether the container runs."""
    return _is(status, "running")


def _is(status: Json, state: str) -> bool:
    return any(state in each["state"] for each in status.get("containerStatuses", ()))


def _container(app: Application, release: Release, **status: Any) -> Json:
    """A container status; of one that is being created unless `status` says otherwise."""
    return {
        "name": app.container,
        "state": {"waiting": {"reason": "ContainerCreating"}},
        "lastState": {},
        "ready": False,
        "restartCount": 0,
        "image": release.image,
        "imageID": "",
        "started": False,
        **status,
    }
