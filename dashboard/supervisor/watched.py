"""What an embedded start watches: the clusters of a kubeconfig, or the demo cluster where there is none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dashboard.environment import Environment
from dashboard.supervisor.preflight import CannotStart, free_port
from dashboard.values import Address
from diagnostics.demo import kubeconfig

IN_CLUSTER_TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched, in words for people and in variables for the other processes."""

    words: str
    variables: Mapping[str, str] = field(default_factory=dict)
    demo: Address | None = None  # Where the demo cluster has to listen.


def choose_watched(environment: Environment) -> Watched:
    """The demo if it is asked for or nothing else is found; raises `CannotStart` for a kubeconfig that is broken."""
    found = kubeconfig_found(environment)
    if environment.demo or (environment.demo is None and not found):
        why = "as DEMO asks for" if environment.demo else "for no kubeconfig was found; point KUBECONFIG at yours"
        return _demo(environment, why)
    if not found:
        raise CannotStart("DEMO is off and no kubeconfig was found; name one as KUBECONFIG, or leave DEMO out")
    return Watched(words="")


def kubeconfig_found(environment: Environment) -> bool:
    """Whether there is a cluster to watch: a kubeconfig named or in its usual place, or a cluster around us."""
    usual = Path.home() / ".kube" / "config"
    around = "KUBERNETES_SERVICE_HOST" in os.environ and IN_CLUSTER_TOKEN.exists()
    return bool(environment.kubeconfig) or usual.exists() or around


def _demo(environment: Environment, why: str) -> Watched:
    address = Address("127.0.0.1", free_port())
    path = environment.data_dir / "demo.kubeconfig"
    kubeconfig.write(path, f"http://{address}", name="demo", namespace="default", token="")
    variables = {"DEMO": "1", "KUBECONFIG": str(path), "SICKBAY_CLUSTERS": "", "SICKBAY_NAMESPACES": ""}
    return Watched(words=f"the demo cluster, {why}", variables=variables, demo=address)
