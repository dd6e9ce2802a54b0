"""What can go wrong while a cluster is read, in words that a person can act on."""

from __future__ import annotations

from enum import StrEnum

import msgspec

# What msgspec raises for bytes that are not the JSON that was hoped for; the second, for broken UTF-8, is not its own.
UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError)


class FailureKind(StrEnum):
    """Why a read failed; the value is the `error` of an `unavailable` entry."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS = "tls"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    EXPIRED = "expired"  # 410: the position in a list or watch is too old.
    THROTTLED = "throttled"  # 429
    UNAVAILABLE = "unavailable"  # 5xx
    NOT_KUBERNETES = "not_kubernetes"
    TRUNCATED = "truncated"
    BAD_REQUEST = "bad_request"
    MISCONFIGURED = "misconfigured"
    OTHER_CLUSTER = "other_cluster"  # A healthy server, but not the one that this name has stood for.


# What stays so until somebody changes a role, or installs something.
STANDING = frozenset({FailureKind.FORBIDDEN, FailureKind.NOT_FOUND})
# What is wrong with the way to the cluster, whichever list was asked for.
OF_THE_WAY = frozenset({
    FailureKind.UNREACHABLE,
    FailureKind.TLS,
    FailureKind.UNAUTHORIZED,
    FailureKind.MISCONFIGURED,
    FailureKind.OTHER_CLUSTER,
})  # fmt: skip


class ReadFailed(Exception):
    """A read that failed. `str()` gives one line: what happened, then what to do about it.

    `retry_after` is in seconds and set when the server named it. `grant` ("list pods", "list deployments.apps",
    "get pods/log") and `namespace` (None: at the cluster scope) say what a forbidden reader lacks. `said` is the
    server's own reason, redacted and cut.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        hint: str = "",
        *,
        retry_after: float | None = None,
        grant: str = "",
        namespace: str | None = None,
        said: str = "",
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint
        self.retry_after = retry_after
        self.grant = grant
        self.namespace = namespace
        self.said = said

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.message} {self.hint}".rstrip()


class Expired(ReadFailed):
    """The place in a list or watch is too old (410); `continue_token` is what the answer offers for the list's rest."""

    def __init__(self, said: str, continue_token: str = "") -> None:
        message = f"The place in the list or watch is too old: {said} (410)."
        super().__init__(FailureKind.EXPIRED, message, "Read the list again.", said=said)
        self.continue_token = continue_token


class ConfigurationError(ReadFailed):
    """No request was made: the kubeconfig, or what it names, is missing or broken."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(FailureKind.MISCONFIGURED, message, hint)
