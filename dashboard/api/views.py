"""What all views of the API share: which parameters they take, and `fields`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import GenericViewSet

from dashboard.api import pages
from diagnostics.models import ApiToken

FIELDS = "fields"
FIELDS_PARAMETER = OpenApiParameter(
    FIELDS, {"type": "string"}, description="Names of the fields to be told, with commas between; default: all."
)
LIST = [FIELDS_PARAMETER]
CONDITIONAL = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description="ETag of what was seen; 412 if it was changed meanwhile."
)
SCOPES = ApiToken.Scope


class ViewSet(GenericViewSet[Any]):
    """A resource. A parameter that it does not know is refused: a filter with a typing error would let all through."""

    lookup_field = "uuid"
    lookup_url_kwarg = "id"
    lookup_value_converter = "uuid"
    pagination_class: type[pages.OnePage] = pages.CursorPages
    writing = SCOPES.ADMIN
    orderings: ClassVar[tuple[str, ...]] = ()
    unique: ClassVar[str] = "pk"
    default_ordering: ClassVar[tuple[str, ...]] = ()
    parameters: ClassVar[frozenset[str]] = frozenset()  # Of its own, beside filters and those of pages.
    lists: ClassVar[frozenset[str]] = frozenset({"list"})  # Actions that answer pages of rows.

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuses what it does not know."""
        super().initial(request, *args, **kwargs)
        if self.action is None:  # The method is none here, and is about to be refused.
            return
        known = self._known_parameters()
        for name in request.query_params:
            if name not in known:
                raise ValidationError(
                    {name: [f"is no parameter here; there are: {', '.join(sorted(known)) or 'none'}"]}
                )
        self._chosen_fields()

    def filter_queryset(self, queryset: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
        """Filters are for lists."""
        return super().filter_queryset(queryset) if self.action == "list" else queryset

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Leaves out the fields that were not asked for."""
        if isinstance(response, Response) and response.status_code < 300 and (chosen := self._chosen_fields()):
            if self.action in self.lists:
                response.data["results"] = [_cut(each, chosen) for each in response.data["results"]]
            elif self.action == "retrieve":
                response.data = _cut(response.data, chosen)
        return super().finalize_response(request, response, *args, **kwargs)

    def _pages(self, rows: QuerySet[Any, Any] | Sequence[Any]) -> Response:
        """Rows of the action's shape, in pages."""
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def _known_parameters(self) -> frozenset[str]:
        known = set(self.parameters)
        known |= {FIELDS} if self.action in {*self.lists, "retrieve"} else set()
        if self.action in self.lists:
            known |= self.pagination_class.parameters
        if self.action == "list" and (filters := getattr(self, "filterset_class", None)):
            known |= set(filters.base_filters)
        return frozenset(known)

    def _chosen_fields(self) -> list[str]:
        if self.action not in {*self.lists, "retrieve"}:
            return []
        chosen = [name for name in self.request.query_params.get(FIELDS, "").split(",") if name]
        shape = self.get_serializer_class()()
        known = shape.fields if isinstance(shape, Serializer) else ()
        if strange := [name for name in chosen if name not in known]:
            raise ValidationError({FIELDS: [f"{strange[0]!r} is not one of {', '.join(known)}"]})
        return chosen


def _cut(body: dict[str, Any], chosen: list[str]) -> dict[str, Any]:
    return {name: body[name] for name in chosen}
