"""Lists in pages, by cursor: `next`, `previous`, `results`; in an order that the reader may choose."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from diagnostics.queries import public
from diagnostics.queries.cursors import LARGEST_PAGE, PAGE_SIZE, Order, Page, page

CURSOR, SIZE, ORDERING = "cursor", "page_size", "ordering"
PARAMETERS = frozenset({CURSOR, SIZE, ORDERING})


class Ordered(Protocol):
    """A view whose list has an order: `orderings` may be asked for, `unique` tells every row from every other."""

    orderings: tuple[str, ...]
    unique: str
    default_ordering: tuple[str, ...]


class OnePage(BasePagination):
    """What is never so much that it needs pages, in the shape of one."""

    parameters: ClassVar[frozenset[str]] = frozenset()

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:  # noqa: ARG002
        """All of it."""
        return list(queryset)

    def get_paginated_response(self, data: Any) -> Response:
        """The only page's body."""
        return Response({"next": None, "previous": None, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The same for OpenAPI."""
        link = {"type": ["string", "null"], "format": "uri"}
        properties = {"next": link, "previous": link, "results": schema}
        return {"type": "object", "required": list(properties), "properties": properties}


class CursorPages(OnePage):
    """Pages of 50, or as many as `page_size` asks for."""

    parameters = PARAMETERS

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The rows of the page that is asked for. Raises NoCursor and ValidationError."""
        self.request = request
        query = request.query_params
        order = _order(query.get(ORDERING), view)
        self.page: Page[Any] = page(queryset, order, query.get(CURSOR, ""), _size(query.get(SIZE)))
        return list(self.page.rows)

    def get_paginated_response(self, data: Any) -> Response:
        """The page's body."""
        links = {"next": self._link(self.page.next), "previous": self._link(self.page.previous)}
        return Response({**links, "results": data})

    def _link(self, cursor: str | None) -> str | None:
        if cursor is None:
            return None
        query = self.request.query_params.copy()
        query[CURSOR] = cursor
        return public.page(f"{self.request.path_info}?{query.urlencode()}")

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Its parameters for OpenAPI."""
        columns = [sign + name for name in view.orderings for sign in ("", "-")]
        shapes: dict[str, tuple[dict[str, Any], str]] = {
            CURSOR: ({"type": "string"}, "From `next` or `previous` of a page."),
            SIZE: ({"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE_SIZE}, "Rows of a page."),
            ORDERING: (
                {"type": "array", "items": {"type": "string", "enum": columns}, "uniqueItems": True},
                "Columns to order by, a minus before those that go down.",
            ),
        }
        style = {ORDERING: {"style": "form", "explode": False}}
        return [
            {"name": name, "in": "query", "schema": schema, "description": text, **style.get(name, {})}
            for name, (schema, text) in shapes.items()
        ]


def _order(asked: str | None, view: Ordered) -> Order:
    names = view.default_ordering if asked is None else tuple(asked.split(","))
    plain = [name.removeprefix("-") for name in names]
    known = (*view.orderings, view.unique)
    if strange := [name for name in plain if name not in known]:
        raise ValidationError({ORDERING: [f"{strange[0]!r} is not one of {', '.join(view.orderings)}"]})
    if len(set(plain)) < len(plain):
        raise ValidationError({ORDERING: ["a column is named twice"]})
    return Order(names if view.unique in plain else (*names, f"-{view.unique}"))


def _size(asked: str | None) -> int:
    if asked is None:
        return PAGE_SIZE
    if not asked.isascii() or not asked.isdecimal() or len(asked) > 9 or not 1 <= int(asked) <= LARGEST_PAGE:
        raise ValidationError({SIZE: [f"a whole number from 1 to {LARGEST_PAGE}"]})
    return int(asked)
