"""`/api/v1/diagnoses`: what is wrong, with everything that is known of it, and what people do to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.etags import expected_version, tagged
from dashboard.api.filters import DiagnosisFilter
from dashboard.api.inputs import Input, read
from dashboard.api.shapes import ActivityShape, DiagnosisShape, EvidenceShape, OccurrenceShape
from dashboard.api.views import CONDITIONAL, FIELDS_PARAMETER, SCOPES, ViewSet
from diagnostics.models import Diagnosis
from diagnostics.operations.triaging import LONGEST_COMMENT, Triage
from diagnostics.queries import proofs


class Snooze(Input):
    """Until when, or until it is worse."""

    until = serializers.DateTimeField()
    or_worse = serializers.BooleanField(
        default=False, help_text="Or until it is more severe or has more pods than now."
    )


class Assignment(Input):
    """Whose it is to be."""

    assignee = serializers.CharField(help_text="User name.")


class Comment(Input):
    """Something to know about it."""

    text = serializers.CharField(max_length=LONGEST_COMMENT)


class Diagnoses(ListModelMixin, ViewSet):
    """Diagnoses, the latest first."""

    queryset = proofs.all_diagnoses()
    serializer_class = DiagnosisShape
    filterset_class = DiagnosisFilter
    writing = SCOPES.TRIAGE
    orderings = ("number", "severity", "pods_affected", "restarts", "first_seen", "last_seen", "opened_at")
    unique = "number"
    default_ordering = ("-number",)
    lists = frozenset({"list", "occurrences", "activity", "similar"})

    @extend_schema(parameters=[FIELDS_PARAMETER])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Diagnoses, narrowed and ordered."""
        return super().list(request, *args, **kwargs)

    @extend_schema(parameters=[FIELDS_PARAMETER])
    def retrieve(self, request: Request, **_: Any) -> HttpResponse:
        """One diagnosis."""
        row: Diagnosis = self.get_object()
        return tagged(request, Response(self.get_serializer(row).data), row.uuid, row.version)

    @extend_schema(responses=EvidenceShape)
    @action(detail=True)
    def evidence(self, request: Request, **_: Any) -> Response:  # noqa: ARG002 - The framework calls it so.
        """Everything that speaks for it, the pods as they are kept, and the log."""
        return Response(proofs.evidence(self.get_object()))

    @extend_schema(parameters=[FIELDS_PARAMETER], responses=OccurrenceShape(many=True), filters=False)
    @action(
        detail=True,
        serializer_class=OccurrenceShape,
        orderings=("started_at",),
        default_ordering=("-started_at",),
        unique="pk",
    )
    def occurrences(self, request: Request, **_: Any) -> Response:  # noqa: ARG002
        """Each time it failed."""
        return self._pages(self.get_object().occurrences.all())

    @extend_schema(parameters=[FIELDS_PARAMETER], responses=ActivityShape(many=True), filters=False)
    @action(detail=True, serializer_class=ActivityShape, orderings=("at",), default_ordering=("-at",), unique="pk")
    def activity(self, request: Request, **_: Any) -> Response:  # noqa: ARG002
        """What happened to it, and who did it."""
        return self._pages(self.get_object().activity.select_related("actor"))

    @extend_schema(parameters=[FIELDS_PARAMETER], responses=DiagnosisShape(many=True), filters=False)
    @action(detail=True)
    def similar(self, request: Request, **_: Any) -> Response:  # noqa: ARG002
        """The same cause in other workloads, or earlier."""
        return self._pages(proofs.similar(self.get_object()))

    @extend_schema(parameters=[CONDITIONAL], request=None, responses=DiagnosisShape)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, **_: Any) -> HttpResponse:
        """Somebody knows and sees to it."""
        return self._change(request, Triage.acknowledge)

    @extend_schema(parameters=[CONDITIONAL], request=None, responses=DiagnosisShape)
    @action(detail=True, methods=["post"])
    def unacknowledge(self, request: Request, **_: Any) -> HttpResponse:
        """Nobody does, after all."""
        return self._change(request, Triage.unacknowledge)

    @extend_schema(parameters=[CONDITIONAL], request=Snooze, responses=DiagnosisShape)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, **_: Any) -> HttpResponse:
        """Out of sight until then."""
        asked = read(Snooze, request)
        return self._change(request, lambda triage: triage.snooze(asked["until"], or_worse=asked["or_worse"]))

    @extend_schema(parameters=[CONDITIONAL], request=None, responses=DiagnosisShape)
    @action(detail=True, methods=["post"])
    def unsnooze(self, request: Request, **_: Any) -> HttpResponse:
        """Back in sight."""
        return self._change(request, Triage.unsnooze)

    @extend_schema(parameters=[CONDITIONAL], request=Assignment, responses=DiagnosisShape)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, **_: Any) -> HttpResponse:
        """It is this person's."""
        assignee = _user(read(Assignment, request)["assignee"])
        return self._change(request, lambda triage: triage.assign(assignee))

    @extend_schema(parameters=[CONDITIONAL], request=None, responses=DiagnosisShape)
    @action(detail=True, methods=["post"])
    def unassign(self, request: Request, **_: Any) -> HttpResponse:
        """It is nobody's."""
        return self._change(request, Triage.unassign)

    @extend_schema(parameters=[CONDITIONAL], request=Comment, responses=DiagnosisShape)
    @action(detail=True, methods=["post"])
    def comment(self, request: Request, **_: Any) -> HttpResponse:
        """Something to know about it."""
        text = read(Comment, request)["text"]
        return self._change(request, lambda triage: triage.comment(text))

    @extend_schema(parameters=[CONDITIONAL], request=None, responses=DiagnosisShape)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, **_: Any) -> HttpResponse:
        """Done; found failing again it regresses."""
        return self._change(request, Triage.resolve)

    @extend_schema(parameters=[CONDITIONAL], request=None, responses=DiagnosisShape)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, **_: Any) -> HttpResponse:
        """Not done, after all."""
        return self._change(request, Triage.reopen)

    def _change(self, request: Request, act: Callable[[Triage], Diagnosis]) -> HttpResponse:
        uuid = self.kwargs["id"]
        user = request.user if isinstance(request.user, User) else None
        row = act(Triage(uuid, user, timezone.now(), expected_version(request, uuid)))
        return tagged(request, Response(DiagnosisShape(row).data), row.uuid, row.version)


def _user(name: str) -> User:
    found = User.objects.filter(username=name, is_active=True).first()
    if found is None:
        raise ValidationError({"assignee": [f"there is no user {name}"]})
    return found
