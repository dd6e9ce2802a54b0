"""The OpenAPI 3.1 description, made from the views themselves, and the answers that every operation may give."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, force_instance

from dashboard.api.inputs import Input
from dashboard.api.problems import MEDIA_TYPE, Problem
from dashboard.api.views import FIELDS

_SHAPES = "#/components/schemas/"
_ALWAYS = {"401": "No token, and nobody signed in.", "403": "The scope does not reach so far.", "429": "Too often."}
_BODY = {"400": "Something in the request is wrong; `errors` says what."}
_OF_ONE = {"404": "There is none."}
_CHANGES = {"409": "It makes no sense as things stand.", "412": "It was changed meanwhile; read it again."}


class Schema(AutoSchema):
    """Operations with the problems that they may answer."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """The operation, completed."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        shape = self._problem().ref
        for status, said in self._problems().items():
            operation["responses"].setdefault(status, {"description": said, "content": {MEDIA_TYPE: {"schema": shape}}})
        return operation

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        """`Diagnosis` of `DiagnosisShape`."""
        return super().get_serializer_name(serializer, direction).removesuffix("Shape")

    def _map_serializer(self, serializer: Any, direction: Any, *args: Any, **options: Any) -> Any:
        """A body with unknown fields is refused."""
        schema = super()._map_serializer(serializer, direction, *args, **options)  # type: ignore[no-untyped-call]
        if direction == "request" and _takes_body(serializer):
            schema["additionalProperties"] = False
        return schema

    def _problems(self) -> dict[str, str]:
        reads = self.method == "GET"
        of_one = "{" in self.path or self.path.endswith("/try")
        return {**_BODY, **_ALWAYS, **(_OF_ONE if of_one else {}), **({} if reads else _CHANGES)}

    def _problem(self) -> ResolvedComponent:
        return self.resolve_serializer(Problem, "response")


def parts(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Says of operations that know `fields` that they may answer a part of the shape (a hook of drf-spectacular)."""
    shapes = result["components"]["schemas"]
    for schema in list(_told_in_part(result)):
        name = schema.pop("$ref").rpartition("/")[2]
        part = {"type": "object", "description": "What `fields` asked for.", "properties": shapes[name]["properties"]}
        shapes[f"{name}Part"] = part
        schema["anyOf"] = [{"$ref": f"{_SHAPES}{name}"}, {"$ref": f"{_SHAPES}{name}Part"}]
    return result


def _told_in_part(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The references to shapes, each once, in answers to operations that know `fields`."""
    seen: set[int] = set()
    for operation in (each for methods in result["paths"].values() for each in methods.values()):
        if any(parameter["name"] == FIELDS for parameter in operation.get("parameters", ())):
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            page = result["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            told = page["properties"]["results"]["items"] if "results" in page["properties"] else schema
            if id(told) not in seen and "$ref" in told:
                seen.add(id(told))
                yield told


def _takes_body(serializer: Any) -> bool:
    return isinstance(force_instance(serializer), Input)  # type: ignore[no-untyped-call]


@cache
def openapi() -> dict[str, Any]:
    """The whole description."""
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return found


@require_safe
def schema(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - Django calls it so.
    """`GET /api/v1/schema`."""
    return JsonResponse(openapi())
