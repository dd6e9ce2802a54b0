"""What events say of a volume's health that does not by itself keep a pod from running (catalogue B6)."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.rules.model import Confidence, Finding, check
from diagnostics.rules.stages import alive
from diagnostics.rules.suspect import Suspect
from diagnostics.rules.volumes import rules
from diagnostics.rules.volumes.sources import about
from diagnostics.rules.volumes.words import error_of

_BY_REASON = {
    "VolumePermissionChangeInProgress": rules.PERMISSION_SLOW,
    "VolumeResizeFailed": rules.RESIZE_FAILED,
    "FileSystemResizeFailed": rules.RESIZE_FAILED,
    "VolumeConditionAbnormal": rules.ABNORMAL,
    "MultipleSELinuxLabels": rules.SELINUX,
    "SELinuxLabelConflict": rules.SELINUX,
}


@check(*dict.fromkeys(_BY_REASON.values()), needs=("events",))
def volume_health(suspect: Suspect) -> Iterator[Finding]:
    """The newest event of each kind about the pod's volumes."""
    if not alive(suspect):
        return
    told = set()
    for event in suspect.events(*_BY_REASON):
        rule = _BY_REASON[event.reason]
        if rule.code in told:
            continue
        told.add(rule.code)
        volume, label = about(suspect, event)
        yield suspect.finding(
            rule,
            Confidence.CERTAIN,
            suspect.quote_event(event),
            field=f"volumes[{volume.name}]" if volume else "volumes",
            since=event.since,
            signature=volume.name if volume else "",
            volume=label,
            error=error_of(event),
        )
