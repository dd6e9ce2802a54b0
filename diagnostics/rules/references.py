"""Where a container's environment refers to a ConfigMap or a Secret."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from diagnostics.rules.lookalikes import listed
from diagnostics.rules.suspect import ContainerView
from diagnostics.snapshot.pods import EnvVar, KeyReference, NameReference

Kind = Literal["ConfigMap", "Secret"]


@dataclass(frozen=True, slots=True)
class Reference:
    """One place in a container's spec that names the object: a variable with its key, or all keys (`envFrom`)."""

    path: str
    variable: str = ""
    key: str = ""


def references(container: ContainerView, kind: Kind, name: str) -> list[Reference]:
    """Every place where the container's environment needs the object; optional ones cannot be missed."""
    return [*_from_variables(container, kind, name), *_from_all(container, kind, name)]


def purpose(found: list[Reference]) -> str:
    """What the container takes from the object: `variable DB_URL`, `variables A, B`, `all its keys (envFrom)`."""
    variables = [reference.variable for reference in found if reference.variable]
    if not found:
        return "a part of its environment"
    if not variables:
        return "all keys as variables (envFrom)"
    return f"variable{'s' if len(variables) > 1 else ''} {listed(variables)}"


def _from_variables(container: ContainerView, kind: Kind, name: str) -> Iterator[Reference]:
    field = "configMapKeyRef" if kind == "ConfigMap" else "secretKeyRef"
    for variable in container.spec.env:
        source = _key_reference(variable, kind)
        if source is not None and source.name == name and not source.optional:
            yield Reference(f"env[{variable.name}].valueFrom.{field}", variable.name, source.key)


def _from_all(container: ContainerView, kind: Kind, name: str) -> Iterator[Reference]:
    field = "configMapRef" if kind == "ConfigMap" else "secretRef"
    for index, entry in enumerate(container.spec.env_from):
        source: NameReference | None = entry.config_map_ref if kind == "ConfigMap" else entry.secret_ref
        if source is not None and source.name == name and not source.optional:
            yield Reference(f"envFrom[{index}].{field}")


def _key_reference(variable: EnvVar, kind: Kind) -> KeyReference | None:
    if variable.value_from is None:
        return None
    return variable.value_from.config_map_key_ref if kind == "ConfigMap" else variable.value_from.secret_key_ref
