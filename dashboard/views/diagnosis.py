"""One diagnosis: the cause, what to do next, and the proof."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from dashboard.signin import signed_in
from dashboard.views import evidence, history
from dashboard.views.overview import current_overview, render_page
from dashboard.views.told import told
from diagnostics import queries
from diagnostics.models import Diagnosis
from diagnostics.queries import PODS_LIMIT, Story


@dataclass(frozen=True, slots=True)
class PodLine:
    """An affected pod; `gone_at` if the cluster no longer has it."""

    name: str
    status: str
    node: str
    seen_at: datetime | None
    gone_at: datetime | None


@require_safe
@signed_in
def diagnosis(request: HttpRequest, number: int) -> HttpResponse:
    """The page of a diagnosis, open or resolved."""
    if "silence" in request.GET:  # Where the link of a message leads.
        return redirect(f"{reverse('silence-new')}?{urlencode({'diagnosis': number})}")
    overview = current_overview()
    story = queries.story(number)
    if story is None:
        raise Http404
    row = story.diagnosis
    context = {
        "diagnosis": row,
        "verdict": row.verdict,
        "frozen": overview.frozen.get(row.cluster_id) if row.resolved_at is None else None,
        "exhibits": evidence.exhibits(row.verdict, story.log),
        "timeline": history.timeline(story),
        **told(row, overview.now),
        **_changed(row),
        **_pods(story),
        **_reach(story),
    }
    return render_page(request, "diagnosis.html", overview, context)


def _changed(row: Diagnosis) -> dict[str, Any]:
    """What changed, the field to blame marked, and how long before the first failure the last of it happened."""
    blamed = row.verdict["offender"]["path"] or ""
    changed = row.verdict["changed"]
    moments = [parse_datetime(change["at"]) for change in changed if change.get("at")]
    before = max((at for at in moments if at and at <= row.first_seen), default=None)
    return {
        "changed": [{**change, "blamed": change["path"] in blamed} for change in changed],
        "changed_at": before,
        "changed_before": row.first_seen - before if before else None,
    }


def _pods(story: Story) -> dict[str, Any]:
    lines = [_line(pod, story.kept_pods.get(pod["uid"])) for pod in story.diagnosis.verdict["pods"][:PODS_LIMIT]]
    gone = [line.gone_at for line in lines if line.gone_at]
    return {
        "pods": lines,
        "pods_hidden": len(story.diagnosis.verdict["pods"][PODS_LIMIT:]),
        "gone_at": max(gone) if lines and len(gone) == len(lines) else None,
    }


def _line(pod: dict[str, Any], kept: tuple[datetime, datetime | None] | None) -> PodLine:
    seen_at, gone_at = kept or (None, None)
    return PodLine(pod["name"], pod["status"], pod.get("node") or "", seen_at, gone_at)


def _reach(story: Story) -> dict[str, Any]:
    row = story.diagnosis
    place = {"cluster": row.cluster.name, "namespace": row.namespace}
    symptoms = row.verdict["symptoms"]
    return {
        "all_failing": row.pods_affected >= row.pods_total > 0 and row.resolved_at is None,
        "lasted": row.resolved_at - row.first_seen if row.resolved_at else None,
        "nodes": sorted({pod["node"] for pod in row.verdict["pods"] if pod.get("node")}),
        "symptom_workloads": len({(part.get("namespace"), *part["workload"].values()) for part in symptoms}),
        "neighbours": story.neighbours,
        "namespace_url": f"{reverse('triage')}?{urlencode(place)}",
    }
