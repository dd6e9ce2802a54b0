"""One tag, two images: replicas that run different code under one name (catalogue B5)."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.rules.image.rules import TAG_DRIFT
from diagnostics.rules.model import Confidence, Evidence, Finding, check
from diagnostics.rules.stages import alive
from diagnostics.rules.suspect import ContainerView, Suspect

# What is shown of a digest, as `docker images` does.
_SHORT = 12


@check(TAG_DRIFT, needs=("nodes",))
def tag_drift(suspect: Suspect) -> Iterator[Finding]:
    """Containers whose image is another than the one that their siblings got for the same tag."""
    controller = suspect.pod.metadata.controller
    tally = suspect.snapshot.tallies.get((suspect.namespace, controller)) if controller else None
    if tally is None or not alive(suspect):
        return
    for container in suspect.containers:
        siblings = tally.images.get((container.name, container.status.image), {})
        others = sorted((id_, node) for id_, node in siblings.items() if _differs(container, id_, node))
        if others:
            yield _finding(container, *others[0])


def _differs(container: ContainerView, id_: str, node: str) -> bool:
    """Whether it is another image, and not only one that is told otherwise.

    Another runtime, architecture or mirror tells one image otherwise, and so does a node onto which it was loaded, not
    pulled.
    """
    own, here = container.status.image_id, container.suspect.pod.spec.node_name
    if not own or own.rpartition("@")[2] == id_.rpartition("@")[2] or ("@" in own) is not ("@" in id_):
        return False
    platform = _platform(container.suspect, here)
    return platform is not None and platform == _platform(container.suspect, node)


def _platform(suspect: Suspect, name: str) -> tuple[str, str] | None:
    node = suspect.snapshot.nodes.get(name)
    if node is None:
        return None
    info = node.status.node_info
    return info.architecture, info.container_runtime_version.partition(":")[0]


def _finding(container: ContainerView, other: str, node: str) -> Finding:
    suspect, own, image = container.suspect, container.status.image_id, container.spec.image
    running = container.status.state.running
    return container.finding(
        TAG_DRIFT,
        Confidence.CERTAIN,
        container.quote("imageID", own),
        Evidence("pod", f"{suspect.workload.kind}/{suspect.workload.name}", f"imageID on {node}", other),
        since=running.started_at if running else None,
        signature=image,
        own=_digest(own),
        other=_digest(other),
        other_node=node,
    )


def _digest(id_: str) -> str:
    return id_.rpartition(":")[2][:_SHORT]
