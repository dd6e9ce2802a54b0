"""What differs between two revisions of a workload: their pod templates, field by field.

Literal environment values are not even decoded (see `pods.EnvVar`), and of annotations only those values are shown
that are known to be harmless. Commands and arguments may hold credentials: whoever stores a change redacts it first.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import msgspec

from diagnostics.snapshot.meta import Object
from diagnostics.snapshot.objects import PodTemplate
from diagnostics.snapshot.pods import EnvVar
from diagnostics.snapshot.quantities import InvalidQuantity, parse

HIDDEN = "(not shown)"
LITERAL = "a literal value"
# Labels that differ between any two revisions and say nothing.
_REVISION_LABELS = frozenset({"pod-template-hash", "controller-revision-hash", "pod-template-generation"})
_SHOWN_ANNOTATIONS = ("kubectl.kubernetes.io/restartedAt", "checksum/")
# By what the items of a list are told apart; any other list is compared as one value.
_KEYS = {
    "containers": ("name",),
    "init_containers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volume_mounts": ("mount_path",),
    "ports": ("container_port", "protocol"),
}
# Objects whose fields mean nothing one by one where the whole is new or gone; so are all items of lists with keys.
_WHOLE = frozenset({"liveness_probe", "readiness_probe", "startup_probe"})
_QUANTITIES = frozenset({"requests", "limits", "overhead"})


class FieldChange(Object, frozen=True):
    """One field of the pod template; a side is None where the field was not set.

    `path` starts at the pod's spec (`containers[app].image`) or at the template's `metadata`.
    """

    path: str
    from_: str | None = msgspec.field(name="from", default=None)
    to: str | None = None


class _Stated(NamedTuple):
    """One thing that a template states: as it is shown, as it is compared, and whether more stands below it."""

    text: str
    meaning: object
    whole: bool = False


def changes(old: PodTemplate, new: PodTemplate) -> tuple[FieldChange, ...]:
    """Every field that differs: labels, annotations, then the spec; empty for equal templates."""
    before, after = dict(_template(old)), dict(_template(new))
    return tuple(_compare(before, after))


def _compare(before: Mapping[str, _Stated], after: Mapping[str, _Stated]) -> Iterator[FieldChange]:
    one_sided = (
        "\0"  # The path of the object that was just said to be new or gone: what is below it goes without saying.
    )
    for path in {**before, **after}:
        old, new = before.get(path), after.get(path)
        if path.startswith(one_sided) or (old and new and _equal(old, new)):
            continue
        if any(side.whole for side in (old, new) if side):
            one_sided = f"{path}."
        yield FieldChange(path=path, from_=old.text if old else None, to=new.text if new else None)


def _equal(old: _Stated, new: _Stated) -> bool:
    """Whether both sides say the same here; of two whole objects only what stands below them tells."""
    return old.whole or old.meaning == new.meaning


def _template(template: PodTemplate) -> Iterator[tuple[str, _Stated]]:
    for key, value in template.metadata.labels.items():
        if key not in _REVISION_LABELS:
            yield f"metadata.labels[{key}]", _Stated(value, value)
    for key, value in template.metadata.annotations.items():
        shown = value if key.startswith(_SHOWN_ANNOTATIONS) else HIDDEN
        yield f"metadata.annotations[{key}]", _Stated(shown, value)
    yield from _object("", template.spec)


def _object(path: str, value: Object, keys: tuple[str, ...] = ()) -> Iterator[tuple[str, _Stated]]:
    """What an object states beyond the defaults, field by field; its `keys` are its path, not a statement."""
    for attribute, name, default in _fields(type(value)):
        stated = getattr(value, attribute)
        if stated != default and attribute not in keys:
            yield from _field(f"{path}.{name}".lstrip("."), attribute, stated)


@cache
def _fields(struct: type[Object]) -> tuple[tuple[str, str, Any], ...]:
    """Attribute, name on the wire and default of each field."""
    return tuple((field.name, field.encode_name, _default(field)) for field in msgspec.structs.fields(struct))


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default_factory() if callable(field.default_factory) else field.default


def _field(path: str, attribute: str, value: Any) -> Iterator[tuple[str, _Stated]]:
    if attribute in _KEYS:
        keys = _KEYS[attribute]
        for item in value:
            yield from _item(f"{path}[{'/'.join(str(getattr(item, key)) for key in keys)}]", item, keys)
    elif isinstance(value, Object):
        if attribute in _WHOLE:
            yield path, _whole(value)
        yield from _object(path, value)
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield (f"{path}.{key}" if key.isidentifier() else f"{path}[{key}]"), _leaf(attribute, child)
    else:
        yield path, _leaf(attribute, value)


def _item(path: str, item: Any, keys: tuple[str, ...]) -> Iterator[tuple[str, _Stated]]:
    if isinstance(item, EnvVar):
        source = _source(item)
        yield path, _Stated(source, source)
        return
    yield path, _whole(item, keys)
    yield from _object(path, item, keys)


def _whole(value: Object, keys: tuple[str, ...] = ()) -> _Stated:
    """An object in a few words: a container by its image, anything else by all that it states."""
    image = getattr(value, "image", None)
    stated = ((path, leaf.text) for path, leaf in _object("", value, keys) if not leaf.whole)
    text = image or ", ".join(f"{path}={text}" for path, text in stated)
    return _Stated(text, text, whole=True)


def _leaf(attribute: str, value: Any) -> _Stated:
    text = _written(value)
    if attribute in _QUANTITIES:
        try:
            return _Stated(text, parse(value))
        except InvalidQuantity:
            pass  # Compared as it is written.
    return _Stated(text, text)


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, tuple):
        return json.dumps(value)
    words = [one if isinstance(one, str) else _whole(one).text for one in value]
    return shlex.join(words) if all(isinstance(one, str) for one in value) else "; ".join(words)


def _source(variable: EnvVar) -> str:
    """Where an environment variable's value comes from: never the value."""
    source = variable.value_from
    if source is None:
        return LITERAL
    references = (("configMapKeyRef", source.config_map_key_ref), ("secretKeyRef", source.secret_key_ref))
    named = (f"{kind} {reference.name}/{reference.key}" for kind, reference in references if reference is not None)
    return next(named, "a field of the pod or its resources")
