"""Badges: made, copied into a README file or a dashboard, and revoked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.badges import Addresses
from dashboard.signin import for_responders, signed_in
from dashboard.views.overview import current_overview, render_page
from dashboard.views.refusable import INVALID, RefusableForm
from diagnostics.models import Badge, Cluster
from diagnostics.operations import badges as operations
from diagnostics.operations.badges import LONGEST_NAMESPACE, LONGEST_WORKLOAD
from diagnostics.queries import badges, clusters


class BadgeForm(RefusableForm):
    """What a new badge is about."""

    cluster = forms.ChoiceField(label=gettext_lazy("Cluster"))
    namespace = forms.CharField(
        label=gettext_lazy("Namespace"),
        max_length=LONGEST_NAMESPACE,
        required=False,
        help_text=gettext_lazy("Blank for all of them."),
        widget=forms.TextInput(attrs={"list": "namespaces", "class": "mono", "autocapitalize": "none"}),
    )
    workload = forms.CharField(
        label=gettext_lazy("Workload"),
        max_length=LONGEST_WORKLOAD,
        required=False,
        help_text=gettext_lazy("Such as Deployment/cart. Blank for all of them."),
        widget=forms.TextInput(attrs={"list": "workloads", "class": "mono", "autocapitalize": "none"}),
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="b-%s")
        self.clusters = {cluster.name: cluster for cluster in clusters()}
        self.fields["cluster"].choices = [(name, name) for name in self.clusters]  # type: ignore[attr-defined]  # It is a ChoiceField.

    @property
    def chosen(self) -> Cluster:
        """The cluster that was chosen."""
        return self.clusters[self.cleaned_data["cluster"]]


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponseBase:
    """All badges, and the form that makes another."""
    return _make(request) if request.method == "POST" else _look(request)


@signed_in
def _look(request: HttpRequest) -> HttpResponse:
    return _shown(request, BadgeForm())


@for_responders
def _make(request: HttpRequest) -> HttpResponse:
    form = BadgeForm(request.POST)
    made = form.taken(lambda: _created(form, request)) if form.is_valid() else None
    if made is None:
        return _shown(request, form, INVALID)
    messages.success(request, _("The badge is made. Copy it from here."))
    return redirect(f"{reverse('badges')}#badge-{made.pk}")


def _created(form: BadgeForm, request: HttpRequest) -> Badge:
    said = form.cleaned_data
    return operations.create(form.chosen, said["namespace"], said["workload"], request.user)  # type: ignore[arg-type]  # A User passed the gate.


def _shown(request: HttpRequest, form: BadgeForm, status: int = 200) -> HttpResponse:
    rows = [Addresses(badge) for badge in badges.every()]
    n = len(rows)
    context = {
        "headline": ngettext("%(n)d badge", "%(n)d badges", n) % {"n": n} if rows else _("No badge yet"),
        "badges": rows,
        "form": form,
        "places": badges.places(),
    }
    return render_page(request, "badges/page.html", current_overview(), context, status)


def _revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends a badge at once."""
    try:
        badge = operations.revoke(pk)
    except Badge.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The badge of %(place)s is revoked.") % {"place": badge})
    return redirect("badges")


urlpatterns: list[URLPattern] = [  # Below `badges/`.
    path("", page, name="badges"),
    path("<int:pk>/revoke", require_POST(for_responders(_revoke, posted_from="badges")), name="badge-revoke"),
]
