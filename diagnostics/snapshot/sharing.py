"""Parts that pods of one template have in common, held once: most of a pod is its template."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar, cast

import msgspec

from diagnostics.snapshot.pods import Container, Pod

MOST = 20_000  # Parts remembered; then it begins anew, for lists bring the pods of one template one after the other.

T = TypeVar("T")


class Sharing:
    """Makes pods share what is equal in them: a pod stays equal to itself, and takes about a tenth of the memory."""

    def __init__(self) -> None:
        # Small parts by their value, large ones by their JSON, structs by their fields (`_made`).
        self._known: dict[Any, Any] = {}

    def pod(self, pod: Pod) -> Pod:
        """The same pod, made of parts that others have too."""
        if len(self._known) > MOST:
            self._known.clear()
        metadata, spec = pod.metadata, pod.spec
        return Pod(
            metadata=msgspec.structs.replace(
                metadata,
                namespace=self._deep(metadata.namespace),
                owner_references=self._whole(metadata.owner_references),
                labels=self._whole(metadata.labels),
                annotations=self._whole(metadata.annotations),
                creation_timestamp=self._deep(metadata.creation_timestamp),
            ),
            spec=self._fields(
                spec,
                init_containers=tuple(map(self._container, spec.init_containers)),
                containers=tuple(map(self._container, spec.containers)),
                volumes=tuple(map(self._whole, spec.volumes)),
            ),
            status=self._deep(pod.status),
        )

    def _container(self, container: Container) -> Container:
        """A container; only its mounts are looked at one by one, for one of them is each pod's own (its token's)."""
        mounts = self._made(tuple, [self._whole(mount) for mount in container.volume_mounts])
        return self._fields(container, volume_mounts=mounts)

    def _fields(self, struct: T, **done: Any) -> T:
        """A struct of which each field is the same only as a whole."""
        names = struct.__struct_fields__  # type: ignore[attr-defined]  # Every msgspec struct has it.
        parts = [done[name] if name in done else self._whole(getattr(struct, name)) for name in names]
        return cast("T", self._made(type(struct), parts))

    def _whole(self, part: T) -> T:
        """A part that is the same only as a whole."""
        if part is None or isinstance(part, int):
            return part
        return cast("T", self._known.setdefault((type(part), msgspec.json.encode(part)), part))

    def _deep(self, part: Any) -> Any:
        """A part of which everything is shared, however deep it is."""
        if isinstance(part, str | datetime):
            return self._known.setdefault(part, part)
        if isinstance(part, tuple):
            return self._made(tuple, [self._deep(item) for item in part])
        if isinstance(part, msgspec.Struct):
            return self._made(type(part), [self._deep(getattr(part, name)) for name in part.__struct_fields__])
        return self._whole(part)

    def _made(self, type_: type[Any], parts: list[Any]) -> Any:
        """What is made of these parts, which are shared already: where it is known, they are the very same objects."""
        key = (type_, *(part if part is None or isinstance(part, int) else id(part) for part in parts))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = tuple(parts) if type_ is tuple else type_(*parts)
        return known
