"""Adding a cluster: its credentials, a test of each step, then its name. Works without a script."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboard.signin import for_admins
from dashboard.views.clusters.examined import Examined, examined
from dashboard.views.clusters.forms import AnyForm, NameForm, OwnForm, PasteForm, PodForm, default_name
from dashboard.views.overview import current_overview, render_page
from dashboard.views.refusable import INVALID
from diagnostics.kube.errors import ConfigurationError
from diagnostics.kube.mending import PRINT_KUBECONFIG, reader
from diagnostics.operations import clusters
from diagnostics.operations.examining import examine
from diagnostics.operations.ways import Way

PASTE, SERVER, POD = "paste", "server", "pod"
_FORMS: dict[str, type[AnyForm]] = {PASTE: PasteForm, SERVER: OwnForm, POD: PodForm}


def _view(request: HttpRequest) -> HttpResponse:
    sources = _sources()
    source = request.GET.get("from", PASTE)
    source = source if source in sources else PASTE
    posted = request.POST if request.method == "POST" else None
    form, named = _FORMS[source](posted), NameForm(posted)
    way = form.way() if posted is not None else None
    found = None
    if way is not None and named.is_valid():
        namespaces = named.cleaned_data["namespaces"]
        examination = examine(way, namespaces)
        found = examined(examination)
        if "save" in request.POST and found.readable and _added(named, way):
            name = named.cleaned_data["name"] or default_name(way)
            messages.success(request, _("%(name)s is added. Its first read begins within seconds.") % {"name": name})
            return redirect("clusters")
    named.fields["name"].widget.attrs["placeholder"] = default_name(way) if way else ""
    return _shown(request, source, sources, form, named, found)


add = require_http_methods(["GET", "HEAD", "POST"])(for_admins(_view, posted_from="clusters"))


def _sources() -> dict[str, str]:
    """Where credentials may come from, as this server stands."""
    found = {PASTE: _("Paste a kubeconfig")}
    try:
        if clusters.own_contexts():
            found[SERVER] = _("This server's kubeconfig")
    except ConfigurationError:
        pass
    if clusters.runs_in_cluster():
        found[POD] = _("The cluster that this runs in")
    return found


def _added(named: NameForm, way: Way) -> bool:
    name = named.cleaned_data["name"] or default_name(way)
    return named.takes(lambda: clusters.add(name, way, named.cleaned_data["namespaces"]))


def _shown(
    request: HttpRequest,
    source: str,
    sources: dict[str, str],
    form: AnyForm,
    named: NameForm,
    found: Examined | None,
) -> HttpResponse:
    context = {
        "source": source,
        "sources": sources,
        "form": form,
        "named": named,
        "found": found,
        "reader": reader(),
        "print_kubeconfig": PRINT_KUBECONFIG,
    }
    wrong = request.method == "POST" and bool(form.errors or named.errors)
    response = render_page(request, "clusters/add.html", current_overview(), context, INVALID if wrong else 200)
    patch_cache_control(response, no_store=True)
    return response
