"""What can be wrong with a pod's volumes (catalogue B6): claims, mounts, use, and what is only worth knowing."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.rules.suspect import Suspect
from diagnostics.rules.volumes import claims, mounts
from diagnostics.rules.volumes.beside import volume_health
from diagnostics.rules.volumes.claims import claim_lost, claim_pending, claim_unused
from diagnostics.rules.volumes.mounts import volume_mount
from diagnostics.rules.volumes.usage import volume_unwritable

__all__ = ["claim_lost", "claim_pending", "claim_unused", "volume_health", "volume_mount", "volume_unwritable", "wants"]


def wants(suspect: Suspect) -> Iterator[tuple[str, str | None]]:
    """ConfigMaps, claims and StorageClasses, each where a volume's fault cannot be told without them."""
    yield from claims.wants(suspect)
    yield from mounts.wants(suspect)
