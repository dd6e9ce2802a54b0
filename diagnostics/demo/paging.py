"""Lists cut into pages: `limit`, `continue`, and what comes of a token whose list is forgotten."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from diagnostics.demo.resources import Json, Resource
from diagnostics.demo.selectors import Selector
from diagnostics.demo.statuses import bad_request, continue_expired, list_expired, version_too_large
from diagnostics.demo.store import Expired, Listing, Store

_INCONSISTENT = -1


@dataclass(frozen=True, slots=True)
class Page:
    """What one list request gets."""

    version: int
    objects: list[Json]
    continue_: str = ""
    remaining: int | None = None

    @property
    def metadata(self) -> Json:
        """`metadata` of the list."""
        metadata: Json = {"resourceVersion": str(self.version)}
        if self.continue_:
            metadata["continue"] = self.continue_
        if self.remaining is not None:
            metadata["remainingItemCount"] = self.remaining
        return metadata


class Token(msgspec.Struct, frozen=True):
    """A continue token, in the API server's own form: base64url of this as JSON."""

    v: str
    rv: int
    start: str

    @classmethod
    def after(cls, found: Json, version: int, namespace: str) -> Token:
        """Goes on behind an object; `start` is relative to what is listed."""
        name = found["metadata"]["name"]
        path = name if namespace else "/".join(filter(None, (found["metadata"].get("namespace"), name)))
        return cls("meta.k8s.io/v1", version, f"{path}\0")

    @classmethod
    def parse(cls, text: str) -> Token:
        """Raises ApiError (400) for anything that this server did not write."""
        try:
            return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=cls)
        except (binascii.Error, msgspec.DecodeError, ValueError) as error:
            raise bad_request(f"invalid continue token: continue key is not valid: {error}") from error

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).rstrip(b"=").decode()


def page(store: Store, resource: Resource, namespace: str, query: Mapping[str, str], wanted: Selector | None) -> Page:
    """Answers one list request; raises ApiError for a bad or expired one."""
    limit = _limit(query.get("limit", ""))
    token = Token.parse(query["continue"]) if query.get("continue") else None
    listing = _listing(store, resource, query) if token is None else _continued(store, resource, token)
    in_scope = [each for each in listing.objects if not namespace or each["metadata"].get("namespace") == namespace]
    ahead = _ahead(in_scope, token, namespace)
    objects, rest = _cut(ahead, limit, wanted)
    if not rest:
        return Page(listing.version, objects)
    store.keep(resource, listing)
    following = Token.after(ahead[len(ahead) - rest - 1], listing.version, namespace)
    return Page(listing.version, objects, str(following), None if wanted else rest)


def _limit(text: str) -> int:
    try:
        return max(int(text or "0"), 0)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _listing(store: Store, resource: Resource, query: Mapping[str, str]) -> Listing:
    asked = int(query.get("resourceVersion") or "0")
    if asked > store.version:
        raise version_too_large(asked, store.version)
    if query.get("resourceVersionMatch") == "Exact" and asked != store.version:
        try:
            return store.kept(resource, asked)
        except Expired:
            raise list_expired() from None
    return store.listing(resource)


def _continued(store: Store, resource: Resource, token: Token) -> Listing:
    if token.rv == _INCONSISTENT:
        return store.listing(resource)
    try:
        return store.kept(resource, token.rv)
    except Expired:
        raise continue_expired(str(Token(token.v, _INCONSISTENT, token.start))) from None


def _ahead(objects: list[Json], token: Token | None, namespace: str) -> list[Json]:
    if token is None:
        return objects
    return [each for each in objects if Token.after(each, token.rv, namespace).start > token.start]


def _cut(objects: list[Json], limit: int, wanted: Selector | None) -> tuple[list[Json], int]:
    """Up to `limit` selected objects, and how many objects are left behind the last of them."""
    taken: list[Json] = []
    for index, each in enumerate(objects):
        if limit and len(taken) == limit:
            return taken, len(objects) - index
        if wanted is None or wanted(each):
            taken.append(each)
    return taken, 0
