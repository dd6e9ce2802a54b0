"""What routes and silences are about: matchers over a diagnosis, as data that people write and read.

A matcher is {"field", "op", "value"}; a list of them matches when all do. Values may hold shell-style stars.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from fnmatch import translate
from functools import lru_cache
from typing import Any

import msgspec

SEVERITIES = ("info", "low", "medium", "high", "critical")


class Field(StrEnum):
    """What can be asked about. `label` is one of the workload's, named in `key`."""

    CLUSTER = "cluster"
    NAMESPACE = "namespace"
    WORKLOAD = "workload"  # "Deployment/cart": a pattern without a slash is about the name alone.
    CODE = "code"  # A family is written with a star: "image-*".
    SEVERITY = "severity"
    LABEL = "label"
    DELIVERED_BY = "delivered_by"  # "helm", "argocd"...


class Op(StrEnum):
    """`in` and `not in` take patterns; `at least` a severity."""

    IN = "in"
    NOT_IN = "not in"
    AT_LEAST = "at least"


class Matcher(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One condition. Raises ValueError, as msgspec.ValidationError, for one that could never make sense."""

    field: Field
    op: Op
    value: tuple[str, ...]
    key: str = ""

    def __post_init__(self) -> None:
        if not self.value:
            raise ValueError("a matcher needs at least one value")
        if self.op is Op.AT_LEAST and self.field is not Field.SEVERITY:
            raise ValueError("only a severity can be asked to be at least something")
        if self.field is Field.SEVERITY and not set(self.value) <= set(SEVERITIES):
            raise ValueError(f"a severity is one of {', '.join(SEVERITIES)}")
        if (self.field is Field.LABEL) != bool(self.key):
            raise ValueError("a label needs its key, and nothing else has one")
        if any("\0" in text for text in (*self.value, self.key)):  # PostgreSQL stores none.
            raise ValueError("a matcher has no null characters")

    def __str__(self) -> str:
        name = f"label {self.key}" if self.field is Field.LABEL else self.field.replace("_", " ")
        return f"{name} {self.op} {' or '.join(self.value)}"


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a diagnosis when matchers are asked. News of a cluster has a cluster and a severity alone."""

    cluster: str
    severity: str
    code: str = ""
    namespace: str = ""
    workload_kind: str = ""
    workload_name: str = ""
    delivered_by: str = ""
    labels: Mapping[str, str] = {}

    def values(self, matcher: Matcher) -> tuple[str, ...]:
        """What a matcher's patterns are held against; any may match."""
        match matcher.field:
            case Field.WORKLOAD:
                return (self.workload_name, f"{self.workload_kind}/{self.workload_name}")
            case Field.LABEL:
                return tuple(value for key, value in self.labels.items() if key == matcher.key)
            case field:
                return (getattr(self, field.value),)


def matchers(document: Any) -> tuple[Matcher, ...]:
    """Matchers as stored or posted. Raises msgspec.ValidationError, which says what is wrong where."""
    return msgspec.convert(document, tuple[Matcher, ...])


def matches(conditions: Iterable[Matcher], traits: Traits) -> bool:
    """Whether all conditions hold; no condition always does."""
    return failing(conditions, traits) is None


def failing(conditions: Iterable[Matcher], traits: Traits) -> Matcher | None:
    """The first condition that does not hold, to say why something does not match."""
    return next((matcher for matcher in conditions if not _holds(matcher, traits)), None)


def _holds(matcher: Matcher, traits: Traits) -> bool:
    if matcher.op is Op.AT_LEAST:
        return SEVERITIES.index(traits.severity) >= min(map(SEVERITIES.index, matcher.value))
    found = any(map(_pattern(matcher.value).match, traits.values(matcher)))
    return found is (matcher.op is Op.IN)


@lru_cache(maxsize=4096)
def _pattern(globs: tuple[str, ...]) -> re.Pattern[str]:
    """Any of some shell patterns. `fnmatch` keeps 256 of them, and compiles all anew for every value beyond that."""
    return re.compile("|".join(map(translate, globs)))
