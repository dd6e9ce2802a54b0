"""What browsers are told: that something changed, never what it says."""

from __future__ import annotations

from django.db import models

from diagnostics.models.cluster import Cluster


class Update(models.Model):
    """A live signal: the ids of what changed in one transaction. The key is the sequence number that heals gaps."""

    class Topic(models.TextChoices):
        DIAGNOSES = "diagnoses"
        CLUSTER = "cluster"

    seq = models.BigAutoField(primary_key=True)
    topic = models.CharField(max_length=16, choices=Topic)
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="updates")
    ids = models.JSONField(null=True)  # UUIDs as text; null when they are too many to name: refetch.
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (models.Index(fields=("at",), name="update_age"),)

    def __str__(self) -> str:
        return f"{self.topic} {self.seq}"
