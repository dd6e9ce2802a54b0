"""Takes what was read of a cluster into its picture: a change of a watch, or everything at once from a sweep."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec

from diagnostics import engine
from diagnostics.kube import redact
from diagnostics.kube.collect import FIELDS, ROUTINE, Sweep, redacted_object
from diagnostics.kube.decoders import decoder
from diagnostics.kube.errors import STANDING
from diagnostics.kube.lists import decode
from diagnostics.kube.resources import EVENTS, PODS, Resource
from diagnostics.kube.watch import Change, ChangeKind
from diagnostics.operations.packing import pack
from diagnostics.operations.picture import KNOWN, Picture, Place, same
from diagnostics.operations.rollouts import rolled_out
from diagnostics.operations.settling import Settling, Unsettled, settles_at
from diagnostics.operations.watches import Listed
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.meta import ManagedMetadata
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.owners import Key
from diagnostics.snapshot.pods import LeanPod, Pod


def apply(picture: Picture, resource: Resource, place: str | None, change: Change) -> None:
    """Takes one change over. One that only repeats what is known touches nothing; a malformed object is counted."""
    before = picture.versions.get((resource.name, place), "")
    picture.versions[resource.name, place] = change.resource_version
    if change.kind is ChangeKind.BOOKMARK:
        return
    raw, deleted = msgspec.Raw(change.object), change.kind is ChangeKind.DELETED
    if resource is PODS:
        _apply_pod(picture, raw, (PODS.name, place), before, deleted=deleted)
    elif resource is not EVENTS:
        _apply_known(picture, resource, raw, deleted=deleted)
    elif not deleted:  # The cluster forgets events after an hour; we do not.
        _apply_event(picture, raw)


def advance(picture: Picture, now: datetime) -> None:
    """Moves the picture's clock, and looks at the pods that had time enough to settle."""
    picture.advance(now)
    for uid in picture.settling.due(now):
        _hold_unsettled(picture, uid)


def _apply_pod(picture: Picture, raw: msgspec.Raw, place: Place, before: str, *, deleted: bool) -> None:
    pod = decode(PODS, raw, LeanPod, picture.snapshot.malformed_objects)
    if pod is None:
        return
    uid, now = pod.metadata.uid, picture.snapshot.now
    if deleted or not engine.suspicious(pod, now):
        picture.settling.take(uid)
        if uid in picture.suspects:
            picture.let_go(uid, gone=deleted)
    elif uid not in picture.suspects and (until := settles_at(pod, now)):
        picture.settling.put(uid, Unsettled(bytes(raw), until, place, before))
    else:
        picture.settling.take(uid)
        _hold(picture, raw)


def _hold_unsettled(picture: Picture, uid: str) -> None:
    raw = picture.settling.take(uid)
    if raw is not None:
        _hold(picture, msgspec.Raw(raw))


def _hold(picture: Picture, raw: msgspec.Raw) -> None:
    redacted = redacted_object(raw)
    pod = decode(PODS, redacted, Pod, picture.snapshot.malformed_objects)
    if pod is not None and not picture.is_known(pod):
        picture.hold(picture.sharing.pod(pod), pack(bytes(redacted)) if picture.witnesses.claim(pod) else None)


def _apply_event(picture: Picture, raw: msgspec.Raw) -> None:
    event = decode(EVENTS, raw, Event, picture.snapshot.malformed_objects)
    if event is None:
        return
    event = msgspec.structs.replace(event, message=redact.text(event.message))
    about = event.involved_object
    if event.type == "Warning":
        _hold_unsettled(picture, about.uid)
    if about.kind == "Pod" and not picture.is_suspect(about.uid):
        picture.recent.add(event)
    elif about.kind == "Pod" or event.reason not in ROUTINE:
        picture.file(event)
        picture.touched |= picture.concerned(about.kind, about.namespace, about.name)


def _apply_known(picture: Picture, resource: Resource, raw: msgspec.Raw, *, deleted: bool) -> None:
    found: Any = decode(resource, raw, resource.type, picture.snapshot.malformed_objects)
    if found is None:
        return
    namespace, name = found.metadata.namespace, found.metadata.name
    known: dict[Any, Any] = getattr(picture.snapshot, FIELDS[resource.name])
    key = (namespace, name) if resource.namespaced else name
    stored, unsaved = (resource.name, (namespace, name)), picture.unsaved
    if deleted:
        known.pop(key, None)
        unsaved.known.discard(stored)
        unsaved.forgotten.add(stored)
    else:
        fit = _fit(found)
        if key in known and same(known[key], fit):
            return
        _note_rollout(picture, resource, known.get(key), fit)
        known[key] = fit
        unsaved.forgotten.discard(stored)
        unsaved.known.add(stored)
    picture.touched |= picture.concerned("" if resource.namespaced else "Node", namespace, name)


def replace(picture: Picture, swept: Sweep, alive: Collection[str], bodies: Mapping[str, bytes]) -> None:
    """Puts what a sweep read in place of what was known; `alive` names the old suspects that it saw, healthy or not.

    `bodies` are the packed JSON of witnesses, by uid.

    Suspects in namespaces that could not be read, or that could not be understood this time, stay as they were, and so
    does everything in a list that failed.
    """
    old, new = picture.snapshot, swept.snapshot
    listed, new.events = new.events, {}
    suspects, new.suspects, new.logs = new.suspects, [], old.logs
    picture.snapshot, picture.unsaved.counted = new, True
    picture.gaps = {(gap.resource, gap.namespace): gap for gap in new.unavailable}
    failed = [place for place, gap in picture.gaps.items() if gap.error not in STANDING]
    picture.versions, picture.settling = swept.resource_versions | dict.fromkeys(failed, ""), Settling()
    picture.recent.begin(picture.event_versions)
    _keep_unlisted(picture, old)
    for resource in KNOWN:
        _replace_known(picture, resource, old)
    _replace_events(picture, old, [event for events in listed.values() for event in events])
    _replace_suspects(picture, suspects, alive, bodies)


def _keep_unlisted(picture: Picture, old: Snapshot) -> None:
    """Puts back what was known of lists that failed, maybe half way."""
    for name, namespace in picture.unlisted:
        if name == EVENTS.name:
            picture.snapshot.events.update(old.events)
            continue
        known = getattr(picture.snapshot, FIELDS[name])
        for key in _inside(known, namespace):
            del known[key]
        before = getattr(old, FIELDS[name])
        known.update({key: before[key] for key in _inside(before, namespace)})


def _inside(known: dict[Any, Any], namespace: str | None) -> list[Any]:
    """The keys of the objects in one namespace, or (None) of all."""
    return [key for key in known if namespace is None or key[0] == namespace]


def relist(picture: Picture, resource: Resource, place: str | None, listed: Listed) -> None:
    """Ends a list whose items were applied as changes: what is not in it is gone, and what was frozen is judged again."""
    picture.versions[resource.name, place] = listed.resource_version
    picture.gaps.pop((resource.name, place), None)
    picture.snapshot.read.add(resource.name)
    picture.touched.add("")
    if resource is EVENTS:
        picture.recent.begin(picture.event_versions)
        return
    known: dict[Any, Any] = getattr(picture.snapshot, FIELDS[resource.name])
    for key in set(_inside(known, place)) - listed.keys:
        del known[key]
        picture.unsaved.known.discard((resource.name, _stored(resource, key)))
        picture.unsaved.forgotten.add((resource.name, _stored(resource, key)))


def _stored(resource: Resource, key: Any) -> Key:
    """Namespace and name of an object, by its key in the snapshot."""
    return key if resource.namespaced else ("", key)


def _replace_known(picture: Picture, resource: Resource, old: Snapshot) -> None:
    before: dict[Any, Any] = getattr(old, FIELDS[resource.name])
    now: dict[Any, Any] = getattr(picture.snapshot, FIELDS[resource.name])
    for key, found in now.items():
        known = before.get(key)
        if known is not None and known.metadata.resource_version == found.metadata.resource_version:
            now[key] = known
        else:
            now[key] = _fit(found)
            _note_rollout(picture, resource, known, now[key])
            picture.unsaved.known.add((resource.name, (found.metadata.namespace, found.metadata.name)))
    gone = before.keys() - now.keys()
    picture.unsaved.forgotten |= {(resource.name, _stored(resource, key)) for key in gone}


def _note_rollout(picture: Picture, resource: Resource, old: Any, new: Any) -> None:
    if old is not None and (found := rolled_out(resource.name, old, new, picture.snapshot.now)):
        picture.unsaved.rollouts[found.key] = found


def _replace_events(picture: Picture, old: Snapshot, listed: list[Event]) -> None:
    """Files what was listed, beside what the cluster has forgotten meanwhile about pods that are suspect still."""
    known = {event.metadata.uid: event for events in old.events.values() for event in events}
    for event in (event for uid in picture.statics for event in old.events.get(uid, ())):
        picture.file(event, news=False)
    for event in listed:
        picture.file(event, news=known.get(event.metadata.uid) != event)


def _replace_suspects(
    picture: Picture, suspects: Collection[Pod], alive: Collection[str], bodies: Mapping[str, bytes]
) -> None:
    malformed = picture.snapshot.malformed_objects
    misread = {(bad.namespace, bad.name) for bad in malformed if bad.resource == PODS.name}
    for uid in picture.suspects.keys() - {pod.metadata.uid for pod in suspects}:
        metadata = picture.suspects[uid].pod.metadata
        if metadata.namespace not in picture.blind and (metadata.namespace, metadata.name) not in misread:
            picture.let_go(uid, gone=uid not in alive)
    for pod in suspects:
        if not picture.is_known(pod):
            picture.hold(pod, bodies.get(pod.metadata.uid))


def _fit(found: Any) -> Any:
    """An object without credentials. Its writers stay, but for those of its status, which is written all the time."""
    fit = decoder(type(found)).decode(redacted_object(msgspec.Raw(msgspec.json.encode(found))))
    if not isinstance(found.metadata, ManagedMetadata):
        return fit
    writes = tuple(
        msgspec.structs.replace(write, manager=redact.text(write.manager))
        for write in found.metadata.managed_fields
        if write.time is not None and write.subresource != "status"
    )
    return msgspec.structs.replace(fit, metadata=msgspec.structs.replace(fit.metadata, managed_fields=writes))
