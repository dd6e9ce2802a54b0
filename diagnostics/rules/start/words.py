"""What the texts about a container that cannot start say of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from diagnostics.rules.clues import Match, core
from diagnostics.rules.exits import memory_limit
from diagnostics.rules.start import rules
from diagnostics.rules.suspect import ContainerView

Words = Mapping[str, Any]

_MOUNTS = frozenset({rules.MOUNT_TYPE.code, rules.READONLY_ROOTFS.code})
_FIELDS = {
    rules.OOM_INIT.code: "resources.limits.memory",
    rules.SECCOMP_APPARMOR.code: "securityContext",
    rules.POSTSTART.code: "lifecycle.postStart",
    rules.ARGS_TOO_LONG.code: "env",
}
# What the node has to mend.
ON_NODE = frozenset(rule.code for rule in (rules.CGROUP, rules.NAME_RESERVED, rules.PRESTART_INTERNAL, rules.DEVICE))
_SHELL = re.compile(r"(?:\A|/)(?:ba|da|a|z|k)?sh\Z")


def words(container: ContainerView, match: Match, error: str) -> Words:
    """Everything that the text of a match may name: what its pattern caught, and what that leads to."""
    special = _SPECIAL.get(match.rule.code)
    return {
        "hedge": match.hedge,
        "error": core(error) or "no reason is given",
        "command": _command(container),
        "origin": origin(container),
        "platform": platform(container),
        **match.named,
        **(special(container, match, error) if special else {}),
    }


def field(container: ContainerView, match: Match) -> str:
    """The field of the template that has to change."""
    code = match.rule.code
    if code == rules.WORKDIR.code:
        return "workingDir" if container.spec.working_dir else "image"
    if code in _MOUNTS:
        mounts = (mount for mount in container.spec.volume_mounts if mount.mount_path == match.named.get("path"))
        return next((f"volumeMounts[{mount.name}].mountPath" for mount in mounts), "volumeMounts")
    return _FIELDS.get(code) or ("command" if container.spec.command else "args" if container.spec.args else "image")


def origin(container: ContainerView) -> str:
    """Where the command comes from, in a sentence."""
    if container.spec.command:
        return "The template sets the command (command), whatever the image's ENTRYPOINT is."
    if container.spec.args:
        return "The template sets the arguments (args) of the image's ENTRYPOINT."
    return "The template names no command: it is the image's own ENTRYPOINT and CMD."


def platform(container: ContainerView) -> str:
    """Operating system and architecture of the pod's node, as in `linux/amd64`."""
    node = container.suspect.node
    if node is None:
        return "platform not read"
    return f"{node.status.node_info.operating_system}/{node.status.node_info.architecture}"


def _command(container: ContainerView) -> str:
    first = (*container.spec.command, *container.spec.args)[:1]
    return first[0] if first else "of the image"


def _not_found(_container: ContainerView, match: Match, error: str) -> Words:
    command = match.named.get("command", "")
    if _SHELL.search(command):
        return {"where": f"The image has no shell {command}; images that hold only a program have none."}
    if "$PATH" in error:
        return {"where": f"There is no {command} in any directory of the container's $PATH."}
    return {"where": f"There is no file {command} in the image."}


def _mount_type(_container: ContainerView, _match: Match, error: str) -> Words:
    if "inside /proc" in error:
        return {"why": "it lies inside /proc, which belongs to the kernel"}
    if "not a directory" in error or "onto a file" in error:
        return {"why": "one side is a directory and the other a file"}
    return {"why": core(error.rpartition(": mount ")[2] or error)}


def _workdir(_container: ContainerView, _match: Match, error: str) -> Words:
    if "not a directory" in error:
        return {"why": "is a file, or lies below one"}
    if "permission denied" in error:
        return {"why": "is closed to the container's user"}
    return {"why": "does not exist"}


def _readonly(_container: ContainerView, match: Match, _error: str) -> Words:
    return {"path": match.named.get("path", "a mount point")}


def _limit(container: ContainerView, _match: Match, _error: str) -> Words:
    limit = memory_limit(container)
    return {"limit": limit.quantity if limit else "not set"}


_SPECIAL: dict[str, Callable[[ContainerView, Match, str], Words]] = {
    rules.COMMAND_NOT_FOUND.code: _not_found,
    rules.MOUNT_TYPE.code: _mount_type,
    rules.READONLY_ROOTFS.code: _readonly,
    rules.WORKDIR.code: _workdir,
    rules.OOM_INIT.code: _limit,
}
