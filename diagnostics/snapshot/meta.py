"""Metadata, conditions and references that every Kubernetes object shares.

Only the fields we read are declared; msgspec skips the rest of the JSON without building objects for it. Names are
the API's, in snake case. Source: the Kubernetes API reference, "Common Definitions".
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

# Kubernetes writes UTC times ("2026-11-23T03:25:20Z"); a time without zone is malformed, not local.
Time = Annotated[datetime, msgspec.Meta(tz=True)]


class Object(msgspec.Struct, frozen=True, rename="camel"):
    """Base of every decoded object: immutable, camelCase on the wire, unknown fields ignored."""


class OwnerReference(Object, frozen=True):
    """`metadata.ownerReferences[]`."""

    kind: str
    name: str
    uid: str = ""
    api_version: str = ""
    controller: bool | None = None


class LeanMetadata(Object, frozen=True):
    """The part of `metadata` that is read of every pod: identity, age, owner and labels."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    owner_references: tuple[OwnerReference, ...] = ()
    labels: dict[str, str] = {}

    @property
    def controller(self) -> OwnerReference | None:
        """The owner that manages this object (`controller: true`), if any."""
        for owner in self.owner_references:
            if owner.controller:
                return owner
        return None


class Metadata(LeanMetadata, frozen=True):
    """`metadata` of any object, without `managedFields`, which is most of its bytes."""

    generation: int = 0
    deletion_grace_period_seconds: int | None = None
    annotations: dict[str, str] = {}

    @property
    def event_uid(self) -> str:
        """By which the kubelet names a static pod in its events: the hash of its manifest; of others the uid."""
        return self.annotations.get("kubernetes.io/config.hash", self.uid)

    finalizers: tuple[str, ...] = ()


class ManagedFields(Object, frozen=True):
    """`metadata.managedFields[]`: who wrote last, and when; not which fields, which is most of an object's bytes."""

    manager: str = ""
    subresource: str = ""
    time: Time | None = None


class ManagedMetadata(Metadata, frozen=True):
    """`metadata` of a workload, whose writers are worth knowing."""

    managed_fields: tuple[ManagedFields, ...] = ()

    @property
    def written_at(self) -> datetime | None:
        """When somebody last wrote more than its status; when it was made, where that is not recorded."""
        writes = (write.time for write in self.managed_fields if write.subresource != "status")
        return max((time for time in writes if time is not None), default=self.creation_timestamp)


class Condition(Object, frozen=True):
    """`status.conditions[]` of pods, nodes and workloads. `status` is "True", "False" or "Unknown"."""

    type: str
    status: str = "Unknown"
    reason: str = ""
    message: str = ""
    last_transition_time: Time | None = None
    last_update_time: Time | None = None  # Deployments only: when it was last found to hold.

    @property
    def true(self) -> bool:
        """Whether the condition holds; "Unknown" does not."""
        return self.status == "True"

    @property
    def false(self) -> bool:
        """Whether the condition is denied; "Unknown" is not."""
        return self.status == "False"


def condition(conditions: tuple[Condition, ...], type_: str) -> Condition | None:
    """The condition of that type, if the object carries it."""
    for candidate in conditions:
        if candidate.type == type_:
            return candidate
    return None


class Reference(Object, frozen=True):
    """A reference to an object, as events carry it (`involvedObject`)."""

    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""
    field_path: str = ""
