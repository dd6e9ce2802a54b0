"""What the API server says about itself, and which cluster it is."""

from __future__ import annotations

import re

from diagnostics.kube.access import Access
from diagnostics.kube.decoders import decoder
from diagnostics.kube.errors import UNDECODABLE, FailureKind, ReadFailed
from diagnostics.kube.resources import BY_NAME
from diagnostics.snapshot.meta import Object
from diagnostics.snapshot.objects import Named

_NAMESPACE = f"{BY_NAME['namespaces'].path()}/kube-system"
VERSION = "/version"
LONGEST_UID = 64  # A UUID has 36 characters; what is stored of a stranger is bounded.
_FAILED = re.compile(r"^\[-\](\S+)", re.MULTILINE)


class VersionTold(Object, frozen=True):
    """What /version answers."""

    git_version: str = ""


def server_version(access: Access) -> str | None:
    """The API server's version, "v1.36.2"; None when it does not tell."""
    try:
        return decoder(VersionTold).decode(access.get(VERSION).data).git_version or None
    except (ReadFailed, *UNDECODABLE):
        return None


def cluster_uid(access: Access) -> str:
    """The UID of namespace kube-system, which lives as long as its cluster; blank where it may not be read, or is not there.

    Raises ReadFailed when no answer comes.
    """
    try:
        return decoder(Named).decode(access.get(_NAMESPACE).data).metadata.uid[:LONGEST_UID]
    except ReadFailed as failure:
        if failure.kind in (FailureKind.FORBIDDEN, FailureKind.NOT_FOUND):
            return ""
        raise
    except UNDECODABLE:
        return ""


def failing_checks(access: Access) -> tuple[str, ...]:
    """The names of the readiness checks that fail ("etcd", "poststarthook/..."); none when the API server is ready.

    Raises ReadFailed when it does not say, for want of a permission or of an answer.
    """
    answer = access.get("/readyz", {"verbose": ""}, accept="*/*", answers=(500, 503))
    if answer.status == 200:
        return ()
    return tuple(_FAILED.findall(answer.data.decode(errors="replace"))) or ("readyz",)
