"""What makes two findings the same diagnosis (catalogue B0, 9).

Pod names, uids and revision hashes stay out, so a new rollout with the same fault goes on with the same diagnosis;
the cause signature stays in, so that different causes of one code never merge.
"""

from __future__ import annotations

import hashlib

from diagnostics.rules.model import Finding, Shared
from diagnostics.snapshot.owners import WorkloadRef


def fingerprint(cluster: str, workload: WorkloadRef, finding: Finding) -> str:
    """32 hexadecimal digits over cluster, workload, container, code and cause signature."""
    parts = (
        cluster,
        workload.namespace,
        workload.kind,
        workload.name,
        finding.container,
        finding.rule.code,
        finding.signature,
    )
    return _digest(parts)


def shared_fingerprint(cluster: str, code: str, thing: Shared) -> str:
    """The same over cluster, code and what several workloads share."""
    return _digest((cluster, thing.kind, thing.name, code))


def _digest(parts: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
