"""Which workload a Service that selects nothing was probably meant for, and what differs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property

from diagnostics.rules.dependencies.backing import Backing
from diagnostics.rules.lookalikes import alike
from diagnostics.rules.traffic.behind import Behind, labels, said

# What programs and operators write on pods at run time, to say which of them leads.
_ROLE = re.compile(
    r"role|leader|primary|secondary|master|slave|replica|active|standby|ordinal|index|hash|revision", re.IGNORECASE
)
_NUMBER = re.compile(r"(?P<name>.*?)(?:\d+|[-._][a-z])")
# How people end names with what the object is.
_KIND = re.compile(r"-(?:svc|service|deploy|deployment|sts|statefulset)$")


@dataclass(frozen=True)
class Near:
    """A workload, and how the labels of its pods differ from what a Service selects."""

    backing: Backing
    selector: Mapping[str, str]
    common: frozenset[str]  # The selected labels that pods of several workloads have: a chart's, a team's.
    served: bool  # Whether another Service leads to it.
    service: str  # The Service's name.

    @property
    def namesake(self) -> bool:
        """Whether it is called as the Service is, but for their kinds."""
        return _KIND.sub("", self.service) == _KIND.sub("", self.backing.ref.name)

    @property
    def likeness(self) -> float:
        """Of the Service's name to its own, from 0 to 1."""
        return SequenceMatcher(None, self.service, self.backing.ref.name).ratio()

    @cached_property
    def differing(self) -> tuple[str, ...]:
        """The selected labels that its pods do not have."""
        has = labels(self.backing)
        return tuple(key for key, value in sorted(self.selector.items()) if has.get(key) != value)

    @property
    def matched(self) -> int:
        """How many of the selected labels its pods have, and no others."""
        return len(self.selector.keys() - self.common - set(self.differing))

    @cached_property
    def slips(self) -> int:
        """How many of the differences look like slips of the pen: a like value, or the value under a like key."""
        has = labels(self.backing)
        return sum(
            alike(self.selector[key], [has[key]]) is not None and not _numbered(self.selector[key], has[key])
            if key in has
            else alike(key, [other for other, value in has.items() if value == self.selector[key]]) is not None
            for key in self.differing
        )

    @property
    def unserved(self) -> bool:
        """Whether its pods have labels of these names, and no Service leads to them."""
        return not self.served and all(key in labels(self.backing) for key in self.differing)

    @property
    def resembles(self) -> bool:
        """Whether some of the labels are the same, or look as if they were meant to be."""
        return bool(self.matched or self.slips)

    @property
    def likely(self) -> bool:
        """Whether it can hardly be another that is meant."""
        return self.slips == len(self.differing) or (self.unserved and (bool(self.matched) or self.namesake))

    @property
    def rank(self) -> tuple[object, ...]:
        """The greater the nearer."""
        return (self.matched, self.slips, not self.served, self.likeness, self.backing.ref)

    @property
    def has(self) -> str:
        """What its pods have in place of what is selected: "app=checkout", "no label tier"."""
        own = labels(self.backing)
        missing = [f"no label {key}" for key in self.differing if key not in own]
        return " and ".join(filter(None, (said({key: own[key] for key in self.differing if key in own}), *missing)))


def nearest(behind: Behind) -> Near | None:
    """The workload whose pods a Service comes nearest to selecting; None where none resembles what it selects.

    To a headless Service only the StatefulSets that name it give a meaning. Without any likeness a workload may be meant
    to which no Service leads: one of the Service's name, or the only one.
    """
    holders = Counter(label for each in behind.neighbours for label in labels(each).items() & behind.selector.items())
    common = frozenset(key for (key, _), count in holders.items() if count > 1)
    served, name = behind.view.around.served, behind.view.metadata.name
    found = [Near(each, behind.selector, common, each.ref in served, name) for each in behind.neighbours]
    if behind.service.headless:
        found = [near for near in found if near.backing.workload.spec.service_name == behind.view.metadata.name]
    unserved = [near for near in found if near.unserved]
    named = [near for near in unserved if near.namesake]
    alone = named or (unserved if len(unserved) == 1 else [])
    return max([near for near in found if near.resembles] or alone, key=lambda near: near.rank, default=None)


def _numbered(one: str, other: str) -> bool:
    """Whether they tell siblings from each other by a number or a letter: `worker-a` and `worker-b`, `v1` and `v2`."""
    first, second = _NUMBER.fullmatch(one), _NUMBER.fullmatch(other)
    return first is not None and second is not None and first["name"] == second["name"]


def by_role(behind: Behind) -> bool:
    """Whether it selects by a label that is in no template and looks as if it was given to pods at run time."""
    templates = [labels(each) for each in behind.neighbours]
    return any(
        _ROLE.search(f"{key}={value}")
        for key, value in behind.selector.items()
        if not any(key in template for template in templates)
    )
