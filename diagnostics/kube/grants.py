"""The permission that a request needs, read from its path: what to add to a role when it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grant:
    """A verb on a resource; `namespace` is None at the cluster scope. `resource` is a path for `/version` and its like."""

    verb: str
    resource: str
    group: str = ""
    namespace: str | None = None

    @classmethod
    def read(cls, text: str, namespace: str | None = None) -> Grant:
        """The grant that `str` has written so: `list deployments.apps`."""
        verb, _blank, rest = text.partition(" ")
        if rest.startswith("/"):
            return cls(verb, rest)
        named, slash, subresource = rest.partition("/")
        resource, _dot, group = named.partition(".")
        return cls(verb, f"{resource}{slash}{subresource}", group, namespace)

    def __str__(self) -> str:
        """As `kubectl auth can-i` takes it: `list pods`, `list deployments.apps`, `get pods/log`."""
        resource, slash, subresource = self.resource.partition("/") if self.group else (self.resource, "", "")
        group = f".{self.group}" if self.group else ""
        return f"{self.verb} {resource}{group}{slash}{subresource}"

    @property
    def question(self) -> str:
        """The command that tells whether one has it."""
        scope = f" -n {self.namespace}" if self.namespace else ""
        return f"kubectl auth can-i {self}{scope}"


def needed(path: str, params: Mapping[str, str]) -> Grant:
    """The grant for a GET: `/apis/apps/v1/namespaces/shop/deployments` needs `list deployments.apps` in `shop`."""
    group, rest = _split(path.strip("/").split("/"))
    if not rest:
        return Grant("get", path)
    namespace = None
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    resource, *name = rest
    if len(name) > 1:
        resource = "/".join((resource, *name[1:]))
    if name:
        return Grant("get", resource, group, namespace)
    return Grant("watch" if params.get("watch") else "list", resource, group, namespace)


def _split(parts: list[str]) -> tuple[str, list[str]]:
    """The API group and what follows group and version; nothing follows for a path that is no resource's."""
    match parts:
        case ["api", _, *rest]:
            return "", rest
        case ["apis", group, _, *rest]:
            return group, rest
        case _:
            return "", []
