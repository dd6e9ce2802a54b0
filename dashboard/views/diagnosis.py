"""One diagnosis: the cause, what to do next, and the proof."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from dashboard.roles import Role, may
from dashboard.signin import for_responders, signed_in
from dashboard.views import deeds, evidence, history
from dashboard.views.overview import current_overview, render_page
from dashboard.views.pod import logs
from dashboard.views.pod.unlogged import why_unlogged
from dashboard.views.restarts import restarts_card
from dashboard.views.told import told
from diagnostics import queries
from diagnostics.models import Diagnosis
from diagnostics.operations.triaging import LONGEST_COMMENT, Changed, NotPossible, Triage
from diagnostics.queries import PODS_LIMIT, Story


@dataclass(frozen=True, slots=True)
class PodLine:
    """An affected pod; `gone_at` if the cluster no longer has it."""

    name: str
    status: str
    node: str
    seen_at: datetime | None
    gone_at: datetime | None
    url: str = ""  # Of its page; blank if nothing is kept of it any more.


@require_http_methods(["GET", "HEAD", "POST"])
def diagnosis(request: HttpRequest, number: int) -> HttpResponseBase:
    """The page of a diagnosis, open or resolved; what its buttons do is posted to it."""
    return _act(request, number) if request.method == "POST" else _page(request, number)


@for_responders
def _act(request: HttpRequest, number: int) -> HttpResponse:
    row = get_object_or_404(Diagnosis.objects.select_related("assignee").defer("verdict"), number=number)
    try:
        _do(request, row)
    except Changed:
        messages.error(request, _("It was changed meanwhile: nothing was done. This is how it stands now."))
    except NotPossible as error:
        messages.error(request, _("Nothing was done: %(why)s.") % {"why": error})
    except deeds.Unknown as error:
        raise BadRequest(f"No button asks for {error}.") from None
    return redirect("diagnosis", number)


def _do(request: HttpRequest, row: Diagnosis) -> None:
    """What was asked for. A comment overwrites nothing, so it asks for no version."""
    now = timezone.now()
    user: Any = request.user  # A User passed the gate.
    if "comment" in request.POST:
        Triage(row.uuid, user, now).comment(request.POST["comment"].replace("\r\n", "\n").strip())
        messages.success(request, _("The comment is in the timeline."))
        return
    version = request.POST.get("version", "")
    if not version.isdecimal() or len(version) > 18:
        raise deeds.Unknown(_("something without the version that was seen"))
    done = deeds.carry_out(request.POST.get("do", ""), Triage(row.uuid, user, now, int(version)), row, now)
    messages.success(request, done.said, extra_tags=done.undo)


@signed_in
def _page(request: HttpRequest, number: int) -> HttpResponse:
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
        **_proof(request, story),
        "timeline": history.timeline(story),
        **restarts_card(row, overview.now),
        **told(row, overview.now),
        **_actions(request, story, overview.now),
        **_changed(row),
        **_pods(story),
        **_reach(story),
    }
    return render_page(request, "diagnosis.html", overview, context)


def _proof(request: HttpRequest, story: Story) -> dict[str, Any]:
    """The evidence, and the log of the pod and container that it quotes."""
    quotes = logs.quotes_of([story.diagnosis])
    quoted = logs.proved(story.logs, quotes) or next(iter(story.logs), None)
    return {
        "exhibits": evidence.exhibits(story.diagnosis.verdict, quoted.log if quoted else None),
        "log": logs.card(_place(story), story.logs, quotes, request.path, request.GET)
        if story.logs
        else _no_log(story),
    }


def _place(story: Story) -> logs.Place:
    row, uid = story.diagnosis, story.logs[0].pod_uid
    name = next(pod["name"] for pod in row.verdict["pods"] if pod["uid"] == uid)
    kept = story.kept_pods.get(uid)
    gone = kept is None or kept[1] is not None
    return logs.Place(row.cluster, row.namespace, name, uid, row.container, gone=gone, kept=kept is not None)


def _no_log(story: Story) -> logs.LogCard | None:
    """Why there is none of what has containers and is kept."""
    container = story.diagnosis.container
    if not container or story.pod is None:
        return None
    pod = story.pod.row
    place = logs.Place(pod.cluster, pod.namespace, pod.name, pod.uid, container, gone=pod.gone_at is not None)
    missing = why_unlogged(story.pod, container)
    return logs.LogCard(place, missing=missing, command=place.command(previous=False))


def _actions(request: HttpRequest, story: Story, now: datetime) -> dict[str, Any]:
    """What its reader may do; a guest only looks."""
    return {
        "snoozed": story.diagnosis.is_snoozed(now),
        "resolved_by": history.resolved_by(story),
        "people": deeds.others(request.user.get_username()) if may(request.user, Role.RESPONDER) else [],
        "tomorrow": deeds.tomorrow_morning(now),
        "longest_comment": LONGEST_COMMENT,
    }


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
    lines = [_line(story, pod) for pod in story.diagnosis.verdict["pods"][:PODS_LIMIT]]
    gone = [line.gone_at for line in lines if line.gone_at]
    return {
        "pods": lines,
        "yaml_url": next((f"{line.url}#yaml" for line in lines if line.url), ""),
        "pods_hidden": len(story.diagnosis.verdict["pods"][PODS_LIMIT:]),
        "gone_at": max(gone) if lines and len(gone) == len(lines) else None,
    }


def _line(story: Story, pod: dict[str, Any]) -> PodLine:
    kept = story.kept_pods.get(pod["uid"])
    seen_at, gone_at = kept or (None, None)
    url = reverse("pod", args=[story.diagnosis.cluster.name, pod["uid"]]) if kept else ""
    return PodLine(pod["name"], pod["status"], pod.get("node") or "", seen_at, gone_at, url)


def _reach(story: Story) -> dict[str, Any]:
    row = story.diagnosis
    place = {"cluster": row.cluster.name, "namespace": row.namespace}
    workload = f"{row.workload_kind}/{row.workload_name}"
    symptoms = row.verdict["symptoms"]
    return {
        "all_failing": row.pods_affected >= row.pods_total > 0 and row.resolved_at is None,
        "lasted": row.resolved_at - row.first_seen if row.resolved_at else None,
        "nodes": sorted({pod["node"] for pod in row.verdict["pods"] if pod.get("node")}),
        "symptom_workloads": len({(part.get("namespace"), *part["workload"].values()) for part in symptoms}),
        "neighbours": story.neighbours,
        "namespace_url": f"{reverse('triage')}?{urlencode(place)}",
        "workload_url": f"{reverse('triage')}?{urlencode({**place, 'workload': workload})}",
    }
