"""Programs that listen on the loopback address only, where neither probes nor Services reach them (catalogue B4)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from diagnostics.rules.exits import failing_since, recent
from diagnostics.rules.model import Confidence, Evidence, Finding, Rule, Severity, Stage, check
from diagnostics.rules.probes import unready_since
from diagnostics.rules.probes.failures import FRESH, Kind, ProbeFailure, port_of, probe_failure, resolve
from diagnostics.rules.signatures.last_words import cut
from diagnostics.rules.stages import alive
from diagnostics.rules.suspect import ContainerView, Suspect

BIND = Rule(
    code="loopback-bind",
    severity=Severity.HIGH,
    stage=Stage.PROBE,
    message="Container {container} listens on {address} only, so its {probe} probe finds nothing on port {port}.",
    cause="The kubelet and every Service come from outside the container's own loopback: to them a port that is bound to "
    "{host} is closed.",
    remedy="Let it listen on all addresses: 0.0.0.0, or [::] for IPv6 as well. The setting is mostly called host, bind or "
    "listen address.",
    commands=("kubectl -n {namespace} logs {pod} -c {container} --tail=100",),
    explains=("probe-refused", "crash-liveness", "crash-startup-probe"),
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=3),
)
_LISTENS = re.compile(
    r"(?i)\b(?:listen(?:ing|s)?|serving|started|running|bound|binding)\b.{0,80}?"
    r"(?P<host>127\.0\.0\.1|localhost|\[::1\]|0\.0\.0\.0|\[::\]|\*|(?<![\w.\])])):(?P<port>\d{1,5})\b"
)
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_LINE = 1000


@check(BIND)
def loopback_bind(suspect: Suspect) -> Iterator[Finding]:
    """Containers whose probe is refused on the port that they bind to the loopback address."""
    if not alive(suspect):
        return
    for container in suspect.containers:
        since = _refused_since(container)
        refused = _refused(container) if since is not None and since <= suspect.now else None
        if refused is not None and (found := _bound(container, resolve(container, port_of(refused[1].probe)))):
            yield _conclude(container, refused, found, since)


def _refused_since(container: ContainerView) -> datetime | None:
    return unready_since(container) or (failing_since(container) if recent(container) else None)


def _refused(container: ContainerView) -> tuple[str, ProbeFailure] | None:
    """The name and failure of the probe that is refused at the pod's address; one with a host of its own asks that."""
    spec = container.spec
    probes = (("Readiness", spec.readiness_probe), ("Liveness", spec.liveness_probe), ("Startup", spec.startup_probe))
    for name, probe in probes:
        failure = probe_failure(container, name, probe)
        if failure and failure.kind is Kind.REFUSED and container.suspect.age(failure.event.at) <= FRESH:
            elsewhere = failure.probe.http_get is not None and failure.probe.http_get.host
            return (name, failure) if "connection refused" in failure.said and not elsewhere else None
    return None


def _bound(container: ContainerView, port: str) -> tuple[re.Match[str], Evidence] | None:
    """The last line that says on which address it listens at that port, if that is the loopback's."""
    lines = container.log.lines
    for number, line in reversed(list(enumerate(lines, 1))):
        found = _LISTENS.search(line[:_LINE])
        if found and found["port"] == port:
            place = f"{'previous log' if container.log.previous else 'log'}, line {number} of {len(lines)}"
            evidence = Evidence("log", container.suspect.object, place, cut(line))
            return (found, evidence) if found["host"].lower() in _LOOPBACK else None
    return None


def _conclude(
    container: ContainerView,
    refused: tuple[str, ProbeFailure],
    bound: tuple[re.Match[str], Evidence],
    since: datetime | None,
) -> Finding:
    (name, failure), (found, evidence) = refused, bound
    return container.finding(
        BIND,
        Confidence.CERTAIN,
        evidence,
        container.suspect.quote_event(failure.event),
        field="args",
        since=since,
        signature=found["port"],
        address=f"{found['host']}:{found['port']}",
        host=found["host"],
        port=found["port"],
        probe=name.lower(),
    )
