"""The page of one pod as it is, or as it was when the cluster still had it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from dashboard.signin import signed_in
from dashboard.views.overview import current_overview, render_page
from dashboard.views.pod import manifest
from dashboard.views.pod.chain import chain, workload_url
from dashboard.views.pod.containers import containers
from dashboard.views.pod.lines import Asked, View, view
from dashboard.views.pod.logs import LogCard, Place, Tab, card, quotes_of
from dashboard.views.pod.unlogged import why_unlogged
from diagnostics.queries import logs
from diagnostics.queries.pod_stories import PodEvent, PodStory, pod_story
from diagnostics.snapshot.display import columns

EVENTS_OUTLIVE = timedelta(hours=1)  # What a cluster keeps of them by default (kube-apiserver, --event-ttl).


@require_safe
@signed_in
def pod(request: HttpRequest, cluster: str, uid: str) -> HttpResponse:
    """The page; 404 with the reason for what is not kept."""
    overview = current_overview()
    story = None if "\0" in cluster + uid else pod_story(cluster, uid)
    if story is None:
        return render_page(request, "pod_missing.html", overview, {}, status=404)
    row, path = story.row, request.path
    read_at = row.gone_at or max(filter(None, (row.seen_at, row.cluster.fresh_at)))
    text = manifest.as_yaml(story.manifest)
    context = {
        "pod": story.pod,
        "row": row,
        "story": story,
        "shown": columns(story.pod),
        "read_at": read_at,
        "frozen": overview.frozen.get(row.cluster_id) if row.gone_at is None else None,
        "chain": chain(story),
        "workload_url": workload_url(row),
        "containers": containers(story, read_at),
        "log": _log_card(story, request),
        "yaml": _yaml_view(story, text, request),
        "yaml_all_url": f"{path}?{urlencode({'yaml-lines': 'all'})}#yaml",
        "events": [(each, _forgotten(each, overview.now)) for each in story.events],
        **_siblings(story),
    }
    return render_page(request, "pod.html", overview, context)


def _forgotten(event: PodEvent, now: datetime) -> bool:
    """Whether the cluster itself no longer has it."""
    return now - event.last_at > EVENTS_OUTLIVE


def _log_card(story: PodStory, request: HttpRequest) -> LogCard:
    container = _container(story, request.GET.get("container", ""))
    row = story.row
    place = Place(row.cluster, row.namespace, row.name, row.uid, container, gone=row.gone_at is not None)
    kept = logs.runs(row.cluster, row.uid, container)
    tabs = _container_tabs(story, container, request.path)
    if not kept:
        return LogCard(
            place, containers=tabs, missing=why_unlogged(story, container), command=place.command(previous=False)
        )
    return replace(
        card(place, kept, quotes_of(story.diagnoses or story.related), request.path, request.GET), containers=tabs
    )


def _container(story: PodStory, asked: str) -> str:
    """The one that was asked for; else one that a diagnosis is about, one that has a log, or the first."""
    names = _names(story)
    blamed = [each.container for each in story.diagnoses if each.container in story.logged]
    wanted = [asked, *blamed, *sorted(story.logged), *(each.name for each in story.pod.spec.containers)]
    return next((name for name in wanted if name in names), names[0] if names else "")


def _names(story: PodStory) -> list[str]:
    spec = story.pod.spec
    return [each.name for each in (*spec.init_containers, *spec.containers)]


def _container_tabs(story: PodStory, chosen: str, path: str) -> tuple[Tab, ...]:
    names = _names(story)
    if len(names) < 2:
        return ()
    return tuple(Tab(name, f"{path}?{urlencode({'container': name})}#log", name == chosen) for name in names)


def _yaml_view(story: PodStory, text: str, request: HttpRequest) -> View:
    paths = {path for row in story.diagnoses or story.related for path in manifest.blamed_paths(row, story.row.name)}
    lines = text.splitlines()
    return view(lines, manifest.lines_of(text, paths), Asked.of(request.GET, "yaml-"), leveled=False)


def _siblings(story: PodStory) -> dict[str, Any]:
    workload = story.workload
    ready = workload.status.ready_replicas or workload.status.number_ready if workload else 0
    wanted = workload.desired if workload else 0
    healthy = _("%(ready)d of %(wanted)d pods of the workload are ready") % {"ready": ready, "wanted": wanted}
    return {"siblings": story.siblings, "healthy": healthy if workload and wanted else ""}
