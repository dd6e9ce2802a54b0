"""Namespaces that are deleted and do not go (catalogue B10, ns-stuck).

Source: k8s.io/kubernetes pkg/controller/namespace/deletion: a namespace goes when every API could be asked for what is
in it, and nothing is left. Its conditions tell which of these fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from diagnostics.rules.clues import core
from diagnostics.rules.lookalikes import listed
from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule, Severity, Stage, check
from diagnostics.rules.subject import ObjectView
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.admission import Namespace
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.meta import Condition
from diagnostics.snapshot.pods import Pod

STUCK = Rule(
    code="ns-stuck",
    severity=Severity.MEDIUM,
    stage=Stage.REJECTED,
    message="Namespace {name} is being deleted since {deleted} and does not go: {obstacles}.",
    cause="A namespace goes when every API of the cluster has been asked for what is in it, and nothing is left.",
    remedy="{mend} Removing the namespace's own finalizer instead leaves objects behind that nobody sees.",
    commands=(
        "kubectl get apiservice {api_service} -o yaml",
        "kubectl -n {name} get pod {pod} -o jsonpath='{{.metadata.finalizers}}'",
        "kubectl get namespace {name} -o yaml",
    ),
    verify=("kubectl get namespace {name} --ignore-not-found",),
    visible_after=timedelta(minutes=15),
    notify_after=timedelta(hours=1),
    references=("https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/",),
)
QUOTED = 3

_DISCOVERY = "NamespaceDeletionDiscoveryFailure"
# In the order in which they keep a namespace: what an API cannot be asked for is never known to be gone.
_CONDITIONS = (
    _DISCOVERY,
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceFinalizersRemaining",
    "NamespaceContentRemaining",
)
_GROUP_VERSION = re.compile(r"\b(?P<group>[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8})/(?P<version>v\d[a-z0-9]{0,20})\b")
_FINALIZER = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]{0,252}(?:/[\w.-]{1,63})?) in \d+ resource instances")


@dataclass(frozen=True, slots=True)
class _Kept:
    """What keeps a namespace: its true conditions, and the pods of it that wait for a finalizer."""

    told: tuple[Condition, ...]
    pods: tuple[Pod, ...]

    @property
    def api(self) -> tuple[str, str] | None:
        """The (group, version) that cannot be asked, if one is named."""
        failing = next((found for each in self.told if each.type == _DISCOVERY and (found := _named(each))), None)
        return (failing["group"], failing["version"]) if failing else None

    @property
    def finalizers(self) -> list[str]:
        """The finalizers that are not removed, by the conditions and the pods."""
        named = {found["name"] for each in self.told for found in _FINALIZER.finditer(each.message)}
        return sorted(named.union(*(pod.metadata.finalizers for pod in self.pods)))


def _named(condition: Condition) -> re.Match[str] | None:
    return _GROUP_VERSION.search(condition.message)


def wants(suspect: Suspect) -> Iterator[tuple[str, str | None]]:
    """The namespaces, for a pod that is being deleted: its namespace may be going too, and held up by it."""
    if suspect.pod.metadata.deletion_timestamp is not None:
        yield "namespaces", None


def wants_around(snapshot: Snapshot) -> Iterator[tuple[str, str | None]]:
    """The namespaces, for whoever looks at all of them: one that is stuck may hold no pod."""
    if snapshot.bookings_complete:
        yield "namespaces", None


@check(STUCK, about=("Namespace",))
def namespace_stuck(view: ObjectView[Namespace]) -> Iterator[Finding]:
    """Namespaces that are being deleted, and what they say keeps them, or which pods do."""
    deleted, kept = view.metadata.deletion_timestamp, _Kept(_told(view), _held(view))
    if deleted is None or not (kept.told or kept.pods) or not _looked_at(view):
        return
    yield view.finding(
        STUCK,
        Confidence.CERTAIN if kept.told else Confidence.LIKELY,
        *_evidence(view, kept),
        view.quote("metadata.deletionTimestamp", f"{deleted:%Y-%m-%dT%H:%M:%SZ}", deleted),
        offender=_offender(view, kept),
        since=deleted,
        signature=".".join(reversed(kept.api)) if kept.api else " ".join(kept.finalizers),
        deleted=f"{deleted:%Y-%m-%d %H:%M} UTC",
        obstacles=" and ".join(_obstacles(kept)),
        mend=_mend(kept),
        api_service=".".join(reversed(kept.api)) if kept.api else None,
        pod=kept.pods[0].metadata.name if kept.pods else None,
    )


def _looked_at(view: ObjectView[Namespace]) -> bool:
    """Whether the reader looks at this namespace: at all of them, or at pods in it."""
    snapshot, name = view.snapshot, view.metadata.name
    return snapshot.bookings_complete or any(pod.metadata.namespace == name for pod in snapshot.suspects)


def _told(view: ObjectView[Namespace]) -> tuple[Condition, ...]:
    found = (view.item.status.condition(type_) for type_ in _CONDITIONS)
    return tuple(condition for condition in found if condition is not None and condition.true)


def _held(view: ObjectView[Namespace]) -> tuple[Pod, ...]:
    """The suspects of the namespace that are to be deleted and wait for a finalizer."""
    return tuple(
        pod
        for pod in sorted(view.snapshot.suspects, key=lambda pod: pod.metadata.name)
        if pod.metadata.namespace == view.metadata.name and pod.metadata.deletion_timestamp and pod.metadata.finalizers
    )


def _evidence(view: ObjectView[Namespace], kept: _Kept) -> Iterator[Evidence]:
    for each in kept.told:
        path = f"status.conditions[{each.type}].message"
        yield view.quote(path, each.message or each.reason, each.last_transition_time)
    for pod in kept.pods[:QUOTED]:
        finalizers = ", ".join(pod.metadata.finalizers)
        yield Evidence("pod", f"Pod/{pod.metadata.name}", "metadata.finalizers", finalizers)


def _offender(view: ObjectView[Namespace], kept: _Kept) -> Offender:
    if kept.api:
        return Offender("APIService", ".".join(reversed(kept.api)))
    if kept.pods:
        return Offender("Pod", kept.pods[0].metadata.name, view.metadata.name, "metadata.finalizers")
    return Offender("Namespace", view.metadata.name, None, f"status.conditions[{kept.told[0].type}]")


def _obstacles(kept: _Kept) -> Iterator[str]:
    """What is in the way, the worst first, as parts of one sentence."""
    if kept.api:
        yield f"API {'/'.join(kept.api)} cannot be asked what is in it"
    if kept.finalizers:
        pods = f" of pod {listed(pod.metadata.name for pod in kept.pods)}" if kept.pods else ""
        yield f"finalizer {listed(kept.finalizers)}{pods} is not removed"
    if not (kept.api or kept.finalizers):
        yield core(kept.told[0].message) or f"its condition {kept.told[0].type} holds"


def _mend(kept: _Kept) -> str:
    if kept.api:
        return "Bring back the Service behind the API, or delete the APIService if nobody needs it."
    if kept.finalizers:
        return "Find the controller that owns the finalizer and mend it."
    return "Delete what is left by hand, if its own controller does not."
