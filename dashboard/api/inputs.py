"""What programs send: fields that no serializer of the framework has, and a refusal of what nobody asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

from diagnostics.notify.matching import Field, Op

CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
LONGEST_TEXT = 253
MOST = 100  # Entries of a list.
MISSING = "This field is required."
YEAR = 365 * 24 * 3600


# The framework takes 0 for false and 5 for "5": bodies are JSON, which has types.
_JSON: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], tuple[type, ...], str], ...] = (
    (serializers.BooleanField, (bool,), "true or false"),
    (serializers.IntegerField, (int, float), "a whole number"),
    (serializers.CharField, (str,), "a text"),
    (serializers.UUIDField, (str,), "a text"),
)


class Body(JSONParser):
    """JSON; what is nested so deeply that Python gives up is no JSON to anybody."""

    def parse(self, *given: Any, **options: Any) -> Any:
        """The value. Raises ParseError."""
        try:
            return super().parse(*given, **options)
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None


class Input(serializers.Serializer[Any]):
    """A body. An unknown field is an error: it would be lost without a word."""

    def to_internal_value(self, data: Any) -> Any:
        """Refuses unknown fields, those that are only told, and values of another type."""
        if isinstance(data, Mapping):
            settable = {name: field for name, field in self.fields.items() if not field.read_only}
            unknown = f"is no field that can be set here; there are: {', '.join(settable)}"
            wrong = {name: [unknown] for name in data if name not in settable}
            wrong |= {name: [said] for name, field in settable.items() if (said := _mistyped(field, data.get(name)))}
            if self.parent is not None:  # A change may leave fields out, but not within what it changes.
                wrong |= {name: [MISSING] for name, field in settable.items() if field.required and name not in data}
            if wrong:
                raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)


def _mistyped(field: Any, value: Any) -> str:
    """What a value should be that is of another type; blank if it is of the right one, or absent."""
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        return next((said for each in value if (said := _mistyped(field.child, each))), "")
    for kind, types, text in _JSON:
        if isinstance(field, kind) and value is not None:
            right = isinstance(value, types) and (bool in types or not isinstance(value, bool))
            return "" if right else f"it is {text}"
    return ""


def read(shape: type[Input], request: Request, *, partial: bool = False) -> dict[str, Any]:
    """A request's body. Raises ValidationError."""
    given = shape(data=request.data, partial=partial)
    given.is_valid(raise_exception=True)
    found: dict[str, Any] = given.validated_data
    return found


class Matcher(Input):
    """One condition. Values may hold shell-style stars; all matchers of a list must hold."""

    field = serializers.ChoiceField(choices=[each.value for each in Field])
    op = serializers.ChoiceField(choices=[each.value for each in Op])
    value = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_TEXT, trim_whitespace=False), min_length=1, max_length=MOST
    )
    key = serializers.CharField(
        max_length=LONGEST_TEXT, allow_blank=True, required=False, help_text="Of a label; others have none."
    )


class Quiet(Input):
    """Times of the week in the route's time zone; past midnight where it ends before it begins."""

    days = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6),
        min_length=1,
        max_length=7,
        help_text="0 is Monday.",
    )
    to = serializers.RegexField(CLOCK)

    def get_fields(self) -> dict[str, Any]:
        """With `from`, which no attribute can be named."""
        return {**super().get_fields(), "from": serializers.RegexField(CLOCK)}


class Seconds(serializers.IntegerField):
    """A span of time in whole seconds."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": YEAR, "help_text": "Seconds.", **options})

    def to_internal_value(self, data: Any) -> Any:
        """Seconds to a span."""
        return timedelta(seconds=super().to_internal_value(data))

    def to_representation(self, value: Any) -> int:
        """A span to seconds."""
        return int(value.total_seconds())

    def run_validators(self, value: timedelta) -> None:
        """The limits are those of the number."""
        super().run_validators(int(value.total_seconds()))


class Clock(serializers.RegexField):
    """A time of day, hours and minutes."""

    def __init__(self, **options: Any) -> None:
        super().__init__(CLOCK, **options)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Text that is checked, to a time."""
        text = super().run_validation(data)
        return time.fromisoformat(text) if text else text

    def to_representation(self, value: Any) -> str:
        """A time to text."""
        return f"{value:%H:%M}"


@extend_schema_field({"type": "array", "items": {"type": "string", "format": "uuid"}, "maxItems": MOST})
class ChannelIds(serializers.ListField):
    """Channels by their ids."""

    child = serializers.UUIDField()

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MOST, **options)

    def to_representation(self, data: Any) -> list[str]:
        """The ids of related rows."""
        return [str(channel.uuid) for channel in data.all()]
