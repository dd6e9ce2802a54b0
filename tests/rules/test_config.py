from __future__ import annotations

from typing import Any

import msgspec
import pytest

from diagnostics.rules.config import config_error, wants
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import Unavailable
from diagnostics.snapshot.objects import Keyed
from tests.rules.pods import codes, event, found, pod, suspect, waiting


def refused(message: str, container: dict[str, Any] | None = None, **fields: Any) -> Suspect:
    document = pod(waiting("CreateContainerConfigError", message))
    document["spec"]["containers"][0] |= container or {}
    return suspect(document, [event("Failed", f"Error: {message}", container="app")], **fields)


def config_map(name: str, *keys: str, namespace: str = "shop") -> dict[tuple[str, str], Keyed]:
    made = {"metadata": {"name": name, "namespace": namespace}, "data": dict.fromkeys(keys, "x")}
    return {(namespace, name): msgspec.json.decode(msgspec.json.encode(made), type=Keyed)}


def instead(of: Suspect) -> str:
    return str(found(config_error, of)[0].params["instead"])


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ('configmap "a" not found', "config-configmap-missing"),
        ('secret "a" not found', "config-secret-missing"),
        ("couldn't find key k in ConfigMap shop/a", "config-key-missing"),
        ("couldn't find key k in Secret shop/a", "config-key-missing"),
        ('environment variable key "K" not found in file "/env"', "config-file-env"),
        ("cannot find the volume env referenced by FileKeyRef", "config-file-env"),
        ("invalid subPathExpr", "config-subpath-expr"),
        ('failed to create subPath directory for volumeMount "v" of container "app"', "vol-subpath"),
        ("failed to sync configmap cache: timed out waiting for the condition", "vol-not-registered"),
        ('object "shop"/"a" not registered', "vol-not-registered"),
        ("", "config-other"),
    ],
)
def test_the_kubelets_message_tells_what_is_missing(message: str, code: str) -> None:
    assert codes(config_error, refused(message)) == [code]


def test_the_place_of_the_reference_is_quoted_and_its_keys_are_named() -> None:
    env = [
        {"name": "PLAIN", "value": "x"},
        {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "prices", "key": "b"}}},
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "prices", "key": "a"}}},
        {"name": "OTHER", "valueFrom": {"configMapKeyRef": {"name": "rates", "key": "r"}}},
        {"name": "MAYBE", "valueFrom": {"configMapKeyRef": {"name": "prices", "key": "m", "optional": True}}},
        {"name": "HIDDEN", "valueFrom": {"secretKeyRef": {"name": "prices", "key": "s"}}},
    ]
    (finding,) = found(config_error, refused('configmap "prices" not found', {"env": env}))
    assert finding.params["use"] == "variables A, B"
    assert finding.params["keys"] == " with the keys a, b"
    assert "spec.containers[app].env[B].valueFrom.configMapKeyRef" in [fact.path for fact in finding.evidence]


def test_a_secret_taken_as_a_whole_is_found_in_env_from() -> None:
    env_from = [{"configMapRef": {"name": "all"}}, {"secretRef": {"name": "all"}}]
    (finding,) = found(config_error, refused('secret "all" not found', {"envFrom": env_from}))
    assert finding.evidence[1].path == "spec.containers[app].envFrom[1].secretRef"
    assert "never reads Secrets" in str(finding.params["instead"])


def test_a_name_that_the_template_does_not_hold_is_reported_without_a_place() -> None:
    (finding,) = found(config_error, refused('configmap "elsewhere" not found'))
    assert finding.params["use"] == "a part of its environment"
    assert [fact.source for fact in finding.evidence] == ["pod", "event"]


@pytest.mark.parametrize(
    ("present", "said"),
    [
        ({}, "The namespace has no ConfigMap of its own."),
        (config_map("kube-root-ca.crt"), "The namespace has no ConfigMap of its own."),
        (config_map("pricing"), "It exists by now"),
        (config_map("pricing-v2"), 'There is a ConfigMap "pricing-v2"'),
        (config_map("unlike"), "The namespace has unlike."),
        (config_map("pricing", namespace="test"), "Namespace test has one of that name"),
        (
            {key: value for name in "abcdefg" for key, value in config_map(f"{name}{name}{name}").items()},
            "The namespace has aaa, bbb, ccc, ddd, eee and 2 more.",
        ),
    ],
)
def test_did_you_mean(present: dict[tuple[str, str], Keyed], said: str) -> None:
    of = refused('configmap "pricing" not found', config_maps=present, read={"configmaps"})
    assert instead(of).startswith(said)


def test_what_was_not_read_is_not_guessed_at() -> None:
    gap = Unavailable(resource="configmaps", namespace="shop")
    unread = refused('configmap "pricing" not found')
    forbidden = refused('configmap "pricing" not found', read={"configmaps"}, unavailable=[gap])
    assert (
        instead(unread) == instead(forbidden) == "Which ConfigMaps exist could not be checked: they were not readable."
    )


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ((), "It has no keys at all."),
        (("price",), "Its keys are price."),
        (("rate",), 'It has a key "rate"'),
        (("rates",), "It has the key by now"),
    ],
)
def test_did_you_mean_this_key(keys: tuple[str, ...], said: str) -> None:
    message = "couldn't find key rates in ConfigMap shop/pricing"
    assert instead(refused(message, config_maps=config_map("pricing", *keys), read={"configmaps"})).startswith(said)
    assert instead(refused(message)) == "Which keys it has could not be checked: it was not readable."


def test_config_maps_are_wanted_only_where_one_is_missing() -> None:
    assert list(wants(refused('configmap "a" not found'))) == [("configmaps", "shop")]
    assert list(wants(refused('secret "a" not found'))) == []
    assert list(wants(suspect(pod({"running": {}})))) == []


def test_the_user_of_the_pod_counts_where_the_container_sets_none() -> None:
    document = pod(waiting("CreateContainerConfigError", "container's runAsUser breaks non-root policy"))
    document["spec"]["securityContext"] = {"runAsUser": 0}
    (finding,) = found(config_error, suspect(document))
    assert finding.params["why"] == "its securityContext sets runAsUser to 0, which is root"


def test_the_template_is_the_offender_where_no_object_is() -> None:
    (finding,) = found(config_error, refused("services have not yet been read at least once"))
    assert finding.offender is not None
    assert finding.offender.path == "spec.template.spec.containers[app]"


def test_a_pod_that_goes_away_is_left_alone() -> None:
    document = pod(waiting("CreateContainerConfigError", 'secret "a" not found'))
    document["metadata"]["deletionTimestamp"] = "2026-11-23T03:59:00Z"
    assert codes(config_error, suspect(document)) == []
