"""What goes on in a recorded cluster while nothing new happens: leases, heartbeats, events that are seen again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import cycle

import msgspec

from diagnostics.demo.life.clockwork import Scene
from diagnostics.demo.life.stage import Stage, condition
from diagnostics.demo.resources import Json
from diagnostics.demo.times import instant
from diagnostics.snapshot.objects import Event

_LEASES = "leases.coordination.k8s.io"
# What was last seen before this is over; what came since comes again.
_RECENT = timedelta(minutes=10)


class Pulse:
    """The life of the objects that were there before the story began."""

    def __init__(self, stage: Stage, opening: datetime) -> None:
        self._stage = stage
        self._opening = opening

    def begin(self) -> None:
        """Starts to beat."""
        self._stage.clock.play(self._events_again(list(self._recurring())), after=3.0)
        self._stage.clock.play(self._renew_leases(), after=5.0)
        self._stage.clock.play(self._heartbeats(), after=7.0)

    def _renew_leases(self) -> Scene:
        """Every ten seconds each living kubelet renews its lease."""
        while True:
            for lease in self._stage.store.objects(_LEASES, "kube-node-lease"):
                name = lease["metadata"]["name"]
                if self._heard_from(name):
                    self._stage.store.modify(_LEASES, "kube-node-lease", name, self._renew)
            yield 10.0

    def _renew(self, lease: Json) -> None:
        lease["spec"]["renewTime"] = instant(self._stage.now, microseconds=True)

    def _heartbeats(self) -> Scene:
        """Now and then a kubelet posts its node's whole status."""
        while True:
            for node in self._stage.store.objects("nodes"):
                name = node["metadata"]["name"]
                if self._heard_from(name):
                    self._stage.store.modify("nodes", "", name, self._beat)
                yield 20.0
            yield 1.0

    def _heard_from(self, node: str) -> bool:
        found = self._stage.store.get("nodes", "", node)
        return found is not None and condition(found["status"], "Ready").get("status") in ("True", "False")

    def _beat(self, node: Json) -> None:
        for each in node["status"]["conditions"]:
            each["lastHeartbeatTime"] = self._stage.stamp

    def _recurring(self) -> Iterator[tuple[str, str]]:
        """Events that were counted up until the moment of capture."""
        for found in self._stage.store.objects("events"):
            event = msgspec.convert(found, Event)
            lasting = event.type == "Warning" or event.reason == "BackOff"
            if lasting and event.times > 1 and event.at is not None and self._opening - event.at < _RECENT:
                yield event.metadata.namespace, event.metadata.name

    def _events_again(self, recurring: list[tuple[str, str]]) -> Scene:
        for namespace, name in cycle(recurring):
            self._stage.store.modify("events", namespace, name, self._count)
            yield 4.0

    def _count(self, event: Json) -> None:
        if event.get("series"):
            at = instant(self._stage.now, microseconds=True)
            event["series"] = {"count": event["series"]["count"] + 1, "lastObservedTime": at}
        else:
            event |= {"count": event["count"] + 1, "lastTimestamp": self._stage.stamp}
