"""What lists of the API can be narrowed to. A filter that is repeated means any of its values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters.fields import IsoDateTimeField
from drf_spectacular.drainage import set_override

from diagnostics.models import Delivery, Diagnosis, Silence, Suspect
from diagnostics.queries import TEXT_LIMIT, Filter
from diagnostics.queries.narrowing import IS_OPEN
from diagnostics.rules.model import Severity

VALUES_READ = 50  # Of one filter.
LONGEST_VALUE = 253
EARLIEST, LATEST = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)
NOBODY = "none"
SEVERITIES = {severity.word: severity.value for severity in reversed(Severity)}
STATES = (*Diagnosis.State.values, "open", "acknowledged", "snoozed")
Rows = QuerySet[Any, Any]


class Values(forms.Field):
    """Any number of values of one parameter, of `among` if that is given."""

    widget = forms.SelectMultiple

    def __init__(self, *, among: Iterable[str] = (), **options: Any) -> None:
        super().__init__(**options)
        self.among = tuple(among)

    def clean(self, value: list[str] | None) -> list[str]:
        """The values, each once. Raises ValidationError."""
        if len(value or []) > VALUES_READ:
            raise ValidationError(f"at most {VALUES_READ} values")
        values = list(dict.fromkeys(value or []))
        if any("\0" in each or len(each) > LONGEST_VALUE for each in values):
            raise ValidationError(f"a value has at most {LONGEST_VALUE} characters, none of them null")
        if self.among and (strange := [each for each in values if each not in self.among]):
            raise ValidationError(f"{strange[0]!r} is not one of {', '.join(self.among)}")
        return values


def _describe(filter_: django_filters.Filter, schema: dict[str, Any], options: dict[str, Any]) -> None:
    """Says in OpenAPI what a filter takes."""
    text = {"description": options["help_text"]} if "help_text" in options else {}
    set_override(filter_, "field", {**schema, **text})


class AnyOf(django_filters.Filter):
    """A parameter that may be repeated; a row matches if any of the values does."""

    field_class = Values

    def __init__(self, field_name: str | None = None, *, among: Iterable[str] = (), **options: Any) -> None:
        super().__init__(field_name=field_name, among=tuple(among), **options)
        items: dict[str, Any] = {"type": "string", "maxLength": LONGEST_VALUE}
        if among:
            items = {"type": "string", "enum": list(among)}
        _describe(self, {"type": "array", "items": items, "maxItems": VALUES_READ}, options)

    def filter(self, qs: Rows, value: list[str]) -> Rows:
        """Any of the values."""
        return qs.filter(**{f"{self.field_name}__in": value}) if value else qs


class Text(django_filters.CharFilter):
    """A text to look for."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=TEXT_LIMIT, **options)
        _describe(self, {"type": "string", "maxLength": TEXT_LIMIT}, options)


class NotBlank(forms.Field):
    """Of a parameter that is left out where it is not meant: a blank one is a mistake."""

    def clean(self, value: Any) -> Any:
        """Its value. Raises ValidationError."""
        if value == "":
            raise ValidationError("it is blank: leave it out instead")
        return super().clean(value)


class MomentField(NotBlank, IsoDateTimeField):
    """A time."""


class IdField(NotBlank, forms.UUIDField):
    """An id."""


class TruthField(NotBlank):
    """True or false, as JSON writes it."""

    def to_python(self, value: Any) -> bool | None:
        """The value. Raises ValidationError."""
        if value not in ("true", "false", None):
            raise ValidationError("it is true or false")
        return None if value is None else bool(value == "true")


class Id(django_filters.UUIDFilter):
    """An id."""

    field_class = IdField


class Truth(django_filters.BooleanFilter):
    """True or false."""

    field_class = TruthField  # type: ignore[assignment]  # Django's own takes anything.


class Moment(django_filters.IsoDateTimeFilter):
    """A time, ISO 8601; without an offset it is UTC."""

    field_class = MomentField

    def filter(self, qs: Rows, value: datetime | None) -> Rows:
        """The first and the last years have times that no database takes, and stand for always."""
        return qs if value is None else super().filter(qs, min(max(value, EARLIEST), LATEST))


class Place(django_filters.FilterSet):
    """Where something is."""

    cluster = AnyOf("cluster__name", help_text="Name of a cluster.")
    namespace = AnyOf("namespace", help_text="Name of a namespace.")
    workload = AnyOf(method="by_workload", help_text="`cart`, or `Deployment/cart`.")

    def by_workload(self, rows: Rows, _name: str, values: list[str]) -> Rows:
        """Workloads by name, or by kind and name."""
        return rows.filter(any_of(_workload(value) for value in values)) if values else rows


class DiagnosisFilter(Place):
    """What diagnoses can be narrowed to; lists, statistics and exports take the same."""

    code = AnyOf("code", help_text="Code of a cause, such as `crash-oom-limit`.")
    severity = AnyOf("severity", among=SEVERITIES, method="by_severity")
    state = AnyOf(method="by_state", among=STATES, help_text="`open` is new, ongoing or regressed.")
    assignee = AnyOf(method="by_assignee", help_text="User name, or `none`.")
    q = Text(method="by_text", help_text="Text in summary, names and code; or a number.")
    since = Moment("last_seen", lookup_expr="gte", help_text="Seen failing at this time or later.")
    until = Moment("first_seen", lookup_expr="lt", help_text="Failing before this time.")

    class Meta:
        model = Diagnosis
        fields: tuple[str, ...] = ()

    def by_severity(self, rows: Rows, _name: str, values: list[str]) -> Rows:
        """Severities by their words."""
        return rows.filter(severity__in=[SEVERITIES[value] for value in values]) if values else rows

    def by_state(self, rows: Rows, _name: str, values: list[str]) -> Rows:
        """States as rows have them, and what people have made of open ones."""
        return rows.filter(any_of(_state(value) for value in values)) if values else rows

    def by_assignee(self, rows: Rows, _name: str, values: list[str]) -> Rows:
        """Who sees to it, or nobody."""
        if not values:
            return rows
        nobody = Q(assignee=None) if NOBODY in values else Q(pk__in=())
        return rows.filter(nobody | Q(assignee__username__in=values))

    def by_text(self, rows: Rows, _name: str, value: str) -> Rows:
        """What the search of the pages finds."""
        return rows.filter(Filter(text=value).condition())


class PodFilter(Place):
    """What pods can be narrowed to."""

    q = Text(field_name="name", lookup_expr="icontains", help_text="Part of the name.")
    gone = Truth("gone_at", lookup_expr="isnull", exclude=True, help_text="Deleted by now.")

    class Meta:
        model = Suspect
        fields: tuple[str, ...] = ()


class DeliveryFilter(django_filters.FilterSet):
    """What deliveries can be narrowed to."""

    channel = AnyOf("channel__name", help_text="Name of a channel.")
    state = AnyOf("state", among=Delivery.State.values)
    type = AnyOf("type", help_text="Event type, such as `diagnosis.opened`.")
    diagnosis = Id("diagnosis__uuid", help_text="Id of a diagnosis.")
    since = Moment("created_at", lookup_expr="gte", help_text="Written at this time or later.")
    until = Moment("created_at", lookup_expr="lt", help_text="Written before this time.")

    class Meta:
        model = Delivery
        fields: tuple[str, ...] = ()


class SilenceFilter(django_filters.FilterSet):
    """What silences can be narrowed to."""

    current = Truth(method="by_current", help_text="Holding now.")

    class Meta:
        model = Silence
        fields: tuple[str, ...] = ()

    def by_current(self, rows: Rows, _name: str, value: bool) -> Rows:
        """Those that hold now, or all others."""
        now = timezone.now()
        current = Q(starts_at__lte=now, ends_at__gt=now)
        return rows.filter(current if value else ~current)


def any_of(conditions: Iterable[Q]) -> Q:
    """At least one of the conditions."""
    return reduce(or_, conditions)


def _workload(value: str) -> Q:
    kind, slash, name = value.partition("/")
    return Q(workload_kind=kind, workload_name=name) if slash else Q(workload_name=value)


def _state(value: str) -> Q:
    match value:
        case "open":
            return IS_OPEN
        case "acknowledged":
            return IS_OPEN & Q(acknowledged_at__isnull=False)
        case "snoozed":
            return IS_OPEN & Q(snoozed_until__gt=timezone.now())
    return Q(state=value)
