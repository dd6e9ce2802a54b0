"""What a request means: from a path to verb, resource, namespace and name, as the API server reads it.

Source: the Kubernetes API concepts page, "Resource URIs"; apiserver/pkg/endpoints/request/requestinfo.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from urllib.parse import parse_qs, unquote, urlsplit

from diagnostics.demo.resources import Catalogue, Resource

_TRUE = frozenset({"1", "t", "T", "true", "True", "TRUE"})
_NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})


@dataclass(frozen=True, slots=True)
class Target:
    """The resource that a path names. Blank: every namespace, every name, the object itself."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in. Of a query parameter that is repeated, the last value counts."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    accept: str = ""
    token: str = ""
    target: Target | None = None  # None for a path that names no resource.

    @classmethod
    def parse(cls, method: str, url: str, headers: Message, catalogue: Catalogue) -> Request:
        """From the request line and the headers."""
        parts = urlsplit(url)
        return cls(
            method=method,
            path=parts.path,
            query={key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()},
            accept=headers.get("Accept") or "",
            token=(headers.get("Authorization") or "").removeprefix("Bearer ").strip(),
            target=_target(parts.path, catalogue),
        )

    def flag(self, name: str) -> bool:
        """A boolean query parameter."""
        return self.query.get(name, "") in _TRUE

    @property
    def verb(self) -> str:
        """As RBAC calls it: get, list or watch."""
        if self.target is None or self.target.name:
            return "get"
        return "watch" if self.flag("watch") else "list"


def _target(path: str, catalogue: Catalogue) -> Target | None:
    """Reads `/api/v1/…` and `/apis/<group>/<version>/…`; None if that names no resource that is served."""
    match [unquote(part) for part in path.strip("/").split("/")]:
        case ["api", version, *rest] if rest:
            return _named("", version, rest, catalogue)
        case ["apis", group, version, *rest] if rest:
            return _named(group, version, rest, catalogue)
        case _:
            return None


def _named(group: str, version: str, rest: list[str], catalogue: Catalogue) -> Target | None:
    namespace = ""
    if len(rest) > 2 and rest[0] == "namespaces" and rest[2] not in _NAMESPACE_SUBRESOURCES:
        _, namespace, *rest = rest
    resource = catalogue.at(group, version, rest[0])
    if resource is None or len(rest) > 3 or (namespace and not resource.namespaced):
        return None
    name, subresource = (*rest[1:], "", "")[:2]
    return Target(resource, namespace, name, subresource)
