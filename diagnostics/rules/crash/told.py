"""Ended by an error that its log tells: the signatures, each with the code that it proves (catalogue B8, C)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from diagnostics.rules.crash.case import DEBUGGING, LOGS, VERIFY, Case
from diagnostics.rules.crash.ports import HOST, IN_POD, rival
from diagnostics.rules.dependencies.facts import Fact, told_by, with_fact
from diagnostics.rules.dependencies.names import is_loopback, service_of
from diagnostics.rules.dns import FAILING_APP, SERVICE, Serving, serving
from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule, Severity, Stage
from diagnostics.rules.signatures import Match, Weight

_AS_TOLD = "Container {container} {exits}{words}{restarts}."


def _told(code: str, *commands: str, clocks: tuple[float, int] = (0.5, 3)) -> Rule:
    """A rule whose texts are the signature's; the clocks are minutes until it is visible and until it is sent."""
    return Rule(
        code=code,
        severity=Severity.HIGH,
        stage=Stage.CRASH,
        message=_AS_TOLD,
        cause="{why}",
        remedy="{advice}",
        commands=(*commands, LOGS),
        verify=VERIFY,
        references=DEBUGGING,
        visible_after=timedelta(minutes=clocks[0]),
        notify_after=timedelta(minutes=clocks[1]),
    )


OOM_RUNTIME = _told("crash-oom-runtime", "kubectl -n {namespace} top pod {pod} --containers", clocks=(0, 2))
CONFIG = _told(
    "crash-config-env",
    "kubectl -n {namespace} set env {workload} -c {container} --list",
    "kubectl -n {namespace} get configmaps",
)
DEPENDENCY = _told("crash-dependency", "kubectl -n {target_namespace} get services,endpointslices")
PERMISSION = _told("crash-permission")
RBAC = _told(
    "crash-rbac",
    "kubectl auth can-i {verb} {resource} --as={subject} -n {target}",
    "kubectl -n {target} create role {role} --verb={verb} --resource={resource}",
    "kubectl -n {target} create rolebinding {role} --role={role} --serviceaccount={account}",
)
PYTHON = _told("crash-python-1")
NODE = _told("crash-node-1")
JAVA = _told("crash-java-1")
GO = _told("crash-go-2")

# A code that names an exit code may be told only of an end with it.
_ONLY_WITH = {PYTHON: 1, NODE: 1, JAVA: 1, GO: 2}


@dataclass(frozen=True, slots=True)
class _Told:
    """What a code adds to the signature: what has to change, and words for its commands."""

    place: str = "image"
    offender: Offender | None = None
    why: str = ""
    evidence: tuple[Evidence, ...] = ()
    params: Mapping[str, object] = field(default_factory=dict)
    fact: Fact | None = None
    ruled_out: tuple[str, ...] = ()

    def confidence(self, match: Match) -> Confidence:
        """Certain by what is known of the peer, else by what the log says."""
        if self.fact is not None:
            return Confidence.CERTAIN if self.fact.proves else Confidence.LIKELY
        exact = match.names or match.signature.weight is not Weight.LOOSE
        return Confidence.CERTAIN if exact else Confidence.LIKELY


def by_heap(case: Case) -> Finding | None:
    """A runtime whose own heap was full, whatever signal or code it then chose."""
    match = case.said.best
    if match is None or case.finished or match.signature.leads_to != OOM_RUNTIME.code:
        return None
    return as_told(case, OOM_RUNTIME, match, _Told("env"))


def by_signature(case: Case) -> Finding | None:
    """The rule that the best signature of its last words proves, if the exit code agrees."""
    match = case.said.best
    if match is None or case.finished:
        return None
    if match.signature.id == "port-in-use":
        return _port(case, match)
    if healthy := serving(case.suspect, match):
        told = as_told(case, FAILING_APP, match, _up(case, healthy))
        return replace(told, confidence=Confidence.LIKELY, shared=SERVICE)
    rule = _BY_CODE.get(match.signature.leads_to)
    if rule is None or _ONLY_WITH.get(rule, case.end.exit_code) != case.end.exit_code:
        return None
    return as_told(case, rule, match, _ADDS.get(rule, _nothing)(case, match))


def as_told(case: Case, rule: Rule, match: Match, adds: _Told | None = None, **params: object) -> Finding:
    """A finding in the signature's words."""
    adds = adds or _Told()
    fact = adds.fact
    finding = case.finding(
        rule,
        adds.confidence(match),
        *case.said.evidence,
        *adds.evidence,
        field=adds.place,
        offender=adds.offender,
        signature=case.said.signature,
        ruled_out=(*adds.ruled_out, *case.ruled_out),
        words=case.said.words + (fact.aside if fact else ""),
        why=adds.why or match.signature.cause,
        advice=fact.advice if fact else match.signature.remedy,
        **adds.params,
        **params,
    )
    return with_fact(finding, fact)


def _nothing(_case: Case, _match: Match) -> _Told:
    return _Told()


def _config(case: Case, match: Match) -> _Told:
    if "variable" not in match.names:
        return _Told("volumeMounts" if "path" in match.names else "args")
    names = ", ".join(one.name for one in case.container.spec.env) or "[]"
    return _Told("env", evidence=(case.container.quote_spec("env[*].name", names),))


def _dependency(case: Case, match: Match) -> _Told:
    suspect, host = case.suspect, match.names.get("host", "")
    if fact := told_by(suspect, match):
        place = {"target_namespace": fact.offender.namespace}
        return _Told(offender=fact.offender, why=fact.why, evidence=fact.evidence, params=place, fact=fact)
    if key := service_of(host, suspect.namespace, suspect.snapshot.services):
        return _Told(offender=Offender("Service", key[1], key[0]), params={"target_namespace": key[0]})
    own = "The address is the pod itself, and no container of this pod listens there." if is_loopback(host) else ""
    return _Told("env", why=own, params={"target_namespace": suspect.namespace})


def _up(case: Case, dns: Serving) -> _Told:
    place = case.suspect.template("dnsConfig")
    return _Told(offender=place, why=dns.why, evidence=dns.evidence, ruled_out=dns.ruled_out)


def _permission(case: Case, match: Match) -> _Told:
    read_only = match.signature.id == "fs-readonly" and case.container.spec.security_context.read_only_root_filesystem
    if not read_only:
        return _Told("securityContext")
    path = "securityContext.readOnlyRootFilesystem"
    return _Told(path, evidence=(case.container.quote_spec(path, "true"),))


def _rbac(_case: Case, match: Match) -> _Told:
    names = match.names
    namespace, account, target = names["namespace"], names["account"], names.get("target")
    return _Told(
        offender=Offender("ServiceAccount", account, namespace),
        params={
            "verb": names["verb"],
            "resource": names["resource"],
            "subject": f"system:serviceaccount:{namespace}:{account}",
            "role": f"{account}-{names['resource']}",
            "account": f"{namespace}:{account}",
            "target": target,
        },
    )


def _port(case: Case, match: Match) -> Finding | None:
    """Who holds the port: another container of the pod, another pod of the node; None where neither is known."""
    port = match.names.get("port", "")
    other = rival(case.container, port)
    if other is not None:
        adds = _Told("ports", evidence=(other.evidence,))
        return as_told(case, IN_POD, match, adds, port=other.port, other=other.container)
    if case.suspect.pod.spec.host_network or any(one.host_port for one in case.container.spec.ports):
        return as_told(case, HOST, match, _Told("ports"), port=port or "it binds")
    return None


_ADDS: Mapping[Rule, Callable[[Case, Match], _Told]] = {
    CONFIG: _config,
    DEPENDENCY: _dependency,
    PERMISSION: _permission,
    RBAC: _rbac,
}
_BY_CODE = {rule.code: rule for rule in (CONFIG, DEPENDENCY, PERMISSION, RBAC, PYTHON, NODE, JAVA, GO)}
