"""Lists, page by page, as bytes; and their items, decoded one by one so that a malformed one costs only itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import msgspec

from diagnostics.kube import transport
from diagnostics.kube.access import Access
from diagnostics.kube.decoders import decoder
from diagnostics.kube.errors import UNDECODABLE, Expired
from diagnostics.kube.refusals import Request, not_kubernetes, quoted
from diagnostics.kube.resources import Resource
from diagnostics.snapshot.cluster import Malformed
from diagnostics.snapshot.meta import LeanMetadata, Object
from diagnostics.snapshot.objects import RawList

T = TypeVar("T", bound=Object)


_PAGE = decoder(RawList)


class Page(NamedTuple):
    """Some items of a list, as they were sent; `kind` is the list's ("PodList").

    `resource_version` is where a watch begins so as to miss nothing: the version of the list's first page.
    """

    items: list[msgspec.Raw]
    resource_version: str
    date: datetime | None
    kind: str


class _Identity(Object, frozen=True):
    metadata: LeanMetadata = LeanMetadata()


def pages(
    access: Access,
    resource: Resource,
    namespace: str | None = None,
    *,
    label_selector: str = "",
    limit: int | None = None,
) -> Iterator[Page]:
    """The pages of a list, in one namespace or (None) in all. Raises ReadFailed.

    Where the list's version expires halfway (410), the rest is read at a newer version, with the token that the
    answer offers: nothing comes twice, and a watch from the first page's version tells what has changed meanwhile.
    """
    path, token, version, resumed = resource.path(namespace), "", "", False
    while True:
        params = _params(label_selector, limit or resource.page, token)
        try:
            response = access.get(path, params, accept=resource.accept)
        except Expired as failure:
            if resumed or not (token and failure.continue_token):
                raise
            token, resumed = failure.continue_token, True
            continue
        page = _decoded(Request(access.server, path, params), response.data)
        version, resumed = version or page.metadata.resource_version, False
        yield Page(page.items or [], version, response.date, page.kind)
        if not page.metadata.continue_:
            return
        if page.metadata.continue_ == token:
            raise not_kubernetes(Request(access.server, path, params), "a list that does not go on")
        token = page.metadata.continue_


def decoded(
    resource: Resource, items: Iterable[msgspec.Raw], type_: type[T], malformed: list[Malformed]
) -> Iterator[tuple[msgspec.Raw, T]]:
    """The items beside the structs that they are; those that are malformed are added to the list of them instead."""
    for item in items:
        found = decode(resource, item, type_, malformed)
        if found is not None:
            yield item, found


def key(resource: Resource, item: msgspec.Raw) -> Any:
    """By what a snapshot keeps the item: namespace and name, or its name at the cluster scope; None for a malformed one."""
    try:
        metadata = decoder(_Identity).decode(item).metadata
    except UNDECODABLE:
        return None
    return (metadata.namespace, metadata.name) if resource.namespaced else metadata.name


def decode(resource: Resource, item: msgspec.Raw, type_: type[T], malformed: list[Malformed]) -> T | None:
    """One item as a struct, or None when it is malformed."""
    try:
        found: T = decoder(type_).decode(item)
    except UNDECODABLE as error:
        malformed.append(_describe(resource, item, error))
        return None
    return found


def _describe(resource: Resource, item: msgspec.Raw, error: Exception) -> Malformed:
    """A malformed object, with its name where that at least can be read."""
    try:
        metadata = decoder(_Identity).decode(item).metadata
    except UNDECODABLE:
        metadata = LeanMetadata()
    return Malformed(
        resource=resource.name, namespace=metadata.namespace or None, name=metadata.name, error=quoted(str(error))
    )


def _params(label_selector: str, limit: int, token: str) -> dict[str, str]:
    params = {"limit": str(limit)}
    if label_selector:
        params["labelSelector"] = label_selector
    if token:
        params["continue"] = token
    return params


def _decoded(request: Request, body: bytes) -> RawList:
    try:
        page = _PAGE.decode(body)
    except msgspec.ValidationError as error:
        raise not_kubernetes(request, "no list") from error
    except UNDECODABLE as error:
        if body.lstrip()[:1] == b"{":
            raise transport.truncated(request) from error
        raise not_kubernetes(request, "no JSON") from error
    if not page.kind.endswith("List"):
        raise not_kubernetes(request, "no list")
    return page
