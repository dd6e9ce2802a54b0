"""A credential, wherever a cluster shows it, reaches no table."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

from diagnostics.demo.resources import Json
from diagnostics.demo.server import ClusterServer
from diagnostics.models import Diagnosis, KeptEvent, KeptLog, KnownObject, Suspect
from tests.clusters import serving
from tests.operations.watched import crashing_pod, event, followed, look_once, node, stored_cluster, wait_for_diagnosis
from tests.servers import wait_for

pytestmark = pytest.mark.django_db(transaction=True)
SENTINEL = "hunter2-Zx81-spectrum"
URL = f"postgres://app:{SENTINEL}@db.shop/cart"


@pytest.fixture
def server() -> Iterator[ClusterServer]:
    with serving() as server:
        server.store.put("nodes", node())
        yield server


def leaking_template() -> Json:
    """Containers that show a credential in every way."""
    app: Json = {
        "name": "app",
        "image": "app:1",
        "resources": {},
        "command": ["serve", f"--password={SENTINEL}"],
        "args": ["--token", SENTINEL, URL],
        "env": [{"name": "API_KEY", "value": SENTINEL}, {"name": "PLAIN", "value": SENTINEL}],
        "livenessProbe": {
            "httpGet": {"port": 1, "httpHeaders": [{"name": "Authorization", "value": f"Bearer {SENTINEL}"}]}
        },
    }
    return {"nodeName": "node-1", "containers": [app]}


def leaking_annotations() -> Json:
    return {
        "kubectl.kubernetes.io/last-applied-configuration": f'{{"env":[{{"name":"A","value":"{SENTINEL}"}}]}}',
        "example.com/dsn": URL,
    }


def leak(server: ClusterServer, name: str) -> None:
    """A crash-looping Deployment whose objects, events and logs show a credential in every way."""
    pod = crashing_pod(name)
    pod["metadata"]["annotations"] = leaking_annotations()
    pod["spec"] = leaking_template()
    ended = pod["status"]["containerStatuses"][0]["lastState"]["terminated"]
    ended["message"] = f"cannot connect to {URL}"
    ended["startedAt"] = ended["finishedAt"] = "2026-01-01T00:00:00Z"
    server.logs.put(("shop", name, "app", True), f"2026-01-01T00:00:00Z FATAL: cannot connect to {URL}\n".encode())
    template = {"metadata": {"annotations": leaking_annotations()}, "spec": leaking_template()}
    metadata = {"name": name, "namespace": "shop", "uid": f"d-{name}", "annotations": leaking_annotations()}
    server.store.put("deployments", {"metadata": metadata, "spec": {"replicas": 1, "template": template}})
    server.store.put("events", event(pod, f"e-{name}", "Failed", f"Error: password={SENTINEL} was refused by {URL}"))
    server.store.put("pods", pod)


def stored_values() -> Iterator[str]:
    """Everything that is stored, packed things unpacked."""
    for model in apps.get_app_config("diagnostics").get_models():
        for row in model._base_manager.all().values():
            for column, value in row.items():
                packed = isinstance(value, bytes | memoryview)
                text = zlib.decompress(value).decode() if packed else str(value)
                yield f"{model.__name__}.{column}: {text}"


def test_neither_a_sweep_nor_a_change_brings_a_credential_into_a_table(server: ClusterServer, tmp_path: Path) -> None:
    cluster = stored_cluster(server, tmp_path)
    leak(server, "swept")
    look_once(cluster)
    with followed(cluster):
        leak(server, "followed")
        wait_for_diagnosis(workload_name="followed")
        wait_for(lambda: KeptEvent.objects.count() == 2, "the second event")

    assert Diagnosis.objects.count() == Suspect.objects.count() == KeptLog.objects.count() == 2
    assert KnownObject.objects.filter(resource="deployments").count() == 2
    stored = list(stored_values())
    assert [value for value in stored if SENTINEL in value] == []
    assert any("[redacted]" in value and "cannot connect to" in value for value in stored), "the rest is kept"
