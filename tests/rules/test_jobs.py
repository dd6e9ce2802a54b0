"""Jobs and CronJobs: which runs are a fault, and whose."""

from __future__ import annotations

from typing import Any

import pytest

from diagnostics.engine import judge
from diagnostics.engine.texts import Texts
from diagnostics.rules.jobs import cron_job, ended_job, sidecar_hang, unfinished_job
from diagnostics.rules.suspect import Suspect
from tests.rules.views import Json, at, cluster, codes, condition, event, named, view

NIGHTLY = ("CronJob", "nightly")


def job(
    name: str = "backup",
    *conditions: Json,
    owner: tuple[str, str] | None = None,
    made: float = 60,
    spec: Json | None = None,
    metadata: Json | None = None,
    **status: Any,
) -> Json:
    """A Job, made so many minutes ago."""
    times = {"creationTimestamp": at(made), **(metadata or {})}
    return {
        "metadata": {**named(name, owner), **times},
        "spec": spec or {},
        "status": {"conditions": list(conditions), **status},
    }


def failed(
    reason: str = "BackoffLimitExceeded", message: str = "Job has reached its limit", minutes: float = 30
) -> Json:
    return condition("Failed", "True", reason, message, minutes)


COMPLETE = condition("Complete", "True", "CompletionsReached")


def attempt(name: str, code: int, made: float, *, owner: str = "backup", **state: Any) -> Json:
    """A pod of a Job whose container work ended with that code."""
    end = {"exitCode": code, "reason": "Error" if code else "Completed", "finishedAt": at(made - 1)}
    status = {"name": "work", "state": state or {"terminated": end}}
    return {
        "metadata": {**named(name, ("Job", owner)), "creationTimestamp": at(made)},
        "spec": {"containers": [{"name": "work"}], "restartPolicy": "Never"},
        "status": {"phase": "Failed", "containerStatuses": [status]},
    }


def runs(*outcomes: str, nightly: Json | None = None, pods: tuple[Json, ...] = ()) -> list[str]:
    """The codes of the last run of CronJob nightly; F is a failed run, C a complete one, oldest first."""
    ends = {"F": failed(), "C": COMPLETE}
    jobs = [
        job(f"nightly-{number}", *([ends[outcome]] if outcome in ends else []), owner=NIGHTLY, made=60 - number)
        for number, outcome in enumerate(outcomes)
    ]
    other = job("other", COMPLETE, made=1)
    snapshot = cluster(pods, Job=[*jobs, other], CronJob=[nightly] if nightly else [])
    newest_failed = max((number for number, outcome in enumerate(outcomes) if outcome == "F"), default=0)
    return codes(ended_job, view(snapshot, "Job", f"nightly-{newest_failed}"))


def cron(status: Json | None = None, metadata: Json | None = None, **spec: Any) -> Json:
    """CronJob nightly, made an hour ago."""
    fields = {"schedule": "*/10 * * * *", **spec}
    return {"metadata": {**named("nightly"), **(metadata or {})}, "spec": fields, "status": status or {}}


@pytest.mark.parametrize(
    ("reason", "code", "sure"),
    [
        ("BackoffLimitExceeded", "job-backoff-limit", "certain"),
        ("DeadlineExceeded", "job-deadline", "certain"),
        ("PodFailurePolicy", "job-pod-failure-policy", "certain"),
        ("FailedIndexes", "job-pod-failure-policy", "certain"),
        ("MaxFailedIndexesExceeded", "job-pod-failure-policy", "certain"),
        ("QueueSaysNo", "job-backoff-limit", "likely"),
    ],
)
def test_a_failed_job_by_its_reason(reason: str, code: str, sure: str) -> None:
    (found,) = ended_job.judge(view(cluster(Job=[job("backup", failed(reason, ""))]), "Job"))
    assert (found.rule.code, found.confidence.value) == (code, sure)


@pytest.mark.parametrize(
    "document",
    [
        job(),
        job("backup", COMPLETE),
        job("backup", condition("Failed", "False")),
        job("backup", failed(), metadata={"deletionTimestamp": at(1)}),
    ],
)
def test_jobs_that_are_no_news(document: Json) -> None:
    assert codes(ended_job, view(cluster(Job=[document]), "Job")) == []


def test_a_job_that_came_through_is_information() -> None:
    assert codes(ended_job, view(cluster(Job=[job("backup", COMPLETE, failed=2)]), "Job")) == ["job-recovered"]


def said(of: Any) -> str:
    (found,) = ended_job.judge(of)
    return Texts(of, found).sentence(found.rule.message)


def test_the_latest_attempt_that_failed_speaks() -> None:
    pods = [attempt("backup-a", 2, 50), attempt("backup-b", 3, 40), attempt("backup-c", 0, 30)]
    words = said(view(cluster(pods, Job=[job("backup", failed(), failed=2, spec={"backoffLimit": 1})]), "Job"))
    assert words.startswith(
        "Job backup has failed: 2 pods failed, and its backoffLimit of 1 is used up; container work"
    )
    assert "code 3" in words
    assert "no pod is left" in said(view(cluster(pods[2:], Job=[job("backup", failed())]), "Job"))


def test_a_pod_that_never_ended_tells_nothing() -> None:
    waits = attempt("backup-a", 0, 50, waiting={"reason": "ContainerCreating"})
    assert "no pod is left" in said(view(cluster([waits], Job=[job("backup", failed())]), "Job"))


def test_an_init_container_may_be_why() -> None:
    pod = attempt("backup-a", 0, 50, waiting={"reason": "PodInitializing"})
    pod["spec"]["initContainers"] = [{"name": "fetch"}]
    end = {"exitCode": 4, "reason": "Error", "finishedAt": at(40)}
    pod["status"]["initContainerStatuses"] = [{"name": "fetch", "state": {"terminated": end}}]
    assert "; init container fetch exits with code 4" in said(
        view(cluster([pod], Job=[job("backup", failed())]), "Job")
    )


@pytest.mark.parametrize(
    ("outcomes", "nightly", "code"),
    [
        ("FFF", None, "cronjob-all-failing"),
        ("CFFF", cron({"lastSuccessfulTime": at(60)}), "cronjob-all-failing"),
        ("FFFR", None, "cronjob-all-failing"),  # The one that runs now has not failed.
        ("CFF", None, "job-backoff-limit"),
        ("FFC", None, "cronjob-some-failing"),
        ("FCR", None, "cronjob-some-failing"),
        ("F", None, "job-backoff-limit"),
        ("F", cron(failedJobsHistoryLimit=1), "cronjob-all-failing"),
        ("F", cron({"lastSuccessfulTime": at(600)}, failedJobsHistoryLimit=1), "job-backoff-limit"),
        ("F", cron(failedJobsHistoryLimit=3), "job-backoff-limit"),
    ],
)
def test_a_failed_run_is_judged_by_those_beside_it(outcomes: str, nightly: Json | None, code: str) -> None:
    assert runs(*outcomes, nightly=nightly) == [code]


def test_all_attempts_and_all_runs_are_one_diagnosis() -> None:
    jobs = [job(f"nightly-{n}", failed(minutes=50 - n), owner=NIGHTLY, made=60 - n) for n in range(3)]
    pods = [attempt(f"nightly-{n}-a", n + 1, 50 - n, owner=f"nightly-{n}") for n in range(3)]
    (found,) = judge(cluster(pods, Job=jobs)).verdicts
    assert (found.code, found.workload.name, found.pods_affected) == ("cronjob-all-failing", "nightly", 3)
    assert "code 3" in found.summary
    assert {symptom.code for symptom in found.symptoms} == {"crash-app-unknown"}


def test_how_long_good_runs_took_is_told_of_a_deadline() -> None:
    good = job("nightly-0", COMPLETE, owner=NIGHTLY, startTime=at(60), completionTime=at(50))
    late = job("nightly-1", failed("DeadlineExceeded"), owner=NIGHTLY, made=20, spec={"activeDeadlineSeconds": 120})
    of = view(cluster(Job=[good, late]), "Job", "nightly-1")
    (found,) = ended_job.judge(of)
    assert "The longest good run that is kept took 10m." in Texts(of, found).sentence(found.rule.cause)
    assert "activeDeadlineSeconds of 2m" in Texts(of, found).sentence(found.rule.message)


def running(hours: float, **fields: Any) -> Json:
    return job("nightly-9", active=1, startTime=at(hours * 60), **fields)


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (running(11), []),
        (running(13), ["job-long"]),
        (running(13, owner=NIGHTLY), []),  # Its runs take five hours.
        (running(16, owner=NIGHTLY), ["job-long"]),
        (job("nightly-9", active=1), []),
        (job("nightly-9"), []),
        (job("nightly-9", COMPLETE, active=1, startTime=at(9999)), []),
        (running(13, metadata={"deletionTimestamp": at(1)}), []),
        (job("nightly-9", spec={"suspend": True}), ["job-suspended"]),
        (job("nightly-9", condition("Suspended", "True"), spec={"suspend": True}), ["job-suspended"]),
    ],
)
def test_jobs_that_do_not_end(document: Json, found: list[str]) -> None:
    usual = job("nightly-1", COMPLETE, owner=NIGHTLY, startTime=at(400), completionTime=at(100))
    assert codes(unfinished_job, view(cluster(Job=[document, usual]), "Job", "nightly-9")) == found


def hanging(*containers: tuple[str, int | None], owner: str = "Job", **metadata: Any) -> list[str]:
    """The codes of a pod with those containers; None is one that runs, a number the code that it ended with."""
    states: list[Json] = [
        {"running": {}} if code is None else {"terminated": {"exitCode": code, "finishedAt": at(9)}}
        for _, code in containers
    ]
    names = [name for name, _ in containers]
    document = {
        "metadata": named("backup-a", (owner, "backup"), **metadata),
        "spec": {"containers": [{"name": name} for name in names]},
        "status": {"phase": "Running"}
        | {"containerStatuses": [{"name": name, "state": s} for name, s in zip(names, states, strict=True)]},
    }
    snapshot = cluster([document])
    (pod,) = snapshot.suspects
    found = sidecar_hang.judge(Suspect(snapshot, pod, snapshot.owners.top(pod.metadata)))
    return [finding.confidence.value for finding in found]


def test_a_helper_that_does_not_end() -> None:
    assert hanging(("work", 0), ("istio-proxy", None)) == ["likely"]
    assert hanging(("work", 0), ("uploader", None)) == ["possible"]
    assert hanging(("work", 0), ("uploader", None), ("istio-proxy", None)) == []  # The uploader may have work to do.
    assert hanging(("work", 1), ("istio-proxy", None)) == []
    assert hanging(("work", None), ("istio-proxy", None)) == []
    assert hanging(("work", None), ("istio-proxy", 0)) == []
    assert hanging(("work", 0), ("istio-proxy", None), owner="ReplicaSet") == []
    assert hanging(("work", 0), ("istio-proxy", None), deletionTimestamp=at(1)) == []


def scheduled(document: Json, *events: Json) -> list[str]:
    return codes(cron_job, view(cluster(CronJob=[document], events=events), "CronJob"))


MISSED = ["cronjob-missed"]


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (cron({"lastScheduleTime": at(10)}), []),  # The one of now may be a little late.
        (cron({"lastScheduleTime": at(20)}), MISSED),
        (cron({"lastScheduleTime": at(20)}, suspend=True), ["cronjob-suspended"]),
        (cron({"lastScheduleTime": at(20)}, {"deletionTimestamp": at(1)}), []),
        (cron({"lastScheduleTime": at(20)}, {"managedFields": [{"time": at(4)}]}), []),  # Resumed or changed since.
        (cron(), MISSED),
        (cron({}, {"creationTimestamp": None}), []),
        (cron(schedule="@every 5m"), []),
        (cron(schedule="30 3 * * *"), []),  # In which time zone?
        (cron(schedule="30 3 * * *", timeZone="UTC"), MISSED),
        (cron({"lastScheduleTime": at(24 * 60 + 30)}, {"creationTimestamp": at(9999)}, schedule="30 3 * * *"), MISSED),
        (cron({"lastScheduleTime": at(24 * 60 + 90)}, {"creationTimestamp": at(9999)}, schedule="30 3 * * *"), []),
    ],
)
def test_runs_that_did_not_start(document: Json, found: list[str]) -> None:
    assert scheduled(document) == found


def test_the_controllers_word_holds_until_a_run_starts() -> None:
    told = event("CronJob", "nightly", "MissSchedule", "Missed scheduled time to start a job", minutes=8)
    odd = "30 3 * * *"
    assert scheduled(cron({"lastScheduleTime": at(9)}, schedule=odd), told) == MISSED
    assert scheduled(cron({"lastScheduleTime": at(7)}, schedule=odd), told) == []
    assert scheduled(cron(schedule=odd), told) == MISSED


def test_the_run_before_may_hold_it_up() -> None:
    status = {"lastScheduleTime": at(50), "active": [{"kind": "Job", "name": "nightly-1"}]}
    for policy, words in (
        ("Forbid", "because Job nightly-1 still runs"),
        ("Allow", "has missed 4 runs since 2026-11-23"),
    ):
        of = view(cluster(CronJob=[cron(status, concurrencyPolicy=policy)]), "CronJob")
        (found,) = cron_job.judge(of)
        assert words in Texts(of, found).sentence(found.rule.message)


def test_very_many_missed_runs_are_not_counted() -> None:
    document = cron({"lastScheduleTime": at(9999)}, {"creationTimestamp": at(99999)}, schedule="* * * * *")
    of = view(cluster(CronJob=[document]), "CronJob")
    (found,) = cron_job.judge(of)
    assert found.params["missed"] == "100 or more runs"
