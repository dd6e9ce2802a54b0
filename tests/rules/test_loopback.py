"""Servers that bind the loopback address, and those that do not."""

from __future__ import annotations

from typing import Any

import pytest

from diagnostics.rules.loopback import loopback_bind
from diagnostics.rules.suspect import Suspect
from tests.rules.crashing import at, codes, ended, event, status, suspect

REFUSED = 'probe failed: Get "http://10.244.0.22:8080/": dial tcp 10.244.0.22:8080: connect: connection refused'
RUNNING = {**status(now="running", started=True), "state": {"running": {"startedAt": at(minutes=9)}}}


def server(
    line: str = "listening on 127.0.0.1:8080", said: str = f"Readiness {REFUSED}", now: Any = RUNNING, **more: Any
) -> Suspect:
    """A container whose probe met that and whose log has that line."""
    kind = said.split(maxsplit=1)[0].lower()
    get = {"path": "/", "port": 8080, **more.pop("get", {})}
    containers = [{"name": "app", f"{kind}Probe": {"httpGet": get}}]
    happened = [event("Unhealthy", said, ago=more.pop("ago", 60))]
    return suspect(now, containers=containers, events=happened, log=[line, "ready"], **more)


@pytest.mark.parametrize(
    "line",
    [
        "listening on 127.0.0.1:8080",
        "Server listening on localhost:8080",
        "INFO: Uvicorn running on http://127.0.0.1:8080 (Press CTRL+C to quit)",
        " * Running on http://127.0.0.1:8080",
        "Listening at: http://127.0.0.1:8080 (1)",
        "started server on [::1]:8080",
    ],
)
def test_it_listens_to_itself(line: str) -> None:
    assert codes(loopback_bind, server(line)) == ["loopback-bind"]


@pytest.mark.parametrize(
    "of",
    [
        server("listening on :8080"),
        server("listening on 0.0.0.0:8080"),
        server("listening on [::]:8080"),
        server("listening on 127.0.0.1:9090"),
        server("connecting to 127.0.0.1:8080"),
        server(said="Readiness probe failed: HTTP probe failed with statuscode: 503"),
        server(said='Readiness probe failed: Get "http://10.0.0.1:8080/": read: connection reset by peer'),
        server(ago=3600),
        server(get={"host": "127.0.0.1"}),
        server(metadata={"deletionTimestamp": at(seconds=5)}),
        server(now=status(now="running", ready=True, restarts=0)),
    ],
)
def test_quiet(of: Suspect) -> None:
    assert codes(loopback_bind, of) == []


def test_a_liveness_probe_kills_it_for_that() -> None:
    of = server(said=f"Liveness {REFUSED}", now=status(ended(137), now="waiting"), previous=True)
    (found,) = loopback_bind.judge(of)
    assert (found.params["probe"], found.evidence[0].path) == ("liveness", "previous log, line 1 of 2")
