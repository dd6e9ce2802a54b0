from __future__ import annotations

from typing import Any

import msgspec
import pytest

from diagnostics.rules.suspect import Suspect
from diagnostics.rules.volumes import claim_lost, claim_pending, volume_health, volume_mount, volume_unwritable, wants
from diagnostics.snapshot.cluster import ContainerLog, Unavailable
from diagnostics.snapshot.objects import Claim, StorageClass
from tests.rules.pods import codes, event, found, pod, suspect, waiting

Json = dict[str, Any]
OLD = {"firstTimestamp": "2026-11-23T03:20:00Z", "lastTimestamp": "2026-11-23T03:40:00Z"}
DATA: Json = {"name": "data", "persistentVolumeClaim": {"claimName": "cart-data"}}


def mounting(*events: Json, volumes: Any = (), ready: bool | None = False, **fields: Any) -> Suspect:
    """A pod without its sandbox, with those events."""
    return suspect(pod(waiting("ContainerCreating"), ready_to_start=ready, volumes=list(volumes)), events, **fields)


def failed(text: str, volume: str = "conf", **fields: Any) -> Json:
    return event("FailedMount", f'MountVolume.SetUp failed for volume "{volume}" : {text}', **fields)


def claim(name: str = "cart-data", phase: str = "Pending", **fields: Any) -> dict[tuple[str, str], Claim]:
    made = {
        "metadata": {"name": name, "namespace": "shop", "uid": "c1", **fields.pop("metadata", {})},
        "spec": {"storageClassName": "fast", **fields},
        "status": {"phase": phase},
    }
    return {("shop", name): msgspec.convert(made, Claim, strict=False)}


def storage_class(name: str, *, default: bool = False, mode: str = "Immediate") -> dict[str, StorageClass]:
    notes = {"storageclass.kubernetes.io/is-default-class": "true"} if default else {}
    made = {"metadata": {"name": name, "annotations": notes}, "provisioner": "csi.example", "volumeBindingMode": mode}
    return {name: msgspec.convert(made, StorageClass)}


def unscheduled(*events: Json, claims: Any, **fields: Any) -> Suspect:
    """A pod without a node, whose volume data is claim cart-data."""
    return suspect(pod(ready_to_start=None, nodeName="", volumes=[DATA]), events, claims=claims, **fields)


def about_claim(reason: str, message: str = "", **fields: Any) -> Json:
    return event(reason, message, uid="c1", **fields)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[configmap "a" not found, secret "b" not found]', "vol-configmap-missing"),
        ('secret "b" not found', "vol-secret-missing"),
        ("configmap references non-existent config key: k", "vol-key-missing"),
        ("references non-existent secret key: k", "vol-key-missing"),
        ('object "shop"/"a" not registered', "vol-not-registered"),
        ('failed to fetch token: serviceaccounts "cart" not found', "vol-projected-token"),
        ("hostPath type check failed: /dev/x is not a character device", "vol-hostpath-type"),
        ("mount failed: exit status 32", "vol-mountdevice-failed"),
        ("bad option; for several filesystems you might need a /sbin/mount.cifs helper program.", "vol-nfs"),
        ("rpc error: code = Internal desc = something new", "vol-mountdevice-failed"),
    ],
)
def test_the_kubelets_event_tells_why_a_volume_is_not_mounted(text: str, code: str) -> None:
    assert codes(volume_mount, mounting(failed(text))) == [code]


def test_an_attachment_that_fails_in_new_words_is_still_an_attachment() -> None:
    assert codes(volume_mount, mounting(event("FailedAttachVolume", "something new"))) == ["vol-attach-failed"]


def test_each_volume_speaks_once_with_its_newest_event() -> None:
    older = failed('secret "b" not found', lastTimestamp="2026-11-23T03:58:00Z")
    of = mounting(failed('configmap "a" not found'), older, failed('configmap "c" not found', volume="other"))
    assert [finding.params["name"] for finding in found(volume_mount, of)] == ["a", "c"]


def test_an_event_that_is_not_repeated_is_over() -> None:
    assert codes(
        volume_mount, mounting(failed('secret "b" not found', volume="x", **OLD), failed('secret "c" not found'))
    ) == ["vol-secret-missing"]


def test_the_controller_reports_an_attachment_once_and_is_believed_later_on() -> None:
    summary = event("FailedMount", "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[]")
    once = event(
        "FailedAttachVolume", 'Multi-Attach error for volume "pv-1" Volume is already exclusively attached', **OLD
    )
    (finding,) = found(volume_mount, mounting(summary, once, volumes=[DATA]))
    assert finding.rule.code == "vol-multi-attach"
    assert finding.params["holder"] == ""
    assert finding.params["volume"] == "data (claim cart-data)"


def test_the_summary_says_which_volumes_are_mounted_by_now() -> None:
    summary = event(
        "FailedMount", "Unable to attach or mount volumes: unmounted volumes=[data conf], unattached volumes=[]"
    )
    mounted = failed('configmap "a" not found', volume="keys", lastTimestamp="2026-11-23T03:58:30Z")
    missing = failed('configmap "b" not found', lastTimestamp="2026-11-23T03:58:40Z")
    volumes = [DATA, {"name": "keys"}, {"name": "conf"}]
    assert [
        finding.params["name"] for finding in found(volume_mount, mounting(summary, mounted, missing, volumes=volumes))
    ] == ["b"]


def test_a_sandbox_that_fails_later_means_that_the_volumes_are_mounted() -> None:
    later = event("FailedCreatePodSandBox", "x", lastTimestamp="2026-11-23T03:59:59Z")
    assert codes(volume_mount, mounting(failed('configmap "a" not found'), later)) == []


@pytest.mark.parametrize(
    ("ready", "expected"), [(True, []), (False, ["vol-secret-missing"]), (None, ["vol-secret-missing"])]
)
def test_a_pod_with_a_sandbox_is_not_blamed_for_old_events(ready: bool | None, expected: list[str]) -> None:
    assert codes(volume_mount, mounting(failed('secret "b" not found'), ready=ready)) == expected


def test_without_that_condition_a_container_that_ran_proves_the_sandbox() -> None:
    document = pod({"running": {}}, ready_to_start=None)
    assert codes(volume_mount, suspect(document, [failed('secret "b" not found')])) == []


def test_a_persistent_volume_is_found_by_its_claim() -> None:
    volumes = [DATA, {"name": "scratch", "ephemeral": {}}]
    bound = {**claim(volumeName="pv-1"), **claim("cart-1-scratch", volumeName="pv-2")}
    told = [failed("timeout", volume=name) for name in ("pv-1", "pv-2", "pv-3")]
    labels = [
        finding.params["volume"] for finding in found(volume_mount, mounting(*told, volumes=volumes, claims=bound))
    ]
    assert labels == ["data (claim cart-data)", "scratch (claim cart-1-scratch)", "pv-3"]


@pytest.mark.parametrize(
    ("volume", "kind", "name"),
    [
        ({"configMap": {"name": "web"}}, "ConfigMap", "web"),
        ({"projected": {"sources": [{"secret": {"name": "s"}}, {"configMap": {"name": "c"}}]}}, "ConfigMap", "c"),
        ({"secret": {"secretName": "tls"}}, "Secret", "tls"),
        ({"projected": {"sources": [{"configMap": {"name": "c"}}, {"secret": {"name": "s"}}]}}, "Secret", "s"),
        ({}, "ConfigMap", None),
        ({}, "Secret", None),
    ],
)
def test_the_object_that_lacks_a_key_is_found_in_the_volume(volume: Json, kind: str, name: str | None) -> None:
    source = "config" if kind == "ConfigMap" else "secret"
    told = failed(f"references non-existent {source} key: k")
    (finding,) = found(volume_mount, mounting(told, volumes=[{"name": "conf", **volume}]))
    assert finding.offender is not None
    expected = (kind, name, "data[k]") if name else ("Deployment", "cart", "spec.template.spec.volumes[conf]")
    assert (finding.offender.kind, finding.offender.name, finding.offender.path) == expected
    assert finding.params["resource"] == (f"{kind.lower()}/{name}" if name else None)


def test_a_key_of_a_volume_that_the_pod_does_not_have_leads_nowhere() -> None:
    (finding,) = found(volume_mount, mounting(failed("references non-existent config key: k", volume="gone")))
    assert finding.offender is not None
    assert finding.offender.path == "spec.template.spec.volumes"


def test_the_file_server_is_named_if_the_volume_names_it() -> None:
    told = failed("mount.nfs: access denied by server")
    nfs = mounting(told, volumes=[{"name": "conf", "nfs": {"server": "files.example"}}])
    assert [found(volume_mount, of)[0].params["server"] for of in (nfs, mounting(told))] == ["files.example", None]


def test_a_cache_that_is_not_synced_is_information() -> None:
    told = failed("failed to sync secret cache: timed out waiting for the condition")
    named = mounting(told, volumes=[{"name": "conf"}])
    assert [found(volume_mount, of)[0].params["waiter"] for of in (named, mounting(told))] == [
        "Volume conf",
        "A volume",
    ]


def test_only_what_a_fault_needs_is_wanted() -> None:
    assert list(wants(mounting(failed('configmap "a" not found')))) == [("configmaps", "shop")]
    assert list(wants(mounting(failed("timeout"), volumes=[DATA]))) == [("persistentvolumeclaims", "shop")]
    assert list(wants(unscheduled(claims={}))) == [("persistentvolumeclaims", "shop"), ("storageclasses", None)]
    assert list(wants(mounting(volumes=[DATA]))) == []
    assert list(wants(suspect(pod({"running": {}})))) == []


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("VolumePermissionChangeInProgress", "vol-permission-slow"),
        ("VolumeResizeFailed", "vol-resize-failed"),
        ("VolumeConditionAbnormal", "vol-abnormal"),
        ("MultipleSELinuxLabels", "vol-selinux"),
    ],
)
def test_an_event_about_a_volumes_health_is_told_once(reason: str, code: str) -> None:
    assert codes(volume_health, mounting(*(event(reason, "x") for _ in range(3)))) == [code]


@pytest.mark.parametrize(
    ("events", "classes", "code"),
    [
        ([about_claim("ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found')], None, "vol-sc-missing"),
        (
            [about_claim("ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found')],
            "fast",
            "vol-pvc-pending",
        ),
        ([], "other", "vol-sc-missing"),
        ([about_claim("ProvisioningFailed", "quota")], "fast", "vol-provision-failed"),
        (
            [about_claim("ProvisioningFailed", "quota", **OLD), about_claim("ExternalProvisioning")],
            "fast",
            "vol-provision-stuck",
        ),
        (
            [about_claim("FailedBinding", "no persistent volumes available and no storage class is set")],
            "fast",
            "vol-sc-none",
        ),
        ([about_claim("FailedBinding", "something new")], "fast", "vol-pvc-pending"),
        ([about_claim("WaitForFirstConsumer")], "fast", "vol-wait-consumer"),
        ([about_claim("WaitForPodScheduled")], "fast", "vol-wait-consumer"),
        ([], "fast", "vol-pvc-pending"),
        ([], None, "vol-pvc-pending"),
    ],
)
def test_the_most_telling_event_of_a_claim_is_believed(events: list[Json], classes: str | None, code: str) -> None:
    read = {"read": {"storageclasses"}, "storage_classes": storage_class(classes)} if classes else {}
    assert codes(claim_pending, unscheduled(*events, claims=claim(), **read)) == [code]


def test_a_claim_that_binds_on_first_use_waits_for_its_pod() -> None:
    classes = storage_class("fast", mode="WaitForFirstConsumer")
    of = unscheduled(claims=claim(), storage_classes=classes, read={"storageclasses"})
    assert codes(claim_pending, of) == ["vol-wait-consumer"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"storageClassName": ""}, "It names the empty class"),
        (
            {"storageClassName": None},
            "Claims without a class get the cluster's default StorageClass, and it has none at all.",
        ),
    ],
)
def test_why_no_class_looks_after_a_claim(fields: Json, said: str) -> None:
    told = about_claim("FailedBinding", "no storage class is set")
    (finding,) = found(claim_pending, unscheduled(told, claims=claim(**fields), read={"storageclasses"}))
    assert str(finding.params["lack"]).startswith(said)


@pytest.mark.parametrize(
    ("classes", "read", "said"),
    [
        (storage_class("slow"), True, "it has slow, none of them marked as the default."),
        (storage_class("slow", default=True), True, "There is one now, but it was not there for this claim."),
        ({}, False, "whether there is one could not be checked."),
    ],
)
def test_whether_the_cluster_has_a_default_class(classes: dict[str, StorageClass], read: bool, said: str) -> None:
    told = about_claim("FailedBinding", "no storage class is set")
    known = {"read": {"storageclasses"}} if read else {}
    of = unscheduled(told, claims=claim(storageClassName=None), storage_classes=classes, **known)
    assert str(found(claim_pending, of)[0].params["lack"]).endswith(said)


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (storage_class("fasts"), 'There is a StorageClass "fasts": is that the one that is meant?'),
        (storage_class("bulk"), "The cluster has bulk."),
        ({}, "The cluster has no StorageClass at all."),
    ],
)
def test_did_you_mean_this_class(classes: dict[str, StorageClass], said: str) -> None:
    (finding,) = found(claim_pending, unscheduled(claims=claim(), storage_classes=classes, read={"storageclasses"}))
    assert finding.params["instead"] == said


def test_without_the_classes_the_controllers_word_is_taken_and_nothing_guessed() -> None:
    told = about_claim("ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found')
    gap = Unavailable(resource="storageclasses")
    (finding,) = found(claim_pending, unscheduled(told, claims=claim(), read={"storageclasses"}, unavailable=[gap]))
    assert finding.params["instead"] == "Which classes exist could not be checked: they were not readable."


def test_a_pending_claim_says_whether_its_events_could_be_read() -> None:
    gap = Unavailable(resource="events")
    (finding,) = found(claim_pending, unscheduled(claims=claim(), unavailable=[gap]))
    assert finding.params["unexplained"] == "events were not readable"


def test_an_event_without_a_time_is_still_told() -> None:
    timeless = about_claim("ExternalProvisioning", firstTimestamp=None, lastTimestamp=None)
    (finding,) = found(claim_pending, unscheduled(timeless, claims=claim()))
    assert finding.params["began"] == "it was made"
    refused = about_claim("ProvisioningFailed", "quota", firstTimestamp=None, lastTimestamp=None)
    assert codes(claim_pending, unscheduled(refused, claims=claim())) == ["vol-provision-failed"]


def test_bound_and_unread_claims_and_those_of_pods_with_a_node_are_not_pending() -> None:
    assert codes(claim_pending, unscheduled(claims=claim(phase="Bound"))) == []
    assert codes(claim_pending, unscheduled(claims={})) == []
    assert codes(claim_pending, suspect(pod(volumes=[DATA]), claims=claim())) == []


def test_a_claim_on_its_way_out_and_a_lost_one() -> None:
    going = claim(phase="Bound", metadata={"deletionTimestamp": "2026-11-23T03:50:00Z"})
    (finding,) = found(claim_lost, suspect(pod(volumes=[DATA]), claims=going))
    assert finding.rule.code == "vol-pvc-terminating"
    assert f"{finding.since:%H:%M}" == "03:50"
    assert codes(claim_lost, suspect(pod(volumes=[DATA]), claims=claim(phase="Lost"))) == ["vol-pvc-lost"]
    assert codes(claim_lost, suspect(pod(volumes=[DATA]), claims=claim(phase="Bound"))) == []


@pytest.mark.parametrize(
    ("line", "mount", "expected"),
    [
        ("write /data/a: no space left on device", {}, ["vol-full"]),
        ("open /data/a: read-only file system", {}, ["vol-readonly-fs"]),
        ("open /data/a: read-only file system", {"readOnly": True}, []),
        ("write /tmp/a: no space left on device", {}, []),
        ("write /data/logs/a: no space left on device", {}, []),
        ("no space left on device", {}, []),
        ("panic: boom", {}, []),
    ],
)
def test_only_a_claim_that_the_line_names_is_full(line: str, mount: Json, expected: list[str]) -> None:
    end = {"exitCode": 1, "reason": "Error", "finishedAt": "2026-11-23T03:59:00Z"}
    document = pod(waiting("CrashLoopBackOff"), volumes=[DATA, {"name": "logs", "emptyDir": {}}])
    mounts = [{"name": "data", "mountPath": "/data", **mount}, {"name": "logs", "mountPath": "/data/logs"}]
    document["spec"]["containers"][0]["volumeMounts"] = [*mounts, {"name": "gone", "mountPath": "/gone"}]
    document["status"]["containerStatuses"][0]["lastState"] = {"terminated": end}
    log = {("u1", "app"): ContainerLog(lines=("starting", line), previous=True)}
    assert codes(volume_unwritable, suspect(document, logs=log)) == expected


def test_a_container_without_a_claim_or_a_log_is_not_searched() -> None:
    assert codes(volume_unwritable, suspect(pod(waiting("CrashLoopBackOff")))) == []


@pytest.mark.parametrize("check", [volume_mount, claim_lost, claim_pending, volume_health, volume_unwritable])
def test_a_pod_that_goes_away_is_left_alone(check: Any) -> None:
    document = pod(waiting("ContainerCreating"), ready_to_start=False, nodeName="", volumes=[DATA])
    document["metadata"]["deletionTimestamp"] = "2026-11-23T03:59:00Z"
    of = suspect(document, [failed("x"), event("VolumeConditionAbnormal", "x")], claims=claim(phase="Lost"))
    assert codes(check, of) == []
    assert list(wants(of)) == []
