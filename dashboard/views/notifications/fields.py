"""Form fields that Django lacks: a length of time in words, lines of a list, `name: value` lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from dashboard.views.notifications import phrases

_SPAN = re.compile(r"(\d{1,6})\s*(s|min|h|d)")
_SIZES = {unit: size for size, unit in phrases.UNITS}


class Span(forms.CharField):
    """A length of time: `30 min`, `4 h`, `2 d`."""

    def to_python(self, value: Any) -> Any:
        """A timedelta; None for nothing."""
        text = super().to_python(value)
        if not text:
            return None
        found = _SPAN.fullmatch(text)
        if found is None:
            raise ValidationError(_("Write a number and s, min, h or d, such as 30 min."))
        return int(found[1]) * _SIZES[found[2]]

    def prepare_value(self, value: Any) -> Any:
        """As it is written."""
        return phrases.span(value) if isinstance(value, timedelta) else value

    def validate(self, value: Any) -> None:
        """A length of time is never one of the empty texts."""
        if self.required and value is None:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """Those are for texts."""


class Lines(forms.CharField):
    """A list of texts, one a line."""

    widget = forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"})

    def to_python(self, value: Any) -> Any:
        """The lines that say something."""
        text = super().to_python(value) or ""
        return [line.strip() for line in text.splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        """A line each."""
        return "\n".join(map(str, value)) if isinstance(value, Iterable) and not isinstance(value, str) else value


class Pairs(forms.CharField):
    """An object of texts, one `name: value` a line."""

    widget = Lines.widget

    def to_python(self, value: Any) -> Any:
        """Values by name."""
        lines = [line for line in (super().to_python(value) or "").splitlines() if line.strip()]
        if not all(":" in line for line in lines):
            raise ValidationError(_("Write one name: value a line."))
        split = (line.split(":", 1) for line in lines)
        return {name.strip(): value.strip() for name, value in split}

    def prepare_value(self, value: Any) -> Any:
        """A line each."""
        return "\n".join(f"{name}: {text}" for name, text in value.items()) if isinstance(value, Mapping) else value
