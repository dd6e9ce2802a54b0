"""What a closer look at the suspects needs: logs and on-demand lists. Says what; reading it is kube's business."""

from __future__ import annotations

from diagnostics.rules import wants, wants_log
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.wanted import LogWanted, Wanted


def suspects(snapshot: Snapshot) -> list[Suspect]:
    """Every suspect with its workload, in an order that depends on nothing but their names."""
    owners = snapshot.owners
    ordered = sorted(snapshot.suspects, key=lambda pod: (pod.metadata.namespace, pod.metadata.name, pod.metadata.uid))
    return [Suspect(snapshot, pod, owners.top(pod.metadata)) for pod in ordered]


def wanted(snapshot: Snapshot) -> Wanted:
    """The logs and resources that the rules would look at, each once."""
    found = suspects(snapshot)
    logs = (
        LogWanted(
            namespace=suspect.namespace,
            pod=suspect.pod.metadata.name,
            uid=suspect.pod.metadata.uid,
            container=container.name,
            previous_first=container.status.state.terminated is None,
        )
        for suspect in found
        for container in suspect.containers
        if wants_log(container)
    )
    return Wanted(logs=tuple(logs), resources=frozenset(want for suspect in found for want in wants(suspect)))
