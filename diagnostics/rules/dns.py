"""The cluster's DNS: down as a whole, or failing for one program while it is well (catalogue B4, dns-*)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from diagnostics.rules.dependencies import DNS_FAILING
from diagnostics.rules.dependencies.backing import Backing, cluster_dns, said_of, serves_dns, without_ready_pods
from diagnostics.rules.dependencies.names import service_of
from diagnostics.rules.model import Confidence, Evidence, Finding, Rule, Severity, Shared, Stage, check
from diagnostics.rules.policies.flow import Side, isolating
from diagnostics.rules.signatures import Match, network
from diagnostics.rules.subject import ObjectView
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import Snapshot
from diagnostics.snapshot.objects import Workload

_REFERENCES = ("https://kubernetes.io/docs/tasks/administer-cluster/dns-debugging-resolution/",)

SERVICE_DOWN = Rule(
    code="dns-service-down",
    severity=Severity.CRITICAL,
    stage=Stage.WORKLOAD,
    message="The cluster's DNS is down: {workload_kind} {workload_name} {state}.",
    cause="Pods look up every name, Services and hosts outside alike, at this workload. While none of its pods is ready "
    "nothing resolves, and programs fail with timeouts and temporary errors.",
    remedy="{mend}",
    commands=(
        "kubectl -n {namespace} describe {workload}",
        "kubectl -n {namespace} logs {workload} --tail=100",
        "kubectl -n {namespace} rollout restart {workload}",
    ),
    verify=("kubectl -n {namespace} get {workload}", "kubectl -n {namespace} rollout status {workload}"),
    explains=("deploy-*", "ds-*"),
    visible_after=timedelta(seconds=30),
    notify_after=timedelta(minutes=1),
    references=_REFERENCES,
)
FAILING_APP = Rule(
    code="dns-failing-app",
    severity=Severity.MEDIUM,
    stage=Stage.CRASH,
    message="Container {container} {exits}{words}, though the cluster's DNS is up{restarts}.",
    together="{sufferers} cannot look up names, though the cluster's DNS is up.",
    cause="{why}",
    remedy="See whether a NetworkPolicy lets UDP and TCP 53 through to the cluster's DNS; write hosts outside with a "
    "final dot or set ndots to 2 in dnsConfig, for with the default of 5 each lookup becomes up to ten; and look at "
    "the load of the DNS pods and at dropped packets of this node.",
    commands=(
        "kubectl -n {namespace} get networkpolicies",
        "kubectl -n {namespace} exec {pod} -- cat /etc/resolv.conf",
    ),
    visible_after=timedelta(minutes=5),
    notify_after=timedelta(minutes=15),
    references=_REFERENCES,
)
# What is at fault where several workloads cannot look up names.
SERVICE = Shared("Service", "kube-dns")
_NEEDLES = tuple(
    needle for signature in network.SIGNATURES if signature.id == "dns-temporary" for needle in signature.needles
)


@check(SERVICE_DOWN, about=("Deployment", "DaemonSet"))
def dns_down(view: ObjectView[Workload]) -> Iterator[Finding]:
    """The workload that is the cluster's DNS, where none of its pods is ready.

    One that is scaled to 0 may have been replaced by another DNS, so then some program has to miss it.
    """
    if not serves_dns(view.namespace, view.item):
        return  # As nearly all.
    own = Backing(view.workload, view.item)
    if not without_ready_pods(cluster_dns(view.snapshot)) or not (own.desired or _missed(view.snapshot)):
        return
    yield view.finding(
        SERVICE_DOWN,
        Confidence.CERTAIN,
        own.evidence,
        since=_since(own.workload),
        state=own.state,
        mend="Find out why its pods are not ready, or go back to its last revision."
        if own.desired
        else f"Scale it up again: kubectl -n {own.ref.namespace} scale {own.ref.slug} --replicas=2.",
    )


def _missed(snapshot: Snapshot) -> bool:
    """Whether any log that was read complains of the DNS."""
    return any(needle in line.lower() for log in snapshot.logs.values() for line in log.lines for needle in _NEEDLES)


def _since(workload: Workload) -> datetime | None:
    """When its conditions last changed, of which Available is one."""
    return max(
        (one.last_transition_time for one in workload.status.conditions if one.last_transition_time), default=None
    )


@dataclass(frozen=True, slots=True)
class Serving:
    """That the cluster's DNS is up, and what else is not why a program's lookups fail."""

    servers: list[Backing]
    ruled_out: tuple[str, ...]

    @property
    def why(self) -> str:
        """The cause, as far as it can be told."""
        return (
            f"The DNS itself is up ({said_of(self.servers)}), so the questions or answers of this pod are lost or come "
            "too late: a NetworkPolicy on port 53, more lookups than the DNS can bear (ndots), or packets that the "
            "node drops."
        )

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What the DNS' workloads say of their pods."""
        return tuple(server.evidence for server in self.servers)


def serving(suspect: Suspect, match: Match) -> Serving | None:
    """The cluster's DNS as it serves while this line complains of it; None where it does not, or is not known."""
    servers = cluster_dns(suspect.snapshot)
    if match.signature.id not in DNS_FAILING or not any(server.ready for server in servers):
        return None
    return Serving(servers, tuple(_ruled_out(suspect, match, servers)))


def _ruled_out(suspect: Suspect, match: Match, servers: list[Backing]) -> Iterator[str]:
    yield f"the DNS is down: {said_of(servers)}"
    key = service_of(match.names.get("host", ""), suspect.namespace, suspect.snapshot.services)
    if key in suspect.snapshot.services:
        yield f"wrong name: Service {key[1]} exists in namespace {key[0]}"
    read = "networkpolicies" in suspect.snapshot.read and not suspect.unread("networkpolicies")
    if read and not isolating(suspect.snapshot, Side(suspect.namespace, suspect.metadata.labels), "Egress"):
        yield "NetworkPolicy: none isolates the egress of this pod"
