"""A site that has something of everything, for tests that look at all of its pages."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.utils import timezone

from diagnostics.models import Badge, Diagnosis, EndedRun, Rollout, SavedView
from diagnostics.operations import tokens
from tests.web.notified import a_channel, a_delivery, a_route, a_silence
from tests.web.pods import a_log, a_pod, an_event
from tests.web.rows import a_cluster, a_diagnosis, before, resolved

GAP = {"resource": "pods/log", "namespace": "", "error": "forbidden", "grant": "get pods/log"}
WORKLOAD = {"namespace": "shop", "workload_kind": "Deployment", "workload_name": "cart"}


def fill(owner: User) -> Diagnosis:
    """Clusters in every state, what fails in them, evidence, and what people set up. Returns a critical diagnosis."""
    watched = a_cluster()
    a_cluster("edge-fra", gaps=[GAP])
    a_cluster("prod-us", fresh_at=before(minutes=6), failing_since=before(minutes=6), failure="timed out")
    a_cluster("staging", paused=True, pause_reason="Moves to another region")
    worst = a_diagnosis(watched, "cart", severity="critical")
    a_diagnosis(watched, "web", severity="low", code="image-not-found")
    resolved(watched, "old")
    _keep_evidence(worst)
    _set_up(worst, owner)
    return worst


def _keep_evidence(of: Diagnosis) -> None:
    pod = a_pod(of, gone_at=before(minutes=2))
    a_log(pod, "starting", "WARN retrying", "KeyError: 'DATABASE_URL'")
    an_event(pod, "BackOff", before(minutes=3))
    Rollout.objects.create(cluster=of.cluster, **WORKLOAD, revision="42", by="helm", at=before(minutes=20))
    ended = {"cluster": of.cluster, **WORKLOAD, "pod_uid": pod.uid, "container": "app", "reason": "Error"}
    for restart in range(3):
        EndedRun.objects.create(**ended, restart=restart, exit_code=1, ended_at=before(minutes=12 - 3 * restart))


def _set_up(worst: Diagnosis, owner: User) -> None:
    channel = a_channel()
    a_channel("#gone", enabled=False, disabled_reason="The receiver answered 410 Gone.", failures=1)
    a_route(channel)
    a_silence()
    a_delivery(channel, worst)
    a_delivery(channel, worst, state="dead", error="timed out")
    Badge.objects.create(key="badge", cluster=worst.cluster, namespace="shop", created_by=owner)
    SavedView.objects.create(name="Shop", query="namespace=shop", owner=owner, shared=True)
    tokens.create(owner, "ci", ["read"], timezone.now())
