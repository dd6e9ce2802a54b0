"""What the texts about a volume that cannot be mounted say, and where they point."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from diagnostics.rules.clues import Match, core
from diagnostics.rules.lookalikes import SECRETS_UNREAD, instead_of_config_map, instead_of_key
from diagnostics.rules.model import Offender
from diagnostics.rules.suspect import Suspect
from diagnostics.rules.volumes import rules
from diagnostics.rules.volumes.sources import about, claim_name, config_map_name, secret_name
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.pods import Volume

Words = Mapping[str, Any]

_PREFIX = re.compile(
    r'^(?:Multi-Attach error|\S{1,60} failed) for volume "[^"]{0,253}"(?: \(UniqueName: "[^"]{0,600}"\))?'
    r'(?: pod "[^"]{0,253}"(?: \(UID: "[^"]{0,64}"\))?| from node "[^"]{0,253}")?\s?:?\s?'
)


def error_of(event: Event) -> str:
    """What an event about a volume complains of, without naming the volume again."""
    return core(_PREFIX.sub("", event.text)) or "no reason is given"


def words(suspect: Suspect, match: Match, event: Event) -> Words:
    """Everything that the text of a match may name: what its pattern caught, and what that leads to."""
    volume, label = about(suspect, event)
    special = _SPECIAL.get(match.rule.code)
    return {
        "volume": label,
        "error": error_of(event),
        "hedge": match.hedge,
        **match.named,
        **(special(suspect, match, volume) if special else {}),
    }


def offender(suspect: Suspect, match: Match, volume: Volume | None) -> Offender:
    """The object that is missing or refuses; else the claim behind the volume, else the volume in the template."""
    namespace, code = suspect.namespace, match.rule.code
    if code in _MISSING:
        return Offender(_MISSING[code], match.named["name"], namespace)
    if code == rules.KEY_MISSING.code and _lacking(match, volume)[1]:
        return Offender(*_lacking(match, volume), namespace, f"data[{match.named['key']}]")
    if code == rules.PROJECTED_TOKEN.code:
        return Offender("ServiceAccount", suspect.pod.spec.service_account_name or "default", namespace)
    if code == rules.CSI_DRIVER_MISSING.code:
        return Offender("CSIDriver", match.named["driver"])
    if volume is None:
        return suspect.template("volumes")
    claim = claim_name(suspect, volume)
    return Offender("PersistentVolumeClaim", claim, namespace) if claim else suspect.template(f"volumes[{volume.name}]")


def signature(match: Match, volume: Volume | None) -> str:
    """What tells two causes of one code apart: the object, key, path or driver that was named, else the volume."""
    named = [match.named[group] for group in ("name", "key", "path", "driver") if group in match.named]
    return "/".join(named) or (volume.name if volume else "")


def _lacking(match: Match, volume: Volume | None) -> tuple[str, str]:
    """Kind and name of the object that lacks a key: the message names neither, the volume does."""
    if match.named["source"].lower() == "secret":
        return "Secret", secret_name(volume) if volume else ""
    return "ConfigMap", config_map_name(volume) if volume else ""


def _config_map_missing(suspect: Suspect, match: Match, _volume: Volume | None) -> Words:
    return {"instead": instead_of_config_map(suspect, match.named["name"])}


def _secret_missing(_suspect: Suspect, _match: Match, _volume: Volume | None) -> Words:
    return {"instead": SECRETS_UNREAD}


def _key_missing(suspect: Suspect, match: Match, volume: Volume | None) -> Words:
    kind, name = _lacking(match, volume)
    return {
        "kind": kind,
        "name": name or "of the volume",
        "resource": f"{kind.lower()}/{name}" if name else None,
        "instead": instead_of_key(suspect, name, match.named["key"]) if kind == "ConfigMap" else SECRETS_UNREAD,
    }


def _token(suspect: Suspect, _match: Match, _volume: Volume | None) -> Words:
    return {"service_account": suspect.pod.spec.service_account_name or "default"}


def _not_registered(_suspect: Suspect, _match: Match, volume: Volume | None) -> Words:
    return {"waiter": f"Volume {volume.name}" if volume else "A volume"}


def _multi_attach(_suspect: Suspect, match: Match, _volume: Volume | None) -> Words:
    return {"holder": f" (used by {core(match.named['user'])})" if "user" in match.named else ""}


def _timed_out(_suspect: Suspect, match: Match, _volume: Volume | None) -> Words:
    if "driver" in match.named:
        return {"waited": f"The external-attacher of CSI driver {match.named['driver']} did not do its part in time."}
    return {"waited": "The kubelet waited for the volume and gave up; no event says what held it up."}


def _nfs(_suspect: Suspect, _match: Match, volume: Volume | None) -> Words:
    return {"server": volume.nfs.server if volume and volume.nfs else None}


_MISSING: dict[str, str] = {rules.CONFIGMAP_MISSING.code: "ConfigMap", rules.SECRET_MISSING.code: "Secret"}
_SPECIAL: dict[str, Callable[[Suspect, Match, Volume | None], Words]] = {
    rules.CONFIGMAP_MISSING.code: _config_map_missing,
    rules.SECRET_MISSING.code: _secret_missing,
    rules.KEY_MISSING.code: _key_missing,
    rules.PROJECTED_TOKEN.code: _token,
    rules.NOT_REGISTERED.code: _not_registered,
    rules.MULTI_ATTACH.code: _multi_attach,
    rules.ATTACH_TIMEOUT.code: _timed_out,
    rules.NFS.code: _nfs,
}
