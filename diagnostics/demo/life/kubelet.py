"""What scheduler and kubelet report of one pod, step by step, from its creation to its end.

The states, their order and their texts are those of a recorded cluster (Kubernetes v1.36, containerd).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from diagnostics.demo.life import pod_status
from diagnostics.demo.life.clockwork import Scene
from diagnostics.demo.life.events import About, Recorder
from diagnostics.demo.life.stage import Crash, NoImage, PodRef, Release, Stage, set_condition
from diagnostics.demo.resources import Json

_BACK_OFFS = (10, 20, 40, 80, 160, 300)
_PROBE_PERIOD = 5.0
_WITHOUT_GPU_NODE = (
    "0/7 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) were unschedulable, 5 node(s) had untolerated "
    "taint(s). no new claims to deallocate, preemption: 0/7 nodes are available: 7 Preemption is not helpful for "
    "scheduling."
)


@dataclass(frozen=True, slots=True)
class Kubelet:
    """The scheduler and all kubelets, as far as the story's pods need them."""

    stage: Stage
    events: Recorder

    def live(self, ref: PodRef, release: Release) -> Scene:
        """A pod's life until somebody deletes it."""
        yield 0.1
        yield from self._schedule(ref)
        yield 0.4
        host, address = self._host(ref.app.node), self.stage.address()
        self._edit(ref, lambda status: pod_status.created(status, self._at, ref.app, release, host, address))
        yield 0.9
        self._edit(ref, lambda status: set_condition(status, self._at, "PodReadyToStartContainers", "True"))
        match release.fault:
            case NoImage():
                yield from self._pull_in_vain(ref, release)
            case Crash() as crash:
                yield from self._crash_loop(ref, release, crash)
            case None:
                yield from self._run(ref, release)

    def terminate(self, ref: PodRef) -> None:
        """A pod is deleted: from now on it is on its way out."""
        pod = self.stage.edit_pod(ref, self._delete_softly)
        if pod_status.is_running(pod["status"]):
            self._normal(ref, pod, "Killing", f"Stopping container {ref.app.container}")
        self.stage.clock.play(self._vanish(ref, bound=bool(pod["spec"].get("nodeName"))), after=1.5)

    def _vanish(self, ref: PodRef, *, bound: bool) -> Scene:
        """Its container's end and its removal. On a lost node it waits for the kubelet to come back."""
        stage, key = self.stage, ref.key
        while bound and not stage.is_ready(ref.app.node):
            yield 2.0
        stage.store.modify("pods", *key, lambda found: pod_status.stopped(found["status"], self._at))
        yield 0.3
        stage.store.delete("pods", *key)
        stage.logs.forget(*key)
        stage.touched.add(ref.app)

    def become_unready(self, ref: PodRef, seconds: float) -> Scene:
        """The readiness probe fails for a while, then succeeds again."""
        pod = self.stage.pod(ref)
        for failures in range(1, int(seconds / _PROBE_PERIOD) + 1):
            self._warning(ref, pod, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
            self._say(ref, '"GET /healthz HTTP/1.1" 503 - upstream price list is empty')
            if failures == 3:  # failureThreshold
                self._edit(ref, lambda status: pod_status.unready(status, self._at, ref.app.container))
            yield _PROBE_PERIOD
        self._edit(ref, lambda status: pod_status.ready(status, self._at))

    def _schedule(self, ref: PodRef) -> Scene:
        stage = self.stage
        if not stage.is_ready(ref.app.node):
            pod = self._edit(ref, self._unschedulable)
            self.events.scheduler("Warning", About.of("Pod", pod), "FailedScheduling", _WITHOUT_GPU_NODE)
        while not stage.is_ready(ref.app.node):
            yield 2.0
        pod = stage.edit_pod(ref, lambda found: self._bind(found, ref.app.node))
        assigned = f"Successfully assigned {ref.app.namespace}/{ref.name} to {ref.app.node}"
        self.events.scheduler("Normal", About.of("Pod", pod), "Scheduled", assigned)

    def _run(self, ref: PodRef, release: Release) -> Scene:
        yield 0.4
        self._start(ref, release, restarts=0)
        self._say(ref, f"listening on :{ref.app.port}")
        yield 3.0
        self._edit(ref, lambda status: pod_status.ready(status, self._at))

    def _crash_loop(self, ref: PodRef, release: Release, crash: Crash) -> Scene:
        restarts = 0
        yield 0.4
        while True:
            self._start(ref, release, restarts)
            yield crash.runs
            self._say(ref, *crash.lines)
            pod = self._edit(ref, lambda status: pod_status.ended(status, self._at, crash.exit_code, crash.reason))
            yield 1.5
            if restarts:  # The first restart comes at once.
                yield from self._back_off(ref, pod, _back_off(restarts - 1))
            restarts += 1

    def _back_off(self, ref: PodRef, pod: Json, seconds: int) -> Scene:
        container = ref.app.container
        at = f"{ref.name}_{ref.app.namespace}({pod['metadata']['uid']})"
        length = f"{seconds // 60}m{seconds % 60}s" if seconds >= 60 else f"{seconds}s"
        text = f"back-off {length} restarting failed container={container} pod={at}"
        self._edit(ref, lambda status: pod_status.waiting(status, "CrashLoopBackOff", text))
        self._warning(ref, pod, "BackOff", f"Back-off restarting failed container {container} in pod {at}")
        yield float(seconds)

    def _pull_in_vain(self, ref: PodRef, release: Release) -> Scene:
        image, pulls = release.image, 0
        missing = (
            f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found'
        )
        reason = f"rpc error: code = NotFound desc = {missing}"
        backing_off = f'Back-off pulling image "{image}"'
        refused = f"{backing_off}: ErrImagePull: {reason}"
        while True:
            pod = self.stage.pod(ref)
            self._normal(ref, pod, "Pulling", f'Pulling image "{image}"')
            yield 1.2
            self._edit(ref, lambda status: pod_status.waiting(status, "ErrImagePull", reason))
            self._warning(ref, pod, "Failed", f'Failed to pull image "{image}": {reason}')
            self._warning(ref, pod, "Failed", "Error: ErrImagePull")
            yield 3.0
            self._edit(ref, lambda status: pod_status.waiting(status, "ImagePullBackOff", refused))
            self._normal(ref, pod, "BackOff", backing_off)
            self._warning(ref, pod, "Failed", "Error: ImagePullBackOff")
            yield float(_back_off(pulls))
            pulls += 1

    def _start(self, ref: PodRef, release: Release, restarts: int) -> None:
        made = f"containerd://{self.stage.digest()}"
        pod = self._edit(ref, lambda status: pod_status.started(status, self._at, ref.app, release, made, restarts))
        self.stage.logs.start(*ref.key, ref.app.container)
        there = f'Container image "{release.image}" already present on machine and can be accessed by the pod'
        self._normal(ref, pod, "Pulled", there)
        self._normal(ref, pod, "Created", "Container created")
        self._normal(ref, pod, "Started", "Container started")

    def _bind(self, pod: Json, node: str) -> None:
        pod["spec"]["nodeName"] = node
        set_condition(pod["status"], self._at, "PodScheduled", "True")

    def _unschedulable(self, status: Json) -> None:
        said = {"reason": "Unschedulable", "message": _WITHOUT_GPU_NODE}
        set_condition(status, self._at, "PodScheduled", "False", **said)

    def _delete_softly(self, pod: Json) -> None:
        seconds = pod["spec"]["terminationGracePeriodSeconds"]
        pod["metadata"] |= {"deletionTimestamp": self.stage.later(seconds), "deletionGracePeriodSeconds": seconds}
        pod["metadata"]["generation"] += 1

    @property
    def _at(self) -> str:
        return self.stage.stamp

    def _host(self, node: str) -> str:
        return next(str(each["address"]) for each in self.stage.node(node)["status"]["addresses"])

    def _edit(self, ref: PodRef, edit: Callable[[Json], None]) -> Json:
        return self.stage.edit_pod(ref, lambda pod: edit(pod["status"]))

    def _say(self, ref: PodRef, *lines: str) -> None:
        self.stage.logs.append(*ref.key, ref.app.container, self.stage.now, *lines)

    def _normal(self, ref: PodRef, pod: Json, reason: str, message: str) -> None:
        self.events.normal("kubelet", About.of("Pod", pod, ref.app.container), reason, message, ref.app.node)

    def _warning(self, ref: PodRef, pod: Json, reason: str, message: str) -> None:
        self.events.warning("kubelet", About.of("Pod", pod, ref.app.container), reason, message, ref.app.node)


def _back_off(times: int) -> int:
    """Seconds to wait after so many tries."""
    return _BACK_OFFS[min(times, len(_BACK_OFFS) - 1)]
