"""Evidence that outlives the pod: suspects as they were, their events and logs, all redacted before they get here."""

from __future__ import annotations

from django.db import models

from diagnostics.models.cluster import Cluster


class Suspect(models.Model):
    """A pod that is not healthy or not settled yet: its last state, so that grace can elapse without another read.

    A pod that became healthy is deleted here. One that was deleted in the cluster stays, with `gone_at`, if a diagnosis
    names it; else its events and logs go with it.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="suspects")
    uid = models.CharField(max_length=64)
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=253)
    workload_kind = models.CharField(max_length=63)
    workload_name = models.CharField(max_length=253)
    body = models.BinaryField()  # The object's redacted JSON, zlib.
    seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)
    diagnosed = models.BooleanField(default=False)  # A diagnosis names it: what is kept of it is evidence.

    class Meta:
        constraints = (models.UniqueConstraint(fields=("cluster", "uid"), name="suspect_once_per_cluster"),)
        indexes = (models.Index(fields=("cluster", "namespace", "workload_name"), name="suspect_of_workload"),)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class KeptEvent(models.Model):
    """A Kubernetes event about a suspect or what it depends on, kept beyond the cluster's hour; the greater count wins."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="kept_events")
    uid = models.CharField(max_length=64)
    object_uid = models.CharField(max_length=253)  # Of the involved object; for a node it may be the node's name.
    body = models.BinaryField()  # JSON of `snapshot.objects.Event`, redacted, zlib.
    count = models.PositiveIntegerField(default=1)
    last_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("cluster", "uid"), name="kept_event_once_per_cluster"),)
        indexes = (
            models.Index(fields=("cluster", "object_uid", "-last_at"), name="kept_event_of_object"),
            models.Index(fields=("last_at",), name="kept_event_age"),
        )

    def __str__(self) -> str:
        return f"event {self.uid}"


class KeptLog(models.Model):
    """One tail of a container's log per restart: `restart` counts the runs that had ended when it was read."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="kept_logs")
    pod_uid = models.CharField(max_length=64)
    container = models.CharField(max_length=63)
    restart = models.PositiveIntegerField(default=0)
    body = models.BinaryField()  # JSON of `snapshot.cluster.ContainerLog`, zlib.
    kept_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("cluster", "pod_uid", "container", "restart"), name="kept_log_once_per_restart"
            ),
        )
        indexes = (models.Index(fields=("kept_at",), name="kept_log_age"),)

    def __str__(self) -> str:
        return f"log of {self.container}, restart {self.restart}"


class EndedRun(models.Model):
    """One run of a suspect's container that has ended: what charts of restarts and a pod's strip are drawn from.

    Source: `status.containerStatuses[].lastState.terminated` and `.state.terminated`. Kept of the pods that stand for
    others, as their JSON is.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="ended_runs")
    pod_uid = models.CharField(max_length=64)
    namespace = models.CharField(max_length=63)
    workload_kind = models.CharField(max_length=63)
    workload_name = models.CharField(max_length=253)
    container = models.CharField(max_length=63)
    restart = models.PositiveIntegerField()  # Which run of the container it was, from 0.
    reason = models.CharField(max_length=63, blank=True)  # "OOMKilled", "Error", "Completed".
    exit_code = models.IntegerField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("cluster", "pod_uid", "container", "restart"), name="ended_run_once_per_restart"
            ),
        )
        indexes = (
            models.Index(
                fields=("cluster", "namespace", "workload_kind", "workload_name", "-ended_at"),
                name="ended_run_of_workload",
            ),
            models.Index(fields=("ended_at",), name="ended_run_age"),
        )

    def __str__(self) -> str:
        return f"run {self.restart} of {self.container}"
