"""From the roots of one cause to the verdict that people read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from diagnostics.engine.precedence import Root
from diagnostics.engine.revisions import Revisions, Rollout
from diagnostics.engine.sharing import SharedCause
from diagnostics.engine.texts import Texts
from diagnostics.engine.verdict import (
    AffectedPod,
    DeliveredBy,
    EvidencePart,
    OffenderPart,
    Remedy,
    Symptom,
    Verdict,
    WorkloadPart,
)
from diagnostics.rules.model import Confidence, Evidence, Finding, Rule, Severity, Shared, Stage
from diagnostics.rules.subject import Subject
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.cluster import Tally
from diagnostics.snapshot.delivery import delivered_by
from diagnostics.snapshot.display import display_status

# Kinds that have no replicas to lose: their severity is the rule's own.
_SINGLE = frozenset({"Pod", "Job", "CronJob"})
_AFTER_DEPLOY = timedelta(minutes=1)
# Workloads that are quoted to prove that a cause is shared.
_OTHERS_QUOTED = 5


def verdict(key: str, members: Sequence[Root], tally: Tally | None, revisions: Revisions) -> Verdict:
    """The verdict on one cause; `members` are its roots, one or more a pod, all of one workload and rule."""
    speaker = min(members, key=_most_telling)
    subject, finding = speaker.subject, speaker.finding
    texts, rule = Texts(subject, finding), finding.rule
    pods = _pods(members)
    affected, total = finding.shortfall or (len(pods), max(tally.total if tally else 0, len(pods)))
    first_seen = min(root.since for root in members)
    recent = revisions.rollout((root.subject for root in members), first_seen)
    visible_after, notify_after = _clocks(rule, recent)
    return Verdict(
        code=rule.code,
        severity=_severity(finding, subject, tally).word,
        confidence=finding.confidence.value,
        namespace=subject.namespace or None,
        workload=_workload(subject),
        pods=pods,
        pods_affected=affected,
        pods_total=total,
        container=finding.container or None,
        summary=texts.sentence(rule.message),
        cause=_cause(rule, texts, recent),
        offender=_offender(finding, subject),
        remedy=_remedy(rule, texts, recent),
        evidence=tuple(_evidence(item) for item in finding.evidence),
        ruled_out=finding.ruled_out,
        first_seen=first_seen,
        last_seen=subject.now,
        restarts=_restarts(members),
        changed=recent.changed if recent else (),
        delivered_by=_delivered_by(subject),
        symptoms=_symptoms(members),
        fingerprint=key,
        visible_at=first_seen + visible_after,
        notify_at=first_seen + notify_after,
    )


def _cause(rule: Rule, texts: Texts, recent: Rollout | None) -> str:
    """The rule's cause; after a rollout that did it, also who is well."""
    cause = texts.sentence(rule.cause)
    return f"{cause} {recent.contrast}" if recent and recent.contrast else cause


def _clocks(rule: Rule, recent: Rollout | None) -> tuple[timedelta, timedelta]:
    """How long until it is visible and until it is sent.

    That a new revision crashes where the old one runs is sure at once (catalogue B8, crash-after-deploy).
    """
    if recent and recent.contrast and rule.stage is Stage.CRASH:
        return timedelta(), min(rule.notify_after, _AFTER_DEPLOY)
    return rule.visible_after, rule.notify_after


def shared_verdict(key: str, cause: SharedCause, parts: Sequence[Verdict]) -> Verdict:
    """The verdict on a cause that several workloads share; `parts` are those on what it does to each of them.

    The first pod that it struck speaks for it; others prove that it is not alone.
    """
    speaker = min(cause.roots, key=_first_struck)
    finding, pods = speaker.finding, tuple({pod.uid: pod for part in parts for pod in part.pods}.values())
    texts, rule = Texts(speaker.subject, _about_all(finding, cause.thing, parts)), finding.rule
    first_seen = min(part.first_seen for part in parts)
    affected, total = _counted(parts)
    return Verdict(
        code=rule.code,
        severity=max(Severity[part.severity.upper()] for part in parts).word,
        confidence=finding.confidence.value,
        namespace=None,
        workload=WorkloadPart(kind=cause.thing.kind, name=cause.thing.name),
        pods=pods,
        pods_affected=affected,
        pods_total=total,
        container=None,
        summary=texts.sentence(rule.together),
        cause=texts.sentence(rule.cause),
        offender=_common_offender(cause.thing, parts),
        remedy=_remedy_for_all(rule, texts),
        evidence=_evidence_of_several(finding, parts),
        ruled_out=finding.ruled_out,
        first_seen=first_seen,
        last_seen=speaker.subject.now,
        restarts=sum(part.restarts for part in parts),
        symptoms=tuple(symptom for part in parts for symptom in (_as_symptom(part), *part.symptoms)),
        fingerprint=key,
        visible_at=first_seen + rule.visible_after,
        notify_at=first_seen + rule.notify_after,
    )


def _first_struck(root: Root) -> tuple[object, ...]:
    metadata = root.subject.metadata
    return (list(Confidence).index(root.finding.confidence), root.since, metadata.namespace, metadata.name)


def _about_all(finding: Finding, thing: Shared, parts: Sequence[Verdict]) -> Finding:
    """The finding with the words that a text about several workloads may name."""
    workloads = {(part.namespace, part.workload) for part in parts}
    place = f"the nodes of zone {thing.name}" if thing.kind == "Zone" else f"{thing.kind.lower()} {thing.name}"
    sufferers = f"{_counted(parts)[0]} pods of {len(workloads)} workloads"
    return replace(finding, params={**finding.params, "sufferers": sufferers, "thing": thing.name, "place": place})


def _counted(parts: Sequence[Verdict]) -> tuple[int, int]:
    """How many pods suffer, existing or not, and how many their workloads have; one of two causes counts once."""
    affected = {pod.uid for part in parts for pod in part.pods}
    missing = sum(part.pods_affected for part in parts if not part.pods)
    totals: dict[tuple[str | None, WorkloadPart], int] = {}
    for part in parts:
        workload = (part.namespace, part.workload)
        totals[workload] = max(part.pods_total, totals.get(workload, 0))
    return len(affected) + missing, max(len(affected) + missing, sum(totals.values()))


def _common_offender(thing: Shared, parts: Sequence[Verdict]) -> OffenderPart:
    """What every one of them points at, such as a webhook's Service; else what they share."""
    offenders = {part.offender for part in parts}
    return offenders.pop() if len(offenders) == 1 else OffenderPart(thing.kind, None, thing.name, None)


def _remedy_for_all(rule: Rule, texts: Texts) -> Remedy:
    """Without what would change one of the workloads: it is not theirs to mend."""
    commands = tuple(command for command in rule.commands if "{workload}" not in command)
    return Remedy(texts.sentence(rule.remedy), texts.commands(commands), texts.commands(rule.verify))


def _evidence_of_several(finding: Finding, parts: Sequence[Verdict]) -> tuple[EvidencePart, ...]:
    others = (part.evidence[0] for part in parts[:_OTHERS_QUOTED])
    return tuple(dict.fromkeys((*map(_evidence, finding.evidence), *others)))


def _as_symptom(part: Verdict) -> Symptom:
    return Symptom(code=part.code, workload=part.workload, summary=part.summary, namespace=part.namespace)


_UNDO = "kubectl -n {{namespace}} rollout undo {{workload}} --to-revision={revision}"


def _remedy(rule: Rule, texts: Texts, recent: Rollout | None) -> Remedy:
    """The rule's remedy; after a rollout that did it, going back comes first."""
    text, commands = texts.sentence(rule.remedy), rule.commands
    if recent and recent.back_to:
        text = f"Go back to revision {recent.back_to}, the one before this rollout. Or: {text}"
        others = (command for command in commands if " rollout undo " not in command)
        commands = (_UNDO.format(revision=recent.back_to), *others)
    return Remedy(text=text, commands=texts.commands(commands), verify=texts.commands(rule.verify))


def _most_telling(root: Root) -> tuple[object, ...]:
    """The surest finding speaks for its cause, then the one whose evidence is newest."""
    sureness = list(Confidence).index(root.finding.confidence)
    newest = max((item.at for item in root.finding.evidence if item.at), default=None)
    return (sureness, -newest.timestamp() if newest else 0.0, root.subject.metadata.name)


def _severity(finding: Finding, subject: Subject, tally: Tally | None) -> Severity:
    """The rule's own severity, but critical for a fault that leaves its workload without a ready replica.

    A fault that keeps pods from being made is at most high while others of the workload are ready.
    """
    base = finding.rule.severity if finding.severity is None else finding.severity
    if subject.workload.kind in _SINGLE or base < Severity.MEDIUM:
        return base
    if finding.shortfall is None:
        return Severity.CRITICAL if tally is not None and tally.total and not tally.ready else base
    known = subject.snapshot.workload(subject.workload)
    ready = known.status.ready_pods if known else 0
    if ready:
        return min(base, Severity.HIGH)
    return Severity.CRITICAL if base >= Severity.HIGH else base


def _pods(members: Sequence[Root]) -> tuple[AffectedPod, ...]:
    """The pods that have the cause; of a cause in another object those that suffer from it."""
    suffering = (pod for member in members for pod in _suffering(member))
    by_uid = {pod.pod.metadata.uid: pod.pod for pod in suffering if isinstance(pod, Suspect)}
    return tuple(
        AffectedPod(name=pod.metadata.name, uid=uid, status=display_status(pod), node=pod.spec.node_name or None)
        for uid, pod in by_uid.items()
    )


def _suffering(member: Root) -> tuple[Subject, ...]:
    if isinstance(member.subject, Suspect):
        return (member.subject,)
    return (*(symptom.subject for symptom in member.symptoms), *member.finding.affects)


def _restarts(members: Sequence[Root]) -> int:
    """How often the container was restarted, over all affected pods; of all containers where none is named."""
    return sum(
        container.status.restart_count
        for root in members
        if isinstance(root.subject, Suspect)
        for container in root.subject.containers
        if root.finding.container in ("", container.name)
    )


def _delivered_by(subject: Subject) -> DeliveredBy | None:
    """The tool that owns the workload, where its object is one that was read."""
    known = subject.snapshot.workload(subject.workload)
    metadata = known.metadata if known else subject.metadata
    delivery = delivered_by(metadata)
    if delivery is None:
        return None
    return DeliveredBy(tool=delivery.tool, name=delivery.name, namespace=delivery.namespace)


def _workload(subject: Subject) -> WorkloadPart:
    return WorkloadPart(kind=subject.workload.kind, name=subject.workload.name)


def _offender(finding: Finding, subject: Subject) -> OffenderPart:
    offender = finding.offender
    if offender is None:
        return OffenderPart(
            kind=subject.workload.kind, namespace=subject.namespace or None, name=subject.workload.name, path=None
        )
    return OffenderPart(kind=offender.kind, namespace=offender.namespace, name=offender.name, path=offender.path)


def _evidence(item: Evidence) -> EvidencePart:
    return EvidencePart(source=item.source, object=item.object, path=item.path, value=item.value, at=item.at)


def _symptoms(members: Sequence[Root]) -> tuple[Symptom, ...]:
    """What the pods' other findings say, each sentence once."""
    found = {
        Symptom(
            code=symptom.finding.rule.code,
            workload=_workload(symptom.subject),
            namespace=symptom.subject.namespace or None,
            summary=Texts(symptom.subject, symptom.finding).sentence(symptom.finding.rule.message),
        ): None
        for root in members
        for symptom in root.symptoms
    }
    return tuple(found)
