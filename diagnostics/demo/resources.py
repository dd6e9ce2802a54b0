"""Which resources the demo cluster serves, learned from a server's own discovery documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

# A Kubernetes object as the API server sends it.
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource in one version of its group: `pods`, or `deployments` of `apps/v1`."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """As objects carry it: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """As kubectl and error messages write it: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def stored_as(self) -> str:
        """What its objects are filed under: the two groups of events show the same objects."""
        return "events" if self.plural == "events" else self.qualified


class UnknownResource(LookupError):
    """No such resource in the discovery documents."""


class Catalogue:
    """All resources of a cluster, found by path, by name or by kind."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        self._by_name: dict[str, Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        for resource in resources:
            self._by_path[resource.group, resource.version, resource.plural] = resource
            self._by_kind[resource.api_version, resource.kind] = resource
            self._by_name.setdefault(resource.qualified, resource)
            self._by_name.setdefault(resource.plural, resource)

    @classmethod
    def discovered(cls, *aggregated: bytes) -> Catalogue:
        """From aggregated discovery documents (`APIGroupDiscoveryList`) of `/api` and `/apis`, in this order."""
        return cls(resource for document in aggregated for resource in _resources(msgspec.json.decode(document)))

    def at(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource that a path names; None where the server would answer "404 page not found"."""
        return self._by_path.get((group, version, plural))

    def named(self, name: str) -> Resource:
        """By plural (core first, then in the order of the groups) or qualified name."""
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownResource(f"no resource is called {name!r}") from None

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource of a kind, if it is served."""
        return self._by_kind.get((api_version, kind))


def _resources(document: Json) -> Iterator[Resource]:
    for group in document["items"]:
        for version in group["versions"]:
            for found in version.get("resources", ()):
                yield Resource(
                    group=group["metadata"].get("name", ""),
                    version=version["version"],
                    plural=found["resource"],
                    kind=found["responseKind"]["kind"],
                    namespaced=found["scope"] == "Namespaced",
                )
