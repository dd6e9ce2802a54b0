from __future__ import annotations

from typing import Any

import pytest

from diagnostics.rules.sandbox import pod_sandbox, pod_told, sandbox_changed
from diagnostics.rules.suspect import Suspect
from tests.rules.pods import codes, event, found, pod, suspect, waiting

SANDBOX = "FailedCreatePodSandBox"
PREFIX = "Failed to create pod sandbox: rpc error: code = Unknown desc = "


def failing(text: str, reason: str = SANDBOX, *, ready: bool | None = False, **spec: Any) -> Suspect:
    document = pod(waiting("ContainerCreating"), ready_to_start=ready, **spec)
    return suspect(document, [event(reason, text)])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Failed to lookup runtimeHandler", "sandbox-runtime-handler"),
        ("failed to connect: dial tcp 127.0.0.1:50051: connect: connection refused", "cni-aws-ipamd-down"),
        ("Error received from AddNetwork gRPC call: rpc error", "cni-aws-ipamd-down"),
        ("no IP addresses available in range set: fd00::2-fd00::fe", "cni-range-exhausted"),
        ("cni config uninitialized", "cni-uninitialised"),
        (
            "unable to connect to Cilium daemon: failed to create cilium agent client after 30.0 seconds",
            "cni-agent-down",
        ),
        ("loadFlannelSubnetEnv failed: open /run/flannel/subnet.env: no such file or directory", "cni-agent-down"),
        ("error making pod data directories: mkdir: no space left", "pod-cgroup"),
        ("something new", "start-stuck-creating"),
        ("", "start-stuck-creating"),
    ],
)
def test_the_words_of_the_runtime_tell_why_there_is_no_sandbox(text: str, code: str) -> None:
    assert codes(pod_sandbox, failing(PREFIX + text)) == [code]


def test_old_and_new_runtimes_wrap_the_same_error_differently() -> None:
    error = "add cmd: failed to assign an IP address to container"
    old = f'rpc error: code = Unknown desc = NetworkPlugin cni failed to set up pod "cart-1_shop" network: {error}'
    new = f'{PREFIX}failed to setup network for sandbox "0a1b": plugin type="aws-cni" failed (add): {error}'
    assert codes(pod_sandbox, failing(old)) == codes(pod_sandbox, failing(new)) == ["cni-aws-no-ip"]


def test_events_that_were_combined_are_read_like_any_other() -> None:
    assert codes(pod_sandbox, failing("(combined from similar events): " + PREFIX + "range is full")) == [
        "cni-range-exhausted"
    ]


def test_pod_directories_fail_under_a_reason_of_their_own() -> None:
    assert codes(pod_sandbox, failing("error making pod data directories: no space", "Failed")) == ["pod-cgroup"]
    assert codes(pod_sandbox, failing("Error: ImagePullBackOff", "Failed")) == []


@pytest.mark.parametrize(("host_users", "code"), [(False, "sandbox-userns"), (None, "start-stuck-creating")])
def test_user_namespaces_are_blamed_only_where_the_pod_asks_for_one(*, host_users: bool | None, code: str) -> None:
    assert codes(pod_sandbox, failing(PREFIX + "failed to set up user namespace", hostUsers=host_users)) == [code]


def test_the_smallest_limit_is_the_one_that_is_too_low() -> None:
    def limit(memory: str) -> dict[str, Any]:
        return {"limits": {"memory": memory}}

    containers = [{"name": "app", "resources": limit("64Mi")}, {"name": "odd", "resources": limit("lots")}]
    inits = [{"name": "prepare", "resources": limit("1Mi")}]
    of = failing("container init was OOM-killed", containers=containers, initContainers=inits)
    (finding,) = found(pod_sandbox, of)
    assert (finding.params["limit"], finding.params["limited"]) == ("1Mi", "prepare")
    assert finding.offender is not None
    assert finding.offender.path == "spec.template.spec.initContainers[prepare].resources.limits.memory"


def test_a_limit_of_the_pod_and_none_at_all() -> None:
    of_pod = failing("container init was OOM-killed", resources={"limits": {"memory": "2Mi"}})
    (finding,) = found(pod_sandbox, of_pod)
    assert (finding.params["limit"], finding.params["limited"]) == ("2Mi", None)
    assert finding.offender is not None
    assert finding.offender.path == "spec.template.spec.resources.limits.memory"
    (unlimited,) = found(pod_sandbox, failing("container init was OOM-killed"))
    assert unlimited.params["limit"] == "unknown size"


def test_a_handler_without_a_runtime_class_is_the_nodes() -> None:
    text = 'no runtime for "runc" is configured'
    (bare,) = found(pod_sandbox, failing(text))
    (classed,) = found(pod_sandbox, failing(text, runtimeClassName="gvisor"))
    assert [finding.offender.kind for finding in (bare, classed) if finding.offender] == ["Node", "RuntimeClass"]
    assert (bare.params["wanted"], classed.params["wanted"]) == ("the pod", "RuntimeClass gvisor")


def test_a_newer_failure_of_a_volume_means_that_the_sandbox_is_not_the_trouble() -> None:
    document = pod(waiting("ContainerCreating"), ready_to_start=False)
    old = event(SANDBOX, "x", lastTimestamp="2026-11-23T03:50:00Z")
    assert codes(pod_sandbox, suspect(document, [old, event("FailedMount", "y")])) == []


@pytest.mark.parametrize("ready", [True, None])
def test_a_pod_that_has_its_sandbox_is_not_blamed_for_old_events(*, ready: bool | None) -> None:
    document = pod({"running": {}}, ready_to_start=ready)
    assert codes(pod_sandbox, suspect(document, [event(SANDBOX, "x")])) == []


def test_a_pod_without_a_node_has_no_sandbox_to_fail() -> None:
    assert codes(pod_sandbox, failing("x", nodeName="")) == []


@pytest.mark.parametrize(
    ("count", "first", "last", "loops"),
    [
        (3, "03:52", "03:59", True),
        (2, "03:52", "03:59", False),
        (3, "03:00", "03:59", False),
        (20, "03:00", "03:59", True),
        (20, "03:00", "03:40", False),
    ],
)
def test_three_changes_within_ten_minutes_are_a_loop(count: int, first: str, last: str, *, loops: bool) -> None:
    times = {"firstTimestamp": f"2026-11-23T{first}:00Z", "lastTimestamp": f"2026-11-23T{last}:00Z"}
    told = event("SandboxChanged", "Pod sandbox changed", count=count, **times)
    assert codes(sandbox_changed, suspect(pod({"running": {}}), [told])) == ["sandbox-changed-loop"] * loops


def test_changes_without_times_are_no_loop() -> None:
    told = event("SandboxChanged", "x", count=9, firstTimestamp=None, lastTimestamp=None)
    assert codes(sandbox_changed, suspect(pod({"running": {}}), [told])) == []


def test_dns_settings_and_permissions_are_told_by_single_events() -> None:
    told = [
        event("DNSConfigForming", "Nameserver limits were exceeded, some were omitted"),
        event("MissingClusterDNS", "x"),
    ]
    truncated, missing = found(pod_told, suspect(pod({"running": {}}), told))
    assert truncated.params["error"] == "Nameserver limits were exceeded"
    assert [finding.offender.kind for finding in (truncated, missing) if finding.offender] == ["Deployment", "Node"]


@pytest.mark.parametrize("check", [pod_sandbox, sandbox_changed, pod_told])
def test_a_pod_that_goes_away_is_left_alone(check: Any) -> None:
    document = pod(waiting("ContainerCreating"), ready_to_start=False)
    document["metadata"]["deletionTimestamp"] = "2026-11-23T03:59:00Z"
    told = [event(SANDBOX, "x"), event("SandboxChanged", "x", count=9), event("MissingClusterDNS", "x")]
    assert codes(check, suspect(document, told)) == []
