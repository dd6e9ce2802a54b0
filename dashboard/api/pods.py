"""`/api/v1/pods`: pods that fail or have failed, with events and logs that outlive them."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.filters import PodFilter
from dashboard.api.pages import OnePage
from dashboard.api.shapes import LogShape, Workload
from dashboard.api.views import FIELDS_PARAMETER, ViewSet
from diagnostics.models import Suspect
from diagnostics.queries import pods, public

Shape = serializers.Serializer[Any]


class PodShape(Shape):
    """A pod as it was last seen; `status` is kubectl's STATUS column."""

    uid = serializers.CharField()
    cluster = serializers.CharField()
    namespace = serializers.CharField()
    name = serializers.CharField()
    workload = Workload()
    status = serializers.CharField()
    ready = serializers.CharField(help_text="`1/2`: containers.")
    restarts = serializers.IntegerField()
    node = serializers.CharField(allow_null=True)
    seen_at = serializers.DateTimeField()
    gone_at = serializers.DateTimeField(allow_null=True, help_text="Since when it is deleted.")

    def to_representation(self, instance: Suspect) -> public.Json:
        """The public shape."""
        return pods.public_pod(instance)


class NamingShape(Shape):
    """A diagnosis that names the pod."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    code = serializers.CharField()
    state = serializers.CharField()
    summary = serializers.CharField()


class PodDetail(PodShape):
    """The same with the diagnoses that name it, the latest first."""

    diagnoses = NamingShape(many=True)


class EventShape(Shape):
    """A Kubernetes event, kept beyond the cluster's hour."""

    type = serializers.CharField()
    reason = serializers.CharField()
    message = serializers.CharField()
    count = serializers.IntegerField()
    first_at = serializers.DateTimeField(allow_null=True)
    last_at = serializers.DateTimeField()
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # The framework takes fields off the class.


class Pods(ListModelMixin, ViewSet):
    """Pods, the last seen first."""

    queryset = pods.all_pods()
    filterset_class = PodFilter
    lookup_url_kwarg = "uid"
    lookup_value_converter = "str"
    orderings = ("seen_at", "name")
    default_ordering = ("-seen_at",)
    lists = frozenset({"list", "events", "logs"})

    def get_serializer_class(self) -> type[Shape]:
        """Diagnoses are told of one pod at a time."""
        shapes: dict[str, type[Shape]] = {"retrieve": PodDetail, "events": EventShape, "logs": LogShape}
        return shapes.get(self.action or "", PodShape)

    @extend_schema(parameters=[FIELDS_PARAMETER])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Pods, narrowed and ordered."""
        return super().list(request, *args, **kwargs)

    @extend_schema(parameters=[FIELDS_PARAMETER])
    def retrieve(self, request: Request, uid: str) -> Response:  # noqa: ARG002 - The framework calls it so.
        """One pod."""
        pod = _pod(uid)
        named = ("number", "code", "state", "summary")
        by = [{"id": str(row.uuid), **{name: getattr(row, name) for name in named}} for row in pod.diagnoses]
        return Response({**pods.public_pod(pod.row), "diagnoses": by})

    @extend_schema(parameters=[FIELDS_PARAMETER], responses=EventShape(many=True), filters=False)
    @action(detail=True, pagination_class=OnePage)
    def events(self, request: Request, uid: str) -> Response:  # noqa: ARG002
        """What the cluster said of it, the latest first."""
        return self._pages(pods.events(_pod(uid).row))

    @extend_schema(parameters=[FIELDS_PARAMETER], responses=LogShape(many=True), filters=False)
    @action(detail=True, pagination_class=OnePage)
    def logs(self, request: Request, uid: str) -> Response:  # noqa: ARG002
        """What its containers said, one tail for each restart, redacted."""
        return self._pages(pods.logs(_pod(uid).row))


def _pod(uid: str) -> pods.KeptPod:
    pod = None if "\0" in uid else pods.pod(uid)
    if pod is None:
        raise Http404
    return pod
