"""`/api/v1/routes` and `/api/v1/silences`: which diagnoses are told to whom, and which to nobody."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.configuration import Configuration
from dashboard.api.filters import SilenceFilter
from dashboard.api.inputs import MOST, ChannelIds, Clock, Input, Matcher, Quiet, Seconds, read
from dashboard.api.views import CONDITIONAL, FIELDS_PARAMETER, LIST, SCOPES
from diagnostics import queries
from diagnostics.models import Route, Silence
from diagnostics.notify.matching import matchers
from diagnostics.operations import routes, silences
from diagnostics.operations.refusing import about
from diagnostics.operations.versions import LONGEST_NAME
from diagnostics.queries import Preview, Trial, public
from diagnostics.queries.matching import Verdict


class RouteShape(Input):
    """One ordered rule: diagnoses that match go to its channels; the first that matches wins, unless it goes on."""

    id = serializers.UUIDField(source="uuid", read_only=True)
    position = serializers.IntegerField(min_value=1, max_value=100_000, required=False, help_text="From 1.")
    name = serializers.CharField(max_length=LONGEST_NAME)
    enabled = serializers.BooleanField(default=True)
    matchers = serializers.ListField(
        child=Matcher(), required=False, max_length=MOST, help_text="All must hold; none: everything matches."
    )
    channels = ChannelIds(required=False)
    goes_on = serializers.BooleanField(default=False)
    send_resolved = serializers.BooleanField(default=True)
    repeat_after = Seconds(allow_null=True, default=None)
    most_per_hour = serializers.IntegerField(
        min_value=1, max_value=routes.MOST_PER_HOUR, allow_null=True, default=None, help_text="What is above waits."
    )
    escalate_after = Seconds(allow_null=True, default=None)
    escalate_to = ChannelIds(required=False)
    time_zone = serializers.CharField(max_length=64, default="UTC", help_text="Such as `Europe/Vienna`.")
    quiet_hours = serializers.ListField(child=Quiet(), required=False, max_length=MOST)
    digest_at = Clock(allow_null=True, default=None, help_text="When the daily digest is sent.")
    created_at = serializers.DateTimeField(read_only=True)


class TryRoutes(Input):
    """What to try."""

    diagnosis = serializers.UUIDField(help_text="Id of a diagnosis.")


class TriedShape(serializers.Serializer[Any]):
    """A route, what became of it, and why."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    verdict = serializers.ChoiceField(choices=[each.value for each in Verdict])
    failed = serializers.CharField(allow_null=True, help_text="The matcher that does not hold.")
    quiet_until = serializers.DateTimeField(allow_null=True)
    channels = serializers.ListField(child=serializers.CharField())


class TrialShape(serializers.Serializer[Any]):
    """Where a diagnosis would go now."""

    diagnosis = serializers.UUIDField()
    routes = TriedShape(many=True)
    channels = serializers.ListField(child=serializers.CharField())
    silenced_by = serializers.UUIDField(allow_null=True)


@extend_schema_view(
    list=extend_schema(parameters=LIST),
    retrieve=extend_schema(parameters=[FIELDS_PARAMETER]),
    create=extend_schema(responses={201: RouteShape}),
    partial_update=extend_schema(parameters=[CONDITIONAL]),
    destroy=extend_schema(parameters=[CONDITIONAL]),
)
class Routes(Configuration):
    """Routes, in their order."""

    queryset = Route.objects.prefetch_related("channels", "escalate_to")
    serializer_class = creating = changing = RouteShape
    orderings = ("position", "name")
    default_ordering = ("position",)

    def _create(self, request: Request, values: dict[str, Any]) -> Route:  # noqa: ARG002 - Others need the request.
        return routes.create(values)

    def _change(self, changes: dict[str, Any], version: int | None) -> Route:
        return routes.change(self.kwargs["id"], changes, version)

    def _remove(self, version: int | None) -> None:
        routes.delete(self.kwargs["id"], version)

    @extend_schema(operation_id="routes_try", request=TryRoutes, responses=TrialShape)
    @action(detail=False, methods=["post"], url_path="try")
    def attempt(self, request: Request, **_: Any) -> Response:
        """Which route a diagnosis takes now, and why not the others."""
        trial = queries.trial(read(TryRoutes, request)["diagnosis"], timezone.now())
        if trial is None:
            raise Http404
        return Response(_told(trial))


def _told(trial: Trial) -> public.Json:
    return {
        "diagnosis": str(trial.diagnosis.uuid),
        "routes": [
            {
                "id": str(tried.route.uuid),
                "name": tried.route.name,
                "verdict": tried.verdict.value,
                "failed": str(tried.failed) if tried.failed else None,
                "quiet_until": public.time(tried.quiet_until),
                "channels": [channel.name for channel in tried.route.channels.all()],
            }
            for tried in trial.routes
        ],
        "channels": [channel.name for channel in trial.channels],
        "silenced_by": str(trial.silence.uuid) if trial.silence else None,
    }


class SilenceShape(Input):
    """Diagnoses that match are not announced until it ends; they stay visible."""

    id = serializers.UUIDField(source="uuid", read_only=True)
    matchers = serializers.ListField(child=Matcher(), min_length=1, max_length=MOST)
    reason = serializers.CharField(max_length=silences.LONGEST_REASON)
    starts_at = serializers.DateTimeField(required=False, help_text="Default: now.")
    ends_at = serializers.DateTimeField(help_text=f"At most {silences.LONGEST.days} days after it starts.")
    created_by = serializers.CharField(source="created_by.username", read_only=True, allow_null=True, default=None)
    created_at = serializers.DateTimeField(read_only=True)
    hidden = serializers.IntegerField(read_only=True, help_text="Notices that it kept back.")


class PreviewSilence(Input):
    """The matchers of a silence to be."""

    matchers = serializers.ListField(child=Matcher(), min_length=1, max_length=MOST)


class HiddenShape(serializers.Serializer[Any]):
    """An open diagnosis that would be hidden."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    summary = serializers.CharField()


class PreviewShape(serializers.Serializer[Any]):
    """How many of the open diagnoses would be hidden, and the worst of them."""

    hides = serializers.IntegerField()
    open = serializers.IntegerField()
    worst = HiddenShape(many=True)


@extend_schema_view(
    list=extend_schema(parameters=LIST),
    retrieve=extend_schema(parameters=[FIELDS_PARAMETER]),
    create=extend_schema(responses={201: SilenceShape}),
    partial_update=extend_schema(parameters=[CONDITIONAL]),
    destroy=extend_schema(
        parameters=[CONDITIONAL], description="Ends it now; one that has not begun is dropped, one that ended stays."
    ),
)
class Silences(Configuration):
    """Silences, those that end last first."""

    queryset = Silence.objects.select_related("created_by")
    serializer_class = creating = changing = SilenceShape
    filterset_class = SilenceFilter
    orderings = ("ends_at", "starts_at", "created_at")
    default_ordering = ("-ends_at",)
    writing = SCOPES.TRIAGE

    def _create(self, request: Request, values: dict[str, Any]) -> Silence:
        return silences.create(values, request.user if isinstance(request.user, User) else None, timezone.now())

    def _change(self, changes: dict[str, Any], version: int | None) -> Silence:
        return silences.change(self.kwargs["id"], changes, timezone.now(), version)

    def _remove(self, version: int | None) -> None:
        silences.end(self.kwargs["id"], timezone.now(), version)

    @extend_schema(request=PreviewSilence, responses=PreviewShape)
    @action(detail=False, methods=["post"])
    def preview(self, request: Request, **_: Any) -> Response:
        """How many open diagnoses it would hide."""
        with about("matchers"):
            conditions = matchers(read(PreviewSilence, request)["matchers"])
        return Response(_previewed(queries.preview(conditions)))


def _previewed(found: Preview) -> public.Json:
    worst = [{"id": str(row.uuid), "number": row.number, "summary": row.summary} for row in found.worst]
    return {"hides": found.count, "open": found.of, "worst": worst}
