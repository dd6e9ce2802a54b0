"""One refused pod with everything that was worked out about it: what each code's words are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule
from diagnostics.rules.scheduling.fit import NodeFit, Trial
from diagnostics.rules.scheduling.message import Kind
from diagnostics.rules.scheduling.wording import removals, would_fit
from diagnostics.rules.suspect import Suspect

# What the scheduler answers when it looked for pods of lower priority to evict.
_FUTILE = ("No preemption victims found", "Preemption is not helpful")


@dataclass(frozen=True, eq=False)
class Case:
    """A pod that the scheduler refuses, the cause among its reasons, and the evidence for it."""

    suspect: Suspect
    trial: Trial
    cause: Kind
    confidence: Confidence
    stated: Evidence
    since: datetime | None

    @property
    def meant(self) -> tuple[NodeFit, ...]:
        """The nodes that were meant for the pod, open or not; where its demands leave none, all there are."""
        return self.trial.allowed or self.trial.selected or self.trial.fits

    @property
    def usable(self) -> tuple[NodeFit, ...]:
        """Those of them that are open to it; where none is, all of them."""
        return self.trial.open or self.meant

    @cached_property
    def ruled_out(self) -> tuple[str, ...]:
        """That preemption does not help, in one line."""
        answer = self.trial.refusal.preemption
        if not answer:
            return ()
        if any(futile in answer for futile in _FUTILE):
            return ("preemption: evicting pods of lower priority would not make room",)
        return (f"preemption: {answer}",)

    def finding(
        self,
        rule: Rule,
        *evidence: Evidence,
        field: str = "",
        offender: Offender | None = None,
        signature: str = "",
        words: Mapping[str, Any] | None = None,
        **params: Any,
    ) -> Finding:
        """A finding about the pod; the scheduler's own words come first among its evidence.

        `words` and `params` alike fill the rule's templates.
        """
        return self.suspect.finding(
            rule,
            self.confidence,
            self.stated,
            *evidence,
            field=field,
            offender=offender,
            since=self.since,
            signature=signature,
            ruled_out=self.ruled_out,
            nodes=removals(self.trial, self.cause),
            would_fit=would_fit(self.trial, self.cause),
            **(words or {}),
            **params,
        )

    def quote_node(self, fit: NodeFit, path: str, value: object) -> Evidence:
        """Evidence from a node."""
        return Evidence("node", f"Node/{fit.name}", path, str(value))
