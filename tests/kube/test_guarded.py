"""A pasted kubeconfig leads only where it may, however its name resolves."""

from __future__ import annotations

from typing import Any

import pytest

from diagnostics.kube.access import load_document
from diagnostics.kube.errors import ConfigurationError
from diagnostics.kube.pacing import Pacing
from tests.kube.server import Script, json_answer


def document(server: str) -> dict[str, Any]:
    return {
        "current-context": "lab",
        "contexts": [{"name": "lab", "context": {"cluster": "it", "user": "it", "namespace": "shop"}}],
        "clusters": [{"name": "it", "cluster": {"server": server}}],
        "users": [{"name": "it", "user": {"token": "t0ken"}}],
    }


def test_the_far_end_is_looked_at_before_anything_is_said_to_it(script: Script) -> None:
    seen: list[tuple[str, int]] = []

    def refuse(address: str, port: int) -> None:
        seen.append((address, port))
        raise ConfigurationError("not there")

    host, port = script.address.removeprefix("http://").split(":")
    with (
        load_document(document(script.address.replace(host, "localhost")), refuse, pacing=Pacing(attempts=3)) as access,
        pytest.raises(ConfigurationError, match="not there"),
    ):
        access.get("/version")

    assert seen == [("127.0.0.1", int(port))]
    assert script.asked == []


def test_where_it_may_be_asked_it_is(script: Script) -> None:
    script.on("/version", json_answer({"gitVersion": "v1"}))
    with load_document(document(script.address), lambda *_: None) as access:
        assert access.get("/version").status == 200
        assert (access.name, access.namespace, access.proxied) == ("lab", "shop", False)

    (asked,) = script.asked
    assert asked.headers["Authorization"] == "Bearer t0ken"


def test_a_proxy_looks_itself(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", script.address)
    monkeypatch.setenv("HTTPS_PROXY", script.address)
    with load_document(document("https://lab.example"), lambda *_: pytest.fail("asked")) as access:
        assert access.proxied
