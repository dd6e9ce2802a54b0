"""Who may do what: the roles of people, the tokens of programs, the keys of badges."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from diagnostics.models.cluster import Cluster


class Member(models.Model):
    """What an account may do; one without a row only looks. A superuser is an admin whatever stands here."""

    class Role(models.TextChoices):
        VIEWER = "viewer"  # Looks.
        RESPONDER = "responder"  # Takes diagnoses over and silences them, too.
        ADMIN = "admin"  # Changes clusters, notifications and people, too.

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="member"
    )
    role = models.CharField(max_length=9, choices=Role, default=Role.VIEWER)

    def __str__(self) -> str:
        return f"{self.user}: {self.role}"


class ApiToken(models.Model):
    """A bearer token `sb_<key>.<secret>`: the key finds the row, of the secret only a digest is kept."""

    class Scope(models.TextChoices):
        READ = "read"
        TRIAGE = "triage"
        ADMIN = "admin"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100)
    key = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)  # SHA-256 of the secret, which is random: no salt, no stretching.
    scopes = models.JSONField(default=list)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)  # To the minute.

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return self.name


class Badge(models.Model):
    """A badge that whoever has its key may read, until it is revoked. Blank names mean all of the cluster."""

    key = models.CharField(max_length=43, unique=True)  # Random, and good for nothing but this badge.
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="badges")
    namespace = models.CharField(max_length=63, blank=True)
    workload = models.CharField(max_length=320, blank=True)  # "Deployment/cart".
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return "/".join(filter(None, (self.cluster.name, self.namespace, self.workload)))


class SavedView(models.Model):
    """A filter of the triage page under a name: of its owner alone, or shared with everybody who may look."""

    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000)  # The page's query string, as it writes it itself.
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name", "pk")
        constraints = (models.UniqueConstraint(fields=("owner", "name"), name="saved_view_once_per_owner"),)

    def __str__(self) -> str:
        return self.name
