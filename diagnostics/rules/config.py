"""Why a container cannot even be made from its configuration: CreateContainerConfigError (catalogue B7, config-*).

Sources of the messages: k8s.io/kubernetes/pkg/kubelet/kubelet_pods.go (`makeEnvironmentVariables`, `makeMounts`),
pkg/kubelet/kuberuntime/security_context_others.go (`verifyRunAsNonRoot`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any

from diagnostics.rules.clues import Match, clue, core, first
from diagnostics.rules.lookalikes import SECRETS_UNREAD, instead_of_config_map, instead_of_key, listed
from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule, Severity, Stage, check
from diagnostics.rules.references import Kind, purpose, references
from diagnostics.rules.stages import alive, due_since, waiting_word
from diagnostics.rules.suspect import ContainerView, Suspect
from diagnostics.rules.volumes.rules import NOT_REGISTERED, SUBPATH

REASON = "CreateContainerConfigError"

_CONFIG = partial(
    Rule,
    severity=Severity.HIGH,
    stage=Stage.CONFIG,
    visible_after=timedelta(seconds=10),
    notify_after=timedelta(minutes=2),
)
_EDIT = "kubectl -n {namespace} edit {workload}"
_VALUES = "https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/"

CONFIGMAP_MISSING = _CONFIG(
    code="config-configmap-missing",
    message="ConfigMap {name}, from which container {container} takes {use}, does not exist in namespace {namespace}.",
    cause="The kubelet cannot set the container's environment, so it does not create the container. {instead}",
    remedy="Create the ConfigMap{keys}, or correct its name in the template. The container starts by itself once it "
    "exists.",
    commands=("kubectl -n {namespace} create configmap {name} --from-env-file={name}.env", _EDIT),
    verify=("kubectl -n {namespace} get configmap {name}", "kubectl -n {namespace} get pod {pod}"),
    references=(_VALUES,),
)
SECRET_MISSING = _CONFIG(
    code="config-secret-missing",
    message="Secret {name}, from which container {container} takes {use}, does not exist in namespace {namespace}.",
    cause="The kubelet cannot set the container's environment, so it does not create the container. {instead}",
    remedy="Create the Secret{keys}, or correct its name in the template. If an operator makes it (External Secrets, "
    "cert-manager, sealed-secrets), look at the object that it makes it from.",
    commands=("kubectl -n {namespace} create secret generic {name} --from-env-file={name}.env", _EDIT),
    verify=("kubectl -n {namespace} get secret {name}", "kubectl -n {namespace} get pod {pod}"),
    references=("https://kubernetes.io/docs/concepts/configuration/secret/",),
)
KEY_MISSING = _CONFIG(
    code="config-key-missing",
    message="{kind} {name} has no key {key}, which container {container} needs for {use}.",
    cause="The kubelet cannot set the container's environment, so it does not create the container. {instead}",
    remedy="Add the key to the {kind}, or correct it in the template. A reference that may be missing is marked "
    "optional: true.",
    commands=("kubectl -n {namespace} edit {resource}", _EDIT),
    verify=("kubectl -n {namespace} describe {resource}", "kubectl -n {namespace} get pod {pod}"),
    references=(_VALUES,),
)
RUN_AS_NON_ROOT = _CONFIG(
    code="config-run-as-non-root",
    message="Container {container} must not run as root, but {why}.",
    cause="runAsNonRoot is set, and the kubelet refuses to create the container because {why}.",
    remedy="Set securityContext.runAsUser to a number other than 0 that can work in this image, for example 10001, "
    "or name a numeric USER in the image.",
    commands=(_EDIT,),
    references=("https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",),
)
FILE_ENV = _CONFIG(
    code="config-file-env",
    message="Container {container} cannot take its environment from a file: {error}.",
    cause="The template takes variables from a file in a volume (fileKeyRef), and the kubelet cannot use that file.",
    remedy="Correct the file, which an init container usually writes, or the volume, path and key in the template.",
    commands=(_EDIT,),
)
SUBPATH_EXPR = _CONFIG(
    code="config-subpath-expr",
    message="The subPathExpr of a mount of container {container} uses variable {variable}, which is not set.",
    cause="The kubelet fills a mount's subPathExpr in from the container's own variables, and {variable} is none of "
    "those.",
    remedy="Define {variable} under env of container {container} (variables of the image or from envFrom do not count "
    "everywhere), or correct the expression.",
    commands=(_EDIT,),
)
OTHER = _CONFIG(
    code="config-other",
    message="Container {container} cannot be created: {error}.",
    cause="The kubelet or its container runtime refuses the container's configuration: {error}.",
    remedy="Read the whole message in the evidence and correct the field of the template that it names.",
    commands=(_EDIT,),
)

_CLUES = (
    clue(NOT_REGISTERED, r'object "[^"]{1,253}"/"[^"]{1,253}" not registered|failed to sync \w{1,20} cache'),
    clue(SUBPATH, r'failed to (?:prepare subPath|create subPath directory) for volumeMount "(?P<volume>[^"]{1,253})"'),
    clue(SUBPATH_EXPR, r'missing value for "(?P<variable>[^"]{1,253})"|subPathExpr'),
    clue(FILE_ENV, r"env(?:ironment)? file|not found in file|FileKeyRef"),
    clue(
        KEY_MISSING,
        r"couldn't find key (?P<key>\S{1,253}) in (?P<kind>ConfigMap|Secret) [^\s/]{1,253}/(?P<name>[^\s/]{1,253})",
    ),
    clue(CONFIGMAP_MISSING, r'configmaps? "(?P<name>[^"]{1,253})" not found'),
    clue(SECRET_MISSING, r'secrets? "(?P<name>[^"]{1,253})" not found'),
    clue(RUN_AS_NON_ROOT, r"image has non-numeric user \((?P<user>[^)]{1,100})\)"),
    clue(RUN_AS_NON_ROOT, r"image will run as root|breaks non-root policy"),
)


@dataclass(frozen=True, slots=True)
class _Particulars:
    """What one code adds to its finding: the words of its texts, where it points, and more proof."""

    words: Mapping[str, Any]
    offender: Offender
    evidence: tuple[Evidence, ...] = ()
    signature: str = ""


@check(*dict.fromkeys(row.rule for row in _CLUES), OTHER)
def config_error(suspect: Suspect) -> Iterator[Finding]:
    """Containers whose configuration the kubelet cannot make."""
    if not alive(suspect):
        return
    for container in suspect.containers:
        if container.waiting is not None and container.waiting.reason == REASON:
            message = container.waiting.message
            yield _conclude(container, first(_CLUES, message) or Match(OTHER, Confidence.LIKELY, {}), message)


def wants(suspect: Suspect) -> Iterator[tuple[str, str | None]]:
    """The namespace's ConfigMaps, where one of them or a key of one is missing."""
    for container in suspect.containers:
        waiting = container.waiting
        if waiting is not None and waiting.reason == REASON and "configmap" in waiting.message.lower():
            yield "configmaps", suspect.namespace


def _conclude(container: ContainerView, match: Match, message: str) -> Finding:
    particulars = _PARTICULARS.get(match.rule.code, _template_at_fault)(container, match)
    told = (event for event in container.events("Failed") if event.text.endswith(message))
    return container.finding(
        match.rule,
        match.confidence,
        waiting_word(container),
        *particulars.evidence,
        *(container.suspect.quote_event(event) for event in islice(told, 1)),
        offender=particulars.offender,
        since=due_since(container),
        signature=particulars.signature,
        **{"error": core(message) or "no reason is given", "hedge": match.hedge, **particulars.words},
    )


def _config_map_missing(container: ContainerView, match: Match) -> _Particulars:
    return _object_missing(container, "ConfigMap", match, instead_of_config_map(container.suspect, match.named["name"]))


def _secret_missing(container: ContainerView, match: Match) -> _Particulars:
    return _object_missing(container, "Secret", match, SECRETS_UNREAD)


def _object_missing(container: ContainerView, kind: Kind, match: Match, instead: str) -> _Particulars:
    name = match.named["name"]
    found = references(container, kind, name)
    keys = [reference.key for reference in found if reference.key]
    return _Particulars(
        words={
            "name": name,
            "use": purpose(found),
            "keys": f" with the key{'s' if len(keys) > 1 else ''} {listed(keys)}" if keys else "",
            "instead": instead,
        },
        offender=Offender(kind, name, container.suspect.namespace),
        evidence=tuple(container.quote_spec(reference.path, name) for reference in found[:1]),
        signature=f"{kind}/{name}",
    )


def _key_missing(container: ContainerView, match: Match) -> _Particulars:
    kind: Kind = "Secret" if match.named["kind"].lower() == "secret" else "ConfigMap"
    name, key = match.named["name"], match.named["key"]
    found = [reference for reference in references(container, kind, name) if reference.key == key]
    return _Particulars(
        words={
            "kind": kind,
            "name": name,
            "key": key,
            "use": purpose(found),
            "resource": f"{kind.lower()}/{name}",
            "instead": instead_of_key(container.suspect, name, key) if kind == "ConfigMap" else SECRETS_UNREAD,
        },
        offender=Offender(kind, name, container.suspect.namespace, f"data[{key}]"),
        evidence=tuple(container.quote_spec(reference.path, f"{name}/{key}") for reference in found[:1]),
        signature=f"{kind}/{name}/{key}",
    )


def _run_as_non_root(container: ContainerView, match: Match) -> _Particulars:
    pod, own = container.suspect.pod.spec.security_context, container.spec.security_context
    user = own.run_as_user if own.run_as_user is not None else pod.run_as_user
    if "user" in match.named:
        why = f'its image names the user "{match.named["user"]}", which may be root for all that the kubelet can tell'
    elif user == 0:
        why = "its securityContext sets runAsUser to 0, which is root"
    else:
        why = "its image runs as root and no other user is set"
    return _Particulars(
        words={"why": why},
        offender=container.template("securityContext.runAsUser"),
        evidence=(container.quote_spec("securityContext.runAsUser", "not set" if user is None else user),),
    )


def _subpath_expression(container: ContainerView, match: Match) -> _Particulars:
    variable = match.named.get("variable", "named in it")
    return _Particulars(words={"variable": variable}, offender=container.template("volumeMounts"), signature=variable)


def _subpath(container: ContainerView, match: Match) -> _Particulars:
    volume = match.named["volume"]
    return _Particulars(
        words={"volume": volume}, offender=container.template(f"volumeMounts[{volume}].subPath"), signature=volume
    )


def _not_registered(container: ContainerView, _match: Match) -> _Particulars:
    return _Particulars(words={"waiter": f"Container {container.name}"}, offender=container.template())


def _template_at_fault(container: ContainerView, _match: Match) -> _Particulars:
    return _Particulars(words={}, offender=container.template())


_PARTICULARS: dict[str, Callable[[ContainerView, Match], _Particulars]] = {
    CONFIGMAP_MISSING.code: _config_map_missing,
    SECRET_MISSING.code: _secret_missing,
    KEY_MISSING.code: _key_missing,
    RUN_AS_NON_ROOT.code: _run_as_non_root,
    SUBPATH_EXPR.code: _subpath_expression,
    SUBPATH.code: _subpath,
    NOT_REGISTERED.code: _not_registered,
}
