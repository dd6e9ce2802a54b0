"""Badges are made and revoked. Whoever has a badge's key may read it, and nobody can find a key by guessing."""

from __future__ import annotations

import re
import secrets

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from diagnostics.models import Badge, Cluster
from diagnostics.operations.refusing import Invalid

KEY_BYTES = 24
MOST = 200  # In all: the page lists them together.
LONGEST_NAMESPACE = 63
LONGEST_WORKLOAD = 320
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")  # As Kubernetes names namespaces,
_WORKLOAD = re.compile(r"([A-Z][A-Za-z]*/)?[a-z0-9]([-.a-z0-9]*[a-z0-9])?")  # and workloads, perhaps after their kind.


def create(cluster: Cluster, namespace: str, workload: str, by: User | None) -> Badge:
    """A new badge of a cluster, a namespace of it, or a workload ("Deployment/cart" or its name). Raises Invalid."""
    errors = {}
    if namespace and not (len(namespace) <= LONGEST_NAMESPACE and _NAMESPACE.fullmatch(namespace)):
        errors["namespace"] = [_("write one namespace as kubectl shows it, such as shop")]
    if workload and not (len(workload) <= LONGEST_WORKLOAD and _WORKLOAD.fullmatch(workload)):
        errors["workload"] = [_("write a kind and a name, such as Deployment/cart, or the name alone")]
    if Badge.objects.count() >= MOST:
        errors["cluster"] = [_("there are %(n)d badges, the most there may be: revoke one first") % {"n": MOST}]
    if errors:
        raise Invalid(errors)
    key = secrets.token_urlsafe(KEY_BYTES)
    return Badge.objects.create(key=key, cluster=cluster, namespace=namespace, workload=workload, created_by=by)


def revoke(pk: int) -> Badge:
    """From now on its key shows nothing. Raises Badge.DoesNotExist."""
    row = Badge.objects.select_related("cluster").get(pk=pk)
    row.delete()
    return row
