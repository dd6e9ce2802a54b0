"""A pod's log and YAML as files, redacted as they are stored."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from dashboard.signin import signed_in
from dashboard.views.pod.manifest import as_yaml
from diagnostics.models import Cluster
from diagnostics.queries import logs
from diagnostics.queries.pod_stories import pod_story


@require_safe
@signed_in
def log_file(_request: HttpRequest, cluster: str, uid: str, container: str, restart: int) -> HttpResponse:
    """The kept log of one run; it may outlive what else is kept of the pod."""
    found = None
    if "\0" not in cluster + uid + container and restart < 2**31:
        owner = Cluster.objects.only("pk").filter(name=cluster).first()
        found = logs.run(owner, uid, container, restart) if owner else None
    if found is None or not found.log.lines:
        raise Http404
    return _file("".join(f"{line}\n" for line in found.log.lines), f"{uid}.{container}.{found.run + 1}.log")


@require_safe
@signed_in
def yaml_file(_request: HttpRequest, cluster: str, uid: str) -> HttpResponse:
    """The pod."""
    story = None if "\0" in cluster + uid else pod_story(cluster, uid)
    if story is None:
        raise Http404
    return _file(as_yaml(story.manifest), f"{story.row.name}.yaml")


def _file(text: str, name: str) -> HttpResponse:
    """As text, whatever is in it: the browser saves it and guesses nothing (`nosniff` is on every answer)."""
    disposition = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-cache"}
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=headers)
