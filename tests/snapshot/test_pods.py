"""The two depths of a pod, and what can be read off them."""

from __future__ import annotations

import msgspec

from diagnostics.snapshot.pods import Container, LeanPod, Pod, PodStatus, Probe

DOCUMENT = b"""{
  "metadata": {"name": "web-0", "namespace": "shop", "labels": {"app": "web"}, "managedFields": [{}]},
  "spec": {
    "nodeName": "n1",
    "containers": [{"name": "app", "image": "shop/web:1", "env": [
      {"name": "PASSWORD", "value": "hunter2"},
      {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "web", "key": "token"}}}
    ]}],
    "initContainers": [{"name": "mesh", "restartPolicy": "Always"}, {"name": "migrate"}],
    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}
  },
  "status": {"phase": "Running", "podIP": "10.0.0.1", "hostIP": "192.0.2.1", "conditions": [
    {"type": "Ready", "status": "True"}
  ]}
}"""


def test_a_full_pod_is_a_lean_pod_and_more() -> None:
    lean, full = msgspec.json.decode(DOCUMENT, type=LeanPod), msgspec.json.decode(DOCUMENT, type=Pod)
    assert isinstance(full, LeanPod)
    assert (full.metadata.name, full.spec.node_name, full.status) == (
        lean.metadata.name,
        lean.spec.node_name,
        lean.status,
    )
    assert full.spec.containers[0].image == "shop/web:1"
    assert full.spec.affinity.node_affinity.required is not None
    assert (full.status.pod_ip, full.status.host_ip) == ("10.0.0.1", "192.0.2.1")


def test_literal_environment_values_are_never_decoded() -> None:
    full = msgspec.json.decode(DOCUMENT, type=Pod)
    assert b"hunter2" not in msgspec.json.encode(full)
    assert [variable.name for variable in full.spec.containers[0].env] == ["PASSWORD", "TOKEN"]


def test_only_native_sidecars_are_restartable() -> None:
    full = msgspec.json.decode(DOCUMENT, type=Pod)
    assert [container.restartable for container in full.spec.init_containers] == [True, False]


def test_conditions_by_type() -> None:
    status = msgspec.json.decode(DOCUMENT, type=LeanPod).status
    assert status.condition("Ready") is not None
    assert PodStatus().condition("Ready") is None


def test_a_probe_has_the_api_servers_defaults() -> None:
    container = msgspec.json.decode(
        b'{"name": "app", "startupProbe": {"initialDelaySeconds": 5, "failureThreshold": 30}}', type=Container
    )
    assert container.startup_probe is not None
    assert container.startup_probe.budget_seconds == 305
    assert Probe().budget_seconds == 30
