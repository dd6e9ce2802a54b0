"""Jobs that have ended, one way or the other (catalogue B11): one diagnosis for all attempts, and for all runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from diagnostics.rules.clues import core
from diagnostics.rules.jobs import rules
from diagnostics.rules.jobs.runs import Attempt, JobView, latest_attempt
from diagnostics.rules.model import Confidence, Evidence, Finding, Rule, check
from diagnostics.snapshot.display import short_duration
from diagnostics.snapshot.meta import Condition
from diagnostics.snapshot.objects import CronJob
from diagnostics.snapshot.runs import Runs, held

# So many runs that failed one after the other are no chance (catalogue B11).
RUNS = 3
_KEEP = "Keep the pods of failed attempts (restartPolicy: Never), or collect their logs, to see why."
_BY_REASON = {
    "BackoffLimitExceeded": rules.BACKOFF_LIMIT,
    "DeadlineExceeded": rules.DEADLINE,
    "PodFailurePolicy": rules.POD_FAILURE_POLICY,
    "FailedIndexes": rules.POD_FAILURE_POLICY,
    "MaxFailedIndexesExceeded": rules.POD_FAILURE_POLICY,
}


@check(*dict.fromkeys(_BY_REASON.values()), rules.ALL_FAILING, rules.SOME_FAILING, rules.RECOVERED, about=("Job",))
def ended_job(job: JobView) -> Iterator[Finding]:
    """Failed Jobs, and those that completed only after attempts that failed."""
    if job.metadata.deletion_timestamp is not None:
        return
    failed, complete = held(job.item, "Failed"), held(job.item, "Complete")
    if failed is not None:
        yield _of_cron_job(job, failed) if job.workload.kind == "CronJob" else _by_reason(job, failed)
    elif complete is not None and job.item.status.failed:
        attempts = _count(job.item.status.failed, "attempt")
        quotes = (job.quote("status.failed", job.item.status.failed), _quote(job, complete))
        yield _finding(job, rules.RECOVERED, *quotes, ended=complete, attempts=attempts)


def _of_cron_job(job: JobView, failed: Condition) -> Finding:
    """A failed run is judged by the runs beside it; a failure that a good run has followed is history."""
    runs = job.around.runs_beside(job.metadata)
    if (passed := held(runs.newest, "Complete")) is not None:
        newest = Evidence(
            "job", f"Job/{runs.newest.metadata.name}", "status.conditions[Complete].reason", passed.reason
        )
        count = _count(len(runs), "run")
        return _failure(job, rules.SOME_FAILING, failed, newest, failures=runs.failures, count=count)
    if _all_fail(job, runs):
        ever = "in the last runs" if _cron_job(job).status.last_successful_time else "so far"
        number = runs.failed_in_a_row
        told = f"its last {number} runs all" if number > 1 else "the only run that is kept"
        return _failure(job, rules.ALL_FAILING, failed, runs=told, ever=ever)
    return _by_reason(job, failed)


def _all_fail(job: JobView, runs: Runs) -> bool:
    """Whether the last three runs failed; or all that were kept, where fewer are and none ever succeeded."""
    kept = _cron_job(job).spec.failed_jobs_history_limit
    never = _cron_job(job).status.last_successful_time is None
    in_a_row = runs.failed_in_a_row
    return in_a_row >= RUNS or (never and in_a_row == len(runs) == kept)


def _cron_job(job: JobView) -> CronJob:
    return job.snapshot.cronjobs.get((job.namespace, job.workload.name), CronJob())


def _by_reason(job: JobView, failed: Condition) -> Finding:
    seconds = job.item.spec.active_deadline_seconds
    return _failure(
        job,
        _BY_REASON.get(failed.reason, rules.BACKOFF_LIMIT),
        failed,
        job.quote("status.failed", job.item.status.failed),
        confidence=Confidence.CERTAIN if failed.reason in _BY_REASON else Confidence.LIKELY,
        why=_why(job, failed),
        allowed=f" of {short_duration(timedelta(seconds=seconds))}" if seconds else "",
        runs_took=_runs_took(job),
    )


def _why(job: JobView, failed: Condition) -> str:
    """How many attempts failed, or what the Job controller says of its rules; with the indexes, if it has some."""
    status, limit = job.item.status, job.item.spec.backoff_limit
    indexes = f" (indexes {status.failed_indexes})" if status.failed_indexes else ""
    if failed.reason != "BackoffLimitExceeded":
        return core(failed.message or failed.reason or "no reason is given") + indexes
    attempts = f"{_count(max(status.failed, 1), 'pod')} failed{indexes}"
    return attempts if limit is None else f"{attempts}, and its backoffLimit of {limit} is used up"


def _runs_took(job: JobView) -> str:
    """How long the good runs of its CronJob that are kept took."""
    took = job.around.runs_beside(job.metadata).longest if job.workload.kind == "CronJob" else None
    return f"The longest good run that is kept took {short_duration(took)}. " if took else ""


def _failure(job: JobView, rule: Rule, failed: Condition, *evidence: Evidence, **params: Any) -> Finding:
    """A finding about a failed Job, in the words of its latest attempt where a pod is left that has some."""
    attempt = latest_attempt(job)
    told = attempt.evidence if attempt else ()
    return _finding(
        job,
        rule,
        _quote(job, failed),
        *evidence,
        *told,
        ended=failed,
        attempt=attempt,
        last=attempt.words if attempt else "; no pod is left to tell why",
        cause_of_last=attempt.ending.cause if attempt else "Its pods are gone, and their logs with them.",
        remedy_of_last=attempt.ending.remedy if attempt else _KEEP,
        **params,
    )


def _finding(
    job: JobView,
    rule: Rule,
    *evidence: Evidence,
    ended: Condition,
    attempt: Attempt | None = None,
    confidence: Confidence = Confidence.CERTAIN,
    **params: Any,
) -> Finding:
    return job.finding(
        rule,
        confidence,
        *evidence,
        offender=attempt.offender if attempt else None,
        since=ended.last_transition_time,
        kind_slug="job",
        **params,
    )


def _quote(job: JobView, condition: Condition) -> Evidence:
    said = f"{condition.reason}: {condition.message}".strip(": ")
    return job.quote(f"status.conditions[{condition.type}]", said, condition.last_transition_time)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
