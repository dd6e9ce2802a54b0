"""The objects of the demo cluster, their one resource version, and what changed lately."""

from __future__ import annotations

import copy
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from diagnostics.demo.resources import Catalogue, Json, Resource

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]

# How many lists are kept whole so that their next pages stay consistent.
KEPT_LISTINGS = 32


class Expired(Exception):
    """A resource version that is older than what is remembered."""


@dataclass(frozen=True, slots=True)
class Change:
    """One step of the cluster: an object as it became (or was last, when deleted) and as it was before."""

    version: int
    type: ChangeType
    stored_as: str
    object: Json
    before: Json | None


@dataclass(frozen=True, slots=True)
class Listing:
    """All objects of one resource at one resource version, in the order in which etcd keeps them."""

    version: int
    objects: tuple[Json, ...]


class Store:
    """Objects as plain dicts. They are shared with readers: change one through `modify`, never in place.

    Resources are named as kubectl names them: `pods`, `deployments` or `deployments.apps`.
    """

    def __init__(self, catalogue: Catalogue, *, history: int = 2000) -> None:
        self.catalogue = catalogue
        self.changed = threading.Condition(threading.RLock())
        self._version = 1
        self._floor = 1  # Changes after this version are remembered.
        self._history = history
        self._changes: list[Change] = []
        self._objects: dict[str, dict[str, Json]] = {}
        self._listings: OrderedDict[tuple[str, int], Listing] = OrderedDict()

    @property
    def version(self) -> int:
        """The resource version of the latest change."""
        return self._version

    def load(self, resource: Resource | str, objects: Iterable[Json]) -> None:
        """Takes recorded objects over with their own resource versions; nobody's watch sees them come."""
        stored = self._stored(resource)
        with self.changed:
            for found in objects:
                stored[_path(found)] = found
                self.skip_to(int(found["metadata"].get("resourceVersion") or 0))

    def skip_to(self, version: int) -> None:
        """Lets the next change come after this version; what went before is not remembered."""
        with self.changed:
            if version > self._version:
                self._version = version
                self.expire_history()

    def put(self, resource: Resource | str, found: Json) -> Json:
        """Creates or replaces an object, under the next resource version; returns it as stored."""
        stored = self._stored(resource)
        with self.changed:
            before = stored.get(_path(found))
            kept = self._versioned(found)
            stored[_path(kept)] = kept
            self._record("ADDED" if before is None else "MODIFIED", resource, kept, before)
        return kept

    def modify(self, resource: Resource | str, namespace: str, name: str, edit: Callable[[Json], None]) -> Json:
        """Replaces an object by an edited copy; raises KeyError if there is none."""
        with self.changed:
            found = copy.deepcopy(self._stored(resource)[_join(namespace, name)])
            edit(found)
            return self.put(resource, found)

    def delete(self, resource: Resource | str, namespace: str, name: str) -> None:
        """Removes an object at once; raises KeyError if there is none."""
        with self.changed:
            before = self._stored(resource).pop(_join(namespace, name))
            self._record("DELETED", resource, self._versioned(before), before)

    def get(self, resource: Resource | str, namespace: str, name: str) -> Json | None:
        """One object; the namespace of a cluster-scoped one is blank."""
        return self._stored(resource).get(_join(namespace, name))

    def listing(self, resource: Resource | str) -> Listing:
        """All objects of a resource now."""
        with self.changed:
            stored = self._stored(resource)
            return Listing(self._version, tuple(stored[path] for path in sorted(stored)))

    def objects(self, resource: Resource | str, namespace: str = "") -> list[Json]:
        """The objects of a resource in one namespace (blank: in all of them)."""
        found = self.listing(resource).objects
        return [each for each in found if not namespace or each["metadata"].get("namespace") == namespace]

    def keep(self, resource: Resource, listing: Listing) -> None:
        """Remembers a listing so that its later pages can be served from it."""
        with self.changed:
            self._listings[resource.stored_as, listing.version] = listing
            while len(self._listings) > KEPT_LISTINGS:
                self._listings.popitem(last=False)

    def kept(self, resource: Resource, version: int) -> Listing:
        """The listing that an earlier page was cut from; raises Expired when it is forgotten."""
        try:
            return self._listings[resource.stored_as, version]
        except KeyError:
            raise Expired from None

    def changes_since(self, version: int) -> tuple[list[Change], int]:
        """What changed after a version, and up to where; raises Expired when that is no longer remembered."""
        with self.changed:
            if version < self._floor:
                raise Expired
            first = bisect_right(self._changes, version, key=lambda change: change.version)
            return self._changes[first:], max(version, self._version)

    def expire_history(self) -> None:
        """Forgets all changes and kept listings: older watches and continue tokens are answered 410 Gone."""
        with self.changed:
            self._changes.clear()
            self._listings.clear()
            self._floor = self._version

    def _stored(self, resource: Resource | str) -> dict[str, Json]:
        return self._objects.setdefault(self._resolve(resource).stored_as, {})

    def _resolve(self, resource: Resource | str) -> Resource:
        return self.catalogue.named(resource) if isinstance(resource, str) else resource

    def _versioned(self, found: Json) -> Json:
        return {**found, "metadata": {**found["metadata"], "resourceVersion": str(self._version + 1)}}

    def _record(self, type_: ChangeType, resource: Resource | str, found: Json, before: Json | None) -> None:
        self._version += 1
        self._changes.append(Change(self._version, type_, self._resolve(resource).stored_as, found, before))
        if len(self._changes) >= 2 * self._history:  # Trimmed in halves, so that each change costs the same.
            self._floor = self._changes[-self._history - 1].version
            del self._changes[: -self._history]
        self.changed.notify_all()


def _path(found: Json) -> str:
    return _join(found["metadata"].get("namespace", ""), found["metadata"]["name"])


def _join(namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name
