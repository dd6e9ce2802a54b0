"""Events as the components of a cluster write them: repeated ones are counted, old ones expire.

Source: client-go/tools/record (correlation by source, object, reason and message); events of a recorded cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from diagnostics.demo.life.clockwork import Scene
from diagnostics.demo.life.stage import Stage
from diagnostics.demo.resources import Json
from diagnostics.demo.times import instant

# A quarter of an hour instead of the usual hour keeps a story that never ends small.
_KEPT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class About:
    """What an event is about, as `involvedObject` says it."""

    kind: str
    name: str
    uid: str
    namespace: str = ""
    api_version: str = "v1"
    container: str = ""

    @classmethod
    def of(cls, kind: str, found: Json, container: str = "") -> About:
        """An object, or one of a pod's containers."""
        metadata = found["metadata"]
        api_version = "apps/v1" if kind in ("Deployment", "ReplicaSet") else "v1"
        return cls(kind, metadata["name"], metadata["uid"], metadata.get("namespace", ""), api_version, container)

    @property
    def reference(self) -> Json:
        """`involvedObject`."""
        reference = {"kind": self.kind, "name": self.name, "uid": self.uid, "apiVersion": self.api_version}
        if self.namespace:
            reference["namespace"] = self.namespace
        if self.container:
            reference["fieldPath"] = f"spec.containers{{{self.container}}}"
        return reference


class Recorder:
    """Writes the story's events into the store."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._seen: dict[tuple[object, ...], tuple[str, str, datetime]] = {}  # namespace, name, last seen

    def normal(self, source: str, about: About, reason: str, message: str, host: str = "") -> None:
        """Something went its way."""
        self._write("Normal", source, about, reason, message, host)

    def warning(self, source: str, about: About, reason: str, message: str, host: str = "") -> None:
        """Something went wrong."""
        self._write("Warning", source, about, reason, message, host)

    def scheduler(self, type_: str, about: About, reason: str, message: str) -> None:
        """The scheduler writes through the newer API: a time, no count."""
        event = self._event(type_, about, reason, message)
        action = "Binding" if type_ == "Normal" else "Scheduling"
        event |= {"source": {}, "firstTimestamp": None, "lastTimestamp": None, "action": action}
        event |= {"eventTime": instant(self._stage.now, microseconds=True), "reportingComponent": "default-scheduler"}
        self._keep(("scheduler", about, reason, message, self._stage.now), event)

    def expire(self) -> Scene:
        """Removes, now and then, what was not seen for a while."""
        while True:
            yield 30.0
            for key, (namespace, name, seen) in list(self._seen.items()):
                if self._stage.now - seen > _KEPT:
                    del self._seen[key]
                    self._stage.store.delete("events", namespace, name)

    def _write(self, type_: str, source: str, about: About, reason: str, message: str, host: str) -> None:
        key = (source, host, about, type_, reason, message)
        if key in self._seen:
            self._count(key)
            return
        event = self._event(type_, about, reason, message)
        event |= {"source": {"component": source, **({"host": host} if host else {})}, "count": 1}
        event |= {"firstTimestamp": self._stage.stamp, "lastTimestamp": self._stage.stamp, "eventTime": None}
        event |= {"reportingComponent": source, "reportingInstance": host}
        self._keep(key, event)

    def _count(self, key: tuple[object, ...]) -> None:
        namespace, name, _ = self._seen[key]

        def again(event: Json) -> None:
            event |= {"count": event["count"] + 1, "lastTimestamp": self._stage.stamp}

        self._stage.store.modify("events", namespace, name, again)
        self._seen[key] = (namespace, name, self._stage.now)

    def _event(self, type_: str, about: About, reason: str, message: str) -> Json:
        metadata = {
            "name": f"{about.name}.{self._stage.digest()[:16]}",
            "namespace": about.namespace or "default",
            "uid": self._stage.uid(),
            "creationTimestamp": self._stage.stamp,
        }
        return {
            "metadata": metadata,
            "involvedObject": about.reference,
            "reason": reason,
            "message": message,
            "type": type_,
        }

    def _keep(self, key: tuple[object, ...], event: Json) -> None:
        self._stage.store.put("events", event)
        metadata = event["metadata"]
        self._seen[key] = (metadata["namespace"], metadata["name"], self._stage.now)
