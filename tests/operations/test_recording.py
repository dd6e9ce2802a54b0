"""Verdicts become diagnoses: opened, seen again, held, resolved, failing again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.engine.verdict import AffectedPod, Crashed, EvidencePart, Skipped, Symptom, Verdict, WorkloadPart
from diagnostics.kube.resources import BY_NAME, resource_of
from diagnostics.models import Activity, Cluster, Diagnosis, KnownObject, Occurrence
from diagnostics.operations import bulk
from diagnostics.operations.packing import pack
from diagnostics.operations.recording import Recorded, record
from diagnostics.rules import checks
from tests.operations.building import MINUTE, T0, a_cluster, judgement, verdict

pytestmark = pytest.mark.django_db


@pytest.fixture
def cluster() -> Cluster:
    return a_cluster()


def note(cluster: Cluster, now: datetime, *verdicts: Verdict, **rest: Any) -> Recorded:
    return record(cluster, judgement(*verdicts), now, **rest)


def kinds(diagnosis: Diagnosis) -> list[str]:
    return list(diagnosis.activity.order_by("pk").values_list("kind", flat=True))


def test_a_verdict_opens_a_diagnosis_with_its_first_occurrence(cluster: Cluster) -> None:
    recorded = note(cluster, T0 + MINUTE, verdict())

    row = Diagnosis.objects.get()
    assert (row.state, row.code, row.severity, row.version) == ("new", "image-not-found", 3, 1)
    assert (row.namespace, row.workload_kind, row.workload_name, row.container) == ("shop", "Deployment", "cart", "app")
    assert (row.first_seen, row.last_seen, row.opened_at) == (T0, T0 + MINUTE, T0 + MINUTE)
    assert row.verdict["workload"] == {"kind": "Deployment", "name": "cart"}
    assert row.verdict["last_seen"] == "2026-11-23T03:01:00Z"
    assert recorded.ids == {row.uuid}
    assert kinds(row) == ["opened"]
    occurrence = row.occurrences.get()
    assert (occurrence.started_at, occurrence.ended_at, occurrence.pods_peak) == (T0, None, 1)
    assert occurrence.verdict == row.verdict


@pytest.mark.parametrize(
    ("nodes", "kind", "stored"),
    [
        (["n1", "n1"], "Deployment", "n1"),
        (["n1", "n2"], "Deployment", ""),
        (["n1", None], "Deployment", ""),
        ([None], "Deployment", ""),
        ([], "Deployment", ""),
        (["n1", "n2"], "Node", "lab-1"),
    ],
)
def test_a_diagnosis_names_the_node_that_all_its_pods_are_on(
    cluster: Cluster, nodes: list[str | None], kind: str, stored: str
) -> None:
    note(cluster, T0, verdict())
    pods = tuple(AffectedPod(f"p{n}", f"u{n}", "Error", node) for n, node in enumerate(nodes))

    note(cluster, T0 + MINUTE, verdict(pods=pods, workload=WorkloadPart(kind, "lab-1")))

    assert Diagnosis.objects.get().node == stored


def test_what_has_no_namespace_or_container_is_stored_blank_and_found_again(cluster: Cluster) -> None:
    about_node = verdict(name="n1", namespace=None, container=None)
    note(cluster, T0, about_node)
    note(cluster, T0 + MINUTE, about_node)

    row = Diagnosis.objects.get()
    assert (row.namespace, row.container, row.verdict["namespace"]) == ("", "", None)


def test_a_verdict_in_its_grace_opens_nothing_and_is_looked_at_again(cluster: Cluster) -> None:
    early = verdict(visible_at=T0 + MINUTE)

    recorded = note(cluster, T0, early)

    assert not Diagnosis.objects.exists()
    assert recorded == Recorded(look_again={"shop": T0 + MINUTE})
    assert note(cluster, T0 + MINUTE, early).ids
    assert Diagnosis.objects.get().state == "new"


def test_the_earliest_end_of_a_grace_counts(cluster: Cluster) -> None:
    graces = [verdict(fingerprint=str(n), visible_at=T0 + n * MINUTE) for n in (3, 1, 2)]

    assert note(cluster, T0, *graces).look_again == {"shop": T0 + MINUTE}


def test_an_open_diagnosis_has_no_second_grace(cluster: Cluster) -> None:
    note(cluster, T0, verdict())

    later = verdict(first_seen=T0 + 5 * MINUTE, visible_at=T0 + 9 * MINUTE, pods_affected=2)
    note(cluster, T0 + 5 * MINUTE, later)

    row = Diagnosis.objects.get()
    assert (row.pods_affected, row.first_seen, row.verdict["first_seen"]) == (2, T0, "2026-11-23T03:00:00Z")


def test_seen_again_unchanged_is_no_news(cluster: Cluster) -> None:
    note(cluster, T0, verdict())

    recorded = note(cluster, T0 + 2 * MINUTE, verdict(last_seen=T0 + 2 * MINUTE))

    row = Diagnosis.objects.get()
    assert not recorded.ids
    assert (row.version, row.last_seen) == (1, T0 + 2 * MINUTE)
    assert kinds(row) == ["opened"]


def test_that_time_goes_by_is_no_news(cluster: Cluster) -> None:
    note(cluster, T0, verdict(summary="The kubelet has reported nothing for 50s.", cause="15 restarts in 1h4m"))
    text = {"summary": "The kubelet has reported nothing for 2m.", "cause": "15 restarts in 1h5m"}
    assert not note(cluster, T0 + MINUTE, verdict(**text)).ids
    assert note(cluster, T0 + MINUTE, verdict(**text | {"cause": "16 restarts in 1h5m"})).ids


def test_a_change_that_a_reader_sees_raises_the_version(cluster: Cluster) -> None:
    note(cluster, T0, verdict())

    pods = tuple(AffectedPod(f"cart-{n}", f"u{n}", "ErrImagePull") for n in range(3))
    recorded = note(cluster, T0 + MINUTE, verdict(pods=pods, pods_affected=3))
    note(cluster, T0 + 2 * MINUTE, verdict())

    row = Diagnosis.objects.get()
    assert recorded.ids == {row.uuid}
    assert (row.version, row.pods_affected) == (3, 1)
    assert row.occurrences.get().pods_peak == 3
    assert kinds(row) == ["opened"]


def test_a_change_of_severity_is_part_of_the_history(cluster: Cluster) -> None:
    note(cluster, T0, verdict())
    note(cluster, T0 + MINUTE, verdict(severity="critical", confidence="likely"))

    row = Diagnosis.objects.get()
    assert kinds(row) == ["opened", "changed"]
    assert row.activity.get(kind="changed").detail == {
        "severity": {"from": 3, "to": 4},
        "confidence": {"from": "certain", "to": "likely"},
    }


def test_a_diagnosis_is_held_before_it_is_resolved(cluster: Cluster) -> None:
    note(cluster, T0, verdict())

    held = note(cluster, T0 + MINUTE)
    assert Diagnosis.objects.get().state == "new"
    assert held == Recorded(look_again={"shop": T0 + 3 * MINUTE})

    note(cluster, T0 + 2.5 * MINUTE)
    assert Diagnosis.objects.get().state == "new"

    resolved = note(cluster, T0 + 3 * MINUTE)
    row = Diagnosis.objects.get()
    assert (row.state, row.resolved_at, row.clean_since, row.version) == ("resolved", T0 + 3 * MINUTE, None, 2)
    assert resolved == Recorded(ids=frozenset({row.uuid}))
    assert kinds(row) == ["opened", "resolved"]
    assert row.occurrences.get().ended_at == T0 + 3 * MINUTE


def test_a_crash_is_held_longer(cluster: Cluster) -> None:
    note(cluster, T0, verdict(code="crash-app-unknown"))
    note(cluster, T0)

    note(cluster, T0 + 9 * MINUTE)
    assert Diagnosis.objects.get().state == "new"
    note(cluster, T0 + 10 * MINUTE)
    assert Diagnosis.objects.get().state == "resolved"


def test_what_comes_back_while_it_is_held_was_never_away(cluster: Cluster) -> None:
    note(cluster, T0, verdict())
    note(cluster, T0 + MINUTE)
    note(cluster, T0 + 2 * MINUTE, verdict())
    note(cluster, T0 + 3.5 * MINUTE)

    row = Diagnosis.objects.get()
    assert (row.state, row.clean_since, row.version) == ("new", T0 + 3.5 * MINUTE, 1)
    assert kinds(row) == ["opened"]


def test_a_resolved_diagnosis_keeps_its_last_verdict(cluster: Cluster) -> None:
    note(cluster, T0, verdict())
    note(cluster, T0)
    note(cluster, T0 + 2 * MINUTE)

    row = Diagnosis.objects.get()
    assert [pod["name"] for pod in row.verdict["pods"]] == ["cart-6d9f-abcde"]
    assert row.pods_affected == 1


def resolved(cluster: Cluster, of: Verdict) -> datetime:
    """Opens and resolves a diagnosis; returns when it was resolved."""
    note(cluster, T0, of)
    note(cluster, T0)
    note(cluster, T0 + 2 * MINUTE)
    return T0 + 2 * MINUTE


def test_failing_again_within_a_day_is_a_regression_of_the_same_number(cluster: Cluster) -> None:
    end = resolved(cluster, verdict())
    number = Diagnosis.objects.get().number

    recorded = note(cluster, end + timedelta(hours=23), verdict())

    row = Diagnosis.objects.get()
    assert recorded.ids == {row.uuid}
    assert (row.number, row.state, row.occurrences_count, row.resolved_at) == (number, "regressed", 2, None)
    assert (row.first_seen, row.opened_at) == (end, end + timedelta(hours=23))
    assert kinds(row) == ["opened", "resolved", "regressed"]
    assert list(row.occurrences.order_by("pk").values_list("started_at", "ended_at")) == [(T0, end), (end, None)]


def test_failing_again_later_is_a_new_occurrence(cluster: Cluster) -> None:
    end = resolved(cluster, verdict())

    note(cluster, end + timedelta(hours=25), verdict(first_seen=end + timedelta(hours=24)))

    row = Diagnosis.objects.get()
    assert (row.state, row.occurrences_count, row.first_seen) == ("new", 2, end + timedelta(hours=24))
    assert kinds(row) == ["opened", "resolved", "opened"]


def evidence(source: str, path: str, at: datetime | None) -> EvidencePart:
    return EvidencePart(source, "Pod/cart-6d9f-abcde", path, "x", at)


@pytest.mark.parametrize(
    ("item", "reopens"),
    [
        (evidence("event", "message", T0 + MINUTE), False),
        (evidence("event", "message", T0 + 3 * MINUTE), True),
        (evidence("event", "message", None), True),
        (evidence("log", "line", T0), False),
        (evidence("pod", "status.containerStatuses[app].lastState.terminated.reason", T0), False),
        (evidence("pod", "status.containerStatuses[app].state.waiting.reason", T0), True),
    ],
)
def test_old_evidence_does_not_reopen(cluster: Cluster, item: EvidencePart, *, reopens: bool) -> None:
    end = resolved(cluster, verdict())

    note(cluster, end + 5 * MINUTE, verdict(evidence=(item,)))

    assert Diagnosis.objects.get().state == ("regressed" if reopens else "resolved")


@pytest.mark.parametrize("again", [False, True])
def test_after_a_day_nothing_is_new(cluster: Cluster, *, again: bool) -> None:
    end = resolved(cluster, verdict()) if again else T0
    note(cluster, end, verdict())

    note(cluster, end + timedelta(hours=23), verdict())
    assert Diagnosis.objects.get().state == ("regressed" if again else "new")
    recorded = note(cluster, end + timedelta(hours=24), verdict())
    assert Diagnosis.objects.get().state == "ongoing"
    assert recorded.ids


def test_only_the_namespaces_that_were_looked_at_can_be_clean(cluster: Cluster) -> None:
    note(cluster, T0, verdict(), verdict(name="api", namespace="test"), verdict(name="n1", namespace=None))

    note(cluster, T0, namespaces={"shop"})

    clean = Diagnosis.objects.filter(clean_since=T0)
    assert [row.fingerprint for row in clean] == ["cart"]


def test_a_namespace_whose_pods_cannot_be_read_is_frozen(cluster: Cluster) -> None:
    note(cluster, T0, verdict(), verdict(name="other", namespace="test"))

    note(cluster, T0 + MINUTE, unread={("pods", "shop")})

    clean = Diagnosis.objects.exclude(clean_since=None)
    assert [row.fingerprint for row in clean] == ["other"]


@pytest.mark.parametrize(
    ("unread", "frozen"),
    [
        ({("deployments", None)}, {"cart"}),
        ({("deployments", "shop")}, {"cart"}),
        ({("jobs", None)}, {"backup"}),
        ({("nodes", None)}, {"n1"}),
        ({("cronjobs", None), ("deployments", "test"), ("configmaps", None)}, set()),
    ],
)
def test_what_is_concluded_from_a_list_that_cannot_be_read_is_frozen(
    cluster: Cluster, unread: set[tuple[str, str | None]], frozen: set[str]
) -> None:
    unavailable = verdict(code="deploy-unavailable")
    failed = verdict(code="job-backoff-limit", fingerprint="backup", workload=WorkloadPart("CronJob", "backup"))
    lost = verdict(code="node-unreachable", namespace=None, fingerprint="n1", workload=WorkloadPart("Node", "n1"))
    note(cluster, T0, unavailable, failed, lost)

    note(cluster, T0 + MINUTE, unread=unread)
    clean = Diagnosis.objects.exclude(clean_since=None)
    assert {"cart", "backup", "n1"} - {row.fingerprint for row in clean} == frozen

    note(cluster, T0 + MINUTE, verdict(code="deploy-unavailable", fingerprint="new"), unread=unread)
    assert Diagnosis.objects.filter(fingerprint="new").exists() == ("cart" not in frozen)


def test_nothing_is_concluded_while_a_log_is_awaited(cluster: Cluster) -> None:
    known, lost = verdict(), verdict(name="n1", namespace=None, workload=WorkloadPart("Node", "n1"))
    note(cluster, T0, known, verdict(name="api"))

    unsure = verdict(code="crash-app-unknown", fingerprint="unsure")
    note(cluster, T0 + MINUTE, unsure, lost, awaited={"u1"})

    assert {row.fingerprint: bool(row.clean_since) for row in Diagnosis.objects.all()} == {
        "cart": False,
        "api": True,
        "n1": False,
    }
    two = (*unsure.pods, AffectedPod("cart-6d9f-fghij", "u2", "CrashLoopBackOff"))
    note(cluster, T0 + MINUTE, verdict(code="crash-app-unknown", fingerprint="unsure", pods=two), awaited={"u1"})
    assert Diagnosis.objects.filter(fingerprint="unsure").exists(), "the other pod's log has come, and does not tell"


def test_every_kind_that_is_judged_has_its_list() -> None:
    assert {resource_of(kind) for check in checks() for kind in check.about} <= BY_NAME.keys()
    assert (resource_of("NetworkPolicy"), resource_of("Ingress")) == ("networkpolicies", "ingresses")


@pytest.mark.parametrize("kind", ["skipped", "crashed"])
def test_what_a_check_that_did_not_run_might_have_found_is_frozen(cluster: Cluster, kind: str) -> None:
    check = checks()[0]
    its_code = check.rules[0].code
    note(cluster, T0, verdict(code=its_code), verdict(name="other", code="no-check-says-this"))
    trouble = {
        "skipped": Skipped(check=check.name, needs="events", pods=1),
        "crashed": Crashed(check=check.name, object="Pod/cart-1", error="KeyError()"),
    }

    record(cluster, judgement(**{kind: (trouble[kind],)}), T0 + MINUTE)

    clean = Diagnosis.objects.exclude(clean_since=None)
    assert [row.fingerprint for row in clean] == ["other"]


def test_the_same_cause_in_two_clusters_is_two_diagnoses(cluster: Cluster) -> None:
    second = a_cluster("prod-us")
    note(cluster, T0, verdict())
    note(second, T0, verdict())
    note(second, T0 + MINUTE)

    assert Diagnosis.objects.count() == 2
    assert Diagnosis.objects.get(cluster=cluster).clean_since is None


def test_no_more_pods_than_a_page_can_show_are_named_but_all_are_counted(cluster: Cluster) -> None:
    pods = tuple(AffectedPod(f"cart-{n}", f"u{n}", "ErrImagePull") for n in range(600))
    symptoms = tuple(Symptom("image-x", WorkloadPart("Pod", pod.name), "It waits.", "shop") for pod in pods)
    many = verdict(pods=pods, pods_affected=600, symptoms=symptoms)
    note(cluster, T0, many)

    row = Diagnosis.objects.get()
    assert (len(row.verdict["pods"]), len(row.verdict["symptoms"]), row.pods_affected) == (500, 500, 600)
    assert not note(cluster, T0 + MINUTE / 2, many).ids


def test_what_a_dying_program_writes_can_be_stored(cluster: Cluster) -> None:
    said = EvidencePart("log", "Pod/cart-1", "line", "core\x00dumped \\u0000")
    note(cluster, T0, verdict(summary="core\x00dumped", evidence=(said,)))

    row = Diagnosis.objects.get()
    assert row.summary == row.verdict["summary"] == "core\ufffddumped"
    assert row.verdict["evidence"][0]["value"].startswith("core\ufffddumped ")


def test_the_number_of_statements_does_not_follow_the_number_of_verdicts(
    cluster: Cluster, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 10_000)
    note(cluster, T0, *(verdict(name=f"w{n}") for n in range(30)))

    with django_assert_max_num_queries(12):
        note(cluster, T0 + MINUTE, *(verdict(name=f"w{n}", restarts=1) for n in range(10, 30)))


# ---- In whatever order and however often --------------------------------------------------------------------------

NAMES = st.sets(st.sampled_from("abcdef"))
LOOKS = st.lists(NAMES, max_size=8)


@contextmanager
def undone() -> Iterator[None]:
    """A transaction that is rolled back: every example starts from nothing."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def history(looks: list[set[str]], *, backwards: bool = False, twice: bool = False) -> list[object]:
    """Everything that is stored after some looks, a minute and a half apart, at what fails."""
    with undone():
        cluster = a_cluster()
        for step, names in enumerate(looks):
            found = [verdict(name=name) for name in sorted(names, reverse=backwards)]
            for _ in range(1 + twice):
                note(cluster, T0 + step * 1.5 * MINUTE, *found)
        return _stored()


def _stored() -> list[object]:
    rows = Diagnosis.objects.order_by("fingerprint").values_list(
        *(
            "fingerprint",
            "state",
            "version",
            "first_seen",
            "last_seen",
            "clean_since",
            "resolved_at",
            "occurrences_count",
        )
    )
    activity = Activity.objects.order_by("diagnosis__fingerprint", "pk").values_list(
        "diagnosis__fingerprint", "kind", "at"
    )
    occurrences = Occurrence.objects.order_by("diagnosis__fingerprint", "pk").values_list(
        "diagnosis__fingerprint", "started_at", "ended_at"
    )
    numbers = Diagnosis.objects.order_by("number").values_list("fingerprint", flat=True)
    return [*rows, *activity, *occurrences, *numbers]


@settings(max_examples=20, deadline=None)
@given(looks=LOOKS)
def test_the_order_of_verdicts_makes_no_difference(looks: list[set[str]]) -> None:
    assert history(looks) == history(looks, backwards=True)


@settings(max_examples=20, deadline=None)
@given(looks=LOOKS)
def test_recording_a_look_twice_is_recording_it_once(looks: list[set[str]]) -> None:
    assert history(looks) == history(looks, twice=True)


@settings(max_examples=20, deadline=None)
@given(looks=LOOKS)
def test_what_fails_now_is_open_and_what_is_resolved_has_ended(looks: list[set[str]]) -> None:
    with undone():
        cluster = a_cluster()
        for step, names in enumerate(looks):
            note(cluster, T0 + step * 1.5 * MINUTE, *(verdict(name=name) for name in names))
        for row in Diagnosis.objects.all():
            is_open = row.state in Diagnosis.OPEN
            assert is_open or row.fingerprint not in looks[-1]
            assert row.occurrences.filter(ended_at=None).count() == is_open
            assert row.occurrences.count() == row.occurrences_count


def test_what_another_diagnosis_explains_is_no_recovery(cluster: Cluster) -> None:
    note(cluster, T0, verdict())
    symptom = Symptom("image-not-found", WorkloadPart("Deployment", "cart"), "No image.", "shop")
    registry = verdict(name="registry.example", fingerprint="registry", namespace=None, symptoms=(symptom,))
    note(cluster, T0 + MINUTE, registry)
    note(cluster, T0 + 20 * MINUTE, registry)
    row = Diagnosis.objects.get(fingerprint="cart")
    assert (row.state, row.explained_by) == ("resolved", Diagnosis.objects.get(fingerprint="registry"))

    note(cluster, T0 + 30 * MINUTE, verdict())
    row.refresh_from_db()
    assert (row.state, row.explained_by) == ("regressed", None)


@pytest.mark.parametrize(
    ("writes", "told"),
    [
        ([("helm", "", 5)], "helm, 2026-11-23 03:05 UTC"),
        (
            [("kubectl-edit", "", 5), ("helm", "", 7), ("kube-controller-manager", "status", 9)],
            "helm, 2026-11-23 03:07 UTC",
        ),
        ([("helm", "", -5)], ""),
        ([], ""),
    ],
)
def test_the_last_write_while_it_failed_is_what_fixed_it(
    cluster: Cluster, writes: list[tuple[str, str, int]], told: str
) -> None:
    managed = [
        {"manager": manager, "subresource": sub, "time": (T0 + minute * MINUTE).isoformat()}
        for manager, sub, minute in writes
    ]
    body = pack(msgspec.json.encode({"metadata": {"name": "cart", "namespace": "shop", "managedFields": managed}}))
    KnownObject.objects.create(cluster=cluster, resource="deployments", namespace="shop", name="cart", body=body)
    note(cluster, T0, verdict())
    for minute in (10, 30):
        note(cluster, T0 + minute * MINUTE)
    assert Diagnosis.objects.get().last_fixed_by == told
