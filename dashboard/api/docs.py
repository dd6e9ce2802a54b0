"""`/api/docs`: the OpenAPI description as a page of our own, for browsers would have to trust a reader's scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from dashboard.api.schema import openapi
from dashboard.signin import signed_in
from dashboard.views.overview import current_overview, render_page

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a field of a body."""

    name: str
    type: str
    text: str
    required: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    text: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answer: str  # The name of its shape, and whether in pages.
    statuses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A component of the description."""

    name: str
    text: str
    fields: tuple[Field, ...]


@require_safe
@signed_in
def docs(request: HttpRequest) -> HttpResponse:
    """Every operation by resource, and every shape."""
    context = {"resources": _resources(), "shapes": _shapes()}
    return render_page(request, "api_docs.html", current_overview(), context)


@cache
def _resources() -> dict[str, tuple[Operation, ...]]:
    grouped: dict[str, list[Operation]] = {}
    for path, methods in openapi()["paths"].items():
        for method, operation in methods.items():
            grouped.setdefault(operation["tags"][0], []).append(_operation(method, path, operation))
    return {name: tuple(operations) for name, operations in grouped.items()}


@cache
def _shapes() -> tuple[Shape, ...]:
    shapes = openapi()["components"]["schemas"].items()
    return tuple(
        Shape(name, shape.get("description", ""), tuple(_fields(shape)))
        for name, shape in shapes
        if "properties" in shape and not name.startswith("Paginated") and not name.endswith("Part")
    )


def _operation(method: str, path: str, operation: Json) -> Operation:
    answers = operation["responses"]
    told = [_typed(content["schema"]) for answer in answers.values() for content in _contents(answer)]
    return Operation(
        method=method.upper(),
        path=path,
        text=operation.get("description", ""),
        parameters=tuple(_parameter(each) for each in operation.get("parameters", ())),
        body=tuple(_fields(_body(operation))),
        answer=next((name for name in told if name != "Problem"), ""),
        statuses=tuple(answers),
    )


def _contents(message: Json) -> list[Json]:
    return [content for content in message.get("content", {}).values() if "schema" in content]


def _body(operation: Json) -> Json:
    contents = _contents(operation.get("requestBody", {}))
    return _followed(contents[0]["schema"]) if contents else {}


def _parameter(parameter: Json) -> Field:
    schema = parameter["schema"]
    text = parameter.get("description") or schema.get("description", "")
    return Field(parameter["name"], _typed(schema), text, parameter.get("required", False))


def _fields(shape: Json) -> Iterator[Field]:
    required = shape.get("required", ())
    for name, schema in shape.get("properties", {}).items():
        yield Field(name, _typed(schema), schema.get("description", ""), name in required)


def _typed(schema: Json) -> str:
    """`array of string`, `Workload`, `string or null`, `one of a, b`."""
    if name := _named(schema):
        return name
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"] if value is not None)
    if "oneOf" in schema or "allOf" in schema or "anyOf" in schema:
        parts = (*schema.get("oneOf", ()), *schema.get("allOf", ()), *schema.get("anyOf", ()))
        return " or ".join(_typed(part) for part in parts if not _named(part).endswith("Part"))
    types = schema.get("type", "any")
    if types == "array":
        return f"list of {_typed(schema['items'])}"
    text = " or ".join(types) if isinstance(types, list) else types
    return f"{text} ({schema['format']})" if "format" in schema else text


def _named(schema: Json) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _followed(schema: Json) -> Json:
    found: Json = openapi()["components"]["schemas"].get(_named(schema), schema)
    return found
