"""The scheduler's words, of this release and older ones, taken apart."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.rules.scheduling.message import OTHER, Kind, Reason, Refusal, classify, parse
from tests.characters import texts

NOT_HELPFUL = "0/7 nodes are available: 7 Preemption is not helpful for scheduling"


def kinds(message: str) -> list[tuple[str, str, int | None]]:
    return [(reason.kind.code, reason.kind.detail, reason.nodes) for reason in parse(message).reasons]


def test_reasons_counts_and_preemption_come_apart() -> None:
    refusal = parse(
        "0/7 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable, 5 node(s) had untolerated taint(s)."
        f" no new claims to deallocate, preemption: {NOT_HELPFUL}."
    )
    assert refusal == Refusal(
        total=7,
        reasons=(
            Reason("Insufficient cpu", 1),
            Reason("node(s) were unschedulable", 1),
            Reason("node(s) had untolerated taint(s)", 5),
        ),
        preemption=NOT_HELPFUL,
    )


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        pytest.param(
            '0/7 nodes are available: persistentvolumeclaim "uploads-data" not found. not found',
            [("sched-pvc-missing", "uploads-data", None)],
            id="a claim's failure with a stray end",
        ),
        pytest.param(
            'persistentvolumeclaim "www" not found', [("sched-pvc-missing", "www", None)], id="v1.18, without a count"
        ),
        pytest.param(
            '0/3 nodes are available: persistentvolumeclaim "a" bound to non-existent persistentvolume "pv-1".',
            [("sched-pv-lost", "a", None)],
            id="a lost volume",
        ),
        pytest.param(
            "0/4 nodes are available: 1 node(s) had taint {node-role.kubernetes.io/master: }, that the pod didn't"
            " tolerate, 3 Insufficient memory.",
            [("sched-untolerated-taint", "", 1), ("sched-insufficient-memory", "", 3)],
            id="v1.19, a reason with a comma of its own",
        ),
        pytest.param(
            "0/4 nodes are available: 4 node(s) had untolerated taint {dedicated: gpu}. preemption: 0/4 nodes are"
            " available: 4 Preemption is not helpful for scheduling.",
            [("sched-untolerated-taint", "", 4)],
            id="v1.24 to v1.35, the taint named",
        ),
        pytest.param(
            "0/2 nodes are available: 2 node(s) had taints that the pod didn't tolerate.",
            [("sched-untolerated-taint", "", 2)],
            id="v1.17",
        ),
        pytest.param(
            "0/9 nodes are available: 9 pod has unbound immediate PersistentVolumeClaims.",
            [("sched-pvc-unbound", "", 9)],
            id="v1.18, a claim's failure counted",
        ),
        pytest.param(
            "0/5 nodes are available: 1 Insufficient cpu, 4 node(s) didn't satisfy plugin(s) [NodeAffinity].",
            [("sched-insufficient-cpu", "", 1), ("sched-node-selector", "", 4)],
            id="nodes that PreFilter left out",
        ),
        pytest.param(
            "0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [VolumeBinding].",
            [("sched-pv-conflict", "", 3)],
            id="nodes that a volume left out",
        ),
        pytest.param(
            "0/2 nodes are available: 1 node(s) had volume node affinity conflict, 1 Insufficient nvidia.com/gpu.",
            [("sched-pv-conflict", "", 1), ("sched-insufficient-extended", "nvidia.com/gpu", 1)],
            id="v1.33, a volume elsewhere",
        ),
        pytest.param(
            "0/2 nodes are available: 2 cannot allocate all claims. still not schedulable, preemption: 0/2 nodes are"
            " available: 2 Preemption is not helpful for scheduling.",
            [("sched-dra", "", 2)],
            id="dynamic resources",
        ),
        pytest.param("no nodes available to schedule pods", [("sched-no-nodes", "", None)], id="an empty cluster"),
        pytest.param("", [], id="nothing at all"),
    ],
)
def test_wordings(message: str, expected: list[tuple[str, str, int | None]]) -> None:
    assert kinds(message) == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Insufficient hugepages-2Mi", Kind("sched-insufficient-extended", "hugepages-2Mi")),
        ("Insufficient ephemeral-storage", Kind("sched-insufficient-ephemeral")),
        ("node(s) didn't match pod affinity/anti-affinity", Kind("sched-pod-anti-affinity")),
        ("node(s) didn't match pod affinity rules", Kind("sched-pod-affinity")),
        ("node(s) didn't match node selector", Kind("sched-node-selector")),
        ("node(s) had no available volume zone", Kind("sched-pv-conflict")),
        ("node(s) did not have enough free storage", Kind("sched-no-pv")),
        ("pod affinity terms conflict", Kind("sched-enforced-affinity")),
        ('waiting for pods\'s pod group "pg1" to appear in scheduling queue', Kind("sched-gang")),
        ("node(s) exceed the carbon budget", Kind(OTHER)),
    ],
)
def test_kinds(text: str, kind: Kind) -> None:
    assert classify(text) == kind


def test_an_answer_about_preemption_that_is_no_count_is_kept() -> None:
    message = "0/1 nodes are available: 1 Too many pods. preemption: not eligible due to preemptionPolicy=Never.."
    assert parse(message).preemption == "not eligible due to preemptionPolicy=Never"


@given(texts())
def test_parsing_never_raises(message: str) -> None:
    assert all(reason.kind.code for reason in parse(message).reasons)


TEXTS = (
    "Insufficient cpu",
    "node(s) were unschedulable",
    "node(s) had taint {dedicated: batch}, that the pod didn't tolerate",
    "node(s) didn't match Pod's node affinity/selector",
    "node(s) didn't match pod topology spread constraints (missing required label)",
    "Insufficient example.com/fpga",
)


@given(st.lists(st.tuples(st.integers(1, 500), st.sampled_from(TEXTS)), min_size=1, unique_by=lambda one: one[1]))
def test_what_is_written_is_read_in_any_order(reasons: list[tuple[int, str]]) -> None:
    shuffled = random.Random(0).sample(reasons, len(reasons))  # noqa: S311 - an order, not a secret.
    message = f"0/501 nodes are available: {', '.join(f'{nodes} {text}' for nodes, text in shuffled)}."
    refusal = parse(message)
    assert refusal.total == 501
    assert {(reason.nodes, reason.text) for reason in refusal.reasons} == set(reasons)
