"""Helpers beside the application: their crash is a lesser thing than the application's (catalogue B8)."""

from __future__ import annotations

from datetime import timedelta

from diagnostics.rules.crash.case import DEBUGGING, LOGS, VERIFY, Case
from diagnostics.rules.model import Confidence, Finding, Rule, Severity, Stage

# Names that mesh, identity, proxy and log-shipping projects give to the containers that they inject or document.
KNOWN = frozenset(
    {
        "cloud-sql-proxy",
        "cloudsql-proxy",
        "consul-dataplane",
        "daprd",
        "envoy",
        "envoy-sidecar",
        "filebeat",
        "fluent-bit",
        "fluentd",
        "istio-proxy",
        "jaeger-agent",
        "linkerd-proxy",
        "oauth2-proxy",
        "otel-collector",
        "otc-container",
        "promtail",
        "spiffe-helper",
        "vault-agent",
    }
)

SIDECAR = Rule(
    code="crash-sidecar",
    severity=Severity.MEDIUM,
    stage=Stage.CRASH,
    message="Sidecar {container} {exits}{words}{restarts}.",
    cause="{why}",
    remedy="{advice}",
    commands=(LOGS,),
    verify=VERIFY,
    references=DEBUGGING,
    visible_after=timedelta(minutes=1),
    notify_after=timedelta(minutes=5),
)


def is_sidecar(case: Case) -> bool:
    """Whether the container is a native sidecar, or one by its name."""
    return case.container.init or case.container.name in KNOWN


def of_sidecar(case: Case) -> Finding | None:
    """A sidecar that ends by itself, in its own words."""
    if case.finished or not is_sidecar(case):
        return None
    best = case.said.best
    return case.finding(
        SIDECAR,
        Confidence.CERTAIN,
        *case.said.evidence,
        signature=f"exit {case.end.exit_code} {case.said.signature}".strip(),
        ruled_out=case.ruled_out,
        words=case.said.words,
        why=best.signature.cause if best else "A helper beside the application ends; its last words are the best hint.",
        advice=best.signature.remedy
        if best
        else "Read the sidecar's log; compare its version and settings with what it serves.",
    )
