"""Image references: "shop/cart:1.4", "registry.example:5000/shop/cart@sha256:...", "nginx".

Source: github.com/distribution/reference, `ParseNormalizedNamed`; Docker's defaults (`docker.io`, `library/`,
`latest`) are what every Kubernetes runtime applies to short names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DEFAULT_REGISTRY = "docker.io"
DEFAULT_TAG = "latest"
# The longest name that a registry may be asked for (distribution/reference, `NameTotalLengthMax`).
LONGEST_NAME = 255

_HOST = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:]{2,39}\]|[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*)"
    r"(?::(?P<port>\d{1,5}))?"
)
_COMPONENT = re.compile(r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}")
_UNEXPANDED = re.compile(r"\$\{?\w|\{\{|\$\(")


class InvalidImage(ValueError):
    """The text is no image reference; the message says why, in a few words without a full stop."""


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image reference in full; `tag` is empty when only a digest was given."""

    host: str
    port: str
    repository: str
    tag: str
    digest: str

    @property
    def registry(self) -> str:
        """Host and port, as the registry is asked: `registry.example:5000`, `docker.io`."""
        return f"{self.host}:{self.port}" if self.port else self.host

    @property
    def version(self) -> str:
        """What picks the image in its repository: `tag 1.4`, or `digest sha256:...`, which wins over a tag."""
        return f"digest {self.digest}" if self.digest else f"tag {self.tag}"


def parse(reference: str) -> ImageReference:
    """The parts of an image reference, with Docker's defaults filled in. Raises `InvalidImage`."""
    _reject_obvious(reference)
    name, _, digest = reference.partition("@")
    if "@" in reference and not _DIGEST.fullmatch(digest):
        raise InvalidImage("what follows the @ is not a digest")
    registry, path = _split(name)
    host = _HOST.fullmatch(registry)
    if host is None:
        raise InvalidImage(f'"{registry}" is not a registry host')
    path, colon, tag = path.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise InvalidImage(f'"{tag}" is not a tag' if tag else "the tag after the colon is empty")
    _check_repository(path)
    if registry == DEFAULT_REGISTRY and "/" not in path:
        path = f"library/{path}"
    return ImageReference(host["host"], host["port"] or "", path, tag or ("" if digest else DEFAULT_TAG), digest)


def registry_of(reference: str) -> str:
    """The registry that a reference names, for texts; empty when it is no reference."""
    try:
        return parse(reference).registry
    except InvalidImage:
        return ""


def _reject_obvious(reference: str) -> None:
    """The mistakes that people make, named before the grammar would only say "invalid"."""
    if not reference:
        raise InvalidImage("it is empty")
    if "://" in reference:
        raise InvalidImage("it begins with a URL scheme")
    if _UNEXPANDED.search(reference):
        raise InvalidImage("it holds a variable that was never filled in")
    if any(character.isspace() for character in reference):
        raise InvalidImage("it holds a blank")


def _split(name: str) -> tuple[str, str]:
    """Registry and path; the first component is a registry only if it looks like a host (`splitDockerDomain`)."""
    first, slash, rest = name.partition("/")
    is_host = "." in first or ":" in first or first == "localhost" or first != first.lower()
    if not slash or not is_host:
        return DEFAULT_REGISTRY, name
    return (DEFAULT_REGISTRY if first == "index.docker.io" else first), rest


def _check_repository(path: str) -> None:
    if path != path.lower():
        raise InvalidImage(f"the repository name ({path}) must be lowercase")
    if not all(_COMPONENT.fullmatch(component) for component in path.split("/")):
        raise InvalidImage(f'"{path}" is not a repository name' if path else "it names no repository")
    if len(path) > LONGEST_NAME:
        raise InvalidImage(f"its name is longer than {LONGEST_NAME} characters")
