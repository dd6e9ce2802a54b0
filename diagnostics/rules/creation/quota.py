"""Quotas in numbers: what one more pod asks for, what is used, where the limit is (catalogue B2)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from diagnostics.rules.creation import quota_rules as rules
from diagnostics.rules.creation.clues import REFUSALS
from diagnostics.rules.creation.refusal import Refusal
from diagnostics.rules.lookalikes import listed
from diagnostics.rules.model import Evidence, Finding, Offender
from diagnostics.snapshot.admission import ResourceQuota
from diagnostics.snapshot.quantities import in_binary, in_cores
from diagnostics.snapshot.requests import amounts

# Values to begin with, where a template states none.
_TO_BEGIN_WITH = {"cpu": "100m", "memory": "128Mi", "ephemeral-storage": "1Gi"}
_EXCEEDED = next(row.pattern for row in REFUSALS if row.rule is rules.EXCEEDED)


@dataclass(frozen=True, slots=True)
class Line:
    """One resource of a quota: what one more pod asks for, what is used and where the limit is, in base units."""

    resource: str
    requested: Decimal
    used: Decimal
    limited: Decimal

    @property
    def exceeded(self) -> bool:
        """Whether one more does not fit."""
        return self.used + self.requested > self.limited

    def amount(self, number: Decimal) -> str:
        """A number of this resource as people write it."""
        bare = self.resource.rpartition("requests.")[2].rpartition("limits.")[2]
        if bare == "cpu":
            return in_cores(number)
        return in_binary(number) if _in_bytes(bare) else f"{number.normalize():f}"

    def __str__(self) -> str:
        """`asks for 1 pod, 2 of 2 used`."""
        if self.resource == "pods":
            asked = f"{self.requested:f} pod" + ("s" if self.requested != 1 else "")
        else:
            asked = f"{self.amount(self.requested)} of {self.resource}"
        return f"asks for {asked}, {self.amount(self.used)} of {self.amount(self.limited)} used"


def _in_bytes(resource: str) -> bool:
    return resource in ("memory", "storage", "ephemeral-storage") or resource.startswith("hugepages-")


def lines(named: Mapping[str, str]) -> list[Line]:
    """The arithmetic of a refusal, exceeded resources only; none if its numbers cannot be read."""
    requested, used, limited = (_quantities(named.get(part, "")) for part in ("requested", "used", "limited"))
    return [
        line
        for resource, asked in requested.items()
        if resource in limited
        and (line := Line(resource, asked, used.get(resource, Decimal(0)), limited[resource])).exceeded
    ]


def _quantities(text: str) -> dict[str, Decimal]:
    """`pods=1,requests.cpu=500m` as numbers."""
    pairs = (pair.strip().partition("=") for pair in text.split(","))
    return amounts({name: quantity for name, _, quantity in pairs})


def explain_exceeded(refusal: Refusal) -> Finding:
    """The three numbers of each resource, who holds most of it, and what the quota would have to be."""
    view, name = refusal.view, refusal.named["quota"]
    over, quota = lines(refusal.named), view.snapshot.quotas.get((view.namespace, name))
    return refusal.finding(
        *_used(quota, [line.resource for line in over]),
        offender=Offender("ResourceQuota", name, view.namespace, _hard(over[0].resource) if over else "spec.hard"),
        signature=" ".join((name, *(line.resource for line in over))),
        quota=name,
        arithmetic="; ".join(str(line) for line in over) or refusal.reason,
        users=_users(refusal, over),
        room=_room(quota, over),
        patch=_patch(over, refusal.shortfall[0]) if over else None,
    )


def _hard(resource: str) -> str:
    return f"spec.hard[{resource}]"


def _used(quota: ResourceQuota | None, resources: list[str]) -> Iterator[Evidence]:
    """What the quota itself says now of these resources."""
    if quota is None:
        return
    for resource in resources:
        used, hard = quota.status.used.get(resource), quota.status.hard.get(resource)
        if used is not None and hard is not None:
            yield quoted("ResourceQuota", quota.metadata.name, f"status.used[{resource}]", f"{used} of {hard}")


def quoted(kind: str, name: str, path: str, value: str) -> Evidence:
    """Evidence from an object that is not the subject."""
    return Evidence(kind.lower(), f"{kind}/{name}", path, value)


def _users(refusal: Refusal, over: list[Line]) -> str:
    """Whose pods are most, where pods are what is counted."""
    if not any(line.resource in ("pods", "count/pods") for line in over):
        return ""
    tallies = refusal.view.snapshot.tallies_by_workload()
    here = sorted((-tally.total, ref) for ref, tally in tallies.items() if ref.namespace == refusal.view.namespace)
    return f" Most of its pods are {here[0][1].kind} {here[0][1].name}'s: {-here[0][0]}." if here else ""


def _room(quota: ResourceQuota | None, over: list[Line]) -> str:
    """Whether there is room by now: then the next attempt should succeed."""
    if quota is None or not over:
        return ""
    hard, used = amounts(quota.status.hard), amounts(quota.status.used)
    fits = all(
        line.resource in hard and used.get(line.resource, Decimal(0)) + line.requested <= hard[line.resource]
        for line in over
    )
    return " By now there is room for one more, so the controller's next attempt should succeed." if fits else ""


def _patch(over: list[Line], missing: int) -> str:
    """The quota that would hold every pod that is missing."""
    needed = {line.resource: line.amount(line.used + line.requested * missing) for line in over}
    return json.dumps({"spec": {"hard": needed}}, separators=(",", ":"))


def explain_missing(refusal: Refusal) -> Finding:
    """What has to be stated, and for which containers: `limits.cpu for: app,side; requests.memory for: app`."""
    view, name = refusal.view, refusal.named["quota"]
    demands = [_demand(part) for part in refusal.named["demanded"].split(";")]
    resources = [resource for named, _ in demands for resource in named]
    containers = sorted({container for _, named in demands for container in named})
    quota = view.snapshot.quotas.get((view.namespace, name))
    field = f"containers[{containers[0]}].resources" if containers else "containers[*].resources"
    return refusal.finding(
        *_used(quota, resources),
        field=f"{field}.{resources[0]}",
        signature=" ".join((name, *sorted(resources))),
        quota=name,
        demanded=" and ".join(_said(named, containers) for named, containers in demands),
        hard=_limits(quota, resources),
        container_name=containers[0] if len(containers) == 1 else "*",
        requests=_settings("requests", resources),
        limits=_settings("limits", resources),
    )


def _demand(part: str) -> tuple[list[str], list[str]]:
    resources, _, containers = part.partition(" for: ")
    return _names(resources), _names(containers)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _said(resources: list[str], containers: list[str]) -> str:
    place = f" of container{'s' if len(containers) > 1 else ''} {listed(containers)}" if containers else ""
    return f"{' and '.join(resources)}{place}"


def _limits(quota: ResourceQuota | None, resources: list[str]) -> str:
    hard = quota.status.hard if quota else {}
    known = [f"{resource} at {hard[resource]}" for resource in resources if resource in hard]
    return f" This one limits {' and '.join(known)} for the whole namespace." if known else ""


def _settings(kind: str, resources: list[str]) -> str | None:
    """`memory=128Mi,cpu=100m`, to begin with: those of the resources that are requests, or limits."""
    named = [
        bare for resource in resources for of, _, bare in (resource.rpartition("."),) if (of or "requests") == kind
    ]
    return ",".join(f"{bare}={_TO_BEGIN_WITH.get(bare, '1')}" for bare in named) or None


def explain_claim(refusal: Refusal) -> Finding:
    """The claim, and what refuses it: its quota in numbers where it is one."""
    claim, said = refusal.named["claim"], refusal.named["said"]
    quota = _EXCEEDED.search(said)
    over = lines(quota.groupdict()) if quota else []
    template = claim.removesuffix(f"-{refusal.view.metadata.name}-{claim.rpartition('-')[2]}")
    return refusal.finding(
        offender=_claim_offender(refusal, quota["quota"] if quota else "", template, over),
        signature=template,
        claim=claim,
        said=f"quota {quota['quota']} is full, it {'; '.join(map(str, over))}" if quota and over else refusal.reason,
    )


def _claim_offender(refusal: Refusal, quota: str, template: str, over: list[Line]) -> Offender:
    view = refusal.view
    if quota:
        return Offender("ResourceQuota", quota, view.namespace, _hard(over[0].resource) if over else "spec.hard")
    return Offender(view.workload.kind, view.workload.name, view.namespace, f"spec.volumeClaimTemplates[{template}]")


EXPLAINED: dict[str, Callable[[Refusal], Finding]] = {
    rules.EXCEEDED.code: explain_exceeded,
    rules.MISSING.code: explain_missing,
    rules.CLAIM.code: explain_claim,
}
