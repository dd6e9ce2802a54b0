"""The Deployment and ReplicaSet controllers, for the applications of the story.

Level-triggered, as the real ones: `settle` looks at what there is and takes the next step towards what is asked for.
Source: kubernetes pkg/controller/deployment (`rolling.go`, `sync.go`); texts of a recorded cluster.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from diagnostics.demo.life import manifests, rollout_status
from diagnostics.demo.life.clockwork import Scene
from diagnostics.demo.life.events import About, Recorder
from diagnostics.demo.life.kubelet import Kubelet
from diagnostics.demo.life.stage import Application, PodRef, Release, Stage, condition
from diagnostics.demo.resources import Json

DEPLOYMENT, REPLICASET = "deployment-controller", "replicaset-controller"
_DEADLINE_PASSED = 61.0  # A second more than `progressDeadlineSeconds`.


@dataclass(slots=True)
class Controllers:
    """All controllers that own pods in the story."""

    stage: Stage
    events: Recorder
    kubelet: Kubelet
    _releases: dict[tuple[str, str], Release] = field(default_factory=dict)  # by namespace and ReplicaSet

    def apply(self, app: Application, release: Release) -> None:
        """What `kubectl apply` does: the Deployment is there with this template; the rest follows."""
        template = manifests.template(app, release)
        self._releases[app.namespace, manifests.replicaset_name(app, template)] = release
        if self.stage.store.get("deployments", app.namespace, app.name) is None:
            self.stage.store.put("deployments", manifests.deployment(self.stage, app, template))
        else:
            self.stage.store.modify(
                "deployments", app.namespace, app.name, lambda found: manifests.retemplate(self.stage, found, template)
            )
        self.stage.touched.add(app)
        self.stage.clock.play(self._look_again(app), after=_DEADLINE_PASSED)

    def settle(self) -> None:
        """Looks after every application whose pods or template changed."""
        while self.stage.touched:
            self._reconcile(self.stage.touched.pop())

    def pods(self, app: Application) -> list[PodRef]:
        """The pods of an application that are not on their way out."""
        sets = self._replicasets(app)
        return [PodRef(app, pod["metadata"]["name"]) for each in sets for pod in self._pods(each)]

    def _look_again(self, app: Application) -> Scene:
        self.stage.touched.add(app)
        yield from ()

    def _reconcile(self, app: Application) -> None:
        deployment = self.stage.store.get("deployments", app.namespace, app.name)
        if deployment is None:
            return
        newest = self._newest(app, deployment)
        others = [each for each in self._replicasets(app) if each["metadata"]["uid"] != newest["metadata"]["uid"]]
        self._scale_others_down(app, newest, others)
        sets = self._replicasets(app)
        room = app.replicas + 1 - sum(each["spec"]["replicas"] for each in sets)
        self._scale(app, newest, min(app.replicas, newest["spec"]["replicas"] + max(room, 0)))
        for each in self._replicasets(app):
            self._match(app, each)
        self._report(app, newest["metadata"]["name"])

    def _newest(self, app: Application, deployment: Json) -> Json:
        """The ReplicaSet of the present template; it gets the next revision unless it has it already."""
        sets, name = self._replicasets(app), manifests.replicaset_name(app, deployment["spec"]["template"])
        latest = max((manifests.revision(each) for each in sets), default=0)
        found = next((each for each in sets if each["metadata"]["name"] == name), None)
        if found is not None and manifests.revision(found) == latest:
            return found
        if found is None:
            found = manifests.replicaset(self.stage, app, deployment)
        revised = {manifests.REVISION: str(latest + 1)}
        self.stage.store.put("deployments", manifests.annotated(deployment, revised))
        return self.stage.store.put("replicasets", manifests.annotated(found, revised))

    def _scale_others_down(self, app: Application, newest: Json, others: list[Json]) -> None:
        """Pods that are not ready go first; ready ones, only as others take their place."""
        ready_new = self._ready(newest)
        total = newest["spec"]["replicas"] + sum(each["spec"]["replicas"] for each in others)
        may_go = total - app.replicas - (newest["spec"]["replicas"] - ready_new)
        for each in others:
            replicas, ready = each["spec"]["replicas"], self._ready(each)
            unready = max(min(replicas - ready, may_go), 0)
            spare = max(min(ready, ready_new + ready - app.replicas, may_go - unready), 0)
            may_go -= unready + spare
            self._scale(app, each, replicas - unready - spare)

    def _scale(self, app: Application, found: Json, replicas: int) -> None:
        before, name = found["spec"]["replicas"], found["metadata"]["name"]
        if replicas == before:
            return
        self.stage.store.modify("replicasets", app.namespace, name, lambda each: _set_replicas(each, replicas))
        deployment = self.stage.store.get("deployments", app.namespace, app.name)
        if deployment is not None:
            way = "up" if replicas > before else "down"
            text = f"Scaled {way} replica set {name} from {before} to {replicas}"
            self.events.normal(DEPLOYMENT, About.of("Deployment", deployment), "ScalingReplicaSet", text)

    def _match(self, app: Application, replicaset: Json) -> None:
        """The ReplicaSet controller's part: as many pods as are asked for."""
        pods, about = self._pods(replicaset), About.of("ReplicaSet", replicaset)
        surplus = len(pods) - replicaset["spec"]["replicas"]
        for pod in sorted(pods, key=_is_ready)[: max(surplus, 0)]:
            name = pod["metadata"]["name"]
            self.kubelet.terminate(PodRef(app, name))
            self.events.normal(REPLICASET, about, "SuccessfulDelete", f"Deleted pod: {name}")
        for _ in range(-surplus):
            pod = self.stage.store.put("pods", manifests.pod(self.stage, app, replicaset))
            name = pod["metadata"]["name"]
            release = self._releases[app.namespace, replicaset["metadata"]["name"]]
            self.events.normal(REPLICASET, about, "SuccessfulCreate", f"Created pod: {name}")
            self.stage.clock.play(self.kubelet.live(PodRef(app, name), release))

    def _report(self, app: Application, newest: str) -> None:
        """Writes down what there is; nothing if that is what was written before."""
        counted = {}
        for each in self._replicasets(app):
            pods = self._pods(each)
            counted[each["metadata"]["name"]] = counts = (len(pods), sum(map(_is_ready, pods)))
            rollout_status.of_replicaset(self.stage, each, *counts)
        rollout_status.of_deployment(self.stage, app, newest, counted)

    def _replicasets(self, app: Application) -> list[Json]:
        found = self.stage.store.objects("replicasets", app.namespace)
        return [each for each in found if each["metadata"]["labels"].get("app") == app.name and _owned(each, app.name)]

    def _pods(self, replicaset: Json) -> list[Json]:
        name = replicaset["metadata"]["name"]
        pods = self.stage.store.objects("pods", replicaset["metadata"]["namespace"])
        return [each for each in pods if _owned(each, name) and "deletionTimestamp" not in each["metadata"]]

    def _ready(self, replicaset: Json) -> int:
        return sum(map(_is_ready, self._pods(replicaset)))


def _owned(found: Json, owner: str) -> bool:
    return any(each["name"] == owner for each in found["metadata"].get("ownerReferences", ()))


def _is_ready(pod: Json) -> bool:
    return condition(pod["status"], "Ready").get("status") == "True"


def _set_replicas(replicaset: Json, replicas: int) -> None:
    replicaset["spec"]["replicas"] = replicas
    replicaset["metadata"]["generation"] += 1
