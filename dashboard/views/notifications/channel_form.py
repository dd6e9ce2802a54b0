"""The form of a channel, made from the settings of its format: a field of the struct is a field of the form.

A secret is written and never shown again: an empty field leaves a single one as it is, a mask stands for each of a list.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.views.notifications.fields import Lines, Pairs
from dashboard.views.refusable import RefusableForm, sentence
from diagnostics.models import Channel
from diagnostics.notify.exchange import Request
from diagnostics.notify.formats import Format, Memory, Settings, formats
from diagnostics.notify.sample import sample
from diagnostics.operations import channels
from diagnostics.operations.refusing import Invalid, about
from diagnostics.operations.secret_fields import MASK, restored
from diagnostics.operations.versions import LONGEST_NAME

PREFIX = "set-"
LONG_TEXTS = frozenset({"template", "body", "text"})
LABELS: dict[str, Promise | str] = {
    "url": gettext_lazy("Address (URL)"),
    "to": gettext_lazy("To"),
    "secrets": gettext_lazy("Signing secrets"),
}

BLURBS: dict[str, Promise | str] = {
    "alertmanager": gettext_lazy("For what takes Alertmanager's messages"),
    "discord": gettext_lazy("Webhook of a channel"),
    "email": gettext_lazy("One conversation a diagnosis"),
    "google_chat": gettext_lazy("Webhook of a space"),
    "mattermost": gettext_lazy("Incoming webhook"),
    "pagerduty": gettext_lazy("Events API v2"),
    "rocketchat": gettext_lazy("Incoming webhook"),
    "slack": gettext_lazy("Incoming webhook"),
    "slack_bot": gettext_lazy("Bot token: threads, updates in place"),
    "teams": gettext_lazy("Workflow with a webhook"),
    "template": gettext_lazy("A body that you write yourself"),
    "webhook": gettext_lazy("Signed JSON, for programs"),
}
EXAMPLES = {
    "discord": "https://discord.com/api/webhooks/...",
    "google_chat": "https://chat.googleapis.com/v1/spaces/...",
    "slack": "https://hooks.slack.com/services/...",
}

Json = dict[str, Any]


class ChannelForm(RefusableForm):
    """A channel of one kind; `row` is the one to change, None for a new one."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=LONGEST_NAME, help_text=gettext_lazy("As people call it, such as #ops.")
    )

    def __init__(self, form: Format[Any], row: Channel | None = None, data: QueryDict | None = None) -> None:
        shown = channels.shown(row) if row else form.settings.proposed()
        super().__init__(data, initial=_initial(shown, row), auto_id="c-%s")
        self.format, self.row = form, row
        for field in msgspec.structs.fields(form.settings):
            self.fields[PREFIX + field.name] = _field(form.settings, field, stored=bool(row and shown.get(field.name)))
        if not row and form.kind in EXAMPLES:
            self.fields[PREFIX + "url"].widget.attrs["placeholder"] = EXAMPLES[form.kind]
        if row:
            self.fields["enabled"] = forms.BooleanField(label=_("On: messages are sent"), required=False)
            self.fields["version"] = forms.IntegerField(widget=forms.HiddenInput)

    @property
    def settings_given(self) -> Json:
        """The settings as written; what was left empty is left out, so that it stays as it is or takes its default."""
        given = {
            name.removeprefix(PREFIX): value for name, value in self.cleaned_data.items() if name.startswith(PREFIX)
        }
        return {name: value for name, value in given.items() if value not in ("", None, [], {})}

    @property
    def changes(self) -> Json:
        """What `operations.channels.change` is to do. A switch that was not touched is left alone: it forgives failures."""
        data = self.cleaned_data
        switch = {"enabled": data["enabled"]} if self.row and data["enabled"] != self.row.enabled else {}
        return {"name": data["name"], "settings": self.settings_given, **switch}

    def preview(self, now: datetime) -> str:
        """What would be sent of an example; blank, and beside the fields why, if that cannot be. Of a valid form."""
        stored = self.row.settings if self.row else {}
        try:
            with about("settings"):
                settings = self.format.read(restored(self.settings_given, stored, self.format.settings.secret_fields))
                message = self.format.build(settings, sample(), Memory(), now)
        except Invalid as error:
            self.refuse(error)
            return ""
        return message.body.decode("utf-8", "replace") if isinstance(message, Request) else message.text

    def refuse(self, error: Invalid) -> None:
        """Puts what cannot be beside the fields it is about."""
        for name, texts in error.errors.items():
            for text in texts:
                field = name if name in self.fields else self._field_meant(text)
                self.add_error(field, sentence(text.removeprefix(f"{(field or '').removeprefix(PREFIX)}: ")))

    def _field_meant(self, text: str) -> str | None:
        """The setting that a text is about: it names it, in the singular where it is about one of several."""
        names = (name.removeprefix(PREFIX) for name in self.fields if name.startswith(PREFIX))
        meant = next((name for name in names if re.search(rf"\b{re.escape(name.removesuffix('s'))}", text)), None)
        return PREFIX + meant if meant else None


def known_formats() -> list[tuple[Format[Any], str]]:
    """What a channel can be, to choose from, and a few words about some of them."""
    return [(known, str(BLURBS.get(kind, ""))) for kind, known in formats().items()]


def _initial(shown: Mapping[str, Any], row: Channel | None) -> Json:
    values = {PREFIX + name: value for name, value in shown.items() if value != MASK}
    if row is None:
        return values
    # One that Sickbay disabled is being mended: saving it turns it on again.
    return {**values, "name": row.name, "enabled": row.enabled or bool(row.disabled_reason), "version": row.version}


def _field(settings: type[Settings], field: msgspec.structs.FieldInfo, *, stored: bool) -> forms.Field:
    type_ = _without_none(get_type_hints(settings)[field.name])
    secret = field.name in settings.secret_fields
    how: Json = {
        "label": LABELS.get(field.name)
        or field.name.replace("_", " ").capitalize().replace("url", "URL").replace("Url", "URL"),
        "required": field.required and not (secret and stored),
        "initial": None if field.default is msgspec.NODEFAULT else field.default,
        "help_text": _hint(type_, secret=secret, stored=stored),
    }
    if get_origin(type_) is Literal:
        return forms.ChoiceField(choices=[(each, str(each)) for each in get_args(type_)], **how)
    if type_ is bool:
        return forms.BooleanField(**{**how, "required": False})
    if type_ in (int, float):
        return forms.IntegerField(**how) if type_ is int else forms.FloatField(**how)
    if get_origin(type_) in (tuple, list, set, frozenset):
        return Lines(**how)
    return (
        Pairs(**how) if get_origin(type_) is dict else forms.CharField(widget=_widget(field.name, secret=secret), **how)
    )


def _widget(name: str, *, secret: bool) -> forms.Widget:
    plain = {"spellcheck": "false", "autocapitalize": "none", "autocomplete": "off"}
    if name in LONG_TEXTS:
        return forms.Textarea(attrs={**plain, "rows": 10, "class": "mono"})
    if name == "url" or name.endswith("_url"):
        return forms.TextInput(attrs={**plain, "class": "mono", "inputmode": "url", "placeholder": "https://"})
    return (
        forms.PasswordInput(attrs={**plain, "autocomplete": "new-password"}, render_value=True)
        if secret
        else forms.TextInput(attrs=plain)
    )


def _hint(type_: Any, *, secret: bool, stored: bool) -> str:
    many = get_origin(type_) in (tuple, list, dict)
    each = _("One name: value a line.") if get_origin(type_) is dict else _("One a line.") if many else ""
    if secret and stored:
        kept = _("%(mask)s stands for one that is stored; write a new one in its place or before it.") % {"mask": MASK}
        return kept if many else _("Stored, and never shown again. Leave it empty to keep it.")
    if secret:
        return f"{each} {_('Kept encrypted; after saving it is never shown again.')}".strip()
    return each


def _without_none(type_: Any) -> Any:
    if get_origin(type_) in (Union, types.UnionType):
        return next(each for each in get_args(type_) if each is not type(None))
    return type_
