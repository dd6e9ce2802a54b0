"""Answers that are no success, made into typed errors: `Status` bodies, plain text, and what is not Kubernetes at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from diagnostics.kube import redact
from diagnostics.kube.decoders import decoder
from diagnostics.kube.errors import UNDECODABLE, Expired, FailureKind, ReadFailed
from diagnostics.kube.grants import Grant, needed
from diagnostics.snapshot.meta import Object
from diagnostics.snapshot.objects import ListMeta, StatusDetails

LONGEST_QUOTE = 300
USER = re.compile(r'User "([^"]+)"')
_KINDS = {
    401: FailureKind.UNAUTHORIZED,
    403: FailureKind.FORBIDDEN,
    404: FailureKind.NOT_FOUND,
    410: FailureKind.EXPIRED,
    429: FailureKind.THROTTLED,
}


class Refusal(Object, frozen=True):
    """A `Status` body with the continue token that a 410 carries in its metadata."""

    kind: str
    message: str = ""
    code: int = 0
    metadata: ListMeta = ListMeta()
    details: StatusDetails | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked of whom."""

    server: str
    path: str
    params: Mapping[str, str]

    @property
    def grant(self) -> Grant:
        """The permission that it needs."""
        return needed(self.path, self.params)


def refusal(request: Request, status: int, headers: Mapping[str, str], body: bytes) -> ReadFailed:
    """The error for an answer with this status."""
    said = _status(body)
    kind = _kind(status)
    if said is None and (_is_html(headers, body) or status < 400) and kind is not FailureKind.UNAVAILABLE:
        return not_kubernetes(request, f"{status}{_location(headers)}")
    words = said.message if said else body.decode(errors="replace")
    return _worded(kind, request, status, quoted(words), _retry_after(headers, said), said)


def from_status(request: Request, body: bytes) -> ReadFailed:
    """The error for a `Status` inside a success, as a watch sends it when its version is too old."""
    said = _status(body)
    if said is None:
        return not_kubernetes(request, "an ERROR event without a Status")
    return _worded(_kind(said.code), request, said.code, quoted(said.message), _retry_after({}, said), said)


def not_kubernetes(request: Request, seen: str) -> ReadFailed:
    """The error for an answer that no API server gives."""
    return ReadFailed(
        FailureKind.NOT_KUBERNETES,
        f"What answers at {request.server} is not a Kubernetes API server ({request.path}: {seen}).",
        "Check the server of the context, and whether a proxy or a login page stands before it.",
    )


def quoted(words: str) -> str:
    """The first line of somebody else's text, redacted and cut, fit to stand in our own."""
    lines = redact.text(words).strip().splitlines()
    return lines[0][:LONGEST_QUOTE].rstrip(".") if lines else "no reason given"


def _kind(status: int) -> FailureKind:
    if status >= 500:
        return FailureKind.UNAVAILABLE
    return _KINDS.get(status, FailureKind.BAD_REQUEST)


def _status(body: bytes) -> Refusal | None:
    try:
        said = decoder(Refusal).decode(body)
    except UNDECODABLE:
        return None
    return said if said.kind == "Status" else None


def _is_html(headers: Mapping[str, str], body: bytes) -> bool:
    return "html" in headers.get("Content-Type", "") or body.lstrip()[:1] == b"<"


def _location(headers: Mapping[str, str]) -> str:
    target = headers.get("Location")
    return f", a redirect to {quoted(target)}" if target else ", a web page"


def _retry_after(headers: Mapping[str, str], said: Refusal | None) -> float | None:
    header = headers.get("Retry-After", "").strip()
    if header.isdigit():
        return float(header)
    if header:
        try:
            return max((parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds(), 0.0)
        except (ValueError, TypeError):  # No date, or one without a zone: as good as none.
            return None
    seconds = said.details.retry_after_seconds if said and said.details else 0
    return float(seconds) if seconds else None


def _worded(
    kind: FailureKind, request: Request, status: int, words: str, retry_after: float | None, said: Refusal | None
) -> ReadFailed:
    if kind is FailureKind.FORBIDDEN:
        return _forbidden(request, said)
    if kind is FailureKind.EXPIRED:
        return Expired(words, said.metadata.continue_ if said else "")
    message, hint = _texts(kind, request, status, words, retry_after)
    return ReadFailed(kind, message, hint, retry_after=retry_after, said=words)


def _texts(kind: FailureKind, request: Request, status: int, words: str, retry_after: float | None) -> tuple[str, str]:
    match kind:
        case FailureKind.UNAUTHORIZED:
            message = f"{request.server} refused the credentials (401)."
            return message, "The token may have expired: sign in again, or check the user of the context."
        case FailureKind.NOT_FOUND:
            return f"{request.server} has no {request.path}: {words} (404).", ""
        case FailureKind.THROTTLED:
            wait = f" and asks to come back in {retry_after:g} s" if retry_after is not None else ""
            return f"{request.server} is busy{wait}: {words} (429).", "Try again later, or ask for less."
        case FailureKind.UNAVAILABLE:
            return f"{request.server} could not answer {request.path}: {words} ({status}).", ""
        case _:
            return f"{request.server} did not accept the request for {request.path}: {words} ({status}).", ""


def _forbidden(request: Request, said: Refusal | None) -> ReadFailed:
    grant = request.grant
    user = USER.search(said.message) if said else None
    who = f'User "{user[1]}"' if user else "The user of this context"
    where = f"in namespace {grant.namespace}" if grant.namespace else "at the cluster scope"
    return ReadFailed(
        FailureKind.FORBIDDEN,
        f"{who} may not {grant} {where}.",
        f"Add it to the user's role; `{grant.question}` tells when it is there.",
        grant=str(grant),
        namespace=grant.namespace,
    )
