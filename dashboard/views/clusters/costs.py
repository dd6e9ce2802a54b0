"""What a missing right costs, in words, and how many causes can only be looked for with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from diagnostics.kube.grants import Grant
from diagnostics.kube.mending import rights_for
from diagnostics.kube.resources import LOGS
from diagnostics.rules.reference import entries

_ON_WORKLOADS = gettext_lazy("Pods that were never created stay unseen.")
_ON_VOLUMES = gettext_lazy("Causes in volumes are less exact.")
_ON_TRAFFIC = gettext_lazy("Causes in traffic and autoscaling stay unseen.")
_ON_CONTROL_PLANE = gettext_lazy("Causes in webhooks and the control plane stay unseen.")
_COSTS: Mapping[str, Promise] = {
    "pods": gettext_lazy("Nothing can be judged."),
    "events": gettext_lazy("Causes that only events tell, such as mounts and sandboxes, cannot be checked."),
    "nodes": gettext_lazy("Causes in nodes stay unseen, and so does what would fit where."),
    LOGS: gettext_lazy("No log lines in evidence: causes that only a log tells are possible at most."),
    "replicasets": gettext_lazy("No difference between revisions can be shown."),
    **dict.fromkeys(("deployments", "statefulsets", "daemonsets", "jobs", "cronjobs"), _ON_WORKLOADS),
    **dict.fromkeys(
        ("persistentvolumeclaims", "persistentvolumes", "storageclasses", "volumeattachments", "csinodes"), _ON_VOLUMES
    ),
    **dict.fromkeys(("services", "endpointslices", "ingresses", "networkpolicies"), _ON_TRAFFIC),
    **dict.fromkeys(("horizontalpodautoscalers", "poddisruptionbudgets"), _ON_TRAFFIC),
    **dict.fromkeys(
        ("validatingwebhookconfigurations", "mutatingwebhookconfigurations", "apiservices", "leases"),
        _ON_CONTROL_PLANE,
    ),
}


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that could not be read: `grant` would mend it, blank where it is no matter of rights."""

    what: str
    grant: str
    namespace: str | None
    error: str
    cost: str


def cost(resource: str) -> str:
    """`Causes in nodes stay unseen. 2 causes are not looked for.`"""
    said = str(_COSTS.get(resource, _("Names are not suggested, and some causes are less exact.")))
    skipped = _needing()[resource]
    if not skipped:
        return said
    causes = ngettext("%(n)d cause is not looked for.", "%(n)d causes are not looked for.", skipped) % {"n": skipped}
    return f"{said} {causes}"


@cache
def _needing() -> Counter[str]:
    return Counter(resource for entry in entries().values() for resource in entry.needs)


def gaps(stored: Iterable[Mapping[str, Any]]) -> list[Gap]:
    """The gaps of a cluster as they are shown."""
    return [
        Gap(gap["grant"] or gap["resource"], gap["grant"], gap["namespace"], gap["error"], cost(gap["resource"]))
        for gap in stored
    ]


def mending(found: Iterable[Gap]) -> str:
    """The YAML that adds the rights that are missing; blank if it is no matter of rights."""
    return rights_for(Grant.read(gap.grant, gap.namespace) for gap in found if gap.grant)
