"""Pods whose containers are not created while nobody says why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from diagnostics.rules.model import Confidence, Finding, Offender, check
from diagnostics.rules.stages import SANDBOX_READY, UNBLAMED, alive, due_since, waiting_word
from diagnostics.rules.start import rules
from diagnostics.rules.suspect import ContainerView, Suspect
from diagnostics.rules.volumes.mounts import MOUNT_REASONS

# Everything that the kubelet tries and fails it reports again within this time.
SILENCE = timedelta(minutes=5)
# Events that say themselves what the kubelet is at; rules of other families read them.
_TELLING = frozenset({"Pulling", "NetworkNotReady", "FailedCreatePodSandBox", *MOUNT_REASONS})
_CREATING = "ContainerCreating"


@check(rules.STUCK_CREATING, needs=("events",))
def stuck_creating(suspect: Suspect) -> Iterator[Finding]:
    """Pods with a node whose first container waits in ContainerCreating without any event for five minutes."""
    if not alive(suspect) or not suspect.pod.spec.node_name:
        return
    container = next((waiter for waiter in suspect.containers if waiter.waiting_reason == _CREATING), None)
    if container is None or any(other.waiting_reason not in UNBLAMED for other in suspect.containers):
        return
    latest = next(iter(suspect.events()), None)
    if latest is not None and (latest.reason in _TELLING or suspect.age(latest.at) <= SILENCE):
        return
    yield _conclude(suspect, container)


def _conclude(suspect: Suspect, container: ContainerView) -> Finding:
    condition = suspect.pod.status.condition(SANDBOX_READY)
    node = suspect.node
    facts = [waiting_word(container)]
    if condition is not None:
        facts.append(suspect.quote(f"status.conditions[{SANDBOX_READY}].status", condition.status))
    return suspect.finding(
        rules.STUCK_CREATING,
        Confidence.LIKELY,
        *facts,
        offender=Offender("Node", suspect.pod.spec.node_name),
        since=due_since(container),
        ruled_out=("not the node's readiness: its Ready condition is True",) if node and node.ready else (),
        why="the kubelet has reported nothing about it for more than 5 minutes",
        stage=_stage(sandbox_ready=condition is not None and condition.true),
    )


def _stage(*, sandbox_ready: bool) -> str:
    if sandbox_ready:
        return "Its sandbox is ready, so the kubelet hangs at the image or at creating the container."
    return "Its sandbox is not ready, so the kubelet hangs at the volumes, the network or the sandbox itself."
