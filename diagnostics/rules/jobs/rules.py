"""The codes of Jobs and CronJobs (catalogue B11) and what they say."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from diagnostics.rules.model import NEVER, Rule, Severity, Stage

_JOBS = "https://kubernetes.io/docs/concepts/workloads/controllers/job/"
_CRON_JOBS = "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"
_DESCRIBE = "kubectl -n {namespace} describe {kind_slug}/{name}"
_GET = "kubectl -n {namespace} get {kind_slug}/{name}"
_LOGS = "kubectl -n {namespace} logs job/{name} --all-containers --tail=100"
_RUNS = "kubectl -n {namespace} get jobs --sort-by=.metadata.creationTimestamp"
# A run of a CronJob by hand, named for what it is.
_TRY = "kubectl -n {namespace} create job {workload_name}-by-hand --from={workload}"

_JOB = partial(Rule, stage=Stage.CRASH, commands=(_LOGS, _DESCRIBE), verify=(_GET,), references=(_JOBS,))
# A Job that has ended accounts for all its attempts; what failed in them is told with it.
_ENDED = partial(_JOB, severity=Severity.HIGH, explains=("*",))
_CRON_JOB = partial(Rule, stage=Stage.CRASH, commands=(_DESCRIBE, _RUNS), verify=(_RUNS,), references=(_CRON_JOBS,))
_JOB_NEWS = partial(_JOB, severity=Severity.INFO, notify_after=NEVER)

BACKOFF_LIMIT = _ENDED(
    code="job-backoff-limit",
    message="Job {name} has failed: {why}{last}.",
    cause="Kubernetes starts no further attempt of it. {cause_of_last}",
    remedy="{remedy_of_last} A Job that has failed stays failed: create it anew once the cause is mended.",
)
DEADLINE = _ENDED(
    code="job-deadline",
    message="Job {name} was ended because it ran longer than its activeDeadlineSeconds{allowed}{last}.",
    cause="The deadline covers all attempts together, and the time that pods wait to be scheduled. {runs_took}"
    "{cause_of_last}",
    remedy="Raise activeDeadlineSeconds above the longest good run, or see why it took so long.",
)
POD_FAILURE_POLICY = _ENDED(
    code="job-pod-failure-policy",
    message="Job {name} has failed by its own rules: {why}{last}.",
    cause="spec.podFailurePolicy, backoffLimitPerIndex or maxFailedIndexes says when the Job counts as failed. "
    "{cause_of_last}",
    remedy="{remedy_of_last} Create the Job anew once the cause is mended.",
)
RECOVERED = _JOB_NEWS(
    code="job-recovered",
    message="Job {name} completed after {attempts} failed.",
    cause="An attempt that fails is tried again up to backoffLimit times; in the end this one went well.",
    remedy="Nothing, unless this is so at each run.",
    explains=("*",),
)
ALL_FAILING = _ENDED(
    code="cronjob-all-failing",
    message="CronJob {workload_name}: {runs} failed{last}.",
    cause="No run has succeeded {ever}. {cause_of_last}",
    remedy="{remedy_of_last} Then try a run by hand.",
    commands=(_LOGS, _TRY),
    verify=(_RUNS,),
    references=(_CRON_JOBS,),
)
SOME_FAILING = _JOB_NEWS(
    code="cronjob-some-failing",
    message="CronJob {workload_name}: {failures} of the {count} that are kept failed{last}. The newest succeeded.",
    cause="Runs fail now and then. {cause_of_last}",
    remedy="Look at the failed run if this is not expected.",
    verify=(_RUNS,),
    references=(_CRON_JOBS,),
    explains=("*",),
)
SIDECAR_HANG = Rule(
    code="job-sidecar-hang",
    severity=Severity.HIGH,
    stage=Stage.CRASH,
    message="{hedge}Pod {pod} of {workload_name} is done, but {hanging} still runs beside it, so that the Job never ends.",
    cause="{done} ended with exit code 0 {ago} ago. A Job's pod completes only when all its main containers have ended, "
    "and a helper does not know that the work is done.",
    remedy="Make {hanging} a native sidecar (an init container with restartPolicy: Always), which Kubernetes stops by "
    "itself, or let the work tell it to quit.",
    commands=("kubectl -n {namespace} logs {pod} -c {hanging} --tail=50",),
    references=("https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/",),
    explains=("probe-*", "ready-no-cause"),
    visible_after=timedelta(minutes=2),
    notify_after=timedelta(minutes=10),
)
LONG = Rule(
    code="job-long",
    severity=Severity.MEDIUM,
    stage=Stage.WORKLOAD,
    message="Job {name} has been running for {age}.",
    cause="{usual} It may hang, wait for something that never comes, or have more to do than before.",
    remedy="Look at what it does now; set activeDeadlineSeconds, so that it cannot run for ever.",
    commands=(_LOGS, _DESCRIBE),
    verify=(_GET,),
    references=(_JOBS,),
    notify_after=timedelta(minutes=10),
)
SUSPENDED = _JOB_NEWS(
    code="job-suspended",
    message="Job {name} is suspended.",
    cause="spec.suspend is set: it has no pods until somebody, or a queueing controller, resumes it.",
    remedy="Nothing, if it is meant to wait.",
    commands=(_DESCRIBE,),
)
CRON_SUSPENDED = _CRON_JOB(
    code="cronjob-suspended",
    severity=Severity.INFO,
    notify_after=NEVER,
    message="CronJob {name} is suspended and starts no runs.",
    cause="spec.suspend is set.",
    remedy="Nothing, if it is meant to rest.",
)
MISSED = _CRON_JOB(
    code="cronjob-missed",
    severity=Severity.HIGH,
    message="CronJob {name} has missed {missed} since {first}{held_up}.",
    cause="{why}",
    remedy="{advice}",
    visible_after=timedelta(minutes=5),
    notify_after=timedelta(minutes=10),
)
INVALID = _CRON_JOB(
    code="cronjob-invalid",
    severity=Severity.HIGH,
    message="CronJob {name} never runs: its {field} cannot be used ({said}).",
    cause="The CronJob controller could not make times of “{schedule}”{zone}, so it starts nothing.",
    remedy="Correct the schedule (five fields: minute, hour, day of month, month, day of week) or the time zone (a "
    "name of the IANA database, such as Europe/Berlin).",
    commands=("kubectl -n {namespace} edit {kind_slug}/{name}",),
    verify=(_GET,),
)
