"""Which pods stand for others: the first few that fail alike. Of these all evidence is kept, of the rest what judging needs.

When a node pool or a registry goes, tens of thousands of pods fail at once, and their logs and JSON say the same.
"""

from __future__ import annotations

from diagnostics.snapshot.pods import ContainerStatus, Pod

MOST = 5  # Of pods with one template and one way to fail.

# Namespace, controller (or the pod itself), revision, and how its containers fail.
Group = tuple[str, str, str, tuple[tuple[str, str, int], ...]]


class Witnesses:
    """The first pods of each group, by uid."""

    def __init__(self) -> None:
        self._members: dict[Group, set[str]] = {}
        self._groups: dict[str, Group] = {}

    def claim(self, pod: Pod) -> bool:
        """Whether a pod is one of the first of its group; a free place is taken."""
        uid, group = pod.metadata.uid, _group(pod)
        if self._groups.get(uid) != group:
            self.release(uid)
        members = self._members.setdefault(group, set())
        if uid not in members:
            if len(members) >= MOST:
                return False
            members.add(uid)
            self._groups[uid] = group
        return True

    def release(self, uid: str) -> None:
        """Gives a pod's place away, if it had one."""
        group = self._groups.pop(uid, None)
        if group is not None:
            self._members[group].discard(uid)
            if not self._members[group]:
                del self._members[group]

    def beside(self, pod: Pod) -> frozenset[str]:
        """The uids of those that stand for a pod."""
        return frozenset(self._members.get(_group(pod), ()))


def _group(pod: Pod) -> Group:
    metadata, status = pod.metadata, pod.status
    owner = metadata.controller
    statuses = (*status.init_container_statuses, *status.container_statuses)
    return (
        metadata.namespace,
        (owner.uid or f"{owner.kind}/{owner.name}") if owner else metadata.uid,
        metadata.labels.get("controller-revision-hash", ""),
        (("", status.phase, 0), *map(_failure, statuses)),
    )


def _failure(status: ContainerStatus) -> tuple[str, str, int]:
    """How a container fails, the same in every phase of a crash loop."""
    ended = status.state.terminated or status.last_state.terminated
    if ended is not None:
        return status.name, ended.reason, ended.exit_code
    waiting = status.state.waiting
    return status.name, waiting.reason if waiting else "", 0
