"""Who owns a pod, from its cluster down to its node, as links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from diagnostics.models import Suspect
from diagnostics.queries.pod_stories import PodStory
from diagnostics.snapshot.delivery import delivered_by
from diagnostics.snapshot.objects import Node

_TOOLS = {"argocd": "Argo CD", "flux": "Flux", "helm": "Helm", "spinnaker": "Spinnaker"}


@dataclass(frozen=True, slots=True)
class Link:
    """One owner; blank without an address where there is no page about it."""

    icon: str
    text: str
    url: str = ""


def chain(story: PodStory) -> tuple[Link, ...]:
    """Cluster, delivering tool, workload, its revision, this pod, node: what of them is known."""
    row = story.row
    links = [Link("clusters", row.cluster.name, _triage(cluster=row.cluster.name))]
    links += _tool(story)
    if row.workload_kind != "Pod":
        links.append(Link("workload", f"{row.workload_kind} {row.workload_name}", workload_url(row)))
    links += _revision(story)
    links.append(Link("pod", _("this pod")))
    links += _node(story)
    return tuple(links)


def workload_url(row: Suspect) -> str:
    """Everything about the workload of a pod."""
    workload = f"{row.workload_kind}/{row.workload_name}"
    return _triage(cluster=row.cluster.name, namespace=row.namespace, workload=workload)


def _triage(**narrowed: str) -> str:
    return f"{reverse('triage')}?{urlencode(narrowed)}"


def _tool(story: PodStory) -> Iterator[Link]:
    found = delivered_by(story.workload.metadata) if story.workload else None
    if found and found.tool != "kubectl":
        name = f"{found.namespace}/{found.name}" if found.namespace else found.name
        yield Link("link", f"{_TOOLS.get(found.tool, found.tool)} {name}")


def _revision(story: PodStory) -> Iterator[Link]:
    """The controller between workload and pod, or the revision that the pod says it is of."""
    owner = story.pod.metadata.controller
    if owner and owner.name != story.row.workload_name and owner.kind != "Node":
        yield Link("diff", f"{owner.kind} {owner.name.replace(story.row.workload_name, '…', 1)}")
    elif revision := story.pod.metadata.labels.get("controller-revision-hash", ""):
        yield Link("diff", _("revision %(name)s") % {"name": revision.rpartition("-")[2]})


def _node(story: PodStory) -> Iterator[Link]:
    name = story.pod.spec.node_name
    if name:
        narrowed = _triage(cluster=story.row.cluster.name, node=name)
        yield Link("node", f"{name}, {_health(story.node)}" if story.node else name, narrowed)


def _health(node: Node) -> str:
    if not node.ready:
        return _("not ready")
    pressure = [found.type for found in node.status.conditions if found.type.endswith("Pressure") and found.true]
    return ", ".join(pressure) or (_("cordoned") if node.spec.unschedulable else _("healthy"))
