"""Calls that no NetworkPolicy allows, and that time out for it (catalogue B4, netpol-isolates).

A policy drops packets, it does not refuse them: only calls without an answer are looked at. The kubelet's probes come
from the pod's own node, from where traffic is always allowed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule, Severity, Stage, check
from diagnostics.rules.policies.calls import Call, Peer, calls, peers
from diagnostics.rules.policies.flow import Blocked, blocked
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.selectors import describe_selector
from diagnostics.snapshot.traffic import NetworkPolicy

ISOLATES = Rule(
    code="netpol-isolates",
    severity=Severity.MEDIUM,
    stage=Stage.CRASH,
    message="Container {container} gets no answer from {peer}: {policies} isolate{s} {isolated}, and no rule allows "
    "{traffic}.",
    cause="Pods that a NetworkPolicy selects get only the traffic that one of its rules allows; all else is dropped "
    "without an answer, so calls time out. {policies} select{s} {selected}.",
    remedy="Add {missing}.",
    commands=(
        "kubectl -n {policy_namespace} describe networkpolicy {policy}",
        "kubectl -n {policy_namespace} edit networkpolicy {policy}",
    ),
    explains=(
        "crash-dependency",
        "dns-failing-app",
        "init-failed",
        "init-running-long",
        "init-wait-dependency",
        "probe-*",
        "ready-no-cause",
    ),
    visible_after=timedelta(minutes=5),
    notify_after=timedelta(minutes=15),
    references=("https://kubernetes.io/docs/concepts/services-networking/network-policies/",),
)


@check(ISOLATES)
def isolated(suspect: Suspect) -> Iterator[Finding]:
    """Containers that crash or are not ready, and whose calls without an answer no policy allows."""
    if not suspect.snapshot.network_policies or suspect.pod.spec.host_network:
        return
    for call in calls(suspect):
        asked = peers(suspect, call.match)
        found = [blocked(suspect.snapshot, call.source, peer.side, peer.port) for peer in asked]
        if found and found[0] is not None and all(found):
            yield _conclude(call, asked[0], found[0])


def _conclude(call: Call, peer: Peer, found: Blocked) -> Finding:
    outward, first = found.direction == "Egress", found.policies[0]
    names, many = ", ".join(policy.metadata.name for policy in found.policies), len(found.policies) > 1
    field, traffic = f"spec.{found.direction.lower()}", f"{peer.port.protocol} port {peer.port}"
    return call.container.finding(
        ISOLATES,
        Confidence.LIKELY,
        call.evidence,
        *(_quote(policy.metadata.name, field, _rules(found, policy)) for policy in found.policies),
        *peer.evidence,
        offender=Offender("NetworkPolicy", first.metadata.name, first.metadata.namespace, field),
        since=call.since,
        signature=f"{found.direction} {peer.words}",
        ruled_out=peer.ruled_out,
        peer=peer.words,
        policies=f"NetworkPolic{'ies' if many else 'y'} {names}",
        s="" if many else "s",
        isolated="its pod" if outward else f"the pods behind {peer.words}",
        traffic=f"{traffic} {'to it' if outward else 'from this pod'}",
        selected=describe_selector(first.spec.pod_selector),
        missing=f"a rule under {field} of NetworkPolicy {first.metadata.name} that allows {traffic} "
        + (f"to {peer.side}" if outward else f"from {call.source}"),
        policy=first.metadata.name,
        policy_namespace=first.metadata.namespace,
    )


def _rules(found: Blocked, policy: NetworkPolicy) -> str:
    count = len(policy.spec.egress if found.direction == "Egress" else policy.spec.ingress)
    return f"{count} rule{'s' * (count != 1)}" if count else "no rule"


def _quote(name: str, field: str, value: str) -> Evidence:
    return Evidence("networkpolicy", f"NetworkPolicy/{name}", field, value)
