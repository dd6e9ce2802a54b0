"""Why a pod gets no sandbox, no address or no network (catalogue B4), as its own events tell.

Sources of the messages: k8s.io/kubernetes/pkg/kubelet (kuberuntime_sandbox.go, network/dns); containerd
internal/cri/server/sandbox_run.go; containernetworking/plugins host-local; aws/amazon-vpc-cni-k8s cmd/routed-eni-cni-
plugin/cni.go; cilium plugins/cilium-cni; projectcalico cni-plugin; flannel.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from diagnostics.rules.clues import Match, clue, core, first
from diagnostics.rules.exits import memory_limit
from diagnostics.rules.model import Confidence, Finding, Offender, Rule, Shared, check
from diagnostics.rules.sandbox import rules
from diagnostics.rules.stages import alive, without_sandbox, without_sandbox_since
from diagnostics.rules.start.rules import STUCK_CREATING
from diagnostics.rules.suspect import Suspect
from diagnostics.rules.volumes.mounts import MOUNT_REASONS
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.quantities import InvalidQuantity, parse

Words = Mapping[str, Any]

_SANDBOX_REASONS = ("FailedCreatePodSandBox", "NetworkNotReady", "FailedCreatePodContainer")
_LOOP_WINDOW = timedelta(minutes=10)
_LOOPS = 3
_POSSIBLE = Confidence.POSSIBLE

_CLUES = (
    clue(rules.LIMIT_TOO_LOW, r"container init was OOM-killed"),
    clue(rules.RUNTIME_HANDLER, r'no runtime for "(?P<handler>[^"]{1,100})" is configured'),
    clue(rules.RUNTIME_HANDLER, r"failed to lookup runtimehandler"),
    clue(rules.PAUSE_IMAGE, r"failed to get sandbox image"),
    clue(rules.NAME_RESERVED, r'failed to reserve sandbox name|name "[^"]{1,300}" is reserved for'),
    clue(rules.AWS_NO_IP, r"add cmd: failed to assign an IP address to container"),
    clue(
        rules.AWS_IPAMD_DOWN, r"add cmd: failed to connect to backend server|Error received from AddNetwork gRPC call"
    ),
    clue(rules.AWS_IPAMD_DOWN, r"dial tcp 127\.0\.0\.1:50051: connect: connection refused", _POSSIBLE),
    clue(rules.AWS_NETPOL, r"add cmd: failed to setup network policy"),
    clue(rules.RANGE_EXHAUSTED, r"no IP addresses available in range set: (?P<addresses>[0-9a-f.:, \-]{3,200})"),
    clue(
        rules.RANGE_EXHAUSTED, r"postIpamFailure|range is full|IP space (?:is )?exhausted|no available IPs", _POSSIBLE
    ),
    clue(rules.UNINITIALISED, r"cni plugin not initialized|cni config uninitialized|network is not ready"),
    clue(rules.AGENT_DOWN, r"unable to connect to Cilium (?:daemon|agent)|stat /var/lib/calico/nodename: no such file"),
    clue(rules.AGENT_DOWN, r"open /run/flannel/subnet\.env: no such file"),
    clue(rules.UNAUTHORISED, r"connection is unauthorized: Unauthorized", _POSSIBLE),
    clue(rules.MISSING_BINARY, r'failed to find plugin "(?P<plugin>[^"]{1,100})" in path', _POSSIBLE),
    clue(rules.USERNS, r"user ?namespaces?|idmap"),
    clue(rules.POD_CGROUP, r"unable to ensure pod container exists|error making pod data directories"),
    clue(rules.TIMEOUT, r"context deadline exceeded|DeadlineExceeded"),
)
# Events that say it all by their reason.
_BY_REASON = {
    "DNSConfigForming": rules.DNS_TRUNCATED,
    "MissingClusterDNS": rules.DNS_MISSING,
    "MissingIAMPermissions": rules.AWS_IAM,
}
# Where such an event passes from what is wrong to its details.
_DETAIL = re.compile(r", | due to ")
_POD_DIRECTORIES = "error making pod data directories"


@check(*dict.fromkeys(row.rule for row in _CLUES), STUCK_CREATING, needs=("events",))
def pod_sandbox(suspect: Suspect) -> Iterator[Finding]:
    """Pods whose sandbox fails, by the newest event; a newer one about volumes means that it has not come to that."""
    if not alive(suspect) or not without_sandbox(suspect):
        return
    latest = next((event for event in suspect.events() if _about_stage(event)), None)
    if latest is not None and latest.reason not in MOUNT_REASONS:
        yield _conclude(suspect, latest)


@check(rules.CHANGED_LOOP, needs=("events",))
def sandbox_changed(suspect: Suspect) -> Iterator[Finding]:
    """Pods whose sandbox is replaced again and again: three times within ten minutes, and still."""
    if not alive(suspect):
        return
    for event in suspect.events("SandboxChanged")[:1]:
        if event.times >= _LOOPS and suspect.age(event.at) <= _LOOP_WINDOW and _per_loop(event) <= _LOOP_WINDOW:
            yield suspect.finding(
                rules.CHANGED_LOOP,
                Confidence.CERTAIN,
                suspect.quote_event(event),
                offender=_node(suspect),
                since=event.since,
                shared=_shared(suspect, rules.CHANGED_LOOP),
                times=event.times,
                began=f"{event.since:%H:%M} UTC",
            )


@check(*_BY_REASON.values(), needs=("events",))
def pod_told(suspect: Suspect) -> Iterator[Finding]:
    """What single events say about the pod's DNS settings and its node's network plugin."""
    if not alive(suspect):
        return
    for reason, rule in _BY_REASON.items():
        for event in suspect.events(reason)[:1]:
            yield suspect.finding(
                rule,
                Confidence.CERTAIN,
                suspect.quote_event(event),
                field="dnsConfig",
                offender=None if rule is rules.DNS_TRUNCATED else _node(suspect),
                since=event.since,
                shared=_shared(suspect, rule),
                error=_DETAIL.split(core(event.text), maxsplit=1)[0],
            )


def _per_loop(event: Event) -> timedelta:
    """How long the event took on average to be seen as often as makes a loop."""
    if event.at is None or event.since is None:
        return timedelta.max
    return (event.at - event.since) * (_LOOPS - 1) / max(event.times - 1, 1)


def _about_stage(event: Event) -> bool:
    return event.reason in _SANDBOX_REASONS or event.reason in MOUNT_REASONS or _POD_DIRECTORIES in event.text


def _conclude(suspect: Suspect, event: Event) -> Finding:
    match = first(_CLUES, event.text) or Match(STUCK_CREATING, Confidence.LIKELY, {})
    if match.rule is rules.USERNS and suspect.pod.spec.host_users is not False:
        match = Match(STUCK_CREATING, Confidence.LIKELY, {})
    error = core(event.text)
    special = _SPECIAL.get(match.rule.code)
    words = {"hedge": match.hedge, "error": error, **match.named, **(special(suspect, match, error) if special else {})}
    return suspect.finding(
        match.rule,
        match.confidence,
        suspect.quote_event(event),
        offender=_offender(suspect, match, words),
        since=without_sandbox_since(suspect, event),
        signature=match.named.get("handler") or match.named.get("plugin") or "",
        ruled_out=_ruled_out(match),
        shared=_shared(suspect, match.rule),
        **words,
    )


def _offender(suspect: Suspect, match: Match, words: Words) -> Offender:
    code = match.rule.code
    if code == rules.LIMIT_TOO_LOW.code:
        return suspect.template(str(words["field"]))
    if code == rules.RUNTIME_HANDLER.code and suspect.pod.spec.runtime_class_name:
        return Offender("RuntimeClass", suspect.pod.spec.runtime_class_name, path="handler")
    if code == rules.USERNS.code:
        return suspect.template("hostUsers")
    return _node(suspect)


def _node(suspect: Suspect) -> Offender:
    return Offender("Node", suspect.pod.spec.node_name)


def _shared(suspect: Suspect, rule: Rule) -> Shared | None:
    """The node, where it would fail any pod alike."""
    return Shared("Node", suspect.pod.spec.node_name) if rule.together else None


def _ruled_out(match: Match) -> tuple[str, ...]:
    if match.rule is rules.LIMIT_TOO_LOW:
        return ("not the network: the sandbox never got that far",)
    if match.rule in (rules.RANGE_EXHAUSTED, rules.AWS_NO_IP, rules.UNINITIALISED, rules.AGENT_DOWN):
        return ("not the workload: any new pod on this node would wait",)
    return ()


def _smallest_limit(suspect: Suspect, _match: Match, _error: str) -> Words:
    limits = [
        (_bytes(limit.quantity), container, limit)
        for container in suspect.containers
        if (limit := memory_limit(container))
    ]
    if not limits:
        return {"limit": "unknown size", "limited": None, "field": "resources"}
    _, container, limit = min(limits, key=lambda found: found[0])
    place = "" if limit.of_pod else f"{'initContainers' if container.init else 'containers'}[{container.name}]."
    return {"limit": limit.quantity, "limited": None if limit.of_pod else container.name, "field": place + limit.field}


def _bytes(quantity: str) -> Decimal:
    try:
        return parse(quantity)
    except InvalidQuantity:
        return Decimal("Infinity")


def _handler(suspect: Suspect, match: Match, _error: str) -> Words:
    name = suspect.pod.spec.runtime_class_name
    return {
        "handler": match.named.get("handler") or "of its class",
        "wanted": f"RuntimeClass {name}" if name else "the pod",
        "runtime_class": name or None,
    }


def _addresses(_suspect: Suspect, match: Match, _error: str) -> Words:
    addresses = match.named.get("addresses", "").strip()
    return {"range": f": {addresses} are all taken" if addresses else ""}


def _unknown(_suspect: Suspect, _match: Match, error: str) -> Words:
    return {"why": error or "no reason is given", "stage": "The kubelet's error fits no cause that is known here."}


_SPECIAL: dict[str, Callable[[Suspect, Match, str], Words]] = {
    rules.LIMIT_TOO_LOW.code: _smallest_limit,
    rules.RUNTIME_HANDLER.code: _handler,
    rules.RANGE_EXHAUSTED.code: _addresses,
    STUCK_CREATING.code: _unknown,
}
