"""Diagnoses: one row a cause, its times of failing, and what happened around it."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from diagnostics.models.cluster import Cluster
from diagnostics.rules.model import Confidence, Severity


class Diagnosis(models.Model):
    """One cause in one cluster, identified by its fingerprint across pods, revisions and time.

    `verdict` is the engine's latest verdict in the public shape (`engine.verdict.Verdict`); the columns beside it are
    what lists filter and sort by. `version` grows with every change and makes the ETag.
    """

    class State(models.TextChoices):
        NEW = "new"
        ONGOING = "ongoing"
        REGRESSED = "regressed"
        RESOLVED = "resolved"

    OPEN = (State.NEW, State.ONGOING, State.REGRESSED)

    number = models.BigAutoField(primary_key=True)  # What people say: #1284.
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # What programs use.
    version = models.PositiveIntegerField(default=1)
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="diagnoses")
    fingerprint = models.CharField(max_length=64)

    state = models.CharField(max_length=9, choices=State, default=State.NEW)
    code = models.CharField(max_length=64)
    severity = models.PositiveSmallIntegerField(choices=[(s.value, s.word) for s in Severity])
    confidence = models.CharField(max_length=8, choices=[(c.value, c.value) for c in Confidence])
    namespace = models.CharField(max_length=63, blank=True)  # Blank for what has none, such as a node.
    workload_kind = models.CharField(max_length=63)
    workload_name = models.CharField(max_length=253)
    container = models.CharField(max_length=63, blank=True)
    node = models.CharField(max_length=253, blank=True)  # The one that all its pods are on; blank: several, or none.
    summary = models.TextField()
    pods_affected = models.PositiveIntegerField(default=0)
    pods_total = models.PositiveIntegerField(default=0)
    restarts = models.PositiveIntegerField(default=0)
    verdict = models.JSONField()
    verdict_digest = models.CharField(max_length=32)  # Tells news from more of the same without reading the verdict.

    first_seen = models.DateTimeField()  # The fault's own API time, of the current occurrence.
    last_seen = models.DateTimeField()
    opened_at = models.DateTimeField()  # When we opened (or reopened) it.
    clean_since = models.DateTimeField(null=True, blank=True)  # Hold-down: not seen since, not resolved yet.
    resolved_at = models.DateTimeField(null=True, blank=True)
    occurrences_count = models.PositiveIntegerField(default=1)
    last_fixed_by = models.CharField(max_length=200, blank=True)  # Who or what changed it last before it was well.
    # Resolved only in that it is listed as a symptom of this one since: nothing has healed.
    explained_by = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="explained")

    # What people decided; none of it changes what is true of the pods.
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="assigned_diagnoses"
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    snoozed_until = models.DateTimeField(null=True, blank=True)
    # Snoozed until it is worse than this: severity and pods at the time. Null: the time alone ends it.
    snoozed_severity = models.PositiveSmallIntegerField(null=True, blank=True)
    snoozed_pods = models.PositiveIntegerField(null=True, blank=True)

    # When to decide next whom to tell; set in the transaction of whatever happens to it, so that no news is lost.
    notice_due_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "diagnoses"
        constraints = (
            models.UniqueConstraint(fields=("cluster", "fingerprint"), name="diagnosis_once_per_cause"),
            models.CheckConstraint(
                condition=Q(state="resolved", resolved_at__isnull=False)
                | (~Q(state="resolved") & Q(resolved_at__isnull=True)),
                name="diagnosis_resolved_has_its_time",
            ),
        )
        indexes = (
            models.Index(  # Holds all by which open ones are listed, counted, narrowed and grouped: their rows are wide.
                fields=(
                    *("-severity", "-pods_affected", "-opened_at", "number", "state", "cluster", "code", "namespace"),
                    *("workload_kind", "workload_name", "node", "first_seen", "assignee", "acknowledged_at"),
                ),
                name="diagnosis_open",
                condition=~Q(state="resolved"),
            ),
            models.Index(fields=("-resolved_at", "number"), name="diagnosis_resolved", condition=Q(state="resolved")),
            models.Index(fields=("cluster", "state"), name="diagnosis_of_cluster"),
            models.Index(
                fields=("notice_due_at",), name="diagnosis_notice_due", condition=Q(notice_due_at__isnull=False)
            ),
            models.Index(fields=("snoozed_until",), name="diagnosis_snoozed", condition=Q(snoozed_until__isnull=False)),
            models.Index(
                fields=("acknowledged_at",),
                name="diagnosis_acknowledged",
                condition=~Q(state="resolved") & Q(acknowledged_at__isnull=False),
            ),
            models.Index(fields=("namespace", "workload_name"), name="diagnosis_of_workload"),
        )

    def __str__(self) -> str:
        return f"#{self.number} {self.code} {self.workload_kind}/{self.workload_name}"

    def is_snoozed(self, now: datetime) -> bool:
        """Whether it is to be out of sight: its time has not come, nor is it worse than it was to become."""
        severity, pods = self.snoozed_severity, self.snoozed_pods
        worse = (severity is not None and self.severity > severity) or (pods is not None and self.pods_affected > pods)
        return self.snoozed_until is not None and self.snoozed_until > now and not worse


class Occurrence(models.Model):
    """One time of failing, from opening to resolution; an open one has no end.

    `verdict` is the opening one: the evidence as it was when first seen, whatever the pods become.
    """

    diagnosis = models.ForeignKey(Diagnosis, on_delete=models.CASCADE, related_name="occurrences")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    pods_peak = models.PositiveIntegerField(default=0)
    verdict = models.JSONField()

    class Meta:
        # Those by time hold all that charts count, so that nobody reads a million verdicts for a hundred bars.
        indexes = (
            models.Index(fields=("diagnosis", "-started_at"), name="occurrence_latest"),
            models.Index(fields=("started_at", "diagnosis", "pods_peak"), name="occurrence_started"),
            models.Index(
                fields=("ended_at", "diagnosis"), name="occurrence_ended", condition=Q(ended_at__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"{self.diagnosis} from {self.started_at:%F %T}"


class Activity(models.Model):
    """One thing that happened to a diagnosis: what, when, and who (nobody: Sickbay itself)."""

    class Kind(models.TextChoices):
        OPENED = "opened"
        CHANGED = "changed"  # Severity, confidence or the number of pods; `detail` says from and to.
        RESOLVED = "resolved"
        REGRESSED = "regressed"
        ACKNOWLEDGED = "acknowledged"
        UNACKNOWLEDGED = "unacknowledged"
        SNOOZED = "snoozed"
        UNSNOOZED = "unsnoozed"
        ASSIGNED = "assigned"
        UNASSIGNED = "unassigned"
        COMMENTED = "commented"
        REOPENED = "reopened"
        ANNOUNCED = "announced"  # `detail` says to which channel, or why not.

    diagnosis = models.ForeignKey(Diagnosis, on_delete=models.CASCADE, related_name="activity")
    kind = models.CharField(max_length=16, choices=Kind)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name_plural = "activity"
        indexes = (models.Index(fields=("diagnosis", "-at"), name="activity_latest"),)

    def __str__(self) -> str:
        return f"{self.diagnosis} {self.kind} at {self.at:%F %T}"
