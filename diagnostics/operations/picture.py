"""What is known of one cluster while it is watched: a snapshot that follows the cluster, and what is not stored yet.

Everything is redacted before it gets in here, and so before any rule sees it: what rules quote is stored.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from diagnostics import engine
from diagnostics.kube.resources import ALWAYS, EVENTS, PODS
from diagnostics.operations.ended_runs import Ended, ended_runs
from diagnostics.operations.recent import Recent
from diagnostics.operations.rollouts import RolledOut
from diagnostics.operations.settling import Settling
from diagnostics.operations.witnesses import Witnesses
from diagnostics.snapshot.cluster import Snapshot, Tally, Unavailable
from diagnostics.snapshot.meta import Metadata, OwnerReference
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.owners import Key
from diagnostics.snapshot.pods import Pod
from diagnostics.snapshot.sharing import Sharing

# A resource's name, and the namespace in which it is read; None for all of them.
Place = tuple[str, str | None]

KNOWN = tuple(resource for resource in ALWAYS if resource not in (PODS, EVENTS))
WORKLOADS = {
    "deployments": "Deployment",
    "statefulsets": "StatefulSet",
    "daemonsets": "DaemonSet",
    "jobs": "Job",
    "cronjobs": "CronJob",
}


@dataclass(slots=True)
class Held:
    """A suspect, and of a witness the packed, redacted JSON until it is stored; of the others the struct is stored."""

    pod: Pod
    body: bytes | None = None
    diagnosed: bool = False
    stored: bool = False  # Whether its row holds it as it is.
    ended: frozenset[Ended] = frozenset()  # Of a witness: the runs that are noted already.

    @property
    def uids(self) -> set[str]:
        """What its events may call it."""
        return {self.pod.metadata.uid, self.pod.metadata.event_uid}


@dataclass(slots=True)
class Unsaved:
    """What changed since the last save."""

    suspects: set[str] = field(default_factory=set)  # by uid
    healthy: dict[str, Held] = field(default_factory=dict)
    gone: dict[str, Held] = field(default_factory=dict)
    known: set[tuple[str, Key]] = field(default_factory=set)  # by resource, namespace and name
    forgotten: set[tuple[str, Key]] = field(default_factory=set)
    events: dict[str, Event] = field(default_factory=dict)  # by the event's own uid
    logs: set[tuple[str, str]] = field(default_factory=set)  # by pod uid and container
    ended: list[tuple[Metadata, Ended]] = field(default_factory=list)  # runs of containers, with their pod
    rollouts: dict[tuple[str, str, str, str], RolledOut] = field(default_factory=dict)
    counted: bool = False  # who runs where, which a sweep counts anew

    def __bool__(self) -> bool:
        """Whether there is anything to save."""
        return any(getattr(self, part) for part in self.__slots__)


@dataclass(slots=True)
class Picture:
    """A cluster as it is known now. `touched` names the namespaces that have to be judged again; nodes live in ""."""

    snapshot: Snapshot
    suspects: dict[str, Held] = field(default_factory=dict)  # by uid
    versions: dict[Place, str] = field(default_factory=dict)  # from where each watch goes on; blank: to be listed first
    gaps: dict[Place, Unavailable] = field(default_factory=dict)  # what cannot be read
    unfollowed: dict[Place, Unavailable] = field(default_factory=dict)  # what can be listed, but not watched
    log_runs: dict[tuple[str, str], int] = field(default_factory=dict)  # by pod uid and container: the run last read
    touched: set[str] = field(default_factory=set)
    unsaved: Unsaved = field(default_factory=Unsaved)
    recent: Recent[Place] = field(default_factory=Recent)
    settling: Settling[Place] = field(default_factory=Settling)
    witnesses: Witnesses = field(default_factory=Witnesses)
    sharing: Sharing = field(default_factory=Sharing)
    statics: dict[str, str] = field(default_factory=dict)  # manifest to uid, of static pods

    @property
    def unlisted(self) -> frozenset[Place]:
        """Lists that failed, though they may be read: what is known of them is as it was before."""
        return frozenset(place for place, version in self.versions.items() if not version)

    @property
    def blind(self) -> frozenset[str]:
        """The namespaces whose pods could not be read."""
        return frozenset(namespace for resource, namespace in self.gaps if resource == PODS.name and namespace)

    @property
    def event_versions(self) -> dict[Place, str]:
        """Up to where events have been read."""
        return {place: version for place, version in self.versions.items() if place[0] == EVENTS.name and version}

    @property
    def resume_from(self) -> dict[Place, str]:
        """From where another watcher has to go on; what `recent` and `settling` alone remember comes again."""
        begins = {**self.recent.begins, **self.settling.begins}
        return {place: version and begins.get(place, version) for place, version in self.versions.items()}

    def advance(self, now: datetime) -> None:
        """Moves the picture's clock, the API server's, and what only time changes.

        Suspects whose last restart is long enough ago are healthy now, and events get too old to explain anything.
        """
        self.snapshot.now = now
        if not self.recent.turn(now, self.event_versions):
            return
        for uid in [uid for uid, held in self.suspects.items() if not engine.suspicious(held.pod, now)]:
            self.let_go(uid, gone=False)

    def hold(self, pod: Pod, body: bytes | None = None) -> None:
        """Keeps a suspect as it is now, of a witness with its packed JSON."""
        uid = pod.metadata.uid
        self.witnesses.claim(pod)
        old = self.suspects.get(uid)
        last = old or self.unsaved.healthy.pop(uid, None)
        self.suspects[uid] = held = Held(pod, body, diagnosed=last is not None and last.diagnosed)
        self.unsaved.suspects.add(uid)
        self.touched.add(pod.metadata.namespace)
        if body is not None:
            held.ended = ended_runs(pod)
            new = held.ended - last.ended if last else held.ended
            self.unsaved.ended.extend((pod.metadata, run) for run in new)
        if old is None:
            for name in held.uids:
                self.statics[name] = uid
                for event in self.recent.take(name):
                    self.file(event)

    def is_known(self, pod: Pod) -> bool:
        """Whether a suspect is held just as it is."""
        held = self.suspects.get(pod.metadata.uid)
        return held is not None and same(held.pod, pod)

    def let_go(self, uid: str, *, gone: bool) -> None:
        """Parts with a suspect that is healthy now, or gone."""
        held = self.suspects.pop(uid)
        self.witnesses.release(uid)
        self.touched.add(held.pod.metadata.namespace)
        self.unsaved.suspects.discard(uid)
        (self.unsaved.gone if gone else self.unsaved.healthy)[uid] = held
        for name in held.uids:
            self.statics.pop(name, None)
            self.snapshot.events.pop(name, None)
        for container in (*held.pod.spec.init_containers, *held.pod.spec.containers):
            place = (uid, container.name)
            self.log_runs.pop(place, None)
            self.snapshot.logs.pop(place, None)
            self.unsaved.logs.discard(place)

    def is_suspect(self, uid: str) -> bool:
        """Whether an event's object is a pod that is held, by its uid or by its manifest."""
        return uid in self.statics

    def file(self, event: Event, *, news: bool = True) -> None:
        """Files an event under what it is about, in place of what the same event said before; the greater count wins."""
        known = self.snapshot.events.setdefault(event.involved_object.uid, [])
        before = next((other for other in known if other.metadata.uid == event.metadata.uid), None)
        if before is not None:
            if before == event or before.times > event.times:
                return
            known.remove(before)
        known.append(event)
        if news:
            self.unsaved.events[event.metadata.uid] = event

    def concerned(self, kind: str, namespace: str, name: str) -> set[str]:
        """The namespaces that an object's change may concern: its own; for a node, those of its pods and of waiting ones."""
        if kind != "Node":
            return {namespace}
        pods = (held.pod for held in self.suspects.values())
        return {"", *(pod.metadata.namespace for pod in pods if pod.spec.node_name in ("", name))}

    def view(self, namespaces: Collection[str] | None = None) -> Snapshot:
        """What has to be judged of some namespaces, or of all.

        It shares what it does not narrow: logs and lists that are read into it are known here, too.
        """
        pods = [held.pod for held in self.suspects.values()]
        chosen = [pod for pod in pods if namespaces is None or pod.metadata.namespace in namespaces]
        return replace(
            self.snapshot,
            scope=None if namespaces is None else frozenset(namespaces),
            suspects=chosen,
            unavailable=list(self.gaps.values()),
            counted_before=True,
            tallies=dict(self._tallies(chosen, namespaces)),
        )

    def _tallies(
        self, suspects: list[Pod], namespaces: Collection[str] | None
    ) -> Iterator[tuple[tuple[str, OwnerReference], Tally]]:
        """An entry for every workload; the numbers of those that are read come from their own status."""
        for name, kind in WORKLOADS.items():
            for namespace, workload in getattr(self.snapshot, name):
                if namespaces is None or namespace in namespaces:
                    yield (namespace, OwnerReference(kind=kind, name=workload)), Tally()
        for pod in suspects:
            if owner := pod.metadata.controller:
                place = (pod.metadata.namespace, owner)
                yield place, self.snapshot.tallies.get(place, Tally())


def same(old: Any, new: Any) -> bool:
    """Whether nothing that we read is different; a new resource version alone is not."""
    metadata = msgspec.structs.replace(new.metadata, resource_version=old.metadata.resource_version)
    return bool(msgspec.structs.replace(new, metadata=metadata) == old)
