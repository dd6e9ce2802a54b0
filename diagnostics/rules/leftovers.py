"""Dead pods: when they ended, and whether anybody still misses them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from diagnostics.rules.model import Evidence
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.objects import Workload
from diagnostics.snapshot.owners import Key

# A dead pod whose workload is well is no news after this time.
NEWS = timedelta(hours=1)


def ended_at(suspect: Suspect) -> datetime | None:
    """When a failed pod ended: its Ready condition's last change, else the end of its last container."""
    ready = suspect.pod.status.condition("Ready")
    if ready is not None and ready.last_transition_time is not None:
        return ready.last_transition_time
    ends = (container.last_end.finished_at for container in suspect.containers if container.last_end)
    return max((end for end in ends if end is not None), default=suspect.pod.status.start_time)


def reason_evidence(suspect: Suspect) -> tuple[Evidence, ...]:
    """What the status of a failed pod says: its message, if it has one, and its reason."""
    status, at = suspect.pod.status, ended_at(suspect)
    message = (suspect.quote("status.message", status.message.strip(), at),) if status.message else ()
    return (*message, suspect.quote("status.reason", status.reason, at))


def left_over(suspect: Suspect) -> bool:
    """Whether a dead pod only lies about: it ended a while ago, and its workload has all the pods it wants."""
    return suspect.age(ended_at(suspect)) > NEWS and _healthy(suspect)


def _healthy(suspect: Suspect) -> bool:
    snapshot, workload = suspect.snapshot, suspect.workload
    kinds: Mapping[str, Mapping[Key, Workload]] = {
        "Deployment": snapshot.deployments,
        "StatefulSet": snapshot.statefulsets,
        "DaemonSet": snapshot.daemonsets,
        "ReplicaSet": snapshot.replicasets,
    }
    found = kinds.get(workload.kind, {}).get((workload.namespace, workload.name))
    return found is not None and max(found.status.ready_replicas, found.status.number_ready) >= found.desired
