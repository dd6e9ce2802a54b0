"""Search: whatever is known by a name, as a page, and as the part of one that the palette shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboard.signin import signed_in
from dashboard.views.codes import matching
from dashboard.views.filters import Selection
from dashboard.views.overview import current_overview, render_page
from dashboard.views.words import SEVERITIES
from diagnostics import queries
from diagnostics.models import Diagnosis, KnownObject, Suspect
from diagnostics.operations.picture import WORKLOADS
from diagnostics.queries import TEXT_LIMIT, Filter
from diagnostics.queries.search import LOOKED_THROUGH, Found, Quote, search, words_of

LISTED = 8  # Of each kind.


@dataclass(frozen=True, slots=True)
class Line:
    """Something that was found: where its link leads, what it is called, and where it is."""

    url: str
    text: str
    place: str = ""
    icon: str = ""
    mark: str = ""  # A short word beside it, such as "gone".


@dataclass(frozen=True, slots=True)
class Section:
    """What was found of one kind."""

    name: str  # For its element's id.
    title: str
    lines: tuple[Line, ...]
    more: bool = False


@require_safe
@signed_in
def page(request: HttpRequest) -> HttpResponse:
    """What `q` names, by kind. With `part`, the list alone, for the palette."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:TEXT_LIMIT]
    found = search(text, LISTED)
    context = {"text": text, "sought": text, "sections": tuple(_sections(text, found)), "all_read": found.all_read}
    context |= {"looked_through": LOOKED_THROUGH, "in_triage": Selection(filter=Filter(text=text)).url}
    if "part" not in request.GET:
        return render_page(request, "search.html", current_overview(), context)
    response = render(request, "parts/options.html", context)
    patch_cache_control(response, no_store=True, private=True)
    return response


def _sections(text: str, found: Found) -> Iterator[Section]:
    """Those that hold something, what people look for most first."""
    candidates = (
        ("diagnoses", _("Diagnoses"), map(_diagnosis, found.diagnoses)),
        ("pods", _("Pods"), map(_pod, found.pods)),
        ("workloads", _("Workloads"), map(_workload, found.workloads)),
        ("nodes", _("Nodes"), map(_node, found.nodes)),
        ("namespaces", _("Namespaces"), (_namespace(*place) for place in found.namespaces)),
        ("clusters", _("Clusters"), _clusters(text)),
        ("quotes", _("In evidence and changes"), map(_quote, found.quotes)),
        ("codes", _("Codes"), _codes(text)),
        ("pages", _("Pages"), _pages(text)),
    )
    for name, title, lines in candidates:
        listed = tuple(lines)
        if listed:
            yield Section(name, title, listed[:LISTED], more=len(listed) > LISTED)


def _diagnosis(row: Diagnosis) -> Line:
    where = _where(row.cluster.name, row.namespace, row.workload_name)
    state = _("resolved") if row.state == Diagnosis.State.RESOLVED else SEVERITIES[row.severity]
    return Line(reverse("diagnosis", args=[row.number]), row.summary.removesuffix("."), where, "triage", str(state))


def _quote(quote: Quote) -> Line:
    row = quote.diagnosis
    where = _where(row.cluster.name, row.namespace, row.workload_name)
    return Line(reverse("diagnosis", args=[row.number]), quote.text[:TEXT_LIMIT], f"{where}, {quote.where}", "log")


def _pod(pod: Suspect) -> Line:
    url = reverse("pod", args=[pod.cluster.name, pod.uid])
    mark = _("gone") if pod.gone_at else ""
    return Line(url, pod.name, _where(pod.cluster.name, pod.namespace), "pod", mark)


def _workload(workload: KnownObject) -> Line:
    kind, cluster = WORKLOADS[workload.resource], workload.cluster.name
    chosen = Filter(clusters=(cluster,), namespaces=(workload.namespace,), workloads=(f"{kind}/{workload.name}",))
    return Line(Selection(filter=chosen).url, workload.name, _where(cluster, workload.namespace, kind), "workload")


def _node(node: KnownObject) -> Line:
    chosen = Filter(clusters=(node.cluster.name,), nodes=(node.name,))
    return Line(Selection(filter=chosen).url, node.name, node.cluster.name, "node")


def _namespace(cluster: str, namespace: str) -> Line:
    chosen = Filter(clusters=(cluster,), namespaces=(namespace,))
    return Line(Selection(filter=chosen).url, namespace, cluster, "fold")


def _codes(text: str) -> Iterator[Line]:
    """Those that are called so, then those whose texts say so."""
    found = sorted(matching(text), key=lambda code: not _holds(code, text)) if text else ()
    return (Line(reverse("code", args=[code]), code, icon="log") for code in found)


def _clusters(text: str) -> Iterator[Line]:
    names = (cluster.name for cluster in queries.clusters()) if text else ()
    return (Line(reverse("clusters"), name, icon="clusters") for name in names if _holds(name, text))


def _pages(text: str) -> Iterable[Line]:
    """Where one may go; all of it where nothing is looked for."""
    named: Sequence[tuple[str, str, str]] = (
        ("triage", _("Triage"), "triage"),
        ("timeline", _("Timeline"), "timeline"),
        ("clusters", _("Clusters"), "clusters"),
        ("notifications", _("Notifications"), "bell"),
        ("settings", _("Settings"), "settings"),
        ("codes", _("Reference of codes"), "log"),
        ("badges", _("Badges"), "shield"),
        ("wallboard", _("Wallboard"), "timeline"),
        ("api-docs", _("REST API"), "link"),
    )
    return [Line(reverse(name), title, icon=icon) for name, title, icon in named if _holds(title, text)]


def _holds(name: str, text: str) -> bool:
    return all(word.casefold() in name.casefold() for word in words_of(text))


def _where(*parts: str) -> str:
    return " / ".join(filter(None, parts))
