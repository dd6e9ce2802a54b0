"""What an embedded start watches: the clusters of a kubeconfig, or the demo cluster where there is none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dashboard.environment import Environment
from dashboard.supervisor.preflight import CannotStart, free_port
from diagnostics.kube import kubeconfig
from diagnostics.kube.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Demo:
    """The port on which the demo cluster has to listen, and the kubeconfig that it writes for those who watch it."""

    port: int
    kubeconfig: Path


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched, in words for people and in variables for the other processes."""

    words: str
    variables: Mapping[str, str] = field(default_factory=dict)
    demo: Demo | None = None


def choose_watched(environment: Environment) -> Watched:
    """The demo if it is asked for or nothing else is found; raises `CannotStart` for a kubeconfig that is broken."""
    if environment.demo:
        return _demo(environment, "as DEMO asks for")
    try:
        files = kubeconfig.files(None, {"KUBECONFIG": environment.kubeconfig})
        if files:
            return Watched(words=_contexts(kubeconfig.load(files), environment.clusters))
    except ConfigurationError as error:
        raise CannotStart(str(error)) from error
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return Watched(words="the cluster that this runs in")
    if environment.demo is None:
        return _demo(environment, "for no kubeconfig was found; KUBECONFIG names yours")
    raise CannotStart("DEMO is off and no kubeconfig was found; name one as KUBECONFIG, or leave DEMO out")


def _contexts(merged: kubeconfig.Kubeconfig, asked: list[str]) -> str:
    """`prod-eu and prod-us of /home/me/.kube/config`; raises ConfigurationError for a context that is not whole."""
    chosen = [merged.context(name) for name in asked] or [merged.context(None)]
    return f"{' and '.join(context.name for context in chosen)} of {merged.source}"


def _demo(environment: Environment, why: str) -> Watched:
    demo = Demo(free_port(), environment.data_dir / "demo.kubeconfig")
    variables = {"DEMO": "1", "KUBECONFIG": str(demo.kubeconfig), "SICKBAY_CLUSTERS": "", "SICKBAY_NAMESPACES": ""}
    return Watched(words=f"the demo cluster, {why}", variables=variables, demo=demo)
