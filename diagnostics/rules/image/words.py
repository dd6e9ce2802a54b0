"""What the texts of the image family say about one container: its image, its registry, its credentials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from diagnostics.rules.clues import Match, core
from diagnostics.rules.image import rules
from diagnostics.rules.image.clues import CERTIFICATE, UNREACHABLE, phrase
from diagnostics.rules.model import Offender, Rule, Shared
from diagnostics.rules.suspect import ContainerView
from diagnostics.snapshot.images import DEFAULT_REGISTRY, ImageReference, InvalidImage, parse

Words = Mapping[str, Any]

# Docker Hub is asked under other names than the one in its references.
_HUB_API = "registry-1.docker.io"
_HUB_LOGIN = "https://index.docker.io/v1/"
_ECR = ".dkr.ecr."
_PROPOSED_NAME = "registry-credentials"
# Faults of a registry, whichever of its images is asked for, and faults of the node that pulls.
REGISTRY_WIDE = frozenset(
    rule.code
    for rule in (rules.RATE_LIMIT, rules.REGISTRY_UNREACHABLE, rules.REGISTRY_DNS, rules.TLS, rules.HTTP_REGISTRY)
)
_NODE_WIDE = frozenset(rule.code for rule in (rules.NO_SPACE, rules.INSPECT))
_REGISTRY_ANSWERED = "not the network: the registry answered"
_MAY_BE_MISSPELT = "does not exist"  # "..., or may require authorization": how registries hide what they have.
_NOT_ASKED = "not the tag: the registry could not be asked for it"
_IMAGE_EXISTS = "not the tag: the registry has the image"
RULED_OUT = {
    rules.NOT_FOUND.code: (_REGISTRY_ANSWERED,),
    rules.AUTH.code: (_REGISTRY_ANSWERED,),
    rules.SECRET_MISSING.code: (_REGISTRY_ANSWERED,),
    rules.RATE_LIMIT.code: (_REGISTRY_ANSWERED,),
    rules.REGISTRY_UNREACHABLE.code: (_NOT_ASKED,),
    rules.REGISTRY_DNS.code: (_NOT_ASKED,),
    rules.TLS.code: (_NOT_ASKED,),
    rules.HTTP_REGISTRY.code: (_NOT_ASKED,),
    rules.PLATFORM.code: (_IMAGE_EXISTS,),
    rules.NO_SPACE.code: (_IMAGE_EXISTS,),
    rules.CORRUPT.code: (_IMAGE_EXISTS,),
}


def words(container: ContainerView, match: Match, error: str) -> Words:
    """Everything that the text of a match may name."""
    reference = _reference(container)
    special = _SPECIAL.get(match.rule.code, _nothing_special)
    return {
        "hedge": match.hedge,
        "error": core(error) or "no reason is given",
        **_registry_words(reference),
        **_credential_words(container, reference),
        **special(container, match, error),
    }


def offender(container: ContainerView, code: str) -> Offender:
    """What has to change: the template's image, unless the code blames something else."""
    suspect = container.suspect
    secrets = _secret_names(container)
    if code == rules.SECRET_BAD.code and len(secrets) == 1:
        return Offender("Secret", secrets[0], suspect.namespace, "data[.dockerconfigjson]")
    if code in (rules.AUTH.code, rules.SECRET_BAD.code):
        return suspect.template("imagePullSecrets")
    if code in _NODE_WIDE:
        return Offender("Node", suspect.pod.spec.node_name)
    field = "imagePullPolicy" if code == rules.NEVER_PULL.code else "image"
    return container.template(field)


def signature(container: ContainerView, code: str) -> str:
    """What tells two causes of one code apart: the registry for its own faults, else the image."""
    reference = _reference(container)
    if code in REGISTRY_WIDE and reference is not None:
        return reference.registry
    return "" if code in _NODE_WIDE else container.spec.image


def shared(container: ContainerView, rule: Rule, error: str) -> Shared | None:
    """What is at fault if other workloads fail alike: the registry or the node; nothing where the image may be."""
    reference = _reference(container)
    if not rule.together or reference is None or (rule is rules.AUTH and _MAY_BE_MISSPELT in error):
        return None
    if rule.code in _NODE_WIDE:
        return Shared("Node", container.suspect.pod.spec.node_name)
    return Shared("Registry", reference.registry)


def _reference(container: ContainerView) -> ImageReference | None:
    try:
        return parse(container.spec.image)
    except InvalidImage:
        return None


def _registry_words(reference: ImageReference | None) -> Words:
    if reference is None:
        return dict.fromkeys(("registry", "repository", "version", "api", "tls_endpoint", "docker_server"), "unknown")
    hub = reference.registry == DEFAULT_REGISTRY
    api = _HUB_API if hub else reference.registry
    return {
        "registry": reference.registry,
        "repository": reference.repository.removeprefix("library/") if hub else reference.repository,
        "version": reference.version,
        "api": api,
        "tls_endpoint": api if reference.port else f"{api}:443",
        "docker_server": _HUB_LOGIN if hub else reference.registry,
    }


def _credential_words(container: ContainerView, reference: ImageReference | None) -> Words:
    secrets = _secret_names(container)
    spec = container.suspect.pod.spec
    return {
        "secrets": ", ".join(secrets) or "none",
        "pull_secret": secrets[0] if secrets else _PROPOSED_NAME,
        "service_account": spec.service_account_name or "default",
        "pull_policy": container.spec.image_pull_policy or "not set",
        "credentials": _credentials(secrets, reference),
    }


def _credentials(secrets: tuple[str, ...], reference: ImageReference | None) -> str:
    if not secrets:
        return "The pod names no image pull secret, so the node asked with its own credentials, if it has any."
    text = (
        f"The pod names the image pull secret {', '.join(secrets)}; whether it holds valid credentials for this "
        "registry was not looked at, because Sickbay never reads Secrets."
    )
    if reference is not None and _ECR in reference.host:
        return f"{text} Credentials of this registry expire after 12 hours."
    return text


def _secret_names(container: ContainerView) -> tuple[str, ...]:
    return tuple(secret.name for secret in container.suspect.pod.spec.image_pull_secrets if secret.name)


def _nothing_special(_container: ContainerView, _match: Match, _error: str) -> Words:
    return {}


def _auth(_container: ContainerView, _match: Match, error: str) -> Words:
    if _MAY_BE_MISSPELT in error:
        return {"refusal": "it wants valid credentials, or the repository does not exist"}
    return {"refusal": "access is forbidden" if "forbidden" in error.lower() else "it wants valid credentials"}


def _unreachable(_container: ContainerView, _match: Match, error: str) -> Words:
    return {"how": phrase(UNREACHABLE, error, "it gives no usable answer")}


def _dns(container: ContainerView, match: Match, _error: str) -> Words:
    reference = _reference(container)
    server = f"Name server {match.named['server']}" if "server" in match.named else "The node's name server"
    answered = "no such host" in match.named.get("answer", "").lower()
    return {
        "host": match.named.get("host") or (reference.host if reference else container.spec.image),
        "resolver": f"{server} answered that the name does not exist." if answered else f"{server} gave no answer.",
    }


def _tls(_container: ContainerView, _match: Match, error: str) -> Words:
    problem = phrase(CERTIFICATE, error, core(error))
    remedy = "Have the registry present a certificate that is made out for its name and is valid now."
    if "authority" in problem:
        remedy = "Install the certificate of the registry's authority on every node, or let the registry present one "
        remedy += "that nodes know already."
    return {"problem": problem, "tls_remedy": remedy}


def _platform(container: ContainerView, _match: Match, _error: str) -> Words:
    node = container.suspect.node
    name = container.suspect.pod.spec.node_name
    if node is None:
        return {"platform": "that platform", "node_platform": f"the platform of node {name}"}
    info = node.status.node_info
    platform = f"{info.operating_system}/{info.architecture}"
    return {"platform": platform, "node_platform": f"{platform}, the platform of node {name}"}


def _invalid_name(container: ContainerView, _match: Match, error: str) -> Words:
    try:
        parse(container.spec.image)
    except InvalidImage as reason:
        return {"why": str(reason)}
    return {"why": core(error).rpartition("invalid reference format: ")[2]}


def _unknown(_container: ContainerView, _match: Match, error: str) -> Words:
    if error:
        return {"unknown": "The message fits no cause that is known here."}
    return {
        "unknown": "The kubelet's status holds no reason, and the events that held it have expired or were not read."
    }


_SPECIAL: dict[str, Callable[[ContainerView, Match, str], Words]] = {
    rules.AUTH.code: _auth,
    rules.REGISTRY_UNREACHABLE.code: _unreachable,
    rules.REGISTRY_DNS.code: _dns,
    rules.TLS.code: _tls,
    rules.PLATFORM.code: _platform,
    rules.INVALID_NAME.code: _invalid_name,
    rules.UNKNOWN.code: _unknown,
}
