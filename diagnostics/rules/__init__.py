"""What can be wrong with a pod: one module a family, found by being here.

Layer 1: imports snapshot only. A rule is data plus one pure generator; see `model`.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from diagnostics.rules.model import Check, Rule


@cache
def checks() -> tuple[Check, ...]:
    """Every check of every module of this package, in the order of the modules' names and their places in them."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    return tuple(value for module in modules for value in vars(module).values() if isinstance(value, Check))


@cache
def rules() -> dict[str, Rule]:
    """Every rule by its code. Raises ValueError when two rules claim one code."""
    by_code: dict[str, Rule] = {}
    for rule in (rule for check in checks() for rule in check.rules):
        if by_code.setdefault(rule.code, rule) is not rule:
            raise ValueError(f"two rules have the code {rule.code}")
    return by_code
