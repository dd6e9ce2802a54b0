"""What urllib3 raises, made into typed errors: no connection, no answer, bad certificates, torn answers."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from http.client import BadStatusLine, UnknownProtocol
from http.client import IncompleteRead as HttpIncompleteRead

from urllib3 import exceptions

from diagnostics.kube.errors import FailureKind, ReadFailed
from diagnostics.kube.refusals import Request, not_kubernetes, quoted

_TORN = (exceptions.IncompleteRead, exceptions.InvalidChunkLength, HttpIncompleteRead)
_PLAIN_HTTP = ("it does not speak TLS", "If it speaks plain HTTP, write http:// in the server's address.")
_WORDS_OF_TLS = {
    "certificate has expired": ("its certificate has expired", "Renew the API server's certificate."),
    "Hostname mismatch": ("its certificate is for another name", "Use a name that it lists, or set tls-server-name."),
    "IP address mismatch": ("its certificate is for another address", "Use a name that it lists."),
    "certificate verify failed": (
        "its certificate is not signed by the authority that the kubeconfig names",
        "Set certificate-authority-data to the cluster's own authority.",
    ),
    "wrong version number": _PLAIN_HTTP,
    "record layer failure": _PLAIN_HTTP,
    "certificate required": ("it wants a client certificate", "The user of the context has none, or not its key."),
    "no certificate or crl found": (
        "the certificate authority of the kubeconfig is not a certificate",
        "certificate-authority-data is base64 of a PEM file.",
    ),
}


def failure(request: Request, error: Exception) -> ReadFailed:
    """The error for an exception of urllib3."""
    reason = next((found for found in _causes(error) if isinstance(found, exceptions.ProxyError)), None)
    if reason is not None:
        return _proxy(request, reason)
    if any(isinstance(found, _TORN) for found in _causes(error)):
        return truncated(request)
    # A server that closes the connection instead of answering is a BadStatusLine too, but may do better next time.
    if any(
        isinstance(found, BadStatusLine | UnknownProtocol) and not isinstance(found, OSError)
        for found in _causes(error)
    ):
        return not_kubernetes(request, "it does not speak HTTP")
    if tls := next((found for found in _causes(error) if isinstance(found, exceptions.SSLError | ssl.SSLError)), None):
        return _tls(request, tls)
    return _connection(request, error)


def truncated(request: Request) -> ReadFailed:
    """The error for an answer that ended too early."""
    return ReadFailed(
        FailureKind.TRUNCATED,
        f"The answer of {request.server} to {request.path} ended in the middle.",
        "A proxy or load balancer may cut long answers.",
    )


def no_time_left(request: Request) -> ReadFailed:
    """The error when a request's time is used up."""
    return ReadFailed(
        FailureKind.TIMEOUT,
        f"{request.server} did not answer {request.path} in the time given.",
        "Allow more time, or ask for fewer namespaces.",
    )


def _connection(request: Request, error: Exception) -> ReadFailed:
    match error:
        case exceptions.NameResolutionError():
            return _unreachable(request, "its name cannot be resolved", "Check the server's name and DNS.")
        case exceptions.NewConnectionError():
            return _unreachable(request, _last_words(error), "Check that it runs and that no firewall stands between.")
        case exceptions.ConnectTimeoutError():
            return _unreachable(request, "no answer to the connection", "A firewall may drop it; a VPN may be off.")
        case exceptions.TimeoutError():
            return no_time_left(request)
        case _:
            return _unreachable(request, _last_words(error), "")


def _unreachable(request: Request, why: str, hint: str) -> ReadFailed:
    return ReadFailed(FailureKind.UNREACHABLE, f"{request.server} cannot be reached: {why}.", hint)


def _proxy(request: Request, error: Exception) -> ReadFailed:
    return _unreachable(
        request, f"the proxy failed: {_last_words(error)}", "Check HTTPS_PROXY, NO_PROXY and proxy-url."
    )


def _tls(request: Request, error: Exception) -> ReadFailed:
    text = str(error).replace("_", " ")
    known = (words for sign, words in _WORDS_OF_TLS.items() if sign.lower() in text.lower())
    why, hint = next(known, (quoted(text), ""))
    return ReadFailed(FailureKind.TLS, f"No secure connection to {request.server}: {why}.", hint)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and those that it wraps, in `args` as urllib3 does, or as its cause."""
    yield error
    for inner in (*error.args, error.__cause__):
        if isinstance(inner, BaseException):
            yield from _causes(inner)


def _last_words(error: BaseException) -> str:
    """What the operating system said, without urllib3's wrapping: `Connection refused`."""
    innermost = list(_causes(error))[-1]
    if isinstance(innermost, OSError) and innermost.strerror:
        return innermost.strerror
    return quoted(str(innermost).rpartition("] ")[2])
