"""Matchers as rows of a form: what is asked about, how, and for which values. Rows that say nothing are left out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from dashboard.views.notifications import phrases
from dashboard.views.refusable import sentence
from diagnostics.notify.matching import Field, Matcher, Op, matchers

BLANK = 2  # Rows to write into beside those that are there.
MOST = 20
PREFIX = "if"

Json = dict[str, Any]


class MatcherRow(forms.Form):
    """One condition. A label is written `key=value`; several values are told apart by commas."""

    field = forms.ChoiceField(
        label="What",
        required=False,
        choices=[("", "-"), *((each.value, phrases.field_word(each)) for each in Field)],
    )
    op = forms.ChoiceField(
        label="How", required=False, choices=[(each.value, phrases.op_word(each)) for each in Op], initial=Op.IN.value
    )
    value = forms.CharField(
        label="Values",
        required=False,
        max_length=2_000,
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "autocapitalize": "none"}),
    )

    def clean(self) -> Json:
        """Puts what makes no sense beside the values."""
        if self.says_nothing:
            return self.cleaned_data
        try:
            self.cleaned_data["matcher"] = self._matcher()
        except (ValidationError, msgspec.ValidationError) as error:
            text = error.message if isinstance(error, ValidationError) else sentence(str(error))
            self.add_error("value", text)
        return self.cleaned_data

    @property
    def says_nothing(self) -> bool:
        """Whether nothing was chosen and nothing written."""
        return not self.cleaned_data.get("field") and not self.cleaned_data.get("value")

    def _matcher(self) -> Json:
        field, text = self.cleaned_data.get("field"), self.cleaned_data.get("value", "")
        if not field:
            raise ValidationError(_("Choose what this is about."))
        key = ""
        if field == Field.LABEL:
            key, _equals, text = text.partition("=")
        found = {"field": field, "op": self.cleaned_data.get("op"), "key": key.strip(), "value": _values(text)}
        msgspec.convert(found, Matcher)
        return {name: value for name, value in found.items() if value}


def _values(text: str) -> list[str]:
    return [value.strip() for value in text.split(",") if value.strip()]


class MatcherRows(forms.BaseFormSet):  # type: ignore[type-arg]  # The class takes no parameters at run time.
    """The rows of one list of matchers."""

    @property
    def matchers(self) -> list[Json]:
        """What they say, as it is stored. Of valid rows."""
        return [form.cleaned_data["matcher"] for form in self.forms if "matcher" in form.cleaned_data]


_Rows = forms.formset_factory(MatcherRow, formset=MatcherRows, extra=BLANK, max_num=MOST, absolute_max=MOST)


def rows_of(stored: Iterable[Json]) -> MatcherRows:
    """Rows that show stored matchers, and some to write into."""
    found = [_written(matcher) for matcher in matchers(list(stored))]
    return _rows(initial=found, prefix=PREFIX)


def rows_posted(data: QueryDict, *, more: bool = False) -> MatcherRows:
    """Rows as somebody sent them; with `more` two further ones."""
    if more:
        data = data.copy()
        total = f"{PREFIX}-TOTAL_FORMS"
        count = data.get(total, "")
        data[total] = str(min((int(count) if count.isdecimal() else 0) + BLANK, MOST))
    return _rows(data, prefix=PREFIX)


def _rows(*args: Any, **kwargs: Any) -> MatcherRows:
    rows: MatcherRows = _Rows(*args, **kwargs)  # type: ignore[assignment]  # A factory's class is not known to mypy.
    return rows


def _written(matcher: Matcher) -> Json:
    key = f"{matcher.key}=" if matcher.key else ""
    return {"field": matcher.field.value, "op": matcher.op.value, "value": key + ", ".join(matcher.value)}
