"""Which clusters are watched: those that the environment names, and those that were added on the Clusters page."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from diagnostics import live
from diagnostics.kube.access import IN_CLUSTER, contexts
from diagnostics.kube.errors import ConfigurationError
from diagnostics.kube.kubeconfig import ContextInfo
from diagnostics.models import Cluster, ClusterCredentials, Update
from diagnostics.models.encrypted import KeyMissing
from diagnostics.operations.refusing import Invalid
from diagnostics.operations.ways import FIELD, Way

NOT_NAMED = "The configuration no longer names it."
LONGEST_NAME, LONGEST_REASON, MOST_NAMESPACES = 253, 200, 50
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def watch_configured_clusters() -> list[Cluster]:
    """Makes the stored clusters those of the configuration, beside those that were added here; returns the former.

    They are the contexts of SICKBAY_CLUSTERS, else the kubeconfig's current one, else the cluster that this runs in.
    Others are paused and keep what is stored of them; they go on when they are named again. Raises ConfigurationError
    where there is nothing to watch.
    """
    kubeconfig = own_kubeconfig()
    named = {name or IN_CLUSTER: name for name in _contexts(kubeconfig)}
    of_configuration = Cluster.objects.filter(added_here=False)
    of_configuration.filter(paused=False).exclude(name__in=named).update(paused=True, pause_reason=NOT_NAMED)
    of_configuration.filter(pause_reason=NOT_NAMED, name__in=named).update(paused=False, pause_reason="")
    added = set(Cluster.objects.filter(added_here=True, name__in=named).values_list("name", flat=True))
    return [
        Cluster.objects.update_or_create(
            name=name,
            defaults={"context": context, "kubeconfig": kubeconfig, "namespaces": settings.SICKBAY_NAMESPACES},
        )[0]
        for name, context in named.items()
        if name not in added
    ]


def own_kubeconfig() -> str:
    """The path of the kubeconfig of this server; blank for the usual places, or where KUBECONFIG is a list of them."""
    return settings.KUBECONFIG if os.pathsep not in settings.KUBECONFIG else ""


def own_contexts() -> tuple[ContextInfo, ...]:
    """The contexts of the kubeconfig of this server, if it has one. Raises ConfigurationError."""
    return contexts(own_kubeconfig() or None)


def runs_in_cluster() -> bool:
    """Whether this runs as a pod, which may watch the cluster that it is in."""
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST"))


def _contexts(kubeconfig: str) -> list[str]:
    """The contexts to watch; blank stands for the cluster that this runs in."""
    known = contexts(kubeconfig or None)
    if chosen := settings.SICKBAY_CLUSTERS or [context.name for context in known if context.current]:
        return list(chosen)
    if known:
        raise ConfigurationError("The kubeconfig has no current context.", "Name contexts in SICKBAY_CLUSTERS.")
    if not runs_in_cluster():
        raise ConfigurationError(
            "No cluster is configured: there is no kubeconfig, and this is no pod.", "Set KUBECONFIG."
        )
    return [""]


def is_configured(cluster: Cluster) -> bool:
    """Whether the environment names it, so that it begins anew when it is removed."""
    if cluster.added_here:
        return False
    try:
        return cluster.name in {name or IN_CLUSTER for name in _contexts(own_kubeconfig())}
    except ConfigurationError:
        return False


def add(name: str, way: Way, namespaces: Iterable[str] = ()) -> Cluster:
    """Has another cluster watched, in some namespaces or all. Raises Invalid."""
    row = Cluster(name=name.strip(), context=way.context, kubeconfig=way.kubeconfig, added_here=True)
    row.namespaces = list(dict.fromkeys(namespaces))
    if errors := {field: [text] for field, text in _wrong(row)}:
        raise Invalid(errors)
    try:
        with transaction.atomic():
            row.save()
            _store_credentials(row, way)
            live.announce(row, Update.Topic.CLUSTER)
    except IntegrityError as error:
        raise Invalid({"name": ["there is another cluster of this name"]}) from error
    return row


def _wrong(row: Cluster) -> Iterator[tuple[str, str]]:
    if not row.name or len(row.name) > LONGEST_NAME or not row.name.isprintable():
        yield "name", f"a cluster needs a name of at most {LONGEST_NAME} characters"
    strange = [name for name in row.namespaces if not _NAMESPACE.fullmatch(name)]
    if strange:
        yield "namespaces", f"{strange[0]!r} is no name of a namespace: small letters, digits and -"
    if len(row.namespaces) > MOST_NAMESPACES:
        yield "namespaces", f"at most {MOST_NAMESPACES}; for more, let the reader list pods in all of them"


def replace_credentials(cluster: UUID, way: Way, now: datetime) -> None:
    """Other credentials for a cluster that was added here; it is read with them at once.

    That they lead to the same cluster is seen to when it is read. Raises Cluster.DoesNotExist and Invalid.
    """
    with _changed(cluster, added_here=True) as row:
        row.context = way.context
        _store_credentials(row, way)
        row.save(update_fields=["context"])
        _begin_anew(row, now)


def _store_credentials(row: Cluster, way: Way) -> None:
    if way.document is None:
        return
    try:
        # Without a look at what is there: it may be encrypted with a key that is gone.
        ClusterCredentials.objects.filter(cluster=row).delete()
        ClusterCredentials.objects.create(cluster=row, kubeconfig=way.document)
    except KeyMissing as error:
        raise Invalid({FIELD: [f"Credentials cannot be stored: {error}."]}) from error


def pause(cluster: UUID, reason: str) -> None:
    """Stops watching it; what is stored of it is shown as it was. Raises Cluster.DoesNotExist."""
    with _changed(cluster) as row:
        row.paused, row.pause_reason = True, reason.replace("\0", "").strip()[:LONGEST_REASON]
        row.save(update_fields=["paused", "pause_reason"])


def resume(cluster: UUID, now: datetime) -> None:
    """Watches it again. One that the configuration no longer names is from now on one that was added here.

    Raises Cluster.DoesNotExist.
    """
    with _changed(cluster) as row:
        row.added_here = row.added_here or row.pause_reason == NOT_NAMED
        row.paused, row.pause_reason = False, ""
        row.save(update_fields=["paused", "pause_reason", "added_here"])
        _begin_anew(row, now)


def read_now(cluster: UUID, now: datetime) -> None:
    """Has it listed in full at once. Raises Cluster.DoesNotExist."""
    with _changed(cluster) as row:
        _begin_anew(row, now)


def _begin_anew(row: Cluster, now: datetime) -> None:
    """Takes the lease from whoever watches it, and the versions that its successor would go on from.

    The fence makes that safe: a slice that is under way loses no more than its last batch, and its successor, which
    the next tick starts, lists everything.
    """
    Cluster.objects.filter(pk=row.pk).update(
        fence=F("fence") + 1, lease_owner="", lease_until=now, resource_versions={}, retry_at=None
    )


@contextmanager
def _changed(cluster: UUID, **columns: Any) -> Iterator[Cluster]:
    with transaction.atomic():
        row = Cluster.objects.select_for_update().get(uuid=cluster, **columns)
        yield row
        live.announce(row, Update.Topic.CLUSTER)


def forget(name: str) -> bool:
    """Drops everything that is stored of a cluster; one that is still configured begins anew. False if there is none."""
    known = Cluster.objects.filter(name=name)
    if not known.exists():
        return False
    known.delete()  # A slice that watches it loses its lease with it.
    with suppress(ConfigurationError):
        watch_configured_clusters()
    return True
