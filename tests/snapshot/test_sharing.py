"""What pods of one template have in common is held once, and nothing of it changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from diagnostics.snapshot import sharing
from diagnostics.snapshot.pods import Pod
from diagnostics.snapshot.sharing import Sharing

CAPTURED = Path(__file__).parent / "captured" / "pods.json"


def document(name: str) -> dict[str, Any]:
    token = {"name": f"kube-api-access-{name}", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    container = {
        "name": "app",
        "image": "cart:1.4.2",
        "env": [{"name": f"SETTING_{number}"} for number in range(20)],
        "resources": {"limits": {"memory": "64Mi"}},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}, token],
    }
    crashed = {"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": "2026-11-23T03:00:00Z"}}
    return {
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}", "labels": {"app": "cart"}},
        "spec": {"containers": [container], "volumes": [{"name": "data"}, {"name": token["name"]}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "app", "restartCount": 7, "lastState": crashed}]},
    }


def decoded(found: dict[str, Any]) -> Pod:
    return msgspec.convert(found, Pod)


def test_two_pods_of_one_template_share_all_but_what_is_their_own() -> None:
    one, other = decoded(document("a")), decoded(document("b"))
    sharing = Sharing()
    first, second = sharing.pod(one), sharing.pod(other)

    assert (first, second) == (one, other)
    assert first.status is second.status
    (app,), (same_app,) = first.spec.containers, second.spec.containers
    assert app.env is same_app.env
    assert app.resources is same_app.resources
    assert app.volume_mounts[0] is same_app.volume_mounts[0]
    assert app.volume_mounts[1].name == "kube-api-access-a"
    assert first.metadata.labels is second.metadata.labels


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found["status"]["containerStatuses"][0].update(restartCount=8),
        lambda found: found["status"]["containerStatuses"][0].update(ready=True),
        lambda found: found["spec"]["containers"][0].update(image="cart:1.4.3"),
        lambda found: found["spec"]["containers"][0]["env"].pop(),
    ],
)
def test_what_differs_stays_different(change: Callable[[dict[str, Any]], object]) -> None:
    changed = document("a")
    change(changed)
    sharing = Sharing()
    sharing.pod(decoded(document("a")))

    assert sharing.pod(decoded(changed)) == decoded(changed)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "MOST", 0)
    shared = Sharing()
    first, second = shared.pod(decoded(document("a"))), shared.pod(decoded(document("a")))

    assert first == second
    assert first.status is not second.status


def test_captured_pods_stay_as_they_are() -> None:
    sharing, captured = Sharing(), msgspec.json.decode(CAPTURED.read_bytes())["pods"]
    assert captured
    for found in captured:
        pod = msgspec.convert(found["pod"], Pod)
        assert sharing.pod(pod) == pod
