"""What a failed probe met: read from the kubelet's `Unhealthy` events and put into words.

Sources: pkg/kubelet/prober/prober.go (the prefix), pkg/probe/http|tcp|grpc|exec (what follows it).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from diagnostics.rules.model import Evidence
from diagnostics.rules.signatures.last_words import cut, short
from diagnostics.rules.suspect import ContainerView
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.pods import Probe

# The recorder lets one such event through in five minutes once a pod has used up its burst, so an event of ten
# minutes ago may be the latest one although the probe fails every few seconds.
FRESH = timedelta(minutes=10)

_MESSAGE = re.compile(
    r"^(?P<probe>Liveness|Readiness|Startup) probe (?:failed|errored(?: and resulted in \w{1,20} state)?): ?(?P<said>.*)",
    re.DOTALL,
)
_STATUS_CODE = re.compile(r"HTTP probe failed with statuscode: (?P<code>\d{3})")
# What Go's HTTP client puts before an error: Get "http://10.244.0.21:8080/ready": ...
_REQUEST = re.compile(r'^\w{3,7} "[^"]{1,2000}": ')
_LISTENS = re.compile(
    r"(?i)\b(?:listening|serving|started|running|bound)\b.{0,80}?(?:[:\s]|\bport )(?P<port>[1-9]\d{1,4})\b"
)


class Kind(StrEnum):
    """What a probe met."""

    STATUS = "status"
    GRPC = "grpc"
    TLS = "tls"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    EXEC = "exec"
    OTHER = "other"


# From the most telling phrase to the most general.
_KINDS = (
    (Kind.STATUS, _STATUS_CODE),
    (Kind.GRPC, re.compile(r"grpc health|failed to connect service|service unhealthy \(responded with")),
    (Kind.TLS, re.compile(r"HTTP response to HTTPS client|malformed HTTP response|x509|tls: ")),
    (Kind.TIMEOUT, re.compile(r"deadline exceeded|Client\.Timeout|timed out|i/o timeout")),
    (Kind.REFUSED, re.compile(r"connection refused|no route to host|connection reset by peer|: EOF$")),
)


_STATUS_MEANS = {
    "3": "A redirect is no success: the path or the scheme of the probe is not the one that is served.",
    "401": "The path asks for a login that the kubelet does not have.",
    "403": "The path asks for a login that the kubelet does not have.",
    "404": "The path of the probe does not exist in the application.",
    "5": "It serves, and counts itself as unfit: a dependency that it needs is usually what is missing.",
}


@dataclass(frozen=True, slots=True)
class ProbeFailure:
    """The newest failure of one probe of a container; `probe` is its spec."""

    kind: Kind
    said: str
    probe: Probe
    event: Event

    def words(self, container: ContainerView) -> str:
        """What the probe met, as a sentence without its full stop."""
        return _WORDS[self.kind](self, container)

    @property
    def status_means(self) -> str:
        """What an HTTP status usually stands for, as a sentence; nothing for one that tells nothing."""
        found = _STATUS_CODE.search(self.said)
        code = found["code"] if found else ""
        return _STATUS_MEANS.get(code) or _STATUS_MEANS.get(code[:1], "")


def failed(event: Event) -> str:
    """Which probe an `Unhealthy` event tells of: "Liveness", "Readiness" or "Startup"; nothing for other events."""
    found = _MESSAGE.match(event.text)
    return found["probe"] if found else ""


def probe_failure(container: ContainerView, name: str, probe: Probe | None) -> ProbeFailure | None:
    """The newest failure of the probe called "Liveness", "Readiness" or "Startup", if the events still tell one."""
    for event in container.events("Unhealthy"):
        found = _MESSAGE.match(event.text)
        if found and found["probe"] == name:
            return ProbeFailure(_kind(found["said"], probe), found["said"].strip(), probe or Probe(), event)
    return None


def _kind(said: str, probe: Probe | None) -> Kind:
    """By the handler first: a command may print anything."""
    if probe is not None and probe.exec is not None and not _KINDS[3][1].search(said):
        return Kind.EXEC
    return next((kind for kind, pattern in _KINDS if pattern.search(said)), Kind.OTHER)


def port_of(probe: Probe) -> int | str:
    """The port that a probe asks, by number or name; 0 for one that asks none."""
    handler = probe.http_get or probe.tcp_socket or probe.grpc
    return handler.port if handler else 0


def undeclared_port(container: ContainerView, probe: Probe) -> str:
    """The port's name, where the probe asks a port by a name that the container gives to none; else nothing."""
    port = port_of(probe)
    if isinstance(port, int) or port.isdigit() or port in {declared.name for declared in container.spec.ports}:
        return ""
    return port


def resolve(container: ContainerView, port: int | str) -> str:
    """A port as a number, where its name is declared."""
    declared = {one.name: one.container_port for one in container.spec.ports}
    return str(declared.get(port, port) if isinstance(port, str) else port)


def asks(container: ContainerView, probe: Probe) -> str:
    """What a probe does, for the middle of a sentence: "GET /healthz on port 8080"."""
    if probe.http_get:
        scheme = "" if probe.http_get.scheme == "HTTP" else f"{probe.http_get.scheme} "
        return f"{scheme}GET {probe.http_get.path} on port {resolve(container, probe.http_get.port)}"
    if probe.exec:
        return f"its command {short(' '.join(probe.exec.command), 60)}"
    if probe.grpc:
        return f"the gRPC health check on port {probe.grpc.port}"
    return f"a connection to port {resolve(container, port_of(probe))}"


def listens_elsewhere(container: ContainerView, probe: Probe) -> tuple[str, Evidence] | None:
    """Another port that the container is known to listen on: by its log, else by what it declares."""
    asked = resolve(container, port_of(probe))
    for number, line in reversed(list(enumerate(container.log.lines, 1))):
        found = _LISTENS.search(line[:1000])
        if found and found["port"] != asked:
            place = f"log, line {number} of {len(container.log.lines)}"
            return found["port"], Evidence("log", container.suspect.object, place, cut(line))
        if found:
            return None
    declared = [str(one.container_port) for one in container.spec.ports]
    if declared and asked not in declared:
        return declared[0], container.quote_spec("ports[*].containerPort", ", ".join(declared))
    return None


def _status(failure: ProbeFailure, container: ContainerView) -> str:
    found = _STATUS_CODE.search(failure.said)
    return f"{asks(container, failure.probe)} answers HTTP {found['code'] if found else '?'}"


def _refused(failure: ProbeFailure, container: ContainerView) -> str:
    port = resolve(container, port_of(failure.probe))
    if "refused" in failure.said:
        return f"nothing accepts connections on port {port}"
    return f"the connection to port {port} breaks ({short(failure.said.rpartition(': ')[2], 60)})"


def _timeout(failure: ProbeFailure, container: ContainerView) -> str:
    return f"{asks(container, failure.probe)} is not answered within {failure.probe.timeout_seconds} s"


def _exec(failure: ProbeFailure, container: ContainerView) -> str:
    if "executable file not found" in failure.said or "no such file or directory" in failure.said:
        return f"{asks(container, failure.probe)} is not in the image"
    return f"its command says “{short(failure.said, 120)}”" if failure.said else "its command fails without a word"


def _other(failure: ProbeFailure, container: ContainerView) -> str:
    return f"{asks(container, failure.probe)} fails: {short(_REQUEST.sub('', failure.said), 120)}"


_WORDS = {
    Kind.STATUS: _status,
    Kind.REFUSED: _refused,
    Kind.TIMEOUT: _timeout,
    Kind.EXEC: _exec,
    Kind.GRPC: _other,
    Kind.TLS: _other,
    Kind.OTHER: _other,
}
