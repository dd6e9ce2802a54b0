"""The shapes of diagnoses and what belongs to them, as OpenAPI tells them; `queries.public` is what fills them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from diagnostics.models import Activity, Diagnosis, Occurrence
from diagnostics.queries import public
from diagnostics.rules.model import Confidence, Severity

SEVERITIES = [severity.word for severity in reversed(Severity)]
Shape = serializers.Serializer[Any]


class Workload(Shape):
    """The top owner of the pods."""

    kind = serializers.CharField()
    name = serializers.CharField()


class AffectedPod(Shape):
    """A pod that suffers; `status` is kubectl's STATUS column."""

    name = serializers.CharField()
    uid = serializers.CharField()
    status = serializers.CharField()
    node = serializers.CharField(allow_null=True)


class Offender(Shape):
    """The object, and the field in it, that has to change."""

    kind = serializers.CharField()
    namespace = serializers.CharField(allow_null=True)
    name = serializers.CharField()
    path = serializers.CharField(allow_null=True)


class Remedy(Shape):
    """What to do in words, the commands that do it, and those that show whether it helped."""

    text = serializers.CharField()
    commands = serializers.ListField(child=serializers.CharField())
    verify = serializers.ListField(child=serializers.CharField())


class EvidenceItem(Shape):
    """What was read, and where: the strongest first."""

    source = serializers.CharField()  # type: ignore[assignment]  # The framework takes fields off the class.
    object = serializers.CharField()
    path = serializers.CharField()
    value = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)


class Change(Shape):
    """One field that a rollout changed shortly before the failure."""

    path = serializers.CharField()
    to = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField(allow_null=True)
    by = serializers.CharField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """With `from`, which no attribute can be named."""
        return {**super().get_fields(), "from": serializers.CharField(allow_null=True)}


class DeliveredBy(Shape):
    """The tool that owns the workload."""

    tool = serializers.CharField()
    name = serializers.CharField()
    namespace = serializers.CharField(allow_null=True)


class Symptom(Shape):
    """What the root explains."""

    code = serializers.CharField()
    workload = Workload()
    summary = serializers.CharField()
    namespace = serializers.CharField(allow_null=True)


class DiagnosisShape(Shape):
    """A diagnosis: what is wrong, in which field, since which change, with the evidence."""

    id = serializers.UUIDField()
    number = serializers.IntegerField(help_text="What people say: #1284.")
    url = serializers.CharField(help_text="Its page.")
    cluster = serializers.CharField()
    state = serializers.ChoiceField(choices=Diagnosis.State.choices)
    code = serializers.CharField()
    severity = serializers.ChoiceField(choices=SEVERITIES)
    confidence = serializers.ChoiceField(choices=[each.value for each in Confidence])
    namespace = serializers.CharField(allow_null=True)
    workload = Workload()
    pods = AffectedPod(many=True)
    pods_affected = serializers.IntegerField()
    pods_total = serializers.IntegerField()
    container = serializers.CharField(allow_null=True)
    summary = serializers.CharField()
    cause = serializers.CharField()
    offender = Offender()
    remedy = Remedy()
    evidence = EvidenceItem(many=True)
    ruled_out = serializers.ListField(child=serializers.CharField())
    first_seen = serializers.DateTimeField()
    last_seen = serializers.DateTimeField()
    restarts = serializers.IntegerField()
    changed = Change(many=True)
    delivered_by = DeliveredBy(allow_null=True)
    symptoms = Symptom(many=True)
    fingerprint = serializers.CharField(help_text="Names the cause across pods, revisions and time.")
    opened_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)
    explained_by = serializers.IntegerField(allow_null=True, help_text="Number of the diagnosis that explains it.")
    occurrences = serializers.IntegerField(help_text="How many times it has failed.")
    last_fixed_by = serializers.CharField(allow_null=True)
    assignee = serializers.CharField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    snoozed_until = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: Diagnosis) -> dict[str, Any]:
        """The public shape."""
        return public.diagnosis(instance)


class OccurrenceShape(serializers.ModelSerializer[Occurrence]):
    """One time of failing; an open one has no end. `evidence` is as it was when first seen."""

    evidence = serializers.SerializerMethodField()

    class Meta:
        model = Occurrence
        fields = ("started_at", "ended_at", "pods_peak", "evidence")

    def get_evidence(self, row: Occurrence) -> list[dict[str, Any]]:
        """That of the opening verdict."""
        found: list[dict[str, Any]] = row.verdict["evidence"]
        return found


class ActivityShape(serializers.ModelSerializer[Activity]):
    """One thing that happened to a diagnosis; without an actor it was Sickbay itself."""

    actor = serializers.CharField(source="actor.username", allow_null=True, default=None)
    detail = serializers.DictField()

    class Meta:
        model = Activity
        fields = ("kind", "at", "actor", "detail")


class KeptPod(Shape):
    """A pod of the diagnosis, and whether it still is there; null where nothing is kept of it."""

    name = serializers.CharField()
    uid = serializers.CharField()
    seen_at = serializers.DateTimeField(allow_null=True)
    gone_at = serializers.DateTimeField(allow_null=True)


class LogShape(Shape):
    """The redacted tail of a container's log, oldest line first; `missing` says why there is none."""

    container = serializers.CharField()
    restart = serializers.IntegerField(help_text="How many runs had ended when it was read.")
    previous = serializers.BooleanField(help_text="Of the run before.")
    lines = serializers.ListField(child=serializers.CharField())
    missing = serializers.CharField(allow_null=True)
    kept_at = serializers.DateTimeField()


class EvidenceShape(Shape):
    """Everything that speaks for a diagnosis, and what does not."""

    evidence = EvidenceItem(many=True)
    ruled_out = serializers.ListField(child=serializers.CharField())
    changed = Change(many=True)
    pods = KeptPod(many=True)
    log = LogShape(allow_null=True, help_text="Of the container, in whichever affected pod it was kept last.")
