"""What can be wrong with a pod: one module a family, found by being here.

Layer 1: imports snapshot only. A rule is data plus one pure generator; see `model`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from diagnostics.rules.model import Check, Rule
from diagnostics.rules.subject import ObjectView
from diagnostics.rules.suspect import ContainerView, Suspect
from diagnostics.snapshot.cluster import Snapshot

Want = tuple[str, str | None]


@cache
def families() -> tuple[ModuleType, ...]:
    """The modules of this package, by name."""
    return tuple(import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))


@cache
def checks() -> tuple[Check, ...]:
    """Every check of every family, in the order of the modules' names and their places in them."""
    return tuple(value for family in families() for value in vars(family).values() if isinstance(value, Check))


def wants(suspect: Suspect) -> Iterator[Want]:
    """What the families want read on demand for a suspect: (resource, namespace or None for all)."""
    for family in families():
        if wanted := getattr(family, "wants", None):
            yield from wanted(suspect)


def wants_for(view: ObjectView[Any]) -> Iterator[Want]:
    """What the families want read on demand for a workload that is short of pods; never asked of a healthy one."""
    for family in families():
        if wanted := getattr(family, "wants_for", None):
            yield from wanted(view)


def wants_around(snapshot: Snapshot) -> Iterator[Want]:
    """What the families want read of the cluster as such, whoever suffers in it."""
    for family in families():
        if wanted := getattr(family, "wants_around", None):
            yield from wanted(snapshot)


def wants_log(container: ContainerView) -> bool:
    """Whether any family would read this container's log."""
    return any(wanted(container) for family in families() if (wanted := getattr(family, "wants_log", None)))


@cache
def rules() -> dict[str, Rule]:
    """Every rule by its code. Raises ValueError when two rules claim one code."""
    by_code: dict[str, Rule] = {}
    for rule in (rule for check in checks() for rule in check.rules):
        if by_code.setdefault(rule.code, rule) is not rule:
            raise ValueError(f"two rules have the code {rule.code}")
    return by_code
