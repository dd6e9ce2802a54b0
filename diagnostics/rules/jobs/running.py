"""Jobs that do not end, or are meant to wait (catalogue B11)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from diagnostics.rules.crash.sidecars import KNOWN
from diagnostics.rules.jobs import rules
from diagnostics.rules.jobs.runs import JobView
from diagnostics.rules.model import Confidence, Finding, Offender, check
from diagnostics.rules.suspect import ContainerView, Suspect
from diagnostics.snapshot.display import short_duration
from diagnostics.snapshot.runs import held

LONG = timedelta(hours=12)
# A run may take this many times as long as the longest good one before it.
MUCH_LONGER = 3


@check(rules.LONG, rules.SUSPENDED, about=("Job",))
def unfinished_job(job: JobView) -> Iterator[Finding]:
    """Jobs that run for very long, and those that are suspended."""
    if job.metadata.deletion_timestamp is not None or held(job.item, "Failed") or held(job.item, "Complete"):
        return
    if job.item.spec.suspend:
        suspended = held(job.item, "Suspended")
        since = suspended.last_transition_time if suspended else None
        quote = job.quote("spec.suspend", "true", since)
        yield job.finding(
            rules.SUSPENDED, Confidence.CERTAIN, quote, since=since, kind_slug="job", offender=_field(job)
        )
    elif job.item.status.active:
        yield from _long(job)


def _field(job: JobView) -> Offender:
    return Offender("Job", job.metadata.name, job.namespace, "spec.suspend")


def _long(job: JobView) -> Iterator[Finding]:
    start = job.item.status.start_time
    usual = job.around.runs_beside(job.metadata).longest if job.workload.kind == "CronJob" else None
    patience = max(LONG, MUCH_LONGER * (usual or timedelta()))
    if start is not None and job.age(start) > patience:
        yield job.finding(
            rules.LONG,
            Confidence.CERTAIN,
            job.quote("status.startTime", f"{start:%Y-%m-%dT%H:%M:%SZ}", start),
            job.quote("status.active", job.item.status.active),
            offender=Offender("Job", job.metadata.name, job.namespace),
            since=start + patience,
            kind_slug="job",
            age=short_duration(job.age(start)),
            usual=f"Its longest good run that is kept took {short_duration(usual)}."
            if usual
            else "It has no deadline.",
        )


@check(rules.SIDECAR_HANG)
def sidecar_hang(pod: Suspect) -> Iterator[Finding]:
    """Pods of Jobs whose work is done while a helper beside it runs on."""
    owner = pod.metadata.controller
    if owner is None or owner.kind != "Job" or pod.metadata.deletion_timestamp is not None:
        return
    main = [container for container in pod.containers if not container.init]
    running = [container for container in main if container.status.state.running]
    done = [container for container in main if _completed(container)]
    helpers = [container for container in running if container.name in KNOWN]
    if done and running and len(done) + len(running) == len(main) and len(helpers) in (0, len(running)):
        yield _hangs(pod, done, running, sure=bool(helpers))


def _completed(container: ContainerView) -> bool:
    ended = container.status.state.terminated
    return ended is not None and ended.exit_code == 0 and container.name not in KNOWN


def _hangs(pod: Suspect, done: list[ContainerView], running: list[ContainerView], *, sure: bool) -> Finding:
    ends = (container.last_end for container in done)
    since = max((end.finished_at for end in ends if end and end.finished_at), default=None)
    return running[0].finding(
        rules.SIDECAR_HANG,
        Confidence.LIKELY if sure else Confidence.POSSIBLE,
        *(container.quote("state.terminated.exitCode", 0, since) for container in done),
        *(container.quote("state.running", "running") for container in running),
        field="restartPolicy",
        since=since,
        hedge="" if sure else "Possibly: ",
        done=" and ".join(container.name for container in done),
        hanging=running[0].name,
        ago=short_duration(pod.age(since)),
    )
