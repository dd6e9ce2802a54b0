"""`/api/v1/clusters`, `/codes` and `/stats`: how far what is told can be trusted, what can be found, how many there are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.filters import EARLIEST, LATEST
from dashboard.api.pages import OnePage
from dashboard.api.shapes import SEVERITIES
from dashboard.api.views import FIELDS_PARAMETER, ViewSet
from dashboard.views.freshness import State, beat
from diagnostics import queries
from diagnostics.models import Cluster, Diagnosis
from diagnostics.queries import public, statistics
from diagnostics.queries.statistics import Bucket, Flow, OpenCounts
from diagnostics.rules.reference import Entry, entries

STATES = {State.FRESH: "fresh", State.LATE: "late", State.LOST: "lost", State.PAUSED: "paused", State.UNREAD: "unread"}
DEFAULT_SPAN = {Bucket.HOUR: timedelta(days=1), Bucket.DAY: timedelta(days=30)}
Shape = serializers.Serializer[Any]


class GapShape(Shape):
    """Something that could not be read, and the grant that would mend it."""

    resource = serializers.CharField()
    namespace = serializers.CharField(allow_null=True)
    error = serializers.CharField()
    grant = serializers.CharField()


class ClusterShape(serializers.ModelSerializer[Cluster]):
    """A watched cluster: whether what is told of it is true now, and what of it cannot be read."""

    id = serializers.UUIDField(source="uuid")
    state = serializers.SerializerMethodField(
        help_text="`fresh`: what is told is true now; `lost`, `paused`: as it was."
    )
    namespaces = serializers.ListField(child=serializers.CharField(), help_text="Those watched; none: all.")
    gaps = GapShape(many=True)
    failing_checks = serializers.ListField(child=serializers.CharField(), help_text="Of its /readyz.")
    failure = serializers.CharField(help_text="One line that says what to do; blank if it can be read.")

    class Meta:
        model = Cluster
        fields = (
            *("id", "name", "state", "server_version", "namespaces", "paused", "pause_reason", "pods_seen"),
            *(
                "fresh_at",
                "swept_at",
                "failing_since",
                "failure_kind",
                "failure",
                "failing_checks",
                "gaps",
                "malformed",
            ),
        )

    def get_state(self, row: Cluster) -> str:
        """How fresh it is."""
        return STATES[beat(row, timezone.now()).state]


class Clusters(ViewSet):
    """Clusters, by name."""

    queryset = Cluster.objects.none()  # For the description alone, here and below.
    serializer_class = ClusterShape
    pagination_class = OnePage

    @extend_schema(parameters=[FIELDS_PARAMETER])
    def list(self, request: Request, **_: Any) -> Response:  # noqa: ARG002 - The framework calls it so.
        """All of them: they are few."""
        return self._pages(queries.clusters())


class CodeShape(Shape):
    """A cause that can be found: what it means, and how many are open. Texts are templates, as the rule has them."""

    code = serializers.CharField()
    family = serializers.CharField()
    severity = serializers.ChoiceField(choices=SEVERITIES)
    stage = serializers.CharField()
    message = serializers.CharField()
    cause = serializers.CharField()
    remedy = serializers.CharField()
    commands = serializers.ListField(child=serializers.CharField())
    verify = serializers.ListField(child=serializers.CharField())
    needs = serializers.ListField(
        child=serializers.CharField(), help_text="Resources that it cannot be judged without."
    )
    explains = serializers.ListField(child=serializers.CharField())
    explained_by = serializers.ListField(child=serializers.CharField())
    visible_after = serializers.IntegerField(help_text="Seconds.")
    notify_after = serializers.IntegerField(help_text="Seconds.")
    references = serializers.ListField(child=serializers.CharField())
    url = serializers.CharField(help_text="Its page.")
    open = serializers.IntegerField(help_text="How many diagnoses are open.")


class Codes(ViewSet):
    """Codes, by family in the order of a pod's life."""

    queryset = Diagnosis.objects.none()
    serializer_class = CodeShape
    pagination_class = OnePage
    lookup_url_kwarg = "code"
    lookup_value_converter = "slug"

    @extend_schema(parameters=[FIELDS_PARAMETER])
    def list(self, request: Request, **_: Any) -> Response:  # noqa: ARG002
        """All of them."""
        return self._pages(_codes(entries().values()))

    @extend_schema(parameters=[FIELDS_PARAMETER])
    def retrieve(self, request: Request, code: str) -> Response:  # noqa: ARG002
        """One of them."""
        entry = entries().get(code)
        if entry is None:
            raise Http404
        return Response(_codes([entry])[0])


def _codes(found: Iterable[Entry]) -> list[public.Json]:
    counts = queries.open_by_code()
    return [_code(entry, counts.get(entry.rule.code, 0)) for entry in found]


def _code(entry: Entry, opened: int) -> public.Json:
    rule = entry.rule
    return {
        "code": rule.code,
        "family": entry.family,
        "severity": rule.severity.word,
        "stage": rule.stage.name.lower(),
        "message": rule.message,
        "cause": rule.cause,
        "remedy": rule.remedy,
        "commands": rule.commands,
        "verify": rule.verify,
        "needs": entry.needs,
        "explains": entry.explains,
        "explained_by": entry.explained_by,
        "visible_after": int(rule.visible_after.total_seconds()),
        "notify_after": int(rule.notify_after.total_seconds()),
        "references": rule.references,
        "url": public.page(f"/codes/{rule.code}"),
        "open": opened,
    }


class StatsQuery(Shape):
    """Which times to count."""

    since = serializers.DateTimeField(required=False, help_text="Default: a day before `until`, for days a month.")
    until = serializers.DateTimeField(required=False, help_text="Default: now.")
    bucket = serializers.ChoiceField(choices=[each.value for each in Bucket], default=Bucket.HOUR.value)


class OpenShape(Shape):
    """Open diagnoses: how many, and by name."""

    total = serializers.IntegerField()
    severity = serializers.DictField(child=serializers.IntegerField())
    code = serializers.DictField(child=serializers.IntegerField())
    namespace = serializers.DictField(child=serializers.IntegerField())


class FlowShape(Shape):
    """What opened and was resolved from then on."""

    at = serializers.DateTimeField()
    opened = serializers.IntegerField()
    resolved = serializers.IntegerField()


class StatsShape(Shape):
    """How many there are, and how it went."""

    open = OpenShape()
    bucket = serializers.ChoiceField(choices=[each.value for each in Bucket])
    buckets = FlowShape(many=True)


class Stats(ViewSet):
    """Statistics."""

    queryset = Diagnosis.objects.none()
    serializer_class = StatsShape
    parameters = frozenset({"since", "until", "bucket"})

    @extend_schema(parameters=[StatsQuery], responses=StatsShape)
    def counts(self, request: Request, **_: Any) -> Response:
        """Open diagnoses by severity, code and namespace; opened and resolved by hour or day."""
        asked = StatsQuery(data=request.query_params.dict())  # No form's: what is blank is wrong.
        asked.is_valid(raise_exception=True)
        bucket, until = Bucket(asked.validated_data["bucket"]), asked.validated_data.get("until", timezone.now())
        since = asked.validated_data.get("since", _clamped(until) - DEFAULT_SPAN[bucket])
        try:
            flow = statistics.flow(_clamped(since), _clamped(until), bucket)
        except ValueError as error:
            raise ValidationError({"since": [str(error)]}) from error
        return Response(_stats(statistics.open_counts(), bucket, flow))


def _clamped(moment: datetime) -> datetime:
    return min(max(moment, EARLIEST + timedelta(days=60)), LATEST)


def _stats(counts: OpenCounts, bucket: Bucket, flow: list[Flow]) -> public.Json:
    return {
        "open": {
            "total": counts.total,
            "severity": counts.severities,
            "code": counts.codes,
            "namespace": counts.namespaces,
        },
        "bucket": bucket.value,
        "buckets": [{"at": public.time(each.at), "opened": each.opened, "resolved": each.resolved} for each in flow],
    }
