"""Whether a cluster can be read, step by step: the way to it, then each right that Sickbay makes use of.

Every step is a request that Sickbay makes anyway, with the smallest answer: asking the API server what one may do would
be a write (SelfSubjectAccessReview).
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from diagnostics.kube.access import Access
from diagnostics.kube.decoders import decoder
from diagnostics.kube.errors import UNDECODABLE, FailureKind, ReadFailed
from diagnostics.kube.grants import Grant
from diagnostics.kube.guarded import MayAsk
from diagnostics.kube.health import VERSION, VersionTold
from diagnostics.kube.kubeconfig import DEFAULT_NAMESPACE
from diagnostics.kube.resources import LOGS, PODS, RESOURCES, Resource, When, log_path
from diagnostics.snapshot.objects import RawList

CONNECT, ANSWER = 5.0, 10.0  # Seconds.
AT_ONCE = 8  # Requests.
# A name that nothing has: who may get it is told that it is not there, who may not is not told.
NOBODY = "sickbay-looks-whether-it-may-read"


class Stage(StrEnum):
    """A step of the way to an API server; each needs the one before."""

    HOST = "host"
    PORT = "port"
    CERTIFICATE = "certificate"
    LOGIN = "login"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the way, and how long it took. `said` is what was found, or what failed and what to do about it."""

    stage: Stage
    passed: bool
    said: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Right:
    """A right that was tried in a namespace, or (None) in all; `absent`: the API server does not know the resource."""

    grant: Grant
    failure: ReadFailed | None
    seconds: float
    absent: bool = False

    @property
    def missing(self) -> bool:
        """Whether it is for somebody to grant."""
        return self.failure is not None and self.failure.kind is FailureKind.FORBIDDEN


def way(access: Access, may_ask: MayAsk) -> Iterator[Step]:
    """The steps to the API server, up to the first that fails."""
    parts = urlsplit(access.server)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    if not access.proxied:
        found, addresses = _host(access, host, port)
        yield found
        if not found.passed:
            return
        connected = _port(access, host, port, addresses, may_ask)
        yield connected
        if not connected.passed:
            return
    yield from _greeted(access, encrypted=parts.scheme == "https")


def rights(access: Access, namespaces: Iterable[str]) -> list[Right]:
    """Every right of the table but those that are opted in to, each tried in the namespaces given, else everywhere."""
    places: list[str | None] = [*namespaces] or [None]
    tables = [resource for resource in RESOURCES if resource.when is not When.OPTED_IN]
    jobs = [
        (resource, place)
        for resource in tables
        for place in ([resource.only_in] if resource.only_in else places if resource.namespaced else [None])
    ]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        tried = threads.map(lambda job: list(_tried(access, *job)), jobs)
        logs = threads.map(lambda place: _log(access, place), places)
        return [right for found in tried for right in found] + list(logs)


def _host(access: Access, host: str, port: int) -> tuple[Step, list[str]]:
    """Looks a name up; its addresses, too."""
    began = access.monotonic()
    try:
        found = list(
            dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        )
    except (OSError, UnicodeError):
        said = f"{host} has no address. Check the server's name and the DNS of the machine that Sickbay runs on."
        return Step(Stage.HOST, passed=False, said=said, seconds=access.monotonic() - began), []
    said = "" if _is_address(host) else f"{host} is {', '.join(found[:3])}"
    return Step(Stage.HOST, passed=True, said=said, seconds=access.monotonic() - began), found


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _port(access: Access, host: str, port: int, addresses: Iterable[str], may_ask: MayAsk) -> Step:
    """Connects, unless one of the addresses must not be asked: whether anything listens there is not told either."""
    began = access.monotonic()
    try:
        for address in addresses:
            may_ask(address, port)
        with socket.create_connection((host, port), timeout=CONNECT) as connected:
            may_ask(connected.getpeername()[0], port)
    except ReadFailed as failure:
        return Step(Stage.PORT, passed=False, said=str(failure))
    except TimeoutError:
        said = f"No answer from port {port} in {CONNECT:.0f} s. A firewall may drop the connection; a VPN may be off."
        return Step(Stage.PORT, passed=False, said=said, seconds=access.monotonic() - began)
    except OSError as error:
        said = f"Port {port}: {error.strerror or error}. Check that the server runs, and the port in its address."
        return Step(Stage.PORT, passed=False, said=said, seconds=access.monotonic() - began)
    return Step(Stage.PORT, passed=True, said=f"port {port} answers", seconds=access.monotonic() - began)


# Where each failure of the first request shows that the steps before went well.
_FAILS_AT = {FailureKind.TLS: Stage.CERTIFICATE, FailureKind.UNAUTHORIZED: Stage.LOGIN}


def _greeted(access: Access, *, encrypted: bool) -> Iterator[Step]:
    """What one request for the version tells of certificate, credentials, and of who answers."""
    began, failure, version = access.monotonic(), None, ""
    try:
        version = decoder(VersionTold).decode(access.get(VERSION, timeout=ANSWER).data).git_version
    except ReadFailed as error:
        failure = error
    except UNDECODABLE:
        failure = ReadFailed(FailureKind.NOT_KUBERNETES, f"What answers at {access.server} is not Kubernetes.")
    seconds = access.monotonic() - began
    if failure and failure.kind is FailureKind.FORBIDDEN:
        failure, version = None, ""
    fails_at = _FAILS_AT.get(failure.kind, Stage.VERSION) if failure else None
    for stage in (Stage.CERTIFICATE, Stage.LOGIN, Stage.VERSION):
        if stage is fails_at:
            yield Step(stage, passed=False, said=str(failure), seconds=seconds)
            return
        if stage is Stage.VERSION:
            yield Step(stage, passed=True, said=version, seconds=seconds)
        elif encrypted or stage is not Stage.CERTIFICATE:
            yield Step(stage, passed=True)


def _tried(access: Access, resource: Resource, place: str | None) -> Iterator[Right]:
    """Every verb that Sickbay uses on a resource in one place."""
    version = ""
    for verb in sorted(resource.verbs, key=("list", "watch", "get").index):
        grant = Grant(verb, resource.name, resource.group, place)
        began, failure = access.monotonic(), None
        try:
            version = _ask(access, resource, verb, place, version) or version
        except ReadFailed as error:
            failure = error
        took = access.monotonic() - began
        if failure and failure.kind is FailureKind.NOT_FOUND:  # Of a list: an older or leaner API server.
            yield Right(grant, None, took, absent=True)
            return
        yield Right(grant, failure, took)


def _ask(access: Access, resource: Resource, verb: str, place: str | None, version: str) -> str:
    """Makes the request; of a list, returns the version from which it may be watched. Raises ReadFailed."""
    path = resource.path(place)
    if verb == "watch":
        params = {"watch": "1", "resourceVersion": version or "0", "timeoutSeconds": "1"}
        access.stream(path, params, timeout=ANSWER, accept=resource.accept).close()
        return ""
    if verb == "get":
        one = resource.path(place or DEFAULT_NAMESPACE)
        access.get(f"{one}/{NOBODY}", timeout=ANSWER, answers=(404,))
        return ""
    told = access.get(path, {"limit": "1"}, accept=resource.accept, timeout=ANSWER)
    try:
        return decoder(RawList).decode(told.data).metadata.resource_version
    except UNDECODABLE:
        raise ReadFailed(FailureKind.NOT_KUBERNETES, f"The list of {resource.name} is none.") from None


def _log(access: Access, place: str | None) -> Right:
    began, failure = access.monotonic(), None
    try:
        access.get(log_path(place or DEFAULT_NAMESPACE, NOBODY), accept="*/*", timeout=ANSWER, answers=(404,))
    except ReadFailed as error:
        failure = error
    return Right(Grant("get", LOGS, "", place), failure, access.monotonic() - began)


def readable(tried: Iterable[Right]) -> bool:
    """Whether pods can be listed somewhere: without them nothing can be judged."""
    return any(
        right.grant.resource == PODS.name and right.grant.verb == "list" and not right.failure for right in tried
    )
