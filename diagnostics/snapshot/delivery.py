"""Who delivered a workload, by the labels and annotations that delivery tools leave on what they apply.

The outermost tool is the one to go to: what Flux or Argo CD installed through Helm would be put back by them if it
were changed with Helm. Sources: the tools' own documentation of their tracking labels and annotations.
"""

from __future__ import annotations

from collections.abc import Callable

from diagnostics.snapshot.meta import Metadata, Object

_MANAGED_BY = "app.kubernetes.io/managed-by"
_INSTANCE = "app.kubernetes.io/instance"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Delivery(Object, frozen=True):
    """A tool and what it calls the thing that it delivers: a release, an application, a Kustomization."""

    tool: str
    name: str
    namespace: str | None = None


def delivered_by(metadata: Metadata) -> Delivery | None:
    """The tool that owns a workload; None where nothing tells."""
    return next((found for ask in _TOOLS if (found := ask(metadata)) is not None), None)


def _argo_cd(metadata: Metadata) -> Delivery | None:
    """`argocd.argoproj.io/tracking-id: [namespace_]application:group/Kind:namespace/name`, or the older label."""
    tracked = metadata.annotations.get("argocd.argoproj.io/tracking-id", "").partition(":")[0]
    application = tracked or metadata.labels.get("argocd.argoproj.io/instance", "")
    namespace, _, name = application.rpartition("_")
    return Delivery(tool="argocd", name=name, namespace=namespace or None) if name else None


def _flux(metadata: Metadata) -> Delivery | None:
    for group in ("helm", "kustomize"):
        if name := metadata.labels.get(f"{group}.toolkit.fluxcd.io/name"):
            namespace = metadata.labels.get(f"{group}.toolkit.fluxcd.io/namespace")
            return Delivery(tool="flux", name=name, namespace=namespace)
    return None


def _helm(metadata: Metadata) -> Delivery | None:
    """Helm annotates what it installs; charts that were only rendered with it carry no such annotation."""
    name = metadata.annotations.get("meta.helm.sh/release-name")
    return (
        Delivery(tool="helm", name=name, namespace=metadata.annotations.get("meta.helm.sh/release-namespace"))
        if name
        else None
    )


def _spinnaker(metadata: Metadata) -> Delivery | None:
    annotations = metadata.annotations
    name = annotations.get("moniker.spinnaker.io/application") or annotations.get("artifact.spinnaker.io/name")
    return Delivery(tool="spinnaker", name=name) if name else None


def _recommended_labels(metadata: Metadata) -> Delivery | None:
    """`app.kubernetes.io/managed-by`: whatever tool or operator names itself there."""
    tool = metadata.labels.get(_MANAGED_BY, "").lower()
    return Delivery(tool=tool, name=metadata.labels.get(_INSTANCE) or metadata.name) if tool else None


def _kubectl(metadata: Metadata) -> Delivery | None:
    return Delivery(tool="kubectl", name="apply") if _LAST_APPLIED in metadata.annotations else None


_TOOLS: tuple[Callable[[Metadata], Delivery | None], ...] = (
    _argo_cd,
    _flux,
    _helm,
    _spinnaker,
    _recommended_labels,
    _kubectl,
)
