"""Which words of a pull error speak for which code, and which waiting reasons leave nothing to ask.

The order matters: a token endpoint that cannot be resolved says "failed to fetch anonymous token" as well, a platform
that is missing ends in "not found". Sources: containerd core/remotes/docker and core/images; distribution
registry/api/errcode; containers/image; k8s.io/kubernetes/pkg/kubelet/images.
"""

from __future__ import annotations

import re

from diagnostics.rules.clues import clue
from diagnostics.rules.image import rules
from diagnostics.rules.model import Confidence, Rule

BACK_OFF = "ImagePullBackOff"
PULL_ERRORS = frozenset({"ErrImagePull", BACK_OFF, "RegistryUnavailable"})
# Reasons that name the cause themselves.
BY_REASON: dict[str, Rule] = {
    "InvalidImageName": rules.INVALID_NAME,
    "ErrImageNeverPull": rules.NEVER_PULL,
    "ImageInspectError": rules.INSPECT,
    "SignatureValidationFailed": rules.SIGNATURE,
    "ImageVolumeMountFailed": rules.VOLUME,
}

PULL = (
    clue(rules.INSPECT, r"dial unix \S{1,200}\.sock|server is not initialized yet"),
    clue(rules.SECRET_BAD, r"^(?:illegal base64 data|invalid character|unexpected end of JSON|json: cannot unmarshal)"),
    clue(rules.SECRET_BAD, r"unable to parse auth field"),
    clue(rules.PLATFORM, r"no match for platform in manifest|no matching manifest for|exec format error"),
    clue(rules.PLATFORM, r"no image found in (?:manifest list|image index) for architecture"),
    clue(rules.NO_SPACE, r"no space left on device|disk quota exceeded"),
    clue(rules.SIGNATURE, r"SignatureValidationFailed|a signature was required, but no signature exists"),
    clue(rules.INVALID_NAME, r"invalid reference format|couldn't parse image (?:name|reference)"),
    clue(rules.RATE_LIMIT, r"toomanyrequests|429 Too Many Requests|pull rate limit"),
    clue(rules.HTTP_REGISTRY, r"server gave HTTP response to HTTPS client"),
    clue(rules.TLS, r"x509: |certificate signed by unknown authority|certificate has expired|\btls: "),
    clue(
        rules.REGISTRY_DNS,
        r"\blookup (?P<host>[A-Za-z0-9][A-Za-z0-9.-]{0,252})(?: on (?P<server>\S{1,80}))?: (?P<answer>[^\n]{0,200})",
    ),
    clue(rules.REGISTRY_DNS, r"(?P<answer>no such host|server misbehaving)"),
    clue(rules.REGISTRY_UNREACHABLE, r"connection refused|i/o timeout|no route to host|network is unreachable"),
    clue(rules.REGISTRY_UNREACHABLE, r"connection reset by peer|registry is unavailable|(?:: |unexpected )EOF\b"),
    clue(rules.REGISTRY_UNREACHABLE, r"\b5\d\d (?:Internal Server Error|Bad Gateway|Service Unavailable|Gateway Time)"),
    clue(rules.REGISTRY_UNREACHABLE, r"code = Unavailable"),
    clue(rules.TIMEOUT, r"context deadline exceeded|context canceled|Timeout exceeded|request canceled"),
    clue(rules.TIMEOUT, r"TLS handshake timeout"),
    clue(rules.CORRUPT, r"failed to register layer|unexpected commit digest|failed size validation"),
    clue(rules.CORRUPT, r"(?:unknown|invalid|unsupported) media ?type|content digest \S{1,140}:? not found"),
    clue(rules.CORRUPT, r"media type \S{1,140} is no(?:t| longer) supported"),
    clue(rules.CORRUPT, r"schema ?(?:version )?1\b[^\n]{0,80}(?:unsupported|no(?:t| longer) supported|removed)"),
    clue(rules.AUTH, r"pull access denied|denied: requested access|denied: permission|insufficient_scope"),
    clue(rules.AUTH, r"authorization failed|unauthorized|403 Forbidden|code = PermissionDenied|access denied"),
    clue(rules.AUTH, r"failed to fetch (?:anonymous|oauth) token"),
    clue(rules.AUTH, r"no basic auth credentials", Confidence.POSSIBLE),
    clue(rules.NOT_FOUND, r"manifest unknown|no such manifest|name unknown|repository \S{1,300} not found"),
    clue(rules.NOT_FOUND, r"failed to resolve reference [^\n]{1,1200}: not found|content at \S{1,600} not found"),
    clue(rules.NOT_FOUND, r"code = NotFound|404 Not Found"),
)


def _phrases(*pairs: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.IGNORECASE), phrase) for pattern, phrase in pairs)


# How an unreachable registry showed itself, in words.
UNREACHABLE = _phrases(
    (r"connection refused", "it refuses the connection"),
    (r"i/o timeout", "it does not answer in time"),
    (r"no route to host|network is unreachable", "there is no route to it"),
    (r"connection reset by peer", "it breaks off the connection"),
    (r"(?:: |unexpected )EOF\b", "it closes the connection before its answer is complete"),
    (r"\b(5\d\d [A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+){0,2})", "it answers {0}"),
)
# What is wrong with a certificate, in words.
CERTIFICATE = _phrases(
    (r"unknown authority", "it is signed by an authority that the node does not know"),
    (r"has expired|not yet valid", "it is not valid at this time"),
    (r"certificate is valid for [^\n]{1,800}, not ([A-Za-z0-9.:\-]{1,253})", "it is not made out for {0}"),
    (r"cannot validate certificate for (\S{1,60})", "it is not made out for {0}"),
    (r"certificate (?:is not|relies on)[^\n]{0,60}", "it names no host in the way that is required"),
)


def phrase(table: tuple[tuple[re.Pattern[str], str], ...], text: str, otherwise: str) -> str:
    """The first phrase whose pattern the text matches, filled with what its groups hold."""
    for pattern, words in table:
        if found := pattern.search(text):
            return words.format(*found.groups())
    return otherwise
