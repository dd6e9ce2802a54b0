"""Limit ranges: which bound a template oversteps, and whose bound it is (catalogue B2).

Source: k8s.io/kubernetes plugin/pkg/admission/limitranger (`minConstraint`, `maxConstraint`,
`limitRequestRatioConstraint`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from diagnostics.rules.creation import quota_rules as rules
from diagnostics.rules.creation.quota import quoted
from diagnostics.rules.creation.refusal import Refusal
from diagnostics.rules.model import Evidence, Finding, Offender
from diagnostics.snapshot.admission import LimitRange
from diagnostics.snapshot.quantities import InvalidQuantity, parse

_BOUND = re.compile(
    r"(?P<bound>minimum|maximum) (?P<resource>\S{1,100}) usage per (?P<per>\w{1,30}) is (?P<limit>[\w.]{1,40}?)"
    r"(?:,? but (?P<what>request|limit) is (?P<value>[\w.]{1,40})|\.\s{1,4}No (?P<unset>request|limit) is specified)"
)
_RATIO = re.compile(
    r"(?P<resource>\S{1,100}) max limit to request ratio per (?P<per>\w{1,30}) is (?P<limit>[\w.]{1,40}), but "
    r"(?:provided ratio is (?P<value>[\d.]{1,40})|no (?P<unset>request|limit) is specified)"
)


def explain_limit_range(refusal: Refusal) -> Finding:
    """The bound, whose it is, and what the template asks for."""
    view, said = refusal.view, refusal.reason
    found = _BOUND.search(said) or _RATIO.search(said)
    resource, per = refusal.named["resource"], refusal.named["per"]
    owner = _bounding(refusal, resource, per, found["limit"] if found else "")
    return refusal.finding(
        *(() if owner is None else (_limit_evidence(owner, per, resource),)),
        field=f"containers[*].resources.{_asked(found)}.{resource}",
        offender=Offender("LimitRange", owner.metadata.name, view.namespace, f"spec.limits[{per}]") if owner else None,
        signature=f"{per} {resource}",
        said=_sentence(found) if found else said,
        owner=f"LimitRange {owner.metadata.name}" if owner else "A LimitRange",
        limit_range=owner.metadata.name if owner else None,
        per=per,
        known="" if owner else " Which LimitRange that is could not be looked up.",
    )


def _asked(found: re.Match[str] | None) -> str:
    named = found.groupdict() if found else {}
    return f"{named.get('what') or named.get('unset') or 'limit'}s"


def _sentence(found: re.Match[str]) -> str:
    """`the memory limit of a Container is 1Gi, at most 512Mi is allowed`."""
    said = found.groupdict()
    if "bound" not in said:
        asked = f"is {float(said['value']):g} times" if said["value"] else f"no {said['unset']} is set"
        return f"the {said['resource']} limit of a {said['per']} may be {said['limit']} times its request, and {asked}"
    allowed = f"at {'least' if said['bound'] == 'minimum' else 'most'} {said['limit']}"
    if said["unset"]:
        return f"a {said['per']} must have a {said['resource']} {said['unset']} of {allowed}, and none is set"
    return f"the {said['resource']} {said['what']} of a {said['per']} is {said['value']}, and {allowed} is allowed"


def _bounding(refusal: Refusal, resource: str, per: str, bound: str) -> LimitRange | None:
    """The LimitRange that has this bound; of several that bound the resource, the one with this very number."""
    here = [
        found
        for (namespace, _), found in sorted(refusal.view.snapshot.limit_ranges.items())
        if namespace == refusal.view.namespace and _bounds(found, per, resource)
    ]
    exact = (found for found in here if _amount(bound) in map(_amount, _bounds(found, per, resource)))
    return next(exact, here[0] if here else None)


def _bounds(found: LimitRange, per: str, resource: str) -> list[str]:
    parts = [
        bounds
        for limit in found.spec.limits
        if limit.type == per
        for bounds in (limit.min, limit.max, limit.max_limit_request_ratio)
    ]
    return [str(bounds[resource]) for bounds in parts if resource in bounds]


def _amount(quantity: str) -> Decimal | None:
    try:
        return parse(quantity)
    except InvalidQuantity:
        return None


def _limit_evidence(owner: LimitRange, per: str, resource: str) -> Evidence:
    stated = ", ".join(_bounds(owner, per, resource))
    return quoted("LimitRange", owner.metadata.name, f"spec.limits[{per}].{resource}", stated)


EXPLAINED: dict[str, Callable[[Refusal], Finding]] = {rules.LIMIT_RANGE.code: explain_limit_range}
