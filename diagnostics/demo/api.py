"""Requests answered from the store: the read-only part of the Kubernetes API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

from diagnostics.demo.access import Access
from diagnostics.demo.discovery import AGGREGATED_TYPE, Documents
from diagnostics.demo.logs import Logs
from diagnostics.demo.paging import page
from diagnostics.demo.representations import encode, negotiate
from diagnostics.demo.requests import Request, Target
from diagnostics.demo.resources import Json
from diagnostics.demo.selectors import selector
from diagnostics.demo.statuses import ApiError, method_not_allowed, not_found
from diagnostics.demo.store import Store
from diagnostics.demo.watches import OpenWatches, Watch

JSON, TEXT = "application/json", "text/plain; charset=utf-8"

# Answers a request with bytes made beforehand, or leaves it to the store with None.
Prepared = Callable[[Request], bytes | None]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: a whole body, or the chunks of a watch."""

    body: bytes | Iterator[bytes]
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": JSON})


def text(body: str | bytes, status: int = HTTPStatus.OK) -> Reply:
    """A plain text, as health checks and unknown paths are answered."""
    return Reply(body.encode() if isinstance(body, str) else body, status, {"Content-Type": TEXT})


def refusal(error: ApiError) -> Reply:
    """An error as its Status object."""
    headers = {"Content-Type": JSON}
    if retry := error.body.get("details", {}).get("retryAfterSeconds"):
        headers["Retry-After"] = str(retry)
    return Reply(encode(error.body), error.code, headers)


@dataclass(slots=True)
class Api:
    """Everything that answers depend on."""

    store: Store
    logs: Logs
    documents: Documents
    access: Access
    now: Callable[[], datetime]
    watches: OpenWatches
    prepared: Prepared | None = None

    def answer(self, request: Request) -> Reply:
        """The reply to one request; errors are replies, too."""
        try:
            self.access.check(request)
            if request.method != "GET":
                raise method_not_allowed()
            if self.prepared is not None and (ready := self.prepared(request)) is not None:
                return Reply(ready)
            return self._about_server(request) if request.target is None else self._resource(request, request.target)
        except ApiError as error:
            return refusal(error)

    def _about_server(self, request: Request) -> Reply:
        path = request.path.rstrip("/")
        match path:
            case "/version":
                return Reply(self.documents.version)
            case "/readyz" | "/livez" | "/healthz":
                return self._health(path, verbose=request.flag("verbose") or request.query.get("verbose") == "")
        return self._discovery(path, request.accept)

    def _health(self, path: str, *, verbose: bool) -> Reply:
        documents = {"/readyz": self.documents.ready, "/livez": self.documents.live}
        return text(documents[path] if verbose and path in documents else "ok")

    def _discovery(self, path: str, accept: str) -> Reply:
        aggregated = self.documents.aggregated(path)
        if aggregated is not None and "g=apidiscovery.k8s.io;v=v2;" in accept.replace(" ", ""):
            return Reply(aggregated, headers={"Content-Type": AGGREGATED_TYPE})
        plain = self.documents.plain(path)
        if plain is not None:
            return Reply(encode(plain))
        if self.documents.is_stale(path):
            return text("service unavailable\n", HTTPStatus.SERVICE_UNAVAILABLE)
        return text("404 page not found\n", HTTPStatus.NOT_FOUND)

    def _resource(self, request: Request, target: Target) -> Reply:
        if target.subresource == "log" and target.resource.qualified == "pods":
            return self._log(request, target)
        if target.subresource not in ("", "status"):
            return text("404 page not found\n", HTTPStatus.NOT_FOUND)
        return self._one(request, target) if target.name else self._many(request, target)

    def _one(self, request: Request, target: Target) -> Reply:
        found = self._found(target)
        shown = negotiate(request.accept, target.resource, self.now(), request.query.get("includeObject", ""))
        return Reply(encode(shown.one(found)))

    def _many(self, request: Request, target: Target) -> Reply:
        query = request.query
        wanted = selector(target.resource, query.get("labelSelector", ""), query.get("fieldSelector", ""))
        shown = negotiate(request.accept, target.resource, self.now(), query.get("includeObject", ""))
        if request.verb == "list":
            return Reply(encode(shown.page(page(self.store, target.resource, target.namespace, query, wanted))))
        return Reply(self.watches.open(Watch.asked(request, target, wanted), shown))

    def _log(self, request: Request, target: Target) -> Reply:
        pod = self._found(target)
        node = self.store.get("nodes", "", pod["spec"].get("nodeName", ""))
        written = self.logs.read(pod, node, request.query, self.now())
        return Reply(b"", HTTPStatus.NO_CONTENT, {}) if written is None else text(written)

    def _found(self, target: Target) -> Json:
        found = self.store.get(target.resource, target.namespace, target.name)
        if found is None:
            raise not_found(target.resource, target.name)
        return found
