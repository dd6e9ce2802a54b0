"""Recorded crash loops that go on: each container is run again now and then, and ends as it did before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle

from diagnostics.demo.life import pod_status
from diagnostics.demo.life.clockwork import Scene
from diagnostics.demo.life.stage import Stage
from diagnostics.demo.resources import Json

_BETWEEN_CONTAINERS = 8.0
_UNTIL_WAITING = 60.0  # So long a recorded kubelet left the state at terminated.
_LONGEST_RUN = 20.0
_OFTEN = 3


@dataclass(frozen=True, slots=True)
class Looping:
    """A container that has restarted often."""

    namespace: str
    pod: str
    index: int  # Among the pod's container statuses.


def go_on(stage: Stage) -> Scene:
    """Restarts one of them after the other, for ever."""
    for each in cycle(list(_looping(stage))):
        stage.clock.play(_run_again(stage, each))
        yield _BETWEEN_CONTAINERS


def _looping(stage: Stage) -> Iterator[Looping]:
    """Containers that crash by themselves; those that a probe kills would need the probe's events as well."""
    for pod in stage.store.objects("pods"):
        probed = {
            container["name"]
            for container in pod["spec"]["containers"]
            if {"livenessProbe", "startupProbe"} & container.keys()
        }
        for index, status in enumerate(pod["status"].get("containerStatuses", ())):
            if _crashes_often(status) and status["name"] not in probed:
                yield Looping(pod["metadata"]["namespace"], pod["metadata"]["name"], index)


def _crashes_often(status: Json) -> bool:
    waiting = status["state"].get("waiting", {}).get("reason")
    between_runs = waiting == "CrashLoopBackOff" or "terminated" in status["state"]
    return between_runs and "terminated" in status["lastState"] and status["restartCount"] > _OFTEN


def _run_again(stage: Stage, looping: Looping) -> Scene:
    namespace, name, index = looping.namespace, looping.pod, looping.index
    made = f"containerd://{stage.digest()}"

    def edit(change: Callable[[Json], None]) -> Json:
        return stage.store.modify(
            "pods", namespace, name, lambda pod: change(pod["status"]["containerStatuses"][index])
        )

    pod = edit(lambda container: _start(container, stage.stamp, made))
    container = pod["status"]["containerStatuses"][index]
    how = container["lastState"]["terminated"]
    stage.logs.repeat(namespace, name, container["name"], stage.now)
    yield min(max(_seconds(how), 1.0), _LONGEST_RUN)
    edit(lambda container: pod_status.end_run(container, stage.stamp, **how))
    yield _UNTIL_WAITING
    at = f"{name}_{namespace}({pod['metadata']['uid']})"
    text = f"back-off 5m0s restarting failed container={container['name']} pod={at}"
    edit(lambda container: pod_status.wait(container, "CrashLoopBackOff", text))


def _start(container: Json, at: str, container_id: str) -> None:
    if "terminated" in container["state"]:
        container["lastState"] = container["state"]
    container |= {"state": {"running": {"startedAt": at}}, "started": True, "containerID": container_id}
    container["restartCount"] += 1


def _seconds(ended: Json) -> float:
    started, finished = (datetime.fromisoformat(ended[key]) for key in ("startedAt", "finishedAt"))
    return (finished - started).total_seconds()
