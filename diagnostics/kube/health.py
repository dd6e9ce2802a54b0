"""What the API server says about itself."""

from __future__ import annotations

import re

from diagnostics.kube.access import Access
from diagnostics.kube.decoders import decoder
from diagnostics.kube.errors import UNDECODABLE, ReadFailed
from diagnostics.snapshot.meta import Object

_FAILED = re.compile(r"^\[-\](\S+)", re.MULTILINE)


class _Version(Object, frozen=True):
    git_version: str = ""


def server_version(access: Access) -> str | None:
    """The API server's version, "v1.36.2"; None when it does not tell."""
    try:
        return decoder(_Version).decode(access.get("/version").data).git_version or None
    except (ReadFailed, *UNDECODABLE):
        return None


def failing_checks(access: Access) -> tuple[str, ...]:
    """The names of the readiness checks that fail ("etcd", "poststarthook/..."); none when the API server is ready.

    Raises ReadFailed when it does not say, for want of a permission or of an answer.
    """
    answer = access.get("/readyz", {"verbose": ""}, accept="*/*", answers=(500, 503))
    if answer.status == 200:
        return ()
    return tuple(_FAILED.findall(answer.data.decode(errors="replace"))) or ("readyz",)
