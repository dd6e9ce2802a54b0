"""One failed run of one container, and what every step of the ladder asks of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from diagnostics.rules import exits
from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule
from diagnostics.rules.signatures import LastWords
from diagnostics.rules.suspect import ContainerView, Suspect
from diagnostics.snapshot.pods import Terminated
from diagnostics.snapshot.runs import held

LOGS = "kubectl -n {namespace} logs {pod} -c {container} --tail=100 --previous={previous}"
VERIFY = ("kubectl -n {namespace} get pod {pod}", "kubectl -n {namespace} rollout status {workload}")

# Where people can read on.
DEBUGGING = ("https://kubernetes.io/docs/tasks/debug/debug-application/debug-running-pod/",)
PROBES = ("https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/",)
MEMORY = ("https://kubernetes.io/docs/tasks/configure-pod-container/assign-memory-resource/",)
LIFECYCLE = ("https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/",)

# Kinds whose template `kubectl patch` can change, so that the pods are made anew.
_PATCHED = ("Deployment", "StatefulSet", "DaemonSet")


@dataclass(frozen=True, eq=False)
class Case:
    """A container and the end of its latest run, which is news and was no success."""

    container: ContainerView
    end: Terminated

    @property
    def suspect(self) -> Suspect:
        """The pod."""
        return self.container.suspect

    @cached_property
    def said(self) -> LastWords:
        """What the container said before it ended."""
        return LastWords(self.container)

    @property
    def finished(self) -> bool:
        """Whether it ended well by its own account: code 0, no signal, nothing killed in it."""
        return not (self.end.exit_code or self.end.signal) and self.end.reason != exits.OOM_KILLED

    @property
    def killed(self) -> bool:
        """Whether SIGKILL ended it, by the exit code or the signal."""
        return exits.signal_of(self.end) == 9

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The exit code and reason."""
        return exits.end_evidence(self.container, self.end)

    @cached_property
    def ruled_out(self) -> tuple[str, ...]:
        """What a reader might suspect at once, and why it is not so."""
        return tuple(self._ruled_out())

    def _ruled_out(self) -> Iterator[str]:
        if self.end.reason != exits.OOM_KILLED and (self.killed or exits.memory_limit(self.container)):
            yield f"out of memory: the reason is {self.end.reason or 'not given'}, not OOMKilled"
        spec = self.container.spec
        if spec.liveness_probe or spec.startup_probe or self.killed:
            unread = self.suspect.unread("events")
            yield "probe kill: " + ("could not be checked, events are not readable" if unread else "no Killing event")

    def patch(self, **fields: Any) -> str | None:
        """A strategic merge patch of the workload's template that sets fields of this container; None if it has none."""
        return template_patch(self.suspect, containers=[{"name": self.container.name, **fields}])

    def finding(
        self,
        rule: Rule,
        confidence: Confidence,
        *evidence: Evidence,
        field: str = "",
        offender: Offender | None = None,
        signature: str = "",
        ruled_out: tuple[str, ...] = (),
        **params: object,
    ) -> Finding:
        """A finding about this end, with its exit code as the last piece of evidence."""
        log = self.container.log
        previous = log.previous if log.lines else self.container.status.state.terminated is None
        return self.container.finding(
            rule,
            confidence,
            *evidence,
            *self.evidence,
            field=field,
            offender=offender,
            since=exits.failing_since(self.container),
            signature=signature,
            ruled_out=ruled_out,
            exits=exits.exits(self.end),
            code=self.end.exit_code,
            restarts=exits.restarts(self.container),
            previous=str(previous).lower(),
            **params,
        )


def template_patch(suspect: Suspect, **pod_spec: Any) -> str | None:
    """A strategic merge patch of the workload's pod template, for `kubectl patch`; None where that changes no pod."""
    if suspect.workload.kind not in _PATCHED:
        return None
    return json.dumps({"spec": {"template": {"spec": pod_spec}}}, separators=(",", ":"))


def cases(suspect: Suspect) -> Iterator[Case]:
    """The containers of a pod whose latest end is a crash, or an end that nobody asked for."""
    pod = suspect.pod
    if pod.metadata.deletion_timestamp is not None or pod.status.phase == "Succeeded" or pod.status.reason:
        return  # Going away, done, or ended from outside: other families say why.
    failing = [container for container in _long_running(suspect) if exits.recent(container)]
    if failing and not _settled(suspect):
        yield from (Case(c, c.last_end) for c in failing if c.last_end and _unwanted(c, c.last_end))


def _long_running(suspect: Suspect) -> Iterator[ContainerView]:
    """Main containers and native sidecars; an init container that fails has a family of its own."""
    return (container for container in suspect.containers if not container.init or container.spec.restartable)


def _unwanted(container: ContainerView, end: Terminated) -> bool:
    """Whether it should not have ended like this: an exit with 0 is fine unless it is to run for ever."""
    policy = container.spec.restart_policy or container.suspect.pod.spec.restart_policy
    return end.exit_code != 0 or bool(end.signal) or policy == "Always"


def _settled(suspect: Suspect) -> bool:
    """Whether a failed pod of a Job is history: the Job completed after all, or its CronJob's newest run did."""
    owner = suspect.pod.metadata.controller
    if owner is None or owner.kind != "Job":
        return False
    job = suspect.snapshot.jobs.get((suspect.namespace, owner.name))
    if job is None:
        return False
    if suspect.workload.kind != "CronJob":
        return held(job, "Complete") is not None
    return suspect.around.runs_beside(job.metadata).recovered
