"""How a cluster is reached: by a context of a kubeconfig file, as the pod that this runs in, or by what was pasted."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from diagnostics.kube import pasted
from diagnostics.kube.access import Access, load, load_document
from diagnostics.kube.errors import ConfigurationError
from diagnostics.kube.kubeconfig import Kubeconfig
from diagnostics.kube.pacing import Pacing
from diagnostics.models import Cluster, ClusterCredentials
from diagnostics.models.encrypted import KeyMissing
from diagnostics.notify.guard import Guard, Network, NotAllowed
from diagnostics.operations.refusing import Invalid

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
# Where clusters commonly are. What Guard never allows, such as metadata services, it does not allow here either.
PRIVATE: tuple[Network, ...] = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)
FIELD = "kubeconfig"  # What is wrong with what was pasted is said of this field.


@dataclass(frozen=True, slots=True)
class Way:
    """A blank `context` is the cluster that this runs in; a blank `kubeconfig` stands for the usual places.

    `document` is a kubeconfig that was pasted, cut down to one context; it goes before both.
    """

    context: str = ""
    kubeconfig: str = ""
    document: dict[str, Any] | None = field(default=None, repr=False)


def of(cluster: Cluster) -> Way:
    """The way to a stored cluster. Raises ConfigurationError where its credentials cannot be decrypted."""
    if not cluster.added_here:
        return Way(cluster.context, cluster.kubeconfig)
    try:
        stored = ClusterCredentials.objects.filter(cluster=cluster).first()
    except KeyMissing as error:
        raise ConfigurationError(f"{error}.", "Or paste the kubeconfig anew on the page of the cluster.") from error
    return Way(cluster.context, cluster.kubeconfig, stored.kubeconfig if stored else None)


def opened(way: Way, *, budget: float | None = None, pacing: Pacing | None = None) -> Access:
    """Opens it. Raises ReadFailed."""
    if way.document is not None:
        return load_document(way.document, may_ask, budget=budget, pacing=pacing)
    return load(way.kubeconfig or None, way.context or None, budget=budget, pacing=pacing)


def read(text: str) -> Kubeconfig:
    """What was pasted. Raises Invalid."""
    try:
        return pasted.read(text)
    except ConfigurationError as error:
        raise Invalid({FIELD: [str(error)]}) from error


def by_paste(kubeconfig: Kubeconfig, name: str) -> Way:
    """The way by a context of what was pasted; blank for the current or only one. Raises Invalid with every objection."""
    try:
        context = pasted.chosen(kubeconfig, name)
    except ConfigurationError as error:
        raise Invalid({FIELD: [str(error)]}) from error
    here = _is_here(context.server)
    if errors := [*pasted.objections(context, plain_http=here), *_not_allowed(context.server)]:
        raise Invalid({FIELD: errors})
    return Way(context.name, document=pasted.minimal(context))


def may_ask(address: str, port: int) -> None:
    """Raises ConfigurationError for an address that a pasted kubeconfig must not lead to."""
    try:
        _guard().check_address(address, port)
    except NotAllowed as error:
        raise ConfigurationError(f"The server's address is not asked: {error}.") from error


def _guard() -> Guard:
    own = LOOPBACK if settings.CLUSTERS_ON_LOOPBACK else ()
    return Guard((*PRIVATE, *own, *settings.OUTBOUND_ALLOW_CIDRS))


def _not_allowed(server: str) -> list[str]:
    """What is to be said against the address as it is written; where its name leads is looked at with each connection."""
    try:
        _guard().check_url(server)
    except NotAllowed as error:
        return [f"The server's address is not asked: {error}."]
    return []


def _is_here(server: str) -> bool:
    """Whether it is an address of this machine, and clusters may be there: nothing can be overheard on the way."""
    try:
        address = ip_address(urlsplit(server).hostname or "")
    except ValueError:
        return False
    return settings.CLUSTERS_ON_LOOPBACK and any(address in network for network in LOOPBACK)
