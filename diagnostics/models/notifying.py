"""Who is told what: channels, routes to them, silences; the outbox of deliveries, and what was announced where."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from diagnostics.models.cluster import Cluster
from diagnostics.models.diagnosis import Diagnosis
from diagnostics.models.encrypted import EncryptedJSONField


class Channel(models.Model):
    """A receiver: its format (`diagnostics.notify.formats`), how to reach it, and how it fares.

    One that refuses for good is disabled, with the reason for the page to show.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.PositiveIntegerField(default=1)
    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=32)
    settings = EncryptedJSONField()
    enabled = models.BooleanField(default=True)
    disabled_reason = models.TextField(blank=True)  # Blank unless Sickbay itself disabled it.
    created_at = models.DateTimeField(auto_now_add=True)

    next_at = models.DateTimeField(null=True, blank=True)  # Not to be sent to before: its pace, or what it asked for.
    last_ok_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)  # In a row.
    last_error = models.TextField(blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Route(models.Model):
    """One ordered rule: diagnoses that match go to its channels. The first that matches wins, unless it goes on.

    `matchers` is a list of {"field", "op", "value"} that must all hold (`diagnostics.notify.matching`); empty matches
    everything. Times of day are in `time_zone`.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.PositiveIntegerField(default=1)
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=100, unique=True)
    enabled = models.BooleanField(default=True)
    matchers = models.JSONField(default=list, blank=True)
    channels = models.ManyToManyField(Channel, related_name="routes", blank=True)  # None: matched, and told nobody.
    goes_on = models.BooleanField(default=False)
    send_resolved = models.BooleanField(default=True)
    repeat_after = models.DurationField(null=True, blank=True)  # None: an opening is sent once.
    most_per_hour = models.PositiveIntegerField(null=True, blank=True)  # What is above waits.
    escalate_after = models.DurationField(null=True, blank=True)  # What nobody has acknowledged goes further by then.
    escalate_to = models.ManyToManyField(Channel, related_name="escalations", blank=True)
    time_zone = models.CharField(max_length=64, default="UTC")
    quiet_hours = models.JSONField(default=list, blank=True)  # [{"days": [0-6], "from": "22:00:00", "to": ...}]
    digest_at = models.TimeField(null=True, blank=True)  # When the daily digest is sent; None: none is.
    digest_sent_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return self.name


class Silence(models.Model):
    """Diagnoses that match are not announced from `starts_at` until `ends_at`; they stay visible.

    `hidden` counts the notices that it kept back.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    version = models.PositiveIntegerField(default=1)
    matchers = models.JSONField()
    reason = models.CharField(max_length=500)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    hidden = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = (models.Index(fields=("ends_at",), name="silence_current"),)
        constraints = (
            models.CheckConstraint(condition=Q(ends_at__gt=models.F("starts_at")), name="silence_ends_after_it_starts"),
        )

    def __str__(self) -> str:
        return self.reason


class Storm(models.Model):
    """Many diagnoses of one cluster at once: one message instead of each. An open one has no end."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="storms")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)  # When it was last announced.

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("cluster",), condition=Q(ended_at=None), name="storm_one_at_a_time"),
        )

    def __str__(self) -> str:
        return f"storm in {self.cluster} from {self.started_at:%F %T}"


class Announcement(models.Model):
    """What a channel was last told of a diagnosis: never a resolution without an opening, never the same thing twice."""

    diagnosis = models.ForeignKey(Diagnosis, on_delete=models.CASCADE, related_name="announcements")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="announcements")
    open = models.BooleanField()  # Whether it was last told as open.
    acknowledged = models.BooleanField(default=False)  # Whether that somebody has taken it over was told.
    severity = models.PositiveSmallIntegerField()
    pods_affected = models.PositiveIntegerField()
    told_at = models.DateTimeField()
    remote_id = models.CharField(max_length=255, blank=True)  # The receiver's name of the message, to change it.

    class Meta:
        constraints = (models.UniqueConstraint(fields=("diagnosis", "channel"), name="announcement_once_per_channel"),)

    def __str__(self) -> str:
        return f"{self.diagnosis} to {self.channel}"


class Delivery(models.Model):
    """The outbox: one notice for one channel, written in the transaction of the change that it tells of.

    Within a channel and thread deliveries leave in the order of their keys. `uuid` is the idempotency key.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        DEAD = "dead"  # Refused, or given up; may be replayed.

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    diagnosis = models.ForeignKey(Diagnosis, on_delete=models.SET_NULL, null=True, related_name="deliveries")
    thread = models.CharField(max_length=64, blank=True)  # The diagnosis' or cluster's uuid.
    type = models.CharField(max_length=32)
    route = models.CharField(max_length=100, blank=True)  # Its name then: routes come and go.
    data = models.JSONField()  # The notice's, in the public shape.
    state = models.CharField(max_length=7, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()  # Not before; a lease moves it on, so that a killed worker's are due again.
    sent_at = models.DateTimeField(null=True, blank=True)
    replayed_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    request = models.TextField(blank=True)  # Of the last attempt, redacted.
    answer = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = (
            models.Index(fields=("due_at",), name="delivery_due", condition=Q(state="pending")),
            models.Index(fields=("channel", "thread", "id"), name="delivery_order", condition=Q(state="pending")),
            models.Index(fields=("-created_at",), name="delivery_latest"),
            models.Index(fields=("channel", "state"), name="delivery_counts"),  # Counted without reading the notices.
        )

    def __str__(self) -> str:
        return f"{self.type} to {self.channel}"
