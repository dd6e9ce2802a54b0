"""What a Job's latest attempt said before it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from diagnostics.rules.exits import Ending, explain_end
from diagnostics.rules.model import Evidence, Offender
from diagnostics.rules.subject import ObjectView
from diagnostics.rules.suspect import ContainerView, Suspect
from diagnostics.snapshot.objects import Workload
from diagnostics.snapshot.runs import EVER

JobView: TypeAlias = ObjectView[Workload]


@dataclass(frozen=True, slots=True)
class Attempt:
    """How the latest attempt of a Job that left a pod behind ended."""

    container: ContainerView
    ending: Ending

    @property
    def words(self) -> str:
        """To go on a sentence with: "; container backup exits with code 1: ..."."""
        kind = "init container" if self.container.init else "container"
        return f"; {kind} {self.container.name} {self.ending.words}"

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What it said, and its exit code."""
        return self.ending.evidence

    @property
    def offender(self) -> Offender:
        """The container in the workload's template."""
        return self.container.template("command")


def latest_attempt(view: JobView) -> Attempt | None:
    """The attempt that failed last, of those whose pods are still there (an older one may have failed otherwise)."""
    for pod in sorted(view.pods, key=_age, reverse=True):
        for container in pod.containers:
            end = container.last_end
            ending = explain_end(container) if end is not None and (end.exit_code or end.signal) else None
            if ending is not None:
                return Attempt(container, ending)
    return None


def _age(pod: Suspect) -> tuple[datetime, str]:
    return (pod.metadata.creation_timestamp or EVER, pod.metadata.name)
