"""Which clusters are watched: those that the environment names, until they are forgotten."""

from __future__ import annotations

import os
from contextlib import suppress

from django.conf import settings

from diagnostics.kube.access import IN_CLUSTER, contexts
from diagnostics.kube.errors import ConfigurationError
from diagnostics.models import Cluster

NOT_NAMED = "The configuration no longer names it."


def watch_configured_clusters() -> list[Cluster]:
    """Makes the stored clusters those of the configuration; returns the ones that are watched.

    They are the contexts of SICKBAY_CLUSTERS, else the kubeconfig's current one, else the cluster that this runs in.
    Others are paused and keep what is stored of them; they go on when they are named again. Raises ConfigurationError
    where there is nothing to watch.
    """
    kubeconfig = settings.KUBECONFIG if os.pathsep not in settings.KUBECONFIG else ""  # A list is $KUBECONFIG's own.
    named = {name or IN_CLUSTER: name for name in _contexts(kubeconfig)}
    Cluster.objects.filter(paused=False).exclude(name__in=named).update(paused=True, pause_reason=NOT_NAMED)
    Cluster.objects.filter(pause_reason=NOT_NAMED, name__in=named).update(paused=False, pause_reason="")
    return [
        Cluster.objects.update_or_create(
            name=name,
            defaults={"context": context, "kubeconfig": kubeconfig, "namespaces": settings.SICKBAY_NAMESPACES},
        )[0]
        for name, context in named.items()
    ]


def _contexts(kubeconfig: str) -> list[str]:
    """The contexts to watch; blank stands for the cluster that this runs in."""
    known = contexts(kubeconfig or None)
    if chosen := settings.SICKBAY_CLUSTERS or [context.name for context in known if context.current]:
        return list(chosen)
    if known:
        raise ConfigurationError("The kubeconfig has no current context.", "Name contexts in SICKBAY_CLUSTERS.")
    if not os.environ.get("KUBERNETES_SERVICE_HOST"):
        raise ConfigurationError(
            "No cluster is configured: there is no kubeconfig, and this is no pod.", "Set KUBECONFIG."
        )
    return [""]


def forget(name: str) -> bool:
    """Drops everything that is stored of a cluster; one that is still configured begins anew. False if there is none."""
    known = Cluster.objects.filter(name=name)
    if not known.exists():
        return False
    known.delete()  # A slice that watches it loses its lease with it.
    with suppress(ConfigurationError):
        watch_configured_clusters()
    return True
