"""Who was refused a pod, in which words, since when: from a condition where there is one, else from events.

A ReplicaSet and the Deployment above it carry the condition ReplicaFailure as long as pods are refused. For a
StatefulSet, a DaemonSet, a Job and a CronJob only events tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from diagnostics.rules.clues import Match, core, first
from diagnostics.rules.creation.clues import REFUSALS
from diagnostics.rules.creation.rules import OTHER
from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule
from diagnostics.rules.shortage import FAILED_CREATE, gap
from diagnostics.rules.subject import ObjectView
from diagnostics.snapshot.meta import Condition
from diagnostics.snapshot.objects import CronJob, Event, Workload

# Conditions of Deployments and ReplicaSets that tell of a refusal: type, status and reason. The second is about the
# ReplicaSet itself, which a quota or a policy can refuse as well.
_REFUSING = (("ReplicaFailure", "True", FAILED_CREATE), ("Progressing", "False", "ReplicaSetCreateError"))
# Controllers try again at least every 17 minutes, and their events may be held back for another five.
TRIED_WITHIN = timedelta(minutes=30)

# What stands before the words of whoever refused. Names of pods differ from one attempt to the next.
_PREAMBLE = re.compile(
    r"(?:Error creating(?: job)?: |Failed to create new replica set \"[^\"]{1,253}\": |Internal error occurred: |create Pod \S{1,253} in StatefulSet \S{1,253} failed error: "
    r'|[A-Za-z.]{1,80} "[^"]{0,253}" (?=is (?:forbidden|invalid))|is (?:forbidden|invalid): )'
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal of a workload's pods: the words, what proves them, and the row of the table that they match."""

    view: ObjectView[Any]
    match: Match
    said: str
    evidence: Evidence
    since: datetime | None
    shortfall: tuple[int, int]

    @property
    def named(self) -> dict[str, str]:
        """What the words name: a quota, a webhook, a policy."""
        return self.match.named

    @property
    def reason(self) -> str:
        """The refuser's own words, for a sentence."""
        return reason(self.named.get("said") or self.said)

    def concluding(self, rule: Rule) -> Refusal:
        """The same refusal, after a closer look of another rule."""
        return replace(self, match=replace(self.match, rule=rule))

    def finding(
        self,
        *more: Evidence,
        field: str = "",
        offender: Offender | None = None,
        signature: str = "",
        ruled_out: tuple[str, ...] = (),
        **params: Any,
    ) -> Finding:
        """A finding of the matched rule; `more` is what was looked up beside the words themselves."""
        return self.view.finding(
            self.match.rule,
            self.match.confidence,
            self.evidence,
            *more,
            field=field,
            offender=offender,
            since=self.since,
            signature=signature,
            ruled_out=ruled_out,
            shortfall=self.shortfall,
            **{"said": self.reason, "what": "Jobs" if self.view.kind == "CronJob" else "pods", **params},
        )


def reason(said: str) -> str:
    """Words of a refusal on one line, without what only introduces them."""
    bare = " ".join(said.split())
    while preamble := _PREAMBLE.match(bare):
        bare = bare[preamble.end() :]
    return core(bare) or "no reason is given"


def listen(view: ObjectView[Any]) -> Refusal | None:
    """Why a workload's pods cannot be created now, or nothing where they can."""
    if view.kind == "ReplicaSet" and view.workload.kind == "Deployment":
        return None  # The Deployment carries the same condition.
    if view.kind in ("Deployment", "ReplicaSet"):
        return next((_from_condition(view, condition) for condition in _refusing(view.item)), None)
    shortfall = (1, 1) if isinstance(view.item, CronJob) else gap(view)
    return _from_events(view, shortfall) if shortfall[0] else None


def _refusing(item: Workload) -> Iterator[Condition]:
    """The conditions that tell of a refusal, if the workload wants any pods."""
    for type_, status, reason_ in _REFUSING if item.desired else ():
        condition = item.status.condition(type_)
        if condition is not None and (condition.status, condition.reason) == (status, reason_):
            yield condition


def _from_condition(view: ObjectView[Any], condition: Condition) -> Refusal:
    missing, wanted = gap(view)
    said, began = condition.message, condition.last_transition_time
    evidence = view.quote(f"status.conditions[{condition.type}].message", said or condition.reason, began)
    return Refusal(view, _match(said), said, evidence, began, (max(missing, 1), wanted))


def _from_events(view: ObjectView[Any], shortfall: tuple[int, int]) -> Refusal | None:
    events = view.events(FAILED_CREATE, "SuccessfulCreate")
    if not events or _latest(events).reason != FAILED_CREATE or view.age(events[0].at) > TRIED_WITHIN:
        return None
    refused = [event for event in events if event.reason == FAILED_CREATE]
    match = _match(refused[0].text)
    alike = [event for event in refused if _match(event.text).rule is match.rule]
    began = min((event.since for event in alike if event.since), default=refused[0].at)
    return Refusal(view, match, refused[0].text, view.quote_event(refused[0]), began, shortfall)


def _latest(events: list[Event]) -> Event:
    """The newest event; of those of one second a failure, which comes after the pods that were still let in."""
    same_time = (event for event in events if event.at == events[0].at and event.reason == FAILED_CREATE)
    return next(same_time, events[0])


def _match(said: str) -> Match:
    return first(REFUSALS, said) or Match(OTHER, Confidence.LIKELY, {})
