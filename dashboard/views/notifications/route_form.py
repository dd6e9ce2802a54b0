"""The form of a route."""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.views.notifications import phrases
from dashboard.views.notifications.fields import Span
from dashboard.views.refusable import RefusableForm
from diagnostics.models import Route
from diagnostics.notify.quiet import hours
from diagnostics.operations.routes import MOST_PER_HOUR, RECEIVERS
from diagnostics.operations.versions import LONGEST_NAME

QUIET = "quiet"
MOST_QUIET = 10
Json = dict[str, Any]


class QuietRow(forms.Form):
    """Quiet hours on some days of the week. A row without a day says nothing."""

    days = forms.MultipleChoiceField(
        label=gettext_lazy("Days"),
        required=False,
        choices=list(enumerate(phrases.DAYS)),
        widget=forms.CheckboxSelectMultiple,
    )
    begins = forms.TimeField(
        label=gettext_lazy("From"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    ends = forms.TimeField(
        label=gettext_lazy("To"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )

    def clean(self) -> Json:
        """Days come with both times."""
        data = self.cleaned_data
        for name in ("begins", "ends"):
            if data.get("days") and data.get(name) is None and name not in self.errors:
                self.add_error(name, _("Say when."))
        return data

    @property
    def quiet(self) -> Json | None:
        """As it is stored."""
        data = self.cleaned_data
        if not data.get("days"):
            return None
        return {
            "days": [int(day) for day in data["days"]],
            "from": f"{data['begins']:%H:%M:%S}",
            "to": f"{data['ends']:%H:%M:%S}",
        }


_QuietRows = forms.formset_factory(QuietRow, extra=1, max_num=MOST_QUIET, absolute_max=MOST_QUIET)


class RouteForm(RefusableForm):
    """All of a route but its matchers and quiet hours, which have rows of their own."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=LONGEST_NAME,
        help_text=gettext_lazy("Messages say which route brought them."),
    )
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Send to"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None: what matches is told nobody."),
    )
    send_resolved = forms.BooleanField(label=gettext_lazy("Say when it is resolved, too"), required=False, initial=True)
    goes_on = forms.BooleanField(label=gettext_lazy("Go on: ask the routes below as well"), required=False)
    repeat_after = Span(
        label=gettext_lazy("Remind every"), required=False, help_text=gettext_lazy("Such as 4 h or 1 d. Empty: never.")
    )
    most_per_hour = forms.IntegerField(
        label=gettext_lazy("At most, an hour"),
        required=False,
        min_value=1,
        max_value=MOST_PER_HOUR,
        help_text=gettext_lazy("More waits. Empty: no limit."),
    )
    escalate_after = Span(
        label=gettext_lazy("After"), required=False, help_text=gettext_lazy("Such as 30 min. Empty: never.")
    )
    escalate_to = forms.MultipleChoiceField(
        label=gettext_lazy("Tell also"), required=False, widget=forms.CheckboxSelectMultiple
    )
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), initial="UTC")
    digest_at = forms.TimeField(
        label=gettext_lazy("Digest at"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=gettext_lazy("What is still open, once a day. Empty: none."),
    )
    enabled = forms.BooleanField(label=gettext_lazy("On: this route is asked"), required=False, initial=True)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, channels: list[tuple[str, str]], row: Route | None = None, data: QueryDict | None = None
    ) -> None:
        super().__init__(data, initial=_shown(row) if row else None, auto_id="r-%s")
        for name in RECEIVERS:
            self.fields[name].choices = channels  # type: ignore[attr-defined]  # Both are of choices.
        zones = _zones()
        of_row = [(row.time_zone, row.time_zone)] if row and (row.time_zone, row.time_zone) not in zones else []
        self.fields["time_zone"].choices = [*of_row, *zones]  # type: ignore[attr-defined]  # So is this one.
        quiet = [_quiet_shown(each) for each in row.quiet_hours] if row else []
        self.quiet = _QuietRows(data, prefix=QUIET) if data is not None else _QuietRows(initial=quiet, prefix=QUIET)

    def clean(self) -> Json:
        """Going further takes a time and somebody to go to."""
        data = self.cleaned_data
        if data.get("escalate_after") and not data.get("escalate_to") and "escalate_to" not in self.errors:
            self.add_error("escalate_to", _("Say whom."))
        if data.get("escalate_to") and not data.get("escalate_after") and "escalate_after" not in self.errors:
            self.add_error("escalate_after", _("Say when."))
        return data

    @property
    def values(self) -> Json:
        """What `operations.routes` is to store, without matchers. Of a valid form."""
        return {
            **{name: value for name, value in self.cleaned_data.items() if name != "version"},
            **{name: [UUID(uuid) for uuid in self.cleaned_data[name]] for name in RECEIVERS},
            "quiet_hours": [quiet for form in self.quiet.forms if (quiet := form.quiet)],
        }

    def is_valid(self) -> bool:
        """Its quiet hours, too."""
        return all((self.quiet.is_valid(), super().is_valid()))


def _shown(row: Route) -> Json:
    columns = (
        "name",
        "send_resolved",
        "goes_on",
        "repeat_after",
        "most_per_hour",
        "escalate_after",
        "time_zone",
        "digest_at",
        "enabled",
        "version",
    )
    receivers = {name: [str(channel.uuid) for channel in getattr(row, name).all()] for name in RECEIVERS}
    return {**{name: getattr(row, name) for name in columns}, **receivers}


def _quiet_shown(stored: Json) -> Json:
    (quiet,) = hours([stored])
    return {"days": list(quiet.days), "begins": quiet.from_, "ends": quiet.to}


@cache
def _zones() -> list[tuple[str, str]]:
    """UTC first, then places by name; offsets have no daylight saving and are left out."""
    places = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    return [("UTC", "UTC"), *((name, name) for name in places)]
