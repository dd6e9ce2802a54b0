"""Which of the scheduler's reasons is the cause.

The one that, lifted alone, would let the pod fit on the most nodes that it may use at all. Nodes that its own demands
rule out (its selector, an extended resource that they lack) never were candidates; nodes that a cordon or a taint
closes (control plane, dedicated pools, broken ones) count only where no other is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from diagnostics.rules.model import Confidence
from diagnostics.rules.scheduling.domains import room_for_replicas
from diagnostics.rules.scheduling.fit import CORDONED, EXTENDED, NATIVE, SELECTOR, TAINT, NodeFit, Trial
from diagnostics.rules.scheduling.message import ORDER, OTHER, Kind, Reason, Refusal

ANTI_AFFINITY = Kind("sched-pod-anti-affinity")
_CONTROL_PLANE = frozenset({"node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"})
_CLOSING = frozenset({TAINT, CORDONED.code})


def root(trial: Trial) -> tuple[Kind, Confidence]:
    """The cause of a refusal, and how sure that is: certain where the nodes, tried one by one, agree with it."""
    reasons = trial.refusal.reasons
    general = next((reason.kind for reason in reasons if reason.nodes is None), None)
    if general is not None:
        return general, Confidence.POSSIBLE if general.code == OTHER else Confidence.CERTAIN
    if not reasons:
        return Kind(OTHER), Confidence.POSSIBLE
    if impossible := impossible_resource(trial):
        return NATIVE[impossible], Confidence.CERTAIN
    tried = _by_trial(trial)
    if tried is not None and any(_same(tried, reason.kind) for reason in reasons):
        return tried, Confidence.POSSIBLE if tried.code == OTHER else Confidence.CERTAIN
    return _by_count(trial.refusal), Confidence.LIKELY


def impossible_resource(trial: Trial) -> str | None:
    """CPU, memory or ephemeral storage of which the pod requests more than the largest node has."""
    return next((name for name in NATIVE if 0 < trial.largest(name) < trial.demands.get(name, 0)), None)


def _by_count(refusal: Refusal) -> Kind:
    """The cause where no node is known: what removes the most nodes, among the reasons that are ever causes."""
    candidates = [reason for reason in refusal.reasons if reason.kind.code not in _CLOSING] or list(refusal.reasons)
    if any(_filtered(reason) > ORDER[SELECTOR.code] for reason in candidates):
        # Some node got past the selector, so the selector leaves nodes to use.
        candidates = [reason for reason in candidates if reason.kind != SELECTOR]
    return max(candidates, key=lambda reason: (reason.nodes, _filtered(reason))).kind


def _filtered(reason: Reason) -> int:
    """How late the scheduler asks this: what fails there has passed everything before."""
    return ORDER.get(reason.kind.code, len(ORDER))


def _same(kind: Kind, stated: Kind) -> bool:
    """A taint's key is ours to know; the scheduler stopped naming it."""
    return kind.code == stated.code and (kind.code == TAINT or kind.detail == stated.detail)


def _by_trial(trial: Trial) -> Kind | None:
    """The cause by trying the pod on each node; None where nothing tells."""
    if not trial.selected:
        return SELECTOR if trial.fits else None
    if not trial.allowed:
        return _missing_resource(trial)
    if not trial.open:
        return _lifting_most(trial.allowed, [kind for fit in trial.allowed for kind in fit.blockers if _closes(kind)])
    kinds = [kind for fit in trial.open for kind in fit.blockers]
    if room_for_replicas(trial):
        kinds = [kind for kind in kinds if kind != ANTI_AFFINITY] or kinds
    return _lifting_most(trial.open, kinds)


def _closes(kind: Kind) -> bool:
    return kind.code in _CLOSING


def _missing_resource(trial: Trial) -> Kind:
    """The extended resource that the fewest of the selected nodes offer enough of."""
    offering = {
        name: sum(fit.room.offers(name) >= amount for fit in trial.selected)
        for name, amount in trial.demands.items()
        if name not in NATIVE
    }
    return Kind(EXTENDED, min(offering, key=lambda name: offering[name]))


def _lifting_most(fits: Sequence[NodeFit], kinds: Sequence[Kind]) -> Kind | None:
    """Of these kinds the one that frees the most nodes when lifted alone; then the one that is on the most."""
    if not kinds:
        return None
    alone = Counter(kind for fit in fits if len(fit.blockers) == 1 for kind in fit.blockers)
    present = Counter(kinds)
    return max(
        sorted(present),
        key=lambda kind: (kind.detail not in _CONTROL_PLANE, alone[kind], present[kind], -ORDER.get(kind.code, 0)),
    )
