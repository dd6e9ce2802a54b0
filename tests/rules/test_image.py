from __future__ import annotations

from typing import Any

import msgspec
import pytest

from diagnostics.engine.texts import Texts
from diagnostics.rules.image import image_pull, image_pull_slow, tag_drift
from diagnostics.rules.model import Confidence
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.objects import Node
from tests.rules.pods import codes, event, found, pod, suspect, waiting

IMAGE = "registry.example/shop/cart:1.4"
HEAD = f'failed to pull and unpack image "{IMAGE}": failed to resolve reference "{IMAGE}": '


def failing(error: str, *events: dict[str, Any], **changes: Any) -> Suspect:
    message = f'Back-off pulling image "{IMAGE}": ErrImagePull: {error}'
    return suspect(pod(waiting("ImagePullBackOff", message), **changes), events)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (HEAD + f"{IMAGE}: not found", "image-not-found"),
        ("manifest unknown: manifest unknown", "image-not-found"),
        ("reading manifest 1.4 in registry.example/shop/cart: name unknown", "image-not-found"),
        ("repository registry.example/shop/cart not found", "image-not-found"),
        ("content at https://registry.example/v2/shop/cart/manifests/1.4 not found", "image-not-found"),
        ("no such manifest: registry.example/shop/cart:1.4", "image-not-found"),
        ("pull access denied for shop/cart, repository does not exist or may require 'docker login'", "image-auth"),
        ("unauthorized: authentication required", "image-auth"),
        ('denied: Permission "artifactregistry.repositories.downloadArtifacts" denied', "image-auth"),
        ("rpc error: code = PermissionDenied desc = no", "image-auth"),
        ("failed to authorize: failed to fetch oauth token: unexpected status: 400 Bad Request", "image-auth"),
        ("toomanyrequests: You have reached your pull rate limit.", "image-rate-limit"),
        ("failed to fetch anonymous token: unexpected status: 429 Too Many Requests", "image-rate-limit"),
        ("dial tcp 192.0.2.1:443: i/o timeout", "image-registry-unreachable"),
        ("dial tcp 192.0.2.1:443: connect: no route to host", "image-registry-unreachable"),
        ('Head "https://registry.example/v2/": EOF', "image-registry-unreachable"),
        ("unexpected EOF", "image-registry-unreachable"),
        ("unexpected status from HEAD request: 502 Bad Gateway", "image-registry-unreachable"),
        ("rpc error: code = Unavailable desc = try again", "image-registry-unreachable"),
        ("failed to fetch anonymous token: dial tcp: lookup auth.example: no such host", "image-registry-dns"),
        ("lookup registry.example on 10.0.0.2:53: server misbehaving", "image-registry-dns"),
        ("getaddrinfo: no such host", "image-registry-dns"),
        ("tls: failed to verify certificate: x509: certificate has expired or is not yet valid", "image-tls"),
        ("remote error: tls: handshake failure", "image-tls"),
        ("http: server gave HTTP response to HTTPS client", "image-http-registry"),
        ("context deadline exceeded", "image-timeout"),
        ("net/http: TLS handshake timeout", "image-timeout"),
        ("net/http: request canceled (Client.Timeout exceeded while awaiting headers)", "image-timeout"),
        ("no match for platform in manifest: not found", "image-platform"),
        ("no matching manifest for linux/arm64/v8 in the manifest list entries", "image-platform"),
        ("failed to register layer: exec format error", "image-platform"),
        ("write /layer: no space left on device", "image-no-space"),
        ("failed to register layer: unexpected end", "image-corrupt"),
        ("content digest sha256:0a: not found", "image-corrupt"),
        (
            'media type "application/vnd.docker.distribution.manifest.v1+prettyjws" is no longer supported since v2.1',
            "image-corrupt",
        ),
        ("pulling Schema 1 images have been removed", "image-corrupt"),
        ("invalid reference format", "image-invalid-name"),
        ("illegal base64 data at input byte 4", "image-secret-bad"),
        ('desc = "transport: dial unix /run/containerd/containerd.sock: connect: no such file"', "image-inspect"),
        ("something new", "image-unknown"),
    ],
)
def test_the_words_of_an_error_tell_its_cause(error: str, code: str) -> None:
    assert codes(image_pull, failing(error)) == [code]


@pytest.mark.parametrize("name", ["eof", "unauthorized-x", "not-found", "timeout"])
def test_the_image_name_is_not_mistaken_for_an_error(name: str) -> None:
    error = f'failed to do request: Head "https://r.example/v2/{name}/manifests/1": connect: connection refused'
    assert codes(image_pull, failing(error)) == ["image-registry-unreachable"]


def test_words_that_are_known_from_reports_only_are_hedged() -> None:
    of = failing("Head https://registry.example/v2: no basic auth credentials")
    (finding,) = found(image_pull, of)
    assert finding.confidence is Confidence.POSSIBLE
    assert Texts(of, finding).sentence(finding.rule.message).startswith("Possibly: ")


def test_an_older_event_of_another_kind_is_not_believed_over_the_status() -> None:
    stale = event("Failed", f'Failed to pull image "{IMAGE}": x509: unknown authority', container="app")
    (finding,) = found(image_pull, failing("429 Too Many Requests", stale))
    assert finding.rule.code == "image-rate-limit"
    assert all(fact.source == "pod" for fact in finding.evidence)


def test_where_the_message_was_cut_the_newest_event_of_that_container_tells() -> None:
    cut = pod(waiting("ImagePullBackOff", f'Back-off pulling image "{IMAGE}"'))
    old = event("Failed", f'Failed to pull image "{IMAGE}": context deadline exceeded', container="app")
    old["lastTimestamp"] = "2026-11-23T03:40:00Z"
    new = event("Failed", f'Failed to pull image "{IMAGE}": manifest unknown', container="app")
    other = event("Failed", 'Failed to pull image "x": no space left on device', container="side")
    other["lastTimestamp"] = "2026-11-23T03:59:59Z"
    (finding,) = found(image_pull, suspect(cut, [old, new, other]))
    assert finding.rule.code == "image-not-found"
    assert [fact.source for fact in finding.evidence[:2]] == ["pod", "event"]


def test_a_registry_that_is_unavailable_by_reason_needs_no_words() -> None:
    assert codes(image_pull, suspect(pod(waiting("RegistryUnavailable", "try later")))) == [
        "image-registry-unreachable"
    ]


def test_without_a_message_the_reason_is_quoted() -> None:
    (finding,) = found(image_pull, suspect(pod(waiting("ErrImagePull"))))
    assert finding.rule.code == "image-unknown"
    assert finding.evidence[0].path == "status.containerStatuses[app].state.waiting.reason"


def test_a_missing_pull_secret_explains_a_refusal_and_likely_a_not_found() -> None:
    told = event("FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (one, two); attempting")
    for error, confidence in (("unauthorized", Confidence.CERTAIN), ("manifest unknown", Confidence.LIKELY)):
        (finding,) = found(image_pull, failing(error, told))
        assert finding.rule.code == "image-secret-missing"
        assert finding.confidence is confidence
        assert finding.offender is not None
        assert (finding.offender.kind, finding.offender.name) == ("Secret", "one")


def test_a_missing_pull_secret_does_not_explain_a_registry_that_is_down() -> None:
    told = event("FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (one); attempting")
    assert codes(image_pull, failing("connection refused", told)) == ["image-registry-unreachable"]


def test_a_damaged_secret_points_at_it_where_there_is_but_one() -> None:
    one = failing("illegal base64 data", imagePullSecrets=[{"name": "a"}])
    two = failing("illegal base64 data", imagePullSecrets=[{"name": "a"}, {"name": "b"}])
    assert [finding.offender.kind for of in (one, two) for finding in found(image_pull, of) if finding.offender] == [
        "Secret",
        "Deployment",
    ]


def test_an_invalid_name_that_the_parser_accepts_is_told_in_the_kubelets_words() -> None:
    message = 'Failed to apply default image tag "x": couldn\'t parse image name "x": invalid reference format: odd'
    of = suspect(pod(waiting("InvalidImageName", message)))
    (finding,) = found(image_pull, of)
    assert finding.params["why"] == "odd"


def test_an_invalid_name_leaves_no_blank_in_the_texts() -> None:
    document = pod(waiting("InvalidImageName", "invalid reference format"))
    document["spec"]["containers"][0]["image"] = "shop/cart:$TAG"
    of = suspect(document)
    (finding,) = found(image_pull, of)
    assert finding.params["why"] == "it holds a variable that was never filled in"
    assert finding.params["registry"] == "unknown"


def test_the_platform_is_that_of_the_node_if_the_node_was_read() -> None:
    of = failing("no match for platform in manifest: not found")
    assert found(image_pull, of)[0].params["node_platform"] == "the platform of node n1"
    info = {"nodeInfo": {"architecture": "arm64", "operatingSystem": "linux"}}
    of.snapshot.nodes["n1"] = msgspec.convert({"metadata": {"name": "n1"}, "status": info}, Node)
    again = Suspect(of.snapshot, of.pod, of.workload)
    assert found(image_pull, again)[0].params["node_platform"] == "linux/arm64, the platform of node n1"


def test_a_container_that_runs_is_not_blamed_for_old_events() -> None:
    old = event("Failed", f'Failed to pull image "{IMAGE}": manifest unknown', container="app")
    assert codes(image_pull, suspect(pod({"running": {}}), [old])) == []


@pytest.mark.parametrize("check", [image_pull, image_pull_slow])
def test_a_pod_that_goes_away_is_left_alone(check: Any) -> None:
    document = pod(waiting("ImagePullBackOff"))
    document["metadata"]["deletionTimestamp"] = "2026-11-23T03:59:00Z"
    assert codes(check, suspect(document, [event("Pulling", "Pulling", container="app")])) == []


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        (waiting("ContainerCreating"), "Pulling", ["image-pull-slow"]),
        (waiting("ContainerCreating"), "Pulled", []),
        (waiting("CrashLoopBackOff"), "Pulling", []),
        ({"running": {}}, "Pulling", []),
    ],
)
def test_only_a_pull_that_nothing_followed_is_slow(state: dict[str, Any], reason: str, expected: list[str]) -> None:
    assert codes(image_pull_slow, suspect(pod(state), [event(reason, "image", container="app")])) == expected


def test_a_pull_without_a_time_is_not_timed() -> None:
    timeless = event("Pulling", "image", container="app", firstTimestamp=None, lastTimestamp=None)
    assert codes(image_pull_slow, suspect(pod(waiting("ContainerCreating")), [timeless])) == []


@pytest.mark.parametrize(
    ("other_id", "drifts"), [("shop/cart@sha256:bb", True), ("mirror.example/shop/cart@sha256:aa", False)]
)
def test_what_a_tag_stands_for_is_only_compared_between_nodes_that_are_known(other_id: str, *, drifts: bool) -> None:
    """Another architecture has another image by right; another registry may have the same."""
    document = pod({"running": {}})
    document["metadata"]["ownerReferences"] = [
        {"kind": "ReplicaSet", "name": "cart-1", "uid": "rs", "controller": True}
    ]
    document["status"]["containerStatuses"][0]["imageID"] = "shop/cart@sha256:aa"
    drifting = suspect(document)
    other = msgspec.structs.replace(drifting.pod.status.container_statuses[0], image_id=other_id, image=IMAGE)
    sibling = msgspec.structs.replace(
        drifting.pod, status=msgspec.structs.replace(drifting.pod.status, container_statuses=(other,))
    )
    drifting.snapshot.count(sibling)
    assert codes(tag_drift, drifting) == []
    drifting.snapshot.nodes["n1"] = msgspec.convert({"metadata": {"name": "n1"}}, Node)
    assert codes(tag_drift, drifting) == ["image-tag-drift"] * drifts
