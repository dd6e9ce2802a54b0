"""The forms about clusters. What was pasted never comes back in clear: a page carries it sealed to the next step."""

from __future__ import annotations

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from dashboard.views.notifications.fields import Lines
from dashboard.views.refusable import RefusableForm
from diagnostics.kube.access import IN_CLUSTER
from diagnostics.kube.kubeconfig import Kubeconfig
from diagnostics.operations import clusters, sealing, ways
from diagnostics.operations.clusters import LONGEST_NAME
from diagnostics.operations.refusing import Invalid
from diagnostics.operations.ways import FIELD, Way

_TEXT = forms.Textarea(attrs={"rows": 8, "class": "mono", "spellcheck": "false", "autocomplete": "off"})


class PasteForm(RefusableForm):
    """A kubeconfig, and which of its contexts."""

    kubeconfig = forms.CharField(
        label=gettext_lazy("kubeconfig"),
        required=False,
        widget=_TEXT,
        help_text=gettext_lazy(
            "Stored encrypted and never shown again. Programs (exec), file paths and switched-off TLS checks are refused."
        ),
    )
    context = forms.CharField(label=gettext_lazy("Context"), required=False, widget=forms.Select)
    sealed = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, posted: QueryDict | None = None) -> None:
        data = posted.copy() if posted is not None else None
        self._text = ""
        self._known: Kubeconfig | None = None
        if data is not None:
            self._text = data.get(FIELD, "").strip() or sealing.unsealed(data.get("sealed", ""))
            data[FIELD] = data["sealed"] = ""
        super().__init__(data)
        if data is not None and self._text and self.is_valid():
            self.takes(lambda: self._read(data))

    def _read(self, data: QueryDict) -> None:
        """Reads what was pasted, and seals it for the next step: what cannot be read never is. Raises Invalid."""
        known = ways.read(self._text)
        data["sealed"], self._known = sealing.seal(self._text), known
        self.fields["context"].widget = forms.Select(choices=[(name, name) for name in known.contexts])

    @property
    def contexts(self) -> int:
        """How many contexts the kubeconfig has, once it is read."""
        return len(self._known.contexts) if self._known else 0

    def way(self) -> Way | None:
        """The way by the context that was chosen; None where it is refused, and the form says why."""
        if not self.is_valid():
            return None
        if not self._text:
            self.add_error(FIELD, gettext_lazy("Paste a kubeconfig. What was pasted before is kept for half an hour."))
            return None
        if self._known is None:
            return None
        try:
            return ways.by_paste(self._known, self._context(self._known))
        except Invalid as error:
            self.refuse(error)
            return None

    def _context(self, known: Kubeconfig) -> str:
        """The one that was chosen, unless it is of another kubeconfig that was pasted before."""
        name: str = self.cleaned_data["context"]
        return name if name in known.contexts else ""


class NameForm(RefusableForm):
    """What a new cluster is called, and what of it is watched."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        required=False,
        max_length=LONGEST_NAME,
        help_text=gettext_lazy("As every page shows it. Blank: the name of the context."),
    )
    namespaces = Lines(
        label=gettext_lazy("Namespaces"),
        required=False,
        help_text=gettext_lazy("One a line, where the reader may not list pods in all of them. Blank: all."),
    )


class OwnForm(RefusableForm):
    """A context of the kubeconfig of this server."""

    context = forms.ChoiceField(label=gettext_lazy("Context"))

    def __init__(self, posted: QueryDict | None = None) -> None:
        super().__init__(posted)
        choices = [(each.name, f"{each.name} ({each.server})") for each in clusters.own_contexts()]
        self.fields["context"] = forms.ChoiceField(label=gettext_lazy("Context"), choices=choices)

    def way(self) -> Way | None:
        """The way by the context that was chosen; None where there is no such."""
        if not self.is_valid():
            return None
        return Way(self.cleaned_data["context"], clusters.own_kubeconfig())


class PodForm(RefusableForm):
    """The cluster that this runs in: there is nothing to choose."""

    def way(self) -> Way | None:
        """The way as the pod's own service account."""
        return Way()


def default_name(way: Way) -> str:
    """What a cluster is called that was given no name."""
    return way.context or IN_CLUSTER


AnyForm = PasteForm | OwnForm | PodForm
