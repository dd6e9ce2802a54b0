"""Creation refused: who is asked, what is heard, and what is made of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from diagnostics.engine.texts import Texts
from diagnostics.rules.creation import creation_refused, failed_daemon_pods, wants_around, wants_for
from diagnostics.rules.model import Confidence, Finding
from diagnostics.rules.subject import ObjectView
from diagnostics.snapshot.admission import LimitRange, ResourceQuota, WebhookConfiguration
from diagnostics.snapshot.cluster import Snapshot, Unavailable
from diagnostics.snapshot.objects import CronJob, Event, Named, Workload
from diagnostics.snapshot.owners import WorkloadRef
from diagnostics.snapshot.pods import Pod
from diagnostics.snapshot.traffic import Service

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SINCE = NOW - timedelta(minutes=20)
PODS = 'pods "cart-7f6-x1" is forbidden: '
EXCEEDED = "exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"


def cluster() -> Snapshot:
    return Snapshot(cluster="lab", now=NOW)


def deployment(message: str, *, reason: str = "FailedCreate", status: str = "True", replicas: int = 3) -> Workload:
    """Deployment shop/cart with one ready pod of an older template, and that condition."""
    condition = {
        "type": "ReplicaFailure",
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": SINCE,
    }
    return msgspec.convert(
        {
            "metadata": {"name": "cart", "namespace": "shop", "uid": "d"},
            "spec": {"replicas": replicas, "template": {"metadata": {"labels": {"app": "cart"}}}},
            "status": {"replicas": 1, "readyReplicas": 1, "conditions": [condition]},
        },
        Workload,
    )


def workload(**parts: Any) -> Workload:
    return msgspec.convert({"metadata": {"name": "db", "namespace": "shop", "uid": "w"}, **parts}, Workload)


def view(kind: str, item: Any, snapshot: Snapshot, top: str = "") -> ObjectView[Any]:
    return ObjectView(snapshot, kind, item, WorkloadRef(kind=top or kind, name=item.metadata.name, namespace="shop"))


def event(message: str, at: datetime, reason: str = "FailedCreate", kind: str = "StatefulSet", uid: str = "w") -> Event:
    return msgspec.convert(
        {
            "involvedObject": {"kind": kind, "namespace": "shop", "name": "db", "uid": uid},
            "reason": reason,
            "message": message,
            "firstTimestamp": at - timedelta(minutes=5),
            "lastTimestamp": at,
        },
        Event,
    )


def refused(message: str, snapshot: Snapshot | None = None) -> tuple[Finding, Texts]:
    """What is said of Deployment cart when its condition says that."""
    subject = view("Deployment", deployment(message), snapshot or cluster())
    (found,) = creation_refused.judge(subject)
    return found, Texts(subject, found)


def summary(message: str, snapshot: Snapshot | None = None) -> str:
    found, texts = refused(message, snapshot)
    return texts.sentence(found.rule.message)


def cause(message: str, snapshot: Snapshot | None = None) -> str:
    found, texts = refused(message, snapshot)
    return texts.sentence(found.rule.cause)


def offender(message: str, snapshot: Snapshot | None = None) -> str:
    found = refused(message, snapshot)[0].offender
    assert found is not None
    return f"{found.kind}/{found.name} {found.path}"


def test_a_condition_tells_since_when_and_how_many_are_missing() -> None:
    """Pods of the older template do not count."""
    found, _ = refused(PODS + EXCEEDED)
    assert (found.rule.code, found.since, found.shortfall) == ("create-quota-exceeded", SINCE, (3, 3))


@pytest.mark.parametrize("change", [{"status": "False"}, {"reason": "FailedDelete"}, {"replicas": 0}])
def test_no_refusal_no_finding(change: dict[str, Any]) -> None:
    """A condition that does not hold, one about deleting pods, one of a workload that wants none."""
    subject = view("Deployment", deployment(PODS + EXCEEDED, **change), cluster())
    assert list(creation_refused.judge(subject)) == []
    assert list(wants_for(subject)) == []


def test_a_replica_set_speaks_only_where_no_deployment_does() -> None:
    item = deployment(PODS + EXCEEDED)
    assert list(creation_refused.judge(view("ReplicaSet", item, cluster(), top="Deployment"))) == []
    assert len(list(creation_refused.judge(view("ReplicaSet", item, cluster(), top="Rollout")))) == 1


def test_a_replica_set_that_is_itself_refused() -> None:
    """Then there is nobody yet to ask for pods."""
    said = 'Failed to create new replica set "cart-7f6": replicasets.apps "cart-7f6" is forbidden: not on Fridays'
    condition = {"type": "Progressing", "status": "False", "reason": "ReplicaSetCreateError", "message": said}
    item = workload(spec={"replicas": 1}, status={"conditions": [condition]})
    (found,) = creation_refused.judge(view("Deployment", item, cluster()))
    assert (found.rule.code, found.params["said"]) == ("create-other", "not on Fridays")


def of_stateful_set(*events: Event, replicas: int = 1) -> list[Finding]:
    snapshot = cluster()
    snapshot.add_events(events)
    item = workload(spec={"replicas": 2}, status={"replicas": replicas})
    return list(creation_refused.judge(view("StatefulSet", item, snapshot)))


def test_events_tell_where_there_is_no_condition() -> None:
    """Since the first of those of the same kind; the newest is quoted."""
    early = event(f"Error creating: {PODS}{EXCEEDED}", NOW - timedelta(minutes=12))
    late = event(f"create Pod db-1 in StatefulSet db failed error: {PODS}{EXCEEDED}", NOW - timedelta(minutes=2))
    other = event("Error creating: etcdserver: request timed out", NOW - timedelta(minutes=40))
    (found,) = of_stateful_set(other, early, late)
    assert found.since == NOW - timedelta(minutes=17)
    assert found.shortfall == (1, 2)
    assert found.evidence[0].value.startswith("FailedCreate: create Pod db-1")


def test_events_of_the_past_are_no_refusal_now() -> None:
    """All pods are there; or it succeeded since; or nothing was tried for long; or nothing was ever said."""
    failed = event(PODS + EXCEEDED, NOW - timedelta(minutes=5))
    assert of_stateful_set(failed, replicas=2) == []
    assert of_stateful_set(failed, event("made", NOW - timedelta(minutes=4), "SuccessfulCreate")) == []
    assert of_stateful_set(event(PODS + EXCEEDED, NOW - timedelta(minutes=31))) == []
    assert of_stateful_set() == []


def test_a_failure_outweighs_a_success_of_the_same_second() -> None:
    """Controllers make pods one after the other until one is refused."""
    at = NOW - timedelta(minutes=5)
    assert len(of_stateful_set(event("made", at, "SuccessfulCreate"), event(PODS + EXCEEDED, at))) == 1


def test_an_event_without_times_still_tells() -> None:
    bare = msgspec.convert(
        {"involvedObject": {"kind": "StatefulSet", "uid": "w"}, "reason": "FailedCreate", "message": "no"}, Event
    )
    (found,) = of_stateful_set(bare)
    assert (found.rule.code, found.since) == ("create-other", None)


@pytest.mark.parametrize(
    ("spec", "status", "shortfall"),
    [
        ({"parallelism": 3}, {"active": 1}, (2, 3)),
        ({}, {}, (1, 1)),
        ({"parallelism": 3, "completions": 4}, {"succeeded": 3}, (1, 1)),
        ({"suspend": True}, {}, None),
        ({}, {"conditions": [{"type": "Complete", "status": "True"}]}, None),
        ({}, {"conditions": [{"type": "Failed", "status": "False"}]}, (1, 1)),
    ],
)
def test_jobs(spec: dict[str, Any], status: dict[str, Any], shortfall: tuple[int, int] | None) -> None:
    snapshot = cluster()
    snapshot.add_events([event(f"Error creating: {PODS}{EXCEEDED}", NOW, kind="Job")])
    found = list(creation_refused.judge(view("Job", workload(spec=spec, status=status), snapshot)))
    assert [one.shortfall for one in found] == ([shortfall] if shortfall else [])


def test_a_cron_job_gets_no_jobs() -> None:
    snapshot = cluster()
    item = msgspec.convert({"metadata": {"name": "db", "namespace": "shop", "uid": "w"}}, CronJob)
    said = 'Error creating job: admission webhook "w.example" denied the request without explanation'
    snapshot.add_events([event(said, NOW, kind="CronJob")])
    subject = view("CronJob", item, snapshot)
    (found,) = creation_refused.judge(subject)
    message = "Admission webhook w.example refuses db's Jobs: it gives no reason."
    assert Texts(subject, found).sentence(found.rule.message) == message


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        (PODS + EXCEEDED, {("resourcequotas", "shop")}),
        (PODS + 'error looking up service account shop/x: serviceaccount "x" not found', {("serviceaccounts", "shop")}),
        (PODS + "no PriorityClass with name high was found", {("priorityclasses", None)}),
        ("who knows", set()),
        (
            'failed calling webhook "w": failed to call webhook: Post "https://hook.guard.svc:443/x": EOF',
            {
                ("validatingwebhookconfigurations", None),
                ("mutatingwebhookconfigurations", None),
                ("services", "guard"),
            },
        ),
        (
            'failed calling webhook "w": failed to call webhook: Post "https://hook.example.com/x": EOF',
            {("validatingwebhookconfigurations", None), ("mutatingwebhookconfigurations", None)},
        ),
    ],
)
def test_what_is_looked_up(message: str, wanted: set[tuple[str, str | None]]) -> None:
    """Only what this refusal names."""
    assert set(wants_for(view("Deployment", deployment(message), cluster()))) == wanted


def test_replica_sets_without_a_deployment_are_read() -> None:
    """Their events are all that tells of them."""
    snapshot = cluster()
    snapshot.deployments["shop", "cart"] = deployment("")
    for uid, name, kind in (("1", "cart-7f6", "ReplicaSet"), ("2", "bare-x", "ReplicaSet"), ("3", "db", "StatefulSet")):
        about = {"kind": kind, "namespace": "shop", "name": name, "uid": uid}
        snapshot.add_events([msgspec.convert({"involvedObject": about, "reason": "FailedCreate"}, Event)])
    assert list(wants_around(snapshot)) == [("replicasets", "shop")]
    del snapshot.events["2"]
    assert list(wants_around(snapshot)) == []


# ---- Quotas ------------------------------------------------------------------------------------------------------------


def quota(**used: str) -> Snapshot:
    snapshot = cluster()
    snapshot.quotas["shop", "q"] = msgspec.convert(
        {"metadata": {"name": "q", "namespace": "shop"}, "status": {"hard": {"pods": "2"}, "used": used}}, ResourceQuota
    )
    return snapshot


def test_only_what_is_exceeded_is_said() -> None:
    said = "exceeded quota: q, requested: pods=2,services=1, used: pods=9,services=1, limited: pods=10,services=5"
    assert summary(PODS + said) == "Quota q lets cart have no more pods: asks for 2 pods, 9 of 10 used."


def test_numbers_that_cannot_be_read_leave_the_words() -> None:
    said = "exceeded quota: q, requested: pods=x, used: pods=2, limited: pods=2"
    found, texts = refused(PODS + said)
    assert summary(PODS + said) == f"Quota q lets cart have no more pods: {said}."
    assert texts.commands(found.rule.commands) == ("kubectl -n shop describe quota q",)
    assert offender(PODS + said) == "ResourceQuota/q spec.hard"


def test_room_by_now_is_said() -> None:
    """The quota's own numbers are newer than the refusal's."""
    assert cause(PODS + EXCEEDED, quota(pods="1")).endswith("the controller's next attempt should succeed.")
    assert cause(PODS + EXCEEDED, quota(pods="2")).endswith("over its limit.")
    assert len(refused(PODS + EXCEEDED, quota(pods="2"))[0].evidence) == 2
    assert len(refused(PODS + EXCEEDED, quota())[0].evidence) == 1


def test_bytes_and_extended_resources_are_counted() -> None:
    said = (
        "exceeded quota: q, requested: requests.memory=1Gi,requests.nvidia.com/gpu=2, "
        "used: requests.memory=1536Mi,requests.nvidia.com/gpu=3, limited: requests.memory=2Gi,requests.nvidia.com/gpu=4"
    )
    assert summary(PODS + said) == (
        "Quota q lets cart have no more pods: asks for 1Gi of requests.memory, 1.5Gi of 2Gi used; "
        "asks for 2 of requests.nvidia.com/gpu, 3 of 4 used."
    )


def test_every_container_that_must_state_something() -> None:
    said = "failed quota: q: must specify limits.cpu for: app,side; requests.memory for: app"
    found, texts = refused(PODS + said)
    assert texts.sentence(found.rule.message) == (
        "Quota q demands limits.cpu of containers app, side and requests.memory of container app, which the template of "
        "cart does not set."
    )
    assert texts.commands(found.rule.commands)[:2] == (
        "kubectl -n shop set resources deployment/cart -c '*' --requests=memory=128Mi",
        "kubectl -n shop set resources deployment/cart -c '*' --limits=cpu=100m",
    )


# ---- Limit ranges ------------------------------------------------------------------------------------------------------


def limit_ranges(*ranges: tuple[str, dict[str, Any]]) -> Snapshot:
    snapshot = cluster()
    for name, limit in ranges:
        document = {"metadata": {"name": name, "namespace": "shop"}, "spec": {"limits": [limit]}}
        snapshot.limit_ranges["shop", name] = msgspec.convert(document, LimitRange)
    return snapshot


@pytest.mark.parametrize(
    ("said", "sentence", "field"),
    [
        (
            "minimum cpu usage per Container is 100m, but request is 50m",
            "the cpu request of a Container is 50m, and at least 100m is allowed",
            "requests.cpu",
        ),
        (
            "maximum memory usage per Pod is 1Gi.  No limit is specified",
            "a Pod must have a memory limit of at most 1Gi, and none is set",
            "limits.memory",
        ),
        (
            "cpu max limit to request ratio per Container is 2, but provided ratio is 4.500000",
            "the cpu limit of a Container may be 2 times its request, and is 4.5 times",
            "limits.cpu",
        ),
        (
            "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0",
            "the cpu limit of a Container may be 2 times its request, and no request is set",
            "requests.cpu",
        ),
        (
            "maximum cpu usage per Container is beyond what we know",
            "maximum cpu usage per Container is beyond what we know",
            "limits.cpu",
        ),
    ],
)
def test_limits(said: str, sentence: str, field: str) -> None:
    assert summary(PODS + said) == f"A LimitRange does not let the pods of cart in: {sentence}."
    assert offender(PODS + said) == f"Deployment/cart spec.template.spec.containers[*].resources.{field}"


def test_the_limit_range_with_this_very_bound_is_named() -> None:
    said = PODS + "maximum cpu usage per Container is 2, but limit is 4"
    snapshot = limit_ranges(
        ("other", {"type": "Pod", "max": {"cpu": "2"}}),
        ("any", {"type": "Container", "max": {"cpu": "8"}}),
        ("tight", {"type": "Container", "max": {"cpu": "2000m"}}),
    )
    assert offender(said, snapshot) == "LimitRange/tight spec.limits[Container]"
    assert offender(said.replace("is 2,", "is odd,"), snapshot) == "LimitRange/any spec.limits[Container]"
    assert offender(said, limit_ranges(("other", {"type": "Pod"}))).startswith("Deployment/cart")


# ---- Claims, names, rights ---------------------------------------------------------------------------------------------


def test_a_claim_that_no_quota_refuses() -> None:
    said = 'failed to create PVC data-db-0: persistentvolumeclaims "data-db-0" is forbidden: not here'
    (found,) = of_stateful_set(event(f"create Pod db-0 in StatefulSet db failed error: {said}", NOW))
    assert found.rule.code == "create-claim"
    assert found.offender is not None
    assert found.offender.path == "spec.volumeClaimTemplates[data]"
    assert found.params["said"] == "not here"


def test_a_claim_whose_quota_cannot_be_read() -> None:
    said = 'create Claim data-db-0 Pod db-0 in StatefulSet db failed error: x "y" is forbidden: exceeded quota: q, '
    (found,) = of_stateful_set(event(said + "requested: a=x, used: a=x, limited: a=x", NOW))
    assert found.offender is not None
    assert (found.offender.name, found.offender.path) == ("q", "spec.hard")


MISSING_ACCOUNT = PODS + 'error looking up service account shop/web: serviceaccount "web" not found'


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([("shop", "webs")], 'There is one called "webs": is that the one that is meant?'),
        ([("shop", "web")], "It exists by now, so the controller's next attempt should succeed."),
        ([("bank", "web")], "Namespace bank has one of that name, but a pod can only use its own namespace's."),
        ([("shop", "default")], "There are default."),
        ([], "There is none at all."),
    ],
)
def test_service_accounts(names: list[tuple[str, str]], said: str) -> None:
    snapshot = cluster()
    snapshot.read.add("serviceaccounts")
    snapshot.service_accounts = dict.fromkeys(names, Named())
    assert cause(MISSING_ACCOUNT, snapshot).endswith(said)
    snapshot.unavailable.append(Unavailable(resource="serviceaccounts", namespace="shop"))
    assert cause(MISSING_ACCOUNT, snapshot).endswith("could not be checked: they were not readable.")


def test_a_namespace_that_was_not_read() -> None:
    said = PODS + "unable to create new content in namespace shop because it is being terminated"
    assert cause(said).startswith("Nothing new is let into a namespace that is being deleted; ")


def test_an_invalid_field() -> None:
    assert offender('Pod "x" is invalid: spec.nodeName: Forbidden: no') == "Deployment/cart spec.template.spec.nodeName"
    assert offender('Pod "x" is invalid: metadata.labels: Invalid value: "-"') == "Deployment/cart spec.template.spec"
    assert summary('Pod "x" is invalid: it is').endswith("invalid: it is.")


def test_who_may_not() -> None:
    assert (
        summary('pods is forbidden: User "jo" cannot create resource "pods"') == "jo may not create the pods of cart."
    )
    said = PODS + "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on"
    assert summary(said).startswith("The controller may not create the pods of cart: cannot set blockOwnerDeletion")


# ---- Pod Security ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "path"),
    [
        ('hostPort (container "a" uses hostPort 80)', "containers[a].ports.hostPort"),
        ('hostPath volumes (volumes "logs", "run")', "volumes[logs]"),
        ("runAsUser=0 (pod must not set runAsUser=0)", "securityContext.runAsUser"),
        ('runAsUser=0 (container "a" must not set runAsUser=0)', "containers[a].securityContext.runAsUser"),
        ("host namespaces (hostPID=true, hostIPC=true)", "hostPID"),
        ("forbidden sysctls (kernel.msgmax)", "securityContext"),
        (
            'procMount (containers "a", "b" must not set securityContext.procMount to "Unmasked")',
            "containers[a].securityContext.procMount",
        ),
    ],
)
def test_fields_behind_checks(check: str, path: str) -> None:
    assert offender(f'{PODS}violates PodSecurity "baseline:v1.30": {check}').endswith(f" spec.template.spec.{path}")


def test_a_level_that_would_do() -> None:
    said = (
        PODS
        + 'violates PodSecurity "restricted:latest": runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)'
    )
    found, texts = refused(said)
    assert "enforce=baseline" in texts.commands(found.rule.commands)[1]
    assert texts.sentence(found.rule.message).endswith("which cart's template breaks in one way: runAsNonRoot != true.")


def test_checks_that_cannot_be_told_apart() -> None:
    found, texts = refused(PODS + 'violates PodSecurity "restricted:latest": something new')
    assert "breaks in several ways: " in texts.sentence(found.rule.message)
    assert "enforce=privileged" in texts.commands(found.rule.commands)[1]


# ---- Webhooks and policies ---------------------------------------------------------------------------------------------

DOWN = 'failed calling webhook "w.example": failed to call webhook: Post "https://hook.guard.svc:443/x?timeout=5s": '


def guarded(labels: dict[str, str], service: dict[str, str] | None = None) -> Snapshot:
    """Service guard/hook before a Deployment of these template labels; webhook w.example, which calls `service`."""
    snapshot = cluster()
    webhook = {"name": "w.example", "failurePolicy": "Fail", "clientConfig": {"service": service}}
    document = {"metadata": {"name": "guard"}, "webhooks": [{"name": "other"}, webhook]}
    snapshot.mutating_webhooks["guard"] = msgspec.convert(document, WebhookConfiguration)
    spec = {"metadata": {"name": "hook", "namespace": "guard"}, "spec": {"selector": {"app": "hook"}}}
    snapshot.services["guard", "hook"] = msgspec.convert(spec, Service)
    template = {"template": {"metadata": {"labels": labels}}}
    snapshot.deployments["guard", "hook"] = msgspec.convert({"spec": template}, Workload)
    return snapshot


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ('no endpoints available for service "hook"', "has no ready pods behind it"),
        ("context deadline exceeded", "does not answer in time"),
        ("dial tcp: lookup hook.guard.svc: no such host", "cannot be resolved"),
        ("x509: certificate has expired or is not yet valid", "is not valid at this time"),
        ("tls: handshake failure", "shows a certificate that is not trusted: "),
        ("unexpected status code: 503", "answers with HTTP status 503"),
        ("something else", "cannot be called ("),
    ],
)
def test_how_a_webhook_fails(said: str, words: str) -> None:
    assert words in summary(DOWN + said)


def test_whose_pods_the_webhook_waits_for() -> None:
    assert "Service hook stands for deployment/hook: look there first." in cause(DOWN + "EOF", guarded({"app": "hook"}))
    assert "look there first" not in cause(DOWN + "EOF", guarded({"app": "x"}))
    configured = guarded({"app": "hook"}, {"namespace": "guard", "name": "hook"})
    assert "Service hook stands for deployment/hook" in cause(DOWN + "EOF", configured)


def test_another_namespaces_workload_of_the_same_name_is_no_deadlock() -> None:
    """The backend is guard/cart; shop/cart only waits for it."""
    snapshot = guarded({"app": "x"})
    snapshot.deployments["guard", "cart"] = msgspec.convert(
        {"spec": {"template": {"metadata": {"labels": {"app": "hook"}}}}}, Workload
    )
    assert refused(DOWN + "EOF", snapshot)[0].rule.code == "create-webhook-down"


def test_a_webhook_outside_the_cluster() -> None:
    said = 'failed calling webhook "w.example": failed to call webhook: Post "https://hook.example.com/x": EOF'
    assert "because hook.example.com breaks off the connection" in summary(said)
    assert offender(said).startswith("Deployment/cart")
    assert offender(said, guarded({})) == "MutatingWebhookConfiguration/guard webhooks[w.example]"
    assert "because its backend cannot be called" in summary('failed calling webhook "w.example": odd')


def test_a_webhook_that_no_configuration_has() -> None:
    """It was deleted since; its words stand."""
    found, _ = refused('admission webhook "gone.example" denied the request: no', guarded({}))
    assert (found.rule.code, len(found.evidence)) == ("create-webhook-denied", 1)


def test_gatekeeper_says_which_constraints() -> None:
    said = 'admission webhook "validation.gatekeeper.sh" denied the request: [denied by a] one\n[denied by b] two'
    assert summary(said) == "Gatekeeper constraint a, b refuses cart's pods: one two."


def test_kyverno_without_a_policy_that_can_be_told() -> None:
    found, texts = refused("x was blocked due to the following policies: odd")
    assert texts.sentence(found.rule.message) == "Kyverno policy (not named) refuses cart's pods: odd."
    assert texts.commands(found.rule.commands) == ("kubectl -n shop edit deployment/cart",)


# ---- DaemonSets --------------------------------------------------------------------------------------------------------


def daemon_findings(ready: int, *events: Event, made: int = 1) -> list[Finding]:
    status = {"desiredNumberScheduled": 2, "currentNumberScheduled": made, "numberReady": ready}
    snapshot = cluster()
    snapshot.add_events(events)
    return list(failed_daemon_pods.judge(view("DaemonSet", workload(status=status), snapshot)))


def test_daemon_pods_that_fail_on_a_node() -> None:
    """One finding a node; nothing of long ago, of no node, or of a DaemonSet that is complete."""
    newer = event("Found failed daemon pod shop/db-x on node n1, will try to kill it", NOW, "FailedDaemonPod")
    older = event("Found failed daemon pod shop/db-y on node n1", NOW - timedelta(minutes=9), "FailedDaemonPod")
    placed = event('failed to place pod on "n2": odd', NOW, "FailedPlacement")
    old = event("Found failed daemon pod shop/db-z on node n3", NOW - timedelta(minutes=21), "FailedDaemonPod")
    nowhere = event("Found failed daemon pod", NOW, "FailedDaemonPod")
    found = daemon_findings(1, newer, older, placed, old, nowhere)
    assert [(one.signature, one.confidence) for one in found] == [
        ("n1", Confidence.CERTAIN),
        ("n2", Confidence.LIKELY),
    ]
    assert found[0].shortfall == (1, 2)
    assert daemon_findings(1, newer, made=2)[0].shortfall is None
    assert daemon_findings(2, newer, made=2) == []


def test_pods_of_a_quota_are_counted_by_workload() -> None:
    snapshot = cluster()
    document = {
        "metadata": {
            "name": "api-1",
            "namespace": "shop",
            "ownerReferences": [{"kind": "StatefulSet", "name": "api", "controller": True}],
        },
        "status": {"phase": "Running"},
    }
    snapshot.count(msgspec.convert(document, Pod))
    assert cause(PODS + EXCEEDED, snapshot).endswith("Most of its pods are StatefulSet api's: 1.")
