"""Reads what the scheduler says: `0/7 nodes are available: <prefilter>. <n reason, n reason>. preemption: ...`.

Source: kubernetes v1.36, pkg/scheduler/framework/types.go, `FitError.Error`; the reasons are the plugins' own words,
which differ from release to release, so each is matched by the part that never changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

_HEAD = re.compile(r"^0/(?P<total>\d+) nodes are available: ?")
# What PostFilter plugins put behind the reasons: preemption's answer, and that of dynamic resource allocation.
_TAIL = re.compile(r"[ ,]*(?:(?:no new claims to deallocate|still not schedulable)[, ]*)?preemption: ")
_SENTENCE_END = re.compile(r"\.(?:\s|$)")
# A reason may hold commas of its own (`had taint {a: b}, that the pod didn't tolerate`); the next one has a count.
_NEXT_REASON = re.compile(r", (?=\d+ \S)")
_COUNTED = re.compile(r"(?P<nodes>\d+) (?P<text>.+)", re.DOTALL)


class Kind(NamedTuple):
    """What a reason is about: a code of the catalogue, and the resource, claim or group that it names."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason in the scheduler's words, and how many nodes it removes: None when it concerns them all."""

    text: str
    nodes: int | None = None

    @property
    def kind(self) -> Kind:
        """What the reason is about; `sched-other` when no plugin that we know says this."""
        return classify(self.text)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal taken apart. `total` is None where the scheduler did not count nodes."""

    total: int | None
    reasons: tuple[Reason, ...]
    preemption: str = ""


def parse(message: str) -> Refusal:
    """Takes the message of a PodScheduled condition or FailedScheduling event apart; never raises."""
    main, _, preemption = _split_tail(message.strip())
    head = _HEAD.match(main)
    if head is None:
        return Refusal(None, _reasons(main), preemption)
    return Refusal(int(head["total"]), _reasons(main[head.end() :]), preemption)


def _split_tail(message: str) -> tuple[str, str, str]:
    tail = _TAIL.search(message)
    if tail is None:
        return message, "", ""
    return message[: tail.start()], tail.group(), message[tail.end() :].rstrip(".")


def _reasons(text: str) -> tuple[Reason, ...]:
    """The first sentence; behind a claim's failure a stray `not found` may follow it."""
    end = _SENTENCE_END.search(text)
    sentence = (text[: end.start()] if end else text).strip()
    return tuple(_reason(part) for part in _NEXT_REASON.split(sentence) if part)


def _reason(part: str) -> Reason:
    counted = _COUNTED.fullmatch(part)
    return Reason(counted["text"], int(counted["nodes"])) if counted else Reason(part)


# In the order in which the scheduler filters: a node is counted for the first of these that refuses it (all
# insufficient resources at once), so a later one shows only where a node passed the earlier ones.
_FILTERS: tuple[tuple[str, str], ...] = (
    ("sched-no-nodes", r"no nodes available to schedule pods"),
    ("sched-gated", r"waiting for scheduling gates"),
    ("sched-gang", r"waiting for minCount pods from a gang|pod group .* to appear|workload .* to appear in scheduling"),
    ("sched-pvc-missing", r'persistentvolumeclaim "?(?P<detail>[^" ]+)"? not found'),
    ("sched-pvc-deleting", r'persistentvolumeclaim "?(?P<detail>[^" ]+)"? is being deleted'),
    ("sched-pv-lost", r'persistentvolumeclaim "?(?P<detail>[^" ]+)"? bound to non-existent persistentvolume'),
    ("sched-pv-lost", r"bound to non-existent pv"),
    ("sched-pvc-unbound", r"unbound immediate PersistentVolumeClaims|binding volumes:"),
    ("sched-enforced-affinity", r"scheduler-enforced node affinity|pod affinity terms conflict"),
    ("sched-unknown-condition", r"had unknown conditions"),
    ("sched-cordoned", r"node\(s\) were unschedulable"),
    ("sched-node-name", r"didn't match the requested node name"),
    ("sched-untolerated-taint", r"had untolerated taint|had taints? (?:\{|that the pod didn't tolerate)"),
    (
        "sched-node-selector",
        r"didn't match Pod's node affinity|didn't match node selector|plugin\(s\) \[NodeAffinity\]",
    ),
    ("sched-host-port", r"didn't have free ports"),
    ("sched-too-many-pods", r"^Too many pods"),
    ("sched-insufficient-cpu", r"^Insufficient cpu$"),
    ("sched-insufficient-memory", r"^Insufficient memory$"),
    ("sched-insufficient-ephemeral", r"^Insufficient ephemeral-storage$"),
    ("sched-insufficient-extended", r"^Insufficient (?P<detail>\S+)"),
    ("sched-disk-conflict", r"had no available disk"),
    ("sched-rwop-in-use", r"ReadWriteOncePod access mode"),
    ("sched-volume-limit", r"exceed max volume count|reached its volume attachment limit"),
    ("sched-no-pv", r"didn't find available persistent volumes to bind|did not have enough free storage"),
    (
        "sched-pv-conflict",
        r"PersistentVolume's node affinity|volume node affinity conflict|no available volume zone|plugin\(s\) \[.*Volume",
    ),
    ("sched-dra", r"cannot allocate all claims|(?i:resource ?claim)|BindingConditions"),
    ("sched-node-features", r"didn't match Pod's required features"),
    ("sched-topology-spread", r"didn't match pod topology spread constraints"),
    ("sched-pod-affinity", r"didn't match pod affinity rules"),
    ("sched-pod-anti-affinity", r"didn't match pod (?:affinity/)?anti-affinity"),
    ("sched-existing-anti-affinity", r"didn't satisfy existing pods anti-affinity"),
)
_PATTERNS = tuple((code, re.compile(pattern)) for code, pattern in _FILTERS)
ORDER = {code: place for place, (code, _) in enumerate(_FILTERS)}
OTHER = "sched-other"


def classify(text: str) -> Kind:
    """The kind of one reason, whatever release wrote it."""
    for code, pattern in _PATTERNS:
        if found := pattern.search(text):
            return Kind(code, found.groupdict().get("detail") or "")
    return Kind(OTHER)
