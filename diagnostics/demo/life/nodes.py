"""A node that is lost and comes back: what the node lifecycle and taint eviction controllers make of it.

Texts and order are those of a recorded cluster whose kubelet stopped.
"""

from __future__ import annotations

from dataclasses import dataclass

from diagnostics.demo.life.clockwork import Scene
from diagnostics.demo.life.controllers import Controllers
from diagnostics.demo.life.events import About
from diagnostics.demo.life.manifests import EVICTED_AFTER
from diagnostics.demo.life.stage import Application, PodRef, Stage, set_condition
from diagnostics.demo.resources import Json

_UNREACHABLE = "node.kubernetes.io/unreachable"
_WELL = {
    "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    "Ready": ("True", "KubeletReady", "kubelet is posting ready status"),
}
_LOST = dict.fromkeys(_WELL, ("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."))


@dataclass(frozen=True, slots=True)
class Nodes:
    """The controllers that watch over nodes."""

    stage: Stage
    controllers: Controllers

    def lose(self, name: str, seconds: float, tenant: Application) -> Scene:
        """A node's kubelet falls silent for so long; `tenant` is the application whose pods run there."""
        self._post(name, _LOST)
        self._node_event(name, "node-controller", "NodeNotReady")
        pods = self.controllers.pods(tenant)
        for ref in pods:
            self._pod_ready(ref, ready=False)
        yield 0.2
        for effect in ("NoSchedule", "NoExecute"):
            self._taint(name, effect)
            yield 0.2
        for ref in pods:
            self.stage.clock.play(self._evict(ref, name), after=EVICTED_AFTER)
        yield seconds
        self._return(name, tenant)

    def _return(self, name: str, tenant: Application) -> None:
        self._post(name, _WELL)
        self._node_event(name, "kubelet", "NodeReady")
        self.stage.store.modify("nodes", "", name, _untaint)
        for ref in self.controllers.pods(tenant):
            if self.stage.pod(ref)["spec"].get("nodeName") == name:
                self._pod_ready(ref, ready=True)

    def _evict(self, ref: PodRef, node: str) -> Scene:
        """What a NoExecute taint does to a pod that tolerates it for a time only."""
        if self.stage.is_ready(node):
            return
        at = self.stage.stamp
        said = {"reason": "DeletionByTaintManager", "message": "Taint manager: deleting due to NoExecute taint"}
        pod = self.stage.edit_pod(
            ref, lambda each: set_condition(each["status"], at, "DisruptionTarget", "True", **said)
        )
        text = f"Marking for deletion Pod {ref.app.namespace}/{ref.name}"
        about = About.of("Pod", pod)
        self.controllers.events.normal("taint-eviction-controller", about, "TaintManagerEviction", text)
        self.controllers.kubelet.terminate(ref)
        yield from ()

    def _pod_ready(self, ref: PodRef, *, ready: bool) -> None:
        at = self.stage.stamp
        pod = self.stage.edit_pod(ref, lambda each: set_condition(each["status"], at, "Ready", str(ready)))
        if not ready:
            about = About.of("Pod", pod)
            self.controllers.events.warning("node-controller", about, "NodeNotReady", "Node is not ready")

    def _node_event(self, name: str, source: str, reason: str) -> None:
        about = About.of("Node", self.stage.node(name))
        self.controllers.events.normal(source, about, reason, f"Node {name} status is now: {reason}")

    def _post(self, name: str, conditions: dict[str, tuple[str, str, str]]) -> None:
        at, heard = self.stage.stamp, conditions is _WELL

        def posted(node: Json) -> None:
            for type_, (value, reason, message) in conditions.items():
                before = next(each for each in node["status"]["conditions"] if each["type"] == type_)
                beat = at if heard else before["lastHeartbeatTime"]
                said = {"lastHeartbeatTime": beat, "reason": reason, "message": message}
                set_condition(node["status"], at, type_, value, **said)

        self.stage.store.modify("nodes", "", name, posted)

    def _taint(self, name: str, effect: str) -> None:
        taint = {"key": _UNREACHABLE, "effect": effect, "timeAdded": self.stage.stamp}
        self.stage.store.modify("nodes", "", name, lambda node: node["spec"].setdefault("taints", []).append(taint))


def _untaint(node: Json) -> None:
    node["spec"]["taints"] = [each for each in node["spec"]["taints"] if each["key"] != _UNREACHABLE]
