"""What programs show to be let in: tokens, stored as digests."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


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
