"""Discovery: which groups, versions and resources there are, in the aggregated form and in the older ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from diagnostics.demo.resources import Catalogue, Json

RECORDED = Path(__file__).parent / "recorded"
AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@dataclass(frozen=True)
class Documents:
    """What a server says of itself: its version, its health, and its discovery documents, as recorded."""

    api: bytes  # The aggregated discovery of /api: the core group.
    apis: bytes  # The same of /apis: all other groups.
    version: bytes
    ready: bytes
    live: bytes

    @classmethod
    def read(cls, cluster: Path) -> Documents:
        """From a recorded `cluster/` folder; each one that it lacks comes from our own recording."""

        def text(name: str) -> bytes:
            path = cluster / name
            return (path if path.is_file() else RECORDED / "cluster" / name).read_bytes()

        return cls(
            api=text("api.aggregated.json"),
            apis=text("apis.aggregated.json"),
            version=text("version.json"),
            ready=text("readyz.txt"),
            live=text("livez.txt"),
        )

    @classmethod
    def recorded(cls) -> Documents:
        """Those that come with the demo cluster."""
        return cls.read(RECORDED / "cluster")

    @cached_property
    def catalogue(self) -> Catalogue:
        """The resources that the documents describe."""
        return Catalogue.discovered(self.api, self.apis)

    def aggregated(self, path: str) -> bytes | None:
        """The aggregated document at `/api` or `/apis`."""
        return {"/api": self.api, "/apis": self.apis}.get(path)

    def plain(self, path: str) -> Json | None:
        """The document at `/api`, `/apis`, `/apis/<group>`, `/api/v1` or `/apis/<group>/<version>`."""
        return self._plain.get(path)

    def is_stale(self, path: str) -> bool:
        """Whether a path belongs to a group whose own API server does not answer (`metrics.k8s.io`)."""
        return any(path == each or path.startswith(f"{each}/") for each in self._stale)

    @cached_property
    def _stale(self) -> tuple[str, ...]:
        return tuple(
            f"/apis/{group['metadata']['name']}/{version['version']}"
            for group in msgspec.json.decode(self.apis)["items"]
            for version in group["versions"]
            if version.get("freshness") == "Stale"
        )

    @cached_property
    def _plain(self) -> dict[str, Json]:
        groups = msgspec.json.decode(self.apis)["items"]
        described = [_group(group) for group in groups]
        documents: dict[str, Json] = {
            "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
            "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": described},
        }
        for group in described:
            documents[f"/apis/{group['name']}"] = {"kind": "APIGroup", "apiVersion": "v1", **group}
        for group in (*msgspec.json.decode(self.api)["items"], *groups):
            documents.update(_versions(group))
        return documents


def _group(group: Json) -> Json:
    name = group["metadata"]["name"]
    versions = [{"groupVersion": f"{name}/{each['version']}", "version": each["version"]} for each in group["versions"]]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _versions(group: Json) -> Iterator[tuple[str, Json]]:
    """The APIResourceList of each version that answers; one that is stale has no resources and is not served."""
    name = group["metadata"].get("name")
    for version in group["versions"]:
        if version.get("freshness") == "Stale":
            continue
        group_version = f"{name}/{version['version']}" if name else version["version"]
        resources = [entry for each in version["resources"] for entry in _resource(each)]
        own = {"apiVersion": "v1"} if name else {}  # The core group's document has always been without.
        document = {"kind": "APIResourceList", **own, "groupVersion": group_version, "resources": resources}
        yield f"/apis/{group_version}" if name else f"/api/{group_version}", document


def _resource(found: Json) -> Iterator[Json]:
    namespaced = found["scope"] == "Namespaced"
    entry = {
        "name": found["resource"],
        "singularName": found.get("singularResource", ""),
        "namespaced": namespaced,
        "kind": found["responseKind"]["kind"],
        "verbs": found["verbs"],
    }
    yield {**entry, **{key: found[key] for key in ("shortNames", "categories") if key in found}}
    for each in found.get("subresources", ()):
        yield {
            "name": f"{found['resource']}/{each['subresource']}",
            "singularName": "",
            "namespaced": namespaced,
            **_other_group(each["responseKind"]),
            "kind": each["responseKind"]["kind"],
            "verbs": each["verbs"],
        }


def _other_group(kind: Json) -> Json:
    """Named where a subresource's kind (`Scale`, `Eviction`) is not of the resource's own group."""
    return {"group": kind["group"], "version": kind["version"]} if kind["group"] else {}
