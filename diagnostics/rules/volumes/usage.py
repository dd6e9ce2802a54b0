"""Volumes that a failing container can no longer write to: told from its last words (catalogue B6).

How full a volume is only the kubelet's statistics would say, and reading those needs a grant that is too strong.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from diagnostics.rules.exits import failing_since, wants_log
from diagnostics.rules.model import Confidence, Finding, Offender, Rule, check
from diagnostics.rules.signatures import LastWords
from diagnostics.rules.signatures import Match as Words
from diagnostics.rules.stages import up_to_containers
from diagnostics.rules.suspect import ContainerView, Suspect
from diagnostics.rules.volumes import rules
from diagnostics.rules.volumes.sources import by_name, claim_name
from diagnostics.snapshot.pods import VolumeMount

_BY_SIGNATURE = {"disk-full": rules.FULL, "fs-readonly": rules.READONLY_FS}


@check(rules.FULL, rules.INODES_FULL, rules.READONLY_FS)
def volume_unwritable(suspect: Suspect) -> Iterator[Finding]:
    """Containers that end because a claim of theirs is full or has become read-only."""
    if not up_to_containers(suspect):
        return
    for container in suspect.containers:
        if _has_claim(container) and container.log.lines and wants_log(container):
            said = LastWords(container)
            best = said.best
            rule = _rule(best) if best else None
            if best and rule and (mount := _mounted_at(container, best.names.get("path", ""))):
                yield _unwritable(container, rule, mount, best, said)


def _has_claim(container: ContainerView) -> bool:
    return any(_claim(container, mount) for mount in container.spec.volume_mounts)


def _claim(container: ContainerView, mount: VolumeMount) -> str:
    volume = by_name(container.suspect, mount.name)
    return claim_name(container.suspect, volume) if volume else ""


def _rule(words: Words) -> Rule | None:
    rule = _BY_SIGNATURE.get(words.signature.id)
    return rules.INODES_FULL if rule is rules.FULL and "inode" in words.text.lower() else rule


def _mounted_at(container: ContainerView, path: str) -> VolumeMount | None:
    """The writable mount of a claim below which the path lies, the deepest one."""
    inside = [
        mount
        for mount in container.spec.volume_mounts
        if not mount.read_only and path and PurePosixPath(path).is_relative_to(mount.mount_path)
    ]
    deepest = max(inside, key=lambda mount: len(mount.mount_path), default=None)
    return deepest if deepest and _claim(container, deepest) else None


def _unwritable(container: ContainerView, rule: Rule, mount: VolumeMount, words: Words, said: LastWords) -> Finding:
    claim, suspect = _claim(container, mount), container.suspect
    return container.finding(
        rule,
        Confidence.LIKELY,
        *said.evidence,
        container.quote_spec(f"volumeMounts[{mount.name}].mountPath", mount.mount_path),
        offender=Offender("PersistentVolumeClaim", claim, suspect.namespace),
        since=failing_since(container),
        signature=mount.name,
        volume=mount.name,
        claim=claim,
        path=words.names["path"],
    )
