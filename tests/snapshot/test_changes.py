"""What differs between two revisions of a pod template."""

from __future__ import annotations

from itertools import combinations, permutations, product
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.snapshot.changes import HIDDEN, LITERAL, FieldChange, changes
from diagnostics.snapshot.objects import PodTemplate

Told = list[tuple[str, str | None, str | None]]


def template(metadata: dict[str, Any] | None = None, **spec: Any) -> PodTemplate:
    return msgspec.convert({"metadata": metadata or {}, "spec": spec}, PodTemplate)


def app(**fields: Any) -> PodTemplate:
    """A template with one container, `app`."""
    return template(containers=[{"name": "app", "image": "shop/web:1", **fields}])


def told(old: PodTemplate, new: PodTemplate) -> Told:
    return [(change.path, change.from_, change.to) for change in changes(old, new)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(
            app(), app(image="shop/web:2"), [("containers[app].image", "shop/web:1", "shop/web:2")], id="image"
        ),
        pytest.param(
            app(resources={"limits": {"memory": "64Mi"}}),
            app(resources={"limits": {"memory": "128Mi", "nvidia.com/gpu": "1"}}),
            [
                ("containers[app].resources.limits.memory", "64Mi", "128Mi"),
                ("containers[app].resources.limits[nvidia.com/gpu]", None, "1"),
            ],
            id="limits",
        ),
        pytest.param(
            app(resources={"requests": {"cpu": "1000m"}}), app(resources={"requests": {"cpu": 1}}), [], id="same amount"
        ),
        pytest.param(
            app(resources={"requests": {"cpu": "lots"}}),
            app(resources={"requests": {"cpu": "more"}}),
            [("containers[app].resources.requests.cpu", "lots", "more")],
            id="amounts that are none",
        ),
        pytest.param(
            app(command=["sh", "-c", "exec app"]),
            app(command=["sh", "-c", "exec app --port 80"], args=["x"]),
            [
                ("containers[app].command", "sh -c 'exec app'", "sh -c 'exec app --port 80'"),
                ("containers[app].args", None, "x"),
            ],
            id="command",
        ),
        pytest.param(
            app(),
            app(livenessProbe={"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5}),
            [("containers[app].livenessProbe", None, "httpGet.path=/healthz, httpGet.port=8080, periodSeconds=5")],
            id="a new probe",
        ),
        pytest.param(
            app(livenessProbe={"tcpSocket": {"port": 8080}}),
            app(livenessProbe={"tcpSocket": {"port": "http"}, "failureThreshold": 9}),
            [
                ("containers[app].livenessProbe.tcpSocket.port", "8080", "http"),
                ("containers[app].livenessProbe.failureThreshold", None, "9"),
            ],
            id="another probe",
        ),
        pytest.param(
            app(),
            template(
                containers=[{"name": "app", "image": "shop/web:1"}, {"name": "mesh", "image": "proxy:3", "args": ["x"]}]
            ),
            [("containers[mesh]", None, "proxy:3")],
            id="a new container",
        ),
        pytest.param(
            template(
                containers=[{"name": "old", "image": "a"}, {"name": "app"}],
                initContainers=[{"name": "i", "image": "b"}],
            ),
            template(containers=[{"name": "app"}]),
            [("initContainers[i]", "b", None), ("containers[old]", "a", None)],
            id="containers gone",
        ),
        pytest.param(
            template(containers=[{"name": "a"}, {"name": "b"}]),
            template(containers=[{"name": "b"}, {"name": "a"}]),
            [],
            id="only the order",
        ),
        pytest.param(
            template(volumes=[{"name": "data", "configMap": {"name": "web-1"}}, {"name": "tmp"}]),
            template(
                volumes=[{"name": "data", "configMap": {"name": "web-2"}}, {"name": "more", "nfs": {"server": "s"}}]
            ),
            [
                ("volumes[data].configMap.name", "web-1", "web-2"),
                ("volumes[tmp]", "", None),
                ("volumes[more]", None, "nfs.server=s"),
            ],
            id="volumes",
        ),
        pytest.param(
            app(volumeMounts=[{"name": "data", "mountPath": "/data"}]),
            app(
                volumeMounts=[
                    {"name": "data", "mountPath": "/data", "readOnly": True},
                    {"name": "t", "mountPath": "/tmp"},
                ]
            ),
            [
                ("containers[app].volumeMounts[/data].readOnly", None, "true"),
                ("containers[app].volumeMounts[/tmp]", None, "name=t"),
            ],
            id="mounts",
        ),
        pytest.param(
            app(ports=[{"containerPort": 53, "protocol": "UDP"}]),
            app(ports=[{"containerPort": 53, "protocol": "UDP", "hostPort": 53}, {"containerPort": 53}]),
            [
                ("containers[app].ports[53/UDP].hostPort", None, "53"),
                ("containers[app].ports[53/TCP]", None, ""),
            ],
            id="ports",
        ),
        pytest.param(
            template(
                nodeSelector={"disk": "ssd"},
                tolerations=[{"key": "a", "operator": "Exists"}, {"key": "b", "value": "c"}],
            ),
            template(nodeSelector={"disk": "hdd", "topology.kubernetes.io/zone": "b"}),
            [
                ("nodeSelector.disk", "ssd", "hdd"),
                ("tolerations", "key=a, operator=Exists; key=b, value=c", None),
                ("nodeSelector[topology.kubernetes.io/zone]", None, "b"),
            ],
            id="placement",
        ),
        pytest.param(
            template({"labels": {"app": "web", "pod-template-hash": "1"}}),
            template({"labels": {"app": "web", "pod-template-hash": "2", "tier": "front"}}),
            [("metadata.labels[tier]", None, "front")],
            id="labels, but not the revision's",
        ),
    ],
)
def test_changes(old: PodTemplate, new: PodTemplate, expected: Told) -> None:
    assert told(old, new) == expected


def test_environment_variables_are_told_by_where_their_values_come_from() -> None:
    def secret(name: str, key: str) -> dict[str, Any]:
        return {"valueFrom": {"secretKeyRef": {"name": name, "key": key}}}

    old = app(
        env=[{"name": "A", "value": "hunter2"}, {"name": "B", **secret("db", "old")}, {"name": "C", "value": "1"}]
    )
    new = app(
        env=[
            {"name": "A", **secret("db", "password")},
            {"name": "B", **secret("db", "new")},
            {"name": "C", "value": "2"},
            {"name": "D", "valueFrom": {"configMapKeyRef": {"name": "web", "key": "d"}}},
            {"name": "E", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        ]
    )
    assert told(old, new) == [
        ("containers[app].env[A]", LITERAL, "secretKeyRef db/password"),
        ("containers[app].env[B]", "secretKeyRef db/old", "secretKeyRef db/new"),
        ("containers[app].env[D]", None, "configMapKeyRef web/d"),
        ("containers[app].env[E]", None, "a field of the pod or its resources"),
    ]


def test_only_harmless_annotations_show_their_values() -> None:
    old = template({"annotations": {"checksum/config": "a1", "vault.example/token": "hunter2"}})
    new = template({"annotations": {"checksum/config": "b2", "vault.example/token": "hunter3"}})
    assert told(old, new) == [
        ("metadata.annotations[checksum/config]", "a1", "b2"),
        ("metadata.annotations[vault.example/token]", HIDDEN, HIDDEN),
    ]


def test_a_change_is_written_as_the_contract_says() -> None:
    assert msgspec.to_builtins(FieldChange(path="image", from_="a", to="b")) == {
        "path": "image",
        "from": "a",
        "to": "b",
    }


NAMES = ("a", "b", "c")
SETS = st.sampled_from([names for size in range(4) for names in combinations(NAMES, size)])
ORDERS = st.sampled_from([names for size in range(4) for names in permutations(NAMES, size)])
ARGUMENTS = st.sampled_from([*product(NAMES, repeat=2), (), ("a",), ("b",)])
LIMITS = st.sampled_from([{}, {"a": "1"}, {"a": "1000m"}, {"a": "2Gi", "b": "1"}, {"b": "1000m", "c": "2Gi"}])


@st.composite
def templates(draw: st.DrawFn) -> PodTemplate:
    def container(name: str) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "image": draw(st.sampled_from(["", "x:1", "x:2"])),
            "args": draw(ARGUMENTS),
            "env": [{"name": variable} for variable in draw(SETS)],
            "resources": {"limits": draw(LIMITS)},
        }
        if port := draw(st.integers(0, 3)):
            fields["readinessProbe"] = {"grpc": {"port": port}}
        return {"name": name, **fields}

    selector = dict.fromkeys(draw(SETS), draw(st.sampled_from(NAMES)))
    return template(containers=[container(name) for name in draw(ORDERS)], nodeSelector=selector)


TEMPLATES = templates()


@given(TEMPLATES, TEMPLATES)
def test_going_back_undoes_every_change_and_no_path_is_told_twice(one: PodTemplate, other: PodTemplate) -> None:
    assert changes(one, one) == ()
    there, back = told(one, other), told(other, one)
    assert sorted(there, key=str) == sorted(((path, to, from_) for path, from_, to in back), key=str)
    assert len({path for path, _, _ in there}) == len(there)
    assert all(from_ != to for _, from_, to in there)
