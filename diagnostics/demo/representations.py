"""How objects are written out: plain, as metadata alone, or as a Table; chosen by the `Accept` header.

Source: the Kubernetes API concepts page, "Receiving resources as Tables" and "Metadata-only fetches".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from diagnostics.demo.event_groups import in_own_group
from diagnostics.demo.paging import Page
from diagnostics.demo.resources import Json, Resource
from diagnostics.demo.statuses import not_acceptable
from diagnostics.demo.tables import printer

_META = "meta.k8s.io/v1"
_JSON = frozenset({"application/json", "application/*", "*/*"})
INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}


def encode(body: Json) -> bytes:
    """An object as the API server sends it: on one line that is ended."""
    return msgspec.json.encode(body) + b"\n"


class Plain:
    """Objects as they are."""

    def __init__(self, resource: Resource) -> None:
        self.resource = resource

    def page(self, page: Page) -> Json:
        """The body of a list."""
        kind, api_version = f"{self.resource.kind}List", self.resource.api_version
        items = [self._as_served(each) for each in page.objects]
        return {"kind": kind, "apiVersion": api_version, "metadata": page.metadata, "items": items}

    def one(self, found: Json) -> Json:
        """The body of a get, and the object of a watch event. The items of a list carry no kind; these do."""
        served = self._as_served(found)
        return served if "kind" in served else {**self._type, **served}

    def bookmark(self, version: int, annotations: Json) -> Json:
        """The object of a BOOKMARK: nothing but a resource version."""
        metadata: Json = {"resourceVersion": str(version)}
        return {**self._type, "metadata": {**metadata, "annotations": annotations} if annotations else metadata}

    @property
    def _type(self) -> Json:
        return {"kind": self.resource.kind, "apiVersion": self.resource.api_version}

    def _as_served(self, found: Json) -> Json:
        return in_own_group(found) if self.resource.group == "events.k8s.io" else found


class Partial(Plain):
    """PartialObjectMetadata: the metadata alone."""

    def page(self, page: Page) -> Json:
        """A PartialObjectMetadataList, whose items carry their kind."""
        items = [self.one(each) for each in page.objects]
        return {
            "kind": "PartialObjectMetadataList",
            "apiVersion": _META,
            "metadata": page.metadata,
            "items": items,
        }

    def one(self, found: Json) -> Json:
        """The metadata of one object."""
        return _partial(found)

    @property
    def _type(self) -> Json:
        return {"kind": "PartialObjectMetadata", "apiVersion": _META}


class Table(Plain):
    """Rows of printed cells, each with its object as far as `includeObject` asks for it."""

    def __init__(self, resource: Resource, now: datetime, include: str) -> None:
        super().__init__(resource)
        self._now = now
        self._include = include or "Metadata"
        self._printer = printer(resource)
        self._described = False

    def page(self, page: Page) -> Json:
        """A Table of all rows."""
        return self._table(page.metadata, [self._row(each) for each in page.objects])

    def one(self, found: Json) -> Json:
        """A Table of one row. In a watch only the first one describes its columns."""
        version = found["metadata"].get("resourceVersion", "")
        return self._table({"resourceVersion": version}, [self._row(found)])

    def bookmark(self, version: int, annotations: Json) -> Json:
        """A Table without rows."""
        metadata: Json = {"resourceVersion": str(version)}
        return self._table({**metadata, "annotations": annotations} if annotations else metadata, [])

    def _table(self, metadata: Json, rows: Sequence[Json]) -> Json:
        definitions = [] if self._described else self._printer.definitions
        self._described = True
        return {
            "kind": "Table",
            "apiVersion": _META,
            "metadata": metadata,
            "columnDefinitions": definitions,
            "rows": rows,
        }

    def _row(self, found: Json) -> Json:
        return {"cells": self._printer.cells(found, self._now), "object": self._included(found)}

    def _included(self, found: Json) -> Json | None:
        if self._include == "None":
            return None
        return super().one(found) if self._include == "Object" else _partial(found)


def negotiate(accept: str, resource: Resource, now: datetime, include: str = "") -> Plain:
    """The first representation of the `Accept` header that is spoken here; raises ApiError (406) without one."""
    for offer in (accept or "*/*").split(","):
        media, *parameters = (part.strip() for part in offer.split(";"))
        wanted = dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter).get("as", "")
        if media not in _JSON:
            continue
        if wanted == "Table":
            return Table(resource, now, include)
        if wanted.startswith("PartialObjectMetadata"):
            return Partial(resource)
        if not wanted:
            return Plain(resource)
    raise not_acceptable()


def _partial(found: Json) -> Json:
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": found["metadata"]}
