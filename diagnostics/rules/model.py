"""What a rule is, and what it says.

A `Rule` is data: a code with its severity, stage, texts and clocks. A `Check` is a pure generator over a suspect that
concludes one rule, or picks from a table of them. The decorator returns the check, so a module's attributes are its
checks and nothing registers itself by side effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

from diagnostics.snapshot.owners import WorkloadRef

if TYPE_CHECKING:
    from diagnostics.rules.suspect import Suspect

# Takes a `Suspect`, or for a check about another kind an `ObjectView` of it.
Judge = Callable[[Any], Iterator["Finding"]]

# The `notify_after` of what is shown and never sent.
NEVER = timedelta(days=36_500)


class Severity(IntEnum):
    """How bad it is; the greater the worse. The word is what people and JSON see."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """`critical`, `high`, `medium`, `low` or `info`."""
        return self.name.lower()


class Confidence(StrEnum):
    """How sure a finding is. Certain: a field or exact text says so. Likely: nothing else fits. Possible: loosely."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


class Stage(IntEnum):
    """The stages of a pod's life, in order: what fails earlier is the cause of what fails later (catalogue B0 6).

    The last one is the workload's: whatever fails in its pods, or keeps them from being made, is the cause of it.
    """

    GATED = 0
    SCHEDULING = 1
    REJECTED = 2
    SANDBOX = 3
    IMAGE = 4
    CONFIG = 5
    START = 6
    INIT = 7
    CRASH = 8
    PROBE = 9
    TRAFFIC = 10
    WORKLOAD = 11  # What a workload suffers from its pods: unavailable, rollout stuck, no endpoints.


@dataclass(frozen=True, slots=True)
class Evidence:
    """One quoted fact. `path` is a JSON path in `object` ("Pod/cart-6d9f"), `value` what stands there."""

    source: str
    object: str
    path: str
    value: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Offender:
    """The object, and the field in it, that has to change."""

    kind: str
    name: str
    namespace: str | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """What one cause of several workloads would be: `Registry` docker.io, `Node` n1, `CSIDriver`, `Webhook`, by its name."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A code of the catalogue and everything that is said when it holds.

    Texts are `str.format` templates over the finding's `params` and the words that every suspect offers
    (`Suspect.words`). `commands` change something or look deeper, `verify` only looks. `explains` names the codes
    that are mere consequences in the same pod and container; a trailing star stands for a family. `together` is the
    message where the cause is one that several workloads share: it may also name `{sufferers}` ("5 pods of 3
    workloads"), `{thing}`, what they share, and `{place}`, that with its kind ("node n1", "the nodes of zone a").
    `rests_on` are lists that are only read every few minutes, and from which it is concluded that something is missing:
    who follows a cluster reads them again before telling of it. `cases` are other severities that it may have, and when:
    "where nothing resembles what it selects".
    """

    code: str
    severity: Severity
    stage: Stage
    message: str
    cause: str
    remedy: str
    commands: tuple[str, ...] = ()
    verify: tuple[str, ...] = ("kubectl -n {namespace} get pod {pod} -o wide",)
    explains: tuple[str, ...] = ()
    together: str = ""
    visible_after: timedelta = timedelta()
    notify_after: timedelta = timedelta(minutes=2)
    references: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()
    cases: tuple[tuple[Severity, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check concluded about one pod or container now.

    `since` is the fault's own API timestamp, from which the rule's clocks run. `signature` tells apart causes of the
    same code in the same container (an exception's type, a missing name) and never holds a pod's name or a hash.
    `shortfall` counts pods that do not exist: (how many are missing, how many there should be).
    `affects` are pods that suffer from a cause in another object, whether or not anything is found in themselves.
    `waits_for` are workloads without a ready pod, and Services, that this cannot do without: what is wrong with them is
    why.
    `shared` is what would be at fault if several workloads suffered alike at the same time: then it is diagnosed once.
    `severity` is this case's, where it is another one than the rule's own: one of the rule's `cases`.
    """

    rule: Rule
    confidence: Confidence
    evidence: tuple[Evidence, ...]
    container: str = ""
    offender: Offender | None = None
    params: Mapping[str, object] = field(default_factory=dict)
    since: datetime | None = None
    signature: str = ""
    ruled_out: tuple[str, ...] = ()
    shortfall: tuple[int, int] | None = None
    affects: tuple[Suspect, ...] = ()
    waits_for: tuple[WorkloadRef, ...] = ()
    shared: Shared | None = None
    severity: Severity | None = None

    def __post_init__(self) -> None:
        if not self.evidence:
            raise ValueError(f"{self.rule.code}: a finding without evidence is a guess")
        if self.shared and not self.rule.together:
            raise ValueError(f"{self.rule.code}: what several workloads share needs a text")


@dataclass(frozen=True, slots=True)
class Check:
    """A pure function over a subject, the rules that it may conclude, and the resources it cannot do without."""

    name: str
    rules: tuple[Rule, ...]
    judge: Judge
    needs: tuple[str, ...] = ()
    about: tuple[str, ...] = ("Pod",)


def check(*rules: Rule, needs: tuple[str, ...] = (), about: tuple[str, ...] = ("Pod",)) -> Callable[[Judge], Check]:
    """Turns a generator of findings into the check of those rules.

    `about` are the kinds of objects that it judges: pods that are suspect, or every object of another kind.

    `needs` are resources as in `Snapshot.unavailable` ("events", "nodes", "pods/log"): where one could not be read
    the check is skipped and that is said; what is only nice to have the check asks for itself (`Suspect.unread`).
    """

    def decorate(judge: Judge) -> Check:
        return Check(name=judge.__name__, rules=rules, judge=judge, needs=needs, about=about)

    return decorate
