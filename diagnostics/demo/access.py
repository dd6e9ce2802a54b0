"""Who may read what: a token that is demanded, and grants that are missing, as RBAC would refuse them."""

from __future__ import annotations

from dataclasses import dataclass

from diagnostics.demo.requests import Request, Target
from diagnostics.demo.statuses import ApiError, forbidden, path_forbidden, unauthorized

ANY = "*"


@dataclass(frozen=True, slots=True)
class Prohibition:
    """Something that may not be done. Namespace None: nowhere; blank: not at the cluster scope."""

    verb: str
    resource: str
    namespace: str | None = None

    def covers(self, verb: str, target: Target) -> bool:
        """Whether a request is refused by it. `*` stands for every verb or resource."""
        full = f"{target.resource.plural}/{target.subresource}" if target.subresource else target.resource.plural
        return self.verb in (ANY, verb) and self.resource in (ANY, full) and self.namespace in (None, target.namespace)


class Access:
    """The rules of one server; everybody may read everything until told otherwise."""

    def __init__(self, user: str = "system:serviceaccount:sickbay:sickbay", token: str = "") -> None:
        self.user = user
        self.token = token
        self._prohibitions: list[Prohibition] = []
        self._paths: set[str] = set()
        self._namespaces: frozenset[str] | None = None

    def forbid(self, verb: str, resource: str, namespace: str | None = None) -> None:
        """Takes a grant away: `forbid("list", "nodes")`, `forbid("get", "pods/log", "shop")`."""
        self._prohibitions.append(Prohibition(verb, resource, namespace))

    def forbid_path(self, path: str) -> None:
        """Takes the grant to get a path that is no resource away: `/readyz`."""
        self._paths.add(path)

    def only_namespaces(self, *namespaces: str) -> None:
        """Leaves a user of these namespaces: nothing at the cluster scope, nothing elsewhere."""
        self._namespaces = frozenset(namespaces)

    def allow_all(self) -> None:
        """Gives every grant back."""
        self._prohibitions.clear()
        self._paths.clear()
        self._namespaces = None

    def check(self, request: Request) -> None:
        """Raises ApiError: 401 without the token that is demanded, 403 without the grant."""
        if self.token and request.token != self.token:
            raise unauthorized()
        if request.path in self._paths:
            raise path_forbidden(self.user, request.path)
        target = request.target
        if target is not None and self._refused(request.verb, target):
            raise self._refusal(request.verb, target)

    def _refused(self, verb: str, target: Target) -> bool:
        if self._namespaces is not None and target.namespace not in self._namespaces:
            return True
        return any(prohibition.covers(verb, target) for prohibition in self._prohibitions)

    def _refusal(self, verb: str, target: Target) -> ApiError:
        return forbidden(self.user, verb, target.resource, target.subresource, target.namespace, target.name)
