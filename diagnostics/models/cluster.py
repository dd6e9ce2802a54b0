"""A watched cluster: how to reach it, who watches it now, how far it was read, and what was read of it."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from diagnostics.models.encrypted import EncryptedJSONField


class Cluster(models.Model):
    """One API server that is watched.

    A worker leases it for a slice of watching: whoever took the lease last owns the `fence`, and every write of a
    slice is refused once the fence has moved on (Kleppmann, "How to do distributed locking").
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=253, unique=True)  # The context's name, or "in-cluster".
    kubeconfig = models.CharField(max_length=4096, blank=True)  # A path; blank means the usual places.
    context = models.CharField(max_length=253, blank=True)  # Blank means in-cluster.
    # Which cluster the rows are of, whatever the context points to now: the UID of namespace kube-system, blank where it
    # may not be read; and the address that was swept last.
    identity = models.CharField(max_length=64, blank=True)
    server = models.CharField(max_length=2048, blank=True)
    namespaces = models.JSONField(default=list, blank=True)  # Empty means all.
    added_here = models.BooleanField(default=False)  # On the Clusters page, rather than named by the environment.
    paused = models.BooleanField(default=False)
    pause_reason = models.CharField(max_length=200, blank=True)
    added_at = models.DateTimeField(auto_now_add=True)

    lease_owner = models.CharField(max_length=200, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.BigIntegerField(default=0)

    # Resource to resourceVersion from which its watch goes on; empty until the first sweep and after a 410.
    resource_versions = models.JSONField(default=dict, blank=True)
    # As of the last sweep, for healthy pods are not kept: what pods request of each node, and how many pods are ready
    # under controllers that are not read themselves.
    bookings = models.JSONField(default=dict, blank=True)
    tallies = models.JSONField(default=list, blank=True)
    swept_at = models.DateTimeField(null=True, blank=True)
    fresh_at = models.DateTimeField(null=True, blank=True)  # When the watches were last known to be open and true.
    failing_since = models.DateTimeField(null=True, blank=True)
    unreachable_told_at = models.DateTimeField(null=True, blank=True)  # Channels have been told that it is not read.
    failure_kind = models.CharField(max_length=32, blank=True)  # A `kube.errors` kind, such as "unauthorized".
    failure = models.TextField(blank=True)  # One line that says what to do.
    retry_at = models.DateTimeField(null=True, blank=True)  # Not to be leased before, after a failure.
    gaps = models.JSONField(default=list, blank=True)  # The scan contract's `unavailable`.
    crashed = models.JSONField(default=list, blank=True)  # Checks that raised in the last judgement.
    server_version = models.CharField(max_length=64, blank=True)
    failing_checks = models.JSONField(default=list, blank=True)  # Of /readyz.
    pods_seen = models.PositiveIntegerField(default=0)
    malformed = models.PositiveIntegerField(default=0)  # Objects of the last sweep that could not be decoded.

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ClusterCredentials(models.Model):
    """The kubeconfig that was pasted for a cluster, encrypted. A row of its own: no list of clusters reads it."""

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, primary_key=True, related_name="credentials")
    kubeconfig = EncryptedJSONField()
    stored_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"credentials of {self.cluster}"


class Rollout(models.Model):
    """A workload's new pod template, as it was seen to take effect: what charts mark as a deploy."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="rollouts")
    namespace = models.CharField(max_length=63)
    workload_kind = models.CharField(max_length=63)
    workload_name = models.CharField(max_length=253)
    # The number of the template; of a StatefulSet its hash and the generation, as one that comes back has its hash again.
    revision = models.CharField(max_length=63)
    by = models.CharField(max_length=200, blank=True)  # The tool that wrote the template, as managedFields name it.
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("cluster", "namespace", "workload_kind", "workload_name", "revision"),
                name="rollout_once_per_revision",
            ),
        )
        indexes = (models.Index(fields=("at",), name="rollout_age"),)

    def __str__(self) -> str:
        return f"{self.workload_kind} {self.namespace}/{self.workload_name} revision {self.revision}"


class KnownObject(models.Model):
    """The last known state of an always-read object other than a pod or event: nodes, workloads.

    A follow slice starts from these instead of listing again. `body` holds only the fields that we read.
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="known_objects")
    resource = models.CharField(max_length=64)  # As in `kube.resources`: "nodes", "deployments".
    namespace = models.CharField(max_length=63, blank=True)
    name = models.CharField(max_length=253)
    body = models.BinaryField()  # JSON of the snapshot's struct, zlib.

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("cluster", "resource", "namespace", "name"), name="known_object_once_per_cluster"
            ),
        )

    def __str__(self) -> str:
        return f"{self.resource} {self.namespace}/{self.name}"


class RunningPods(models.Model):
    """Who runs where as of the last sweep: what healthy pods take from those that wait. Healthy pods are not kept."""

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, primary_key=True, related_name="running_pods")
    body = models.BinaryField()  # JSON of the snapshot's struct, zlib.

    def __str__(self) -> str:
        return f"pods of {self.cluster}"


class Run(models.Model):
    """One sweep or follow slice, for freshness and the system page; the last 300 a cluster are kept."""

    class Kind(models.TextChoices):
        SWEEP = "sweep"
        FOLLOW = "follow"

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=8, choices=Kind)
    started_at = models.DateTimeField()
    seconds = models.FloatField()
    changes = models.PositiveIntegerField(default=0)  # Watch changes applied, or pods seen by a sweep.
    failure = models.TextField(blank=True)

    class Meta:
        indexes = (models.Index(fields=("cluster", "-started_at"), name="run_latest"),)
        constraints = (models.CheckConstraint(condition=Q(seconds__gte=0), name="run_seconds_not_negative"),)

    def __str__(self) -> str:
        return f"{self.kind} of {self.cluster} at {self.started_at:%F %T}"
