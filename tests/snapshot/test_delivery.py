"""Which tool delivered a workload."""

from __future__ import annotations

import pytest

from diagnostics.snapshot.delivery import Delivery, delivered_by
from diagnostics.snapshot.meta import Metadata

HELM = {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "prod"}
HELM_LABELS = {"app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "cart-1.2.3"}
FLUX_HELM = {"helm.toolkit.fluxcd.io/name": "shop", "helm.toolkit.fluxcd.io/namespace": "flux-system"}
APPLIED = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}


@pytest.mark.parametrize(
    ("annotations", "labels", "expected"),
    [
        pytest.param({}, {"app": "web"}, None, id="nothing tells"),
        pytest.param(HELM, HELM_LABELS, Delivery(tool="helm", name="shop", namespace="prod"), id="a Helm release"),
        pytest.param(
            {"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:prod/cart"},
            HELM_LABELS,
            Delivery(tool="argocd", name="shop"),
            id="Argo CD, from a chart that it rendered",
        ),
        pytest.param(
            {"argocd.argoproj.io/tracking-id": "team-a_shop:apps/Deployment:prod/cart"},
            {},
            Delivery(tool="argocd", name="shop", namespace="team-a"),
            id="Argo CD, applications in any namespace",
        ),
        pytest.param(
            {}, {"argocd.argoproj.io/instance": "shop"}, Delivery(tool="argocd", name="shop"), id="Argo CD, by label"
        ),
        pytest.param(
            HELM, FLUX_HELM, Delivery(tool="flux", name="shop", namespace="flux-system"), id="Flux, through Helm"
        ),
        pytest.param(
            APPLIED,
            {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"},
            Delivery(tool="flux", name="apps", namespace="flux-system"),
            id="Flux, a Kustomization",
        ),
        pytest.param(
            {"moniker.spinnaker.io/application": "shop", "artifact.spinnaker.io/name": "cart"},
            {"app.kubernetes.io/managed-by": "spinnaker"},
            Delivery(tool="spinnaker", name="shop"),
            id="Spinnaker",
        ),
        pytest.param(
            {"artifact.spinnaker.io/name": "cart"},
            {},
            Delivery(tool="spinnaker", name="cart"),
            id="Spinnaker, an artifact",
        ),
        pytest.param(
            APPLIED,
            {**HELM_LABELS, "app.kubernetes.io/instance": "shop"},
            Delivery(tool="helm", name="shop"),
            id="a chart that was rendered and applied",
        ),
        pytest.param(
            {}, {"app.kubernetes.io/managed-by": "cnpg"}, Delivery(tool="cnpg", name="cart"), id="an operator"
        ),
        pytest.param(APPLIED, {}, Delivery(tool="kubectl", name="apply"), id="kubectl apply"),
    ],
)
def test_delivered_by(annotations: dict[str, str], labels: dict[str, str], expected: Delivery | None) -> None:
    assert delivered_by(Metadata(name="cart", annotations=annotations, labels=labels)) == expected
