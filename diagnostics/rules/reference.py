"""The reference of codes: every rule with its family, its relations and its captured example, ready to be read.

`examples.json` holds what the engine says of each rule's own fixtures, which do not ship with the product;
`tests.rules.reference` writes it.
"""

from __future__ import annotations

import fnmatch
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec

from diagnostics.rules import checks, rules
from diagnostics.rules.model import Rule, Severity
from diagnostics.rules.readable import pieces, readable

EXAMPLES = Path(__file__).with_name("examples.json")
EVERYTHING = "*"
OTHER = "Other"
TELLING = 3  # Words that stay, whatever a finding fills in: with fewer a sentence says nothing of its cause.
# Families in the order of a pod's life, each with the first words of its codes, or whole ones.
_FAMILIES = {
    "Scheduling": ("sched",),
    "Creation refused": ("create", "webhook"),
    "Refused by the kubelet": ("reject", "resize"),
    "Sandbox and network": ("sandbox", "cni", "dns", "pod", "netpol", "loopback"),
    "Image": ("image",),
    "Volumes": ("vol",),
    "Configuration": ("config",),
    "Init containers and sidecars": ("init", "sidecar"),
    "Start": ("start",),
    "Crash and restart": ("crash", "restart", "port"),
    "Readiness and probes": ("probe", "ready", "mesh"),
    "Traffic and autoscaling": ("svc", "ingress", "hpa", "pdb"),
    "Eviction and disruption": ("evicted", "preempted", "taint", "drained", "drain", "podgc", "deadline"),
    "Termination": ("term", "ns"),
    "Workloads": ("deploy", "rollout", "ds", "sts", "owner", "pod-unmanaged"),
    "Jobs and CronJobs": ("job", "cronjob"),
    "Nodes": ("node",),
    "Control plane": ("cp",),
}
_FAMILY_OF = {word: family for family, words in _FAMILIES.items() for word in words}
_REPLICATED = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the engine says of a captured failure; `evidence` are (where, value), the strongest first."""

    case: str  # The fixture: `crash-oom-limit/bare`.
    summary: str
    cause: str
    remedy: str
    confidence: str
    evidence: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule among the others. `needs` are resources without which it is not judged; `about` kinds of objects."""

    rule: Rule
    family: str
    about: frozenset[str]
    needs: tuple[str, ...]
    explains: tuple[str, ...]  # Codes, stars resolved; of one that explains everything: none.
    explained_by: tuple[str, ...]
    near: tuple[str, ...]
    example: Example | None
    told_apart: bool  # Whether its message, empty of values, is no other rule's.

    @property
    def explains_everything(self) -> bool:
        """Whether whatever its pods suffer is its consequence."""
        return EVERYTHING in self.rule.explains

    @property
    def title(self) -> str:
        """What tells it from all others, as a heading: its message, else its cause; blank if neither does."""
        causes = [rule.cause for rule in rules().values()]
        apart = [self.rule.message] if self.told_apart else []
        apart += [self.rule.cause] if causes.count(self.rule.cause) == 1 else []
        told = next(filter(_tells, apart), "")
        return readable(told).partition(". ")[0].removesuffix(".")

    @property
    def worst(self) -> Severity | None:
        """What its severity becomes while no pod of the workload is ready; None if it stays."""
        severity = self.rule.severity
        of_pods = severity in (Severity.MEDIUM, Severity.HIGH) and "Pod" in self.about
        of_workloads = severity is Severity.HIGH and bool(self.about & _REPLICATED)
        return Severity.CRITICAL if of_pods or of_workloads else None

    @property
    def softened(self) -> Severity | None:
        """What its severity becomes while other pods of the workload are ready; None if it stays."""
        return Severity.HIGH if self.rule.severity is Severity.CRITICAL and self.about & _REPLICATED else None


@cache
def entries() -> Mapping[str, Entry]:
    """The reference by code: families in the order of a pod's life, codes in their alphabet."""
    order = [*_FAMILIES, OTHER]
    found = (_entry(rule) for rule in rules().values())
    ordered = sorted(found, key=lambda entry: (order.index(entry.family), entry.rule.code))
    return {entry.rule.code: entry for entry in ordered}


def by_family() -> dict[str, list[Entry]]:
    """The same, grouped."""
    grouped: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries().values():
        grouped[entry.family].append(entry)
    return dict(grouped)


def _entry(rule: Rule) -> Entry:
    made_by = [check for check in checks() if any(rule is made for made in check.rules)]
    return Entry(
        rule=rule,
        family=_FAMILY_OF.get(rule.code) or _FAMILY_OF.get(rule.code.split("-")[0], OTHER),
        about=frozenset(kind for check in made_by for kind in check.about),
        needs=tuple(sorted({resource for check in made_by for resource in check.needs})),
        explains=tuple(code for code in _consequences()[rule.code] if code != rule.code),
        explained_by=tuple(code for code, consequences in _consequences().items() if rule.code in consequences),
        near=tuple(code for code in _by_stem()[_stem(rule.code)] if code != rule.code),
        example=_examples().get(rule.code),
        told_apart=not any(other.message == rule.message for other in rules().values() if other is not rule),
    )


def _tells(template: str) -> bool:
    fixed = [piece.text for piece in pieces(template) if not piece.open]
    return len(re.findall(r"\w+", " ".join(fixed))) >= TELLING


@cache
def _consequences() -> Mapping[str, list[str]]:
    """The codes that each explains, both in their alphabet; one that explains everything names none."""
    codes = sorted(rules())
    patterns = {code: [pattern for pattern in rules()[code].explains if pattern != EVERYTHING] for code in codes}
    return {
        code: sorted({other for pattern in found for other in fnmatch.filter(codes, pattern)})
        for code, found in patterns.items()
    }


@cache
def _by_stem() -> Mapping[tuple[str, ...], list[str]]:
    grouped: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for code in sorted(rules()):
        grouped[_stem(code)].append(code)
    return grouped


def _stem(code: str) -> tuple[str, ...]:
    """`crash-oom` of `crash-oom-limit`."""
    return tuple(code.split("-")[:2])


@cache
def _examples() -> dict[str, Example]:
    return msgspec.json.decode(EXAMPLES.read_bytes(), type=dict[str, Example])
