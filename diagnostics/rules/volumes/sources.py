"""Which of a pod's volumes something is about, and what stands behind it."""

from __future__ import annotations

import re

from diagnostics.rules.model import Evidence
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.objects import Claim, Event
from diagnostics.snapshot.pods import Pod, ProjectedSource, Volume

_PROVISIONERS = ("volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner")
_ABOUT = re.compile(r'volume "(?P<volume>[^"]{1,253})"')


def about(suspect: Suspect, event: Event) -> tuple[Volume | None, str]:
    """The pod's volume that an event is about, if that can be told, and words for it."""
    found = _ABOUT.search(event.text)
    named = found["volume"] if found else ""
    volume = by_name(suspect, named) or _of_persistent_volume(suspect, named)
    if volume is None:
        return None, named or "of the pod"
    claim = claim_name(suspect, volume)
    return volume, f"{volume.name} (claim {claim})" if claim else volume.name


def by_name(suspect: Suspect, name: str) -> Volume | None:
    """The volume of that name in the pod's spec."""
    return next((volume for volume in suspect.pod.spec.volumes if volume.name == name), None)


def claim_name(suspect: Suspect, volume: Volume) -> str:
    """The claim behind a volume of the pod, or nothing."""
    return claimed(suspect.pod, volume)


def claimed(pod: Pod, volume: Volume) -> str:
    """The same, of a pod that is not looked at itself."""
    if volume.ephemeral is not None:
        return f"{pod.metadata.name}-{volume.name}"
    return volume.persistent_volume_claim.claim_name if volume.persistent_volume_claim else ""


def claim_of(suspect: Suspect, volume: Volume) -> Claim | None:
    """The claim behind a volume of the pod, if it was read."""
    return suspect.snapshot.claims.get((suspect.namespace, claim_name(suspect, volume)))


def provisioner(suspect: Suspect, claim: Claim) -> str:
    """Who makes or made the claim's volume, by the claim itself or by its class; or nothing."""
    notes, storage_class = (
        claim.metadata.annotations,
        suspect.snapshot.storage_classes.get(claim.spec.storage_class_name or ""),
    )
    named = (notes[name] for name in _PROVISIONERS if notes.get(name))
    return next(named, storage_class.provisioner if storage_class else "")


def facts(suspect: Suspect, volume: Volume | None) -> tuple[Evidence, ...]:
    """What the pod's spec says stands behind a volume, where that is an object with a name."""
    if volume is None:
        return ()
    named = {
        "configMap.name": volume.config_map.name if volume.config_map else "",
        "secret.secretName": volume.secret.secret_name if volume.secret else "",
        "nfs.server": volume.nfs.server if volume.nfs else "",
        "persistentVolumeClaim.claimName": claim_name(suspect, volume),
    }
    return tuple(
        suspect.quote(f"spec.volumes[{volume.name}].{field}", value) for field, value in named.items() if value
    )


def claims(suspect: Suspect) -> list[Claim]:
    """The pod's claims, as far as they were read."""
    names = [claim_name(suspect, volume) for volume in suspect.pod.spec.volumes]
    read = suspect.snapshot.claims
    return [read[suspect.namespace, name] for name in names if (suspect.namespace, name) in read]


def config_map_name(volume: Volume) -> str:
    """The ConfigMap that a volume mounts, the first one where it is put together of several; or nothing."""
    if volume.config_map is not None:
        return volume.config_map.name
    return next((source.config_map.name for source in _parts(volume) if source.config_map), "")


def secret_name(volume: Volume) -> str:
    """The Secret that a volume mounts, the first one where it is put together of several; or nothing."""
    if volume.secret is not None:
        return volume.secret.secret_name
    return next((source.secret.name for source in _parts(volume) if source.secret), "")


def _parts(volume: Volume) -> tuple[ProjectedSource, ...]:
    return volume.projected.sources if volume.projected else ()


def _of_persistent_volume(suspect: Suspect, name: str) -> Volume | None:
    """The pod's volume whose claim is bound to that PersistentVolume, which no template names.

    Where claims were not read, the only volume that has one.
    """
    with_claim = [volume for volume in suspect.pod.spec.volumes if claim_name(suspect, volume)]
    for volume in with_claim:
        claim = claim_of(suspect, volume)
        if claim is not None and claim.spec.volume_name == name:
            return volume
    return with_claim[0] if len(with_claim) == 1 else None
