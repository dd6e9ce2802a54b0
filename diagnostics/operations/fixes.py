"""What ended a failure: the last write to the workload while it failed, by the tool that made it.

Source: `metadata.managedFields`, which names the manager and the time of each kind of write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from diagnostics.models import Diagnosis
from diagnostics.operations.kept_workloads import workloads_of
from diagnostics.snapshot.meta import ManagedMetadata


def fixed_by(rows: Iterable[Diagnosis]) -> dict[int, str]:
    """`helm, 2026-11-23 09:41 UTC`, by the number of the diagnosis; none where nobody wrote since it failed."""
    by_number = {row.number: row for row in rows}
    found = {}
    for number, workload in workloads_of(by_number.values()).items():
        if isinstance(workload.metadata, ManagedMetadata):
            writes = list(_writes(workload.metadata, by_number[number].first_seen))
            if writes:
                time, manager = max(writes)
                found[number] = f"{manager}, {time:%Y-%m-%d %H:%M} UTC"
    return found


def _writes(metadata: ManagedMetadata, after: datetime) -> Iterator[tuple[datetime, str]]:
    """When who wrote more than the status, after a time."""
    for write in metadata.managed_fields:
        if write.subresource != "status" and write.time is not None and write.time > after:
            yield write.time, write.manager
