"""Volumes that the kubelet cannot attach or mount: what its events say (catalogue B6).

Sources of the messages: k8s.io/kubernetes/pkg/volume/util/operationexecutor, pkg/volume/{configmap,secret,projected,
hostpath,csi}, pkg/controller/volume/attachdetach; pkg/kubelet/volumemanager (the summary of what is not mounted).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from diagnostics.rules.clues import Match, clue, first
from diagnostics.rules.model import Confidence, Finding, Shared, check
from diagnostics.rules.stages import alive, without_sandbox, without_sandbox_since
from diagnostics.rules.suspect import Suspect
from diagnostics.rules.volumes import rules
from diagnostics.rules.volumes.sources import about, by_name, claim_name, claim_of, facts, provisioner
from diagnostics.rules.volumes.words import offender, signature, words
from diagnostics.snapshot.objects import Event
from diagnostics.snapshot.pods import Volume

ATTACH = "FailedAttachVolume"
MOUNT_REASONS = ("FailedMount", ATTACH, "FailedMapVolume")
SANDBOX_FAILED = "FailedCreatePodSandBox"
# A mount that still fails is tried again within this time; an older event may be about one that succeeded since.
RETRIED_WITHIN = timedelta(minutes=5)

_SUMMARY = re.compile(r"Unable to attach or mount volumes: unmounted volumes=\[(?P<volumes>[^\]]{0,600})\]")
_CLUES = (
    clue(rules.PROJECTED_TOKEN, r'failed to fetch token|serviceaccounts? "[^"]{1,253}" not found'),
    clue(rules.NOT_REGISTERED, r'object "[^"]{1,253}"/"[^"]{1,253}" not registered|failed to sync \w{1,20} cache'),
    clue(rules.KEY_MISSING, r"references non-existent (?P<source>config|secret) key: (?P<key>[^\s,\]]{1,253})"),
    clue(rules.CONFIGMAP_MISSING, r'configmaps? "(?P<name>[^"]{1,253})" not found'),
    clue(rules.SECRET_MISSING, r'secrets? "(?P<name>[^"]{1,253})" not found'),
    clue(
        rules.HOSTPATH_TYPE,
        r"hostPath type check failed: (?P<path>/\S{0,1000}) is not an? (?P<wanted>[a-z]{1,12}(?: [a-z]{1,12})?)",
    ),
    clue(rules.MULTI_ATTACH, r"Multi-Attach error(?:[^\n]{0,400} already used by (?P<user>[^\n]{1,200}))?"),
    clue(rules.ATTACH_TIMEOUT, r"timed out waiting for external-attacher of (?P<driver>\S{1,253}) CSI driver"),
    clue(
        rules.CSI_DRIVER_MISSING, r"driver name (?P<driver>\S{1,253}) not found in the list of registered CSI drivers"
    ),
    clue(
        rules.NFS,
        r"(?P<error>mount\.nfs4?: [^\n]{1,200}|need a /sbin/mount\.\S{1,40} helper[^\n]{0,80})",
        Confidence.POSSIBLE,
    ),
    clue(rules.ATTACH_FAILED, r"AttachVolume\.\w{1,40} failed"),
    clue(rules.MOUNT_FAILED, r"MountVolume\.MountDevice failed|MapVolume\.SetUpDevice failed"),
    clue(rules.MOUNT_FAILED, r"mount failed: exit status 32", Confidence.POSSIBLE),
)


@check(*dict.fromkeys(row.rule for row in _CLUES), needs=("events",))
def volume_mount(suspect: Suspect) -> Iterator[Finding]:
    """Volumes that keep a pod without its sandbox: they come first, so where the sandbox fails they are mounted."""
    if not alive(suspect) or not without_sandbox(suspect):
        return
    events = suspect.events(*MOUNT_REASONS, SANDBOX_FAILED)
    if not events or events[0].reason == SANDBOX_FAILED:
        return
    told = _told(suspect, [event for event in events if event.reason != SANDBOX_FAILED])
    for event in told:
        yield _conclude(suspect, event)
    if not told and (summary := _SUMMARY.search(events[0].text)):
        yield _timed_out(suspect, events[0], summary["volumes"].replace(",", " ").split())


def wants(suspect: Suspect) -> Iterator[tuple[str, str | None]]:
    """ConfigMaps, where one of them or a key is missing; claims, where the volume of one fails."""
    if not alive(suspect) or not without_sandbox(suspect):
        return
    texts = [event.text for event in suspect.events(*MOUNT_REASONS)]
    if any("configmap" in text for text in texts):
        yield "configmaps", suspect.namespace
    if texts and any(claim_name(suspect, volume) for volume in suspect.pod.spec.volumes):
        yield "persistentvolumeclaims", suspect.namespace


def _told(suspect: Suspect, events: list[Event]) -> list[Event]:
    """The newest event about each volume that still fails, as far as can be told; `events` come newest first.

    The kubelet repeats itself, and its summary names what is not mounted; the controller reports a failed
    attachment once and is silent then.
    """
    summary = _SUMMARY.search(events[0].text)
    unmounted = set(summary["volumes"].replace(",", " ").split()) if summary else set()
    newest: dict[str, Event] = {}
    for event in events:
        if _SUMMARY.search(event.text) or (event.reason != ATTACH and _stale(event, events[0])):
            continue
        volume, label = about(suspect, event)
        if volume is None or not unmounted or volume.name in unmounted:
            newest.setdefault(label, event)
    return list(newest.values())


def _stale(event: Event, latest: Event) -> bool:
    return event.at is not None and latest.at is not None and latest.at - event.at > RETRIED_WITHIN


def _conclude(suspect: Suspect, event: Event) -> Finding:
    otherwise = rules.ATTACH_FAILED if event.reason == ATTACH else rules.MOUNT_FAILED
    match = first(_CLUES, event.text) or Match(otherwise, Confidence.LIKELY, {})
    volume, _ = about(suspect, event)
    return suspect.finding(
        match.rule,
        match.confidence,
        suspect.quote_event(event),
        *facts(suspect, volume),
        offender=offender(suspect, match, volume),
        since=without_sandbox_since(suspect, event),
        signature=signature(match, volume),
        shared=_shared(suspect, match, volume),
        **words(suspect, match, event),
    )


def _shared(suspect: Suspect, match: Match, volume: Volume | None) -> Shared | None:
    """The volume's CSI driver, where that is named or made the volume, and may be what fails."""
    claim = claim_of(suspect, volume) if volume else None
    driver = match.named.get("driver") or (provisioner(suspect, claim) if claim else "")
    return Shared("CSIDriver", driver) if driver and match.rule.together else None


def _timed_out(suspect: Suspect, event: Event, volumes: list[str]) -> Finding:
    match = Match(rules.ATTACH_TIMEOUT, Confidence.POSSIBLE, {})
    names = ", ".join(volumes) or "of the pod"
    return suspect.finding(
        match.rule,
        match.confidence,
        suspect.quote_event(event),
        field=f"volumes[{names}]",
        since=without_sandbox_since(suspect, event),
        signature=names,
        shared=_shared(suspect, match, by_name(suspect, next(iter(volumes), ""))),
        **{**words(suspect, match, event), "volume": names},
    )
