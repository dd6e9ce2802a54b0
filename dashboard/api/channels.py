"""`/api/v1/channels` and `/api/v1/deliveries`: who is told, and what became of each message."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.configuration import Configuration
from dashboard.api.filters import DeliveryFilter
from dashboard.api.inputs import Input
from dashboard.api.views import CONDITIONAL, FIELDS_PARAMETER, LIST, ViewSet
from diagnostics.models import Channel, Delivery
from diagnostics.notify.formats import formats
from diagnostics.operations import channels, replaying
from diagnostics.operations.versions import LONGEST_NAME


class ChannelShape(serializers.ModelSerializer[Channel]):
    """A receiver and how it fares. Secrets in `settings` are masked; sent back so, they stay as they are."""

    id = serializers.UUIDField(source="uuid")
    settings = serializers.SerializerMethodField()

    class Meta:
        model = Channel
        fields = (
            *("id", "name", "kind", "settings", "enabled", "disabled_reason", "created_at"),
            *("last_ok_at", "failing_since", "failures", "last_error"),
        )

    def get_settings(self, row: Channel) -> dict[str, Any]:
        """Without secrets."""
        return channels.shown(row)


class ChannelChange(Input):
    """What of a channel can be changed; `settings` are given whole, and depend on the kind."""

    name = serializers.CharField(max_length=LONGEST_NAME)
    settings = serializers.DictField()
    enabled = serializers.BooleanField(default=True)


class NewChannel(ChannelChange):
    """A channel to be."""

    kind = serializers.ChoiceField(choices=list(formats()))


class DeliveryShape(serializers.ModelSerializer[Delivery]):
    """One notice for one channel, and what became of it."""

    id = serializers.UUIDField(source="uuid")
    channel = serializers.CharField(source="channel.name")
    diagnosis = serializers.UUIDField(source="diagnosis.uuid", allow_null=True, default=None)

    class Meta:
        model = Delivery
        fields: tuple[str, ...] = (
            *("id", "channel", "diagnosis", "type", "route", "state", "attempts", "error"),
            *("created_at", "due_at", "sent_at", "replayed_at"),
        )


class DeliveryDetail(DeliveryShape):
    """The same with what was told, sent and answered, redacted."""

    data = serializers.DictField()  # type: ignore[assignment]  # The framework takes fields off the class.

    class Meta(DeliveryShape.Meta):
        fields = (*DeliveryShape.Meta.fields, "data", "request", "answer")


@extend_schema_view(
    list=extend_schema(parameters=LIST),
    retrieve=extend_schema(parameters=[FIELDS_PARAMETER]),
    create=extend_schema(request=NewChannel, responses={201: ChannelShape}),
    partial_update=extend_schema(parameters=[CONDITIONAL], request=ChannelChange),
    destroy=extend_schema(parameters=[CONDITIONAL]),
)
class Channels(Configuration):
    """Channels, by name."""

    queryset = Channel.objects.all()
    serializer_class = ChannelShape
    creating, changing = NewChannel, ChannelChange
    orderings = ("name", "created_at")
    default_ordering = ("name",)

    def _create(self, request: Request, values: dict[str, Any]) -> Channel:  # noqa: ARG002 - Others need the request.
        return channels.create(**values)

    def _change(self, changes: dict[str, Any], version: int | None) -> Channel:
        return channels.change(self.kwargs["id"], changes, version)

    def _remove(self, version: int | None) -> None:
        channels.delete(self.kwargs["id"], version)

    @extend_schema(request=None, responses={202: DeliveryShape})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, **_: Any) -> Response:
        """Sends a test; its delivery tells how it went."""
        user = request.user if isinstance(request.user, User) else None
        delivery = channels.test(self.kwargs["id"], user, timezone.now())
        return Response(DeliveryShape(delivery).data, status=status.HTTP_202_ACCEPTED)


@extend_schema_view(
    list=extend_schema(parameters=LIST),
    retrieve=extend_schema(parameters=[FIELDS_PARAMETER], responses=DeliveryDetail),
)
class Deliveries(ListModelMixin, RetrieveModelMixin, ViewSet):
    """Deliveries, the latest first."""

    queryset = Delivery.objects.select_related("channel", "diagnosis").defer("channel__settings", "diagnosis__verdict")
    filterset_class = DeliveryFilter
    orderings = ("created_at",)
    default_ordering = ("-created_at",)

    def get_serializer_class(self) -> type[DeliveryShape]:
        """Payloads are told of one at a time."""
        return DeliveryDetail if self.action == "retrieve" else DeliveryShape

    @extend_schema(request=None, responses={202: DeliveryShape})
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, **_: Any) -> Response:  # noqa: ARG002 - The framework calls it so.
        """Sends a dead one once more."""
        delivery = replaying.replay(self.kwargs["id"], timezone.now())
        return Response(DeliveryShape(delivery).data, status=status.HTTP_202_ACCEPTED)
