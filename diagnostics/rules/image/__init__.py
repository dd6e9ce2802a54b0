"""Why an image does not arrive: the image family (catalogue B5).

The kubelet's own word comes first, `state.waiting.message`, which remembers the real error through the back-off;
the newest `Failed` event of the container only where that message was cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.rules.clues import Match, first
from diagnostics.rules.image import rules
from diagnostics.rules.image.clues import BY_REASON, PULL, PULL_ERRORS
from diagnostics.rules.image.drift import tag_drift
from diagnostics.rules.image.words import RULED_OUT, offender, shared, signature, words
from diagnostics.rules.model import Confidence, Evidence, Finding, Offender, Rule, check
from diagnostics.rules.stages import UNBLAMED, alive, due_since, waiting_word
from diagnostics.rules.suspect import ContainerView, Suspect
from diagnostics.snapshot.objects import Event

__all__ = ["image_pull", "image_pull_slow", "tag_drift"]

_BACK_OFF = re.compile(r'Back-off pulling image "[^"]{0,512}"(?:: (?:ErrImagePull|RegistryUnavailable))?(?:: )?')
_PULL_FAILED = re.compile(r'Failed to pull image "[^"]{0,512}": ')
_SECRETS = re.compile(r"image pull secrets \((?P<names>[^)]{1,600})\)")
_OF_OTHER_CHECKS = (rules.PULL_SLOW, rules.TAG_DRIFT)
_MAY_WANT_CREDENTIALS = frozenset({rules.AUTH, rules.NOT_FOUND})


@dataclass(frozen=True, slots=True)
class _Said:
    """What is known about one failed pull: the error in the status, and the newest event that tells one."""

    status: str
    event: Event | None

    @property
    def event_error(self) -> str:
        return _PULL_FAILED.sub("", self.event.text, count=1) if self.event else ""


@check(*(rule for rule in vars(rules).values() if isinstance(rule, Rule) and rule not in _OF_OTHER_CHECKS))
def image_pull(suspect: Suspect) -> Iterator[Finding]:
    """Containers that wait for an image that cannot be had."""
    if not alive(suspect):
        return
    for container in suspect.containers:
        if container.waiting_reason in BY_REASON or container.waiting_reason in PULL_ERRORS:
            yield _conclude(container, _listen(container))


@check(rules.PULL_SLOW, needs=("events",))
def image_pull_slow(suspect: Suspect) -> Iterator[Finding]:
    """Containers whose pull began and has not ended: the newest word about them is `Pulling`."""
    if not alive(suspect):
        return
    for container in suspect.containers:
        if container.waiting is None or container.waiting_reason not in UNBLAMED:
            continue
        latest = next(iter(container.events()), None)
        if latest is not None and latest.reason == "Pulling" and latest.at is not None:
            yield _still_pulling(container, latest)


def _listen(container: ContainerView) -> _Said:
    message = container.waiting.message if container.waiting else ""
    failed = (event for event in container.events("Failed") if _PULL_FAILED.match(event.text))
    return _Said(_BACK_OFF.sub("", message, count=1), next(failed, None))


def _conclude(container: ContainerView, said: _Said) -> Finding:
    match, error = _classify(container.waiting_reason, said)
    refusal = next(iter(container.suspect.events("FailedToRetrieveImagePullSecret")), None)
    if refusal is not None and match.rule in _MAY_WANT_CREDENTIALS and (names := _SECRETS.search(refusal.text)):
        return _secret_missing(container, match, refusal, names["names"].split(", "))
    told_by_event = said.event is not None and error == said.event_error
    return container.finding(
        match.rule,
        match.confidence,
        *_evidence(container, said.event if told_by_event else None),
        offender=offender(container, match.rule.code),
        since=due_since(container),
        signature=signature(container, match.rule.code),
        ruled_out=RULED_OUT.get(match.rule.code, ()),
        shared=shared(container, match.rule, error),
        **words(container, match, error),
    )


def _classify(reason: str, said: _Said) -> tuple[Match, str]:
    """The match, and the error that it was found in: the status first, then the event."""
    if reason in BY_REASON:
        return Match(BY_REASON[reason], Confidence.CERTAIN, {}), said.status
    for error in (said.status, said.event_error):
        if match := first(PULL, error):
            return match, error
    if reason == "RegistryUnavailable":
        return Match(rules.REGISTRY_UNREACHABLE, Confidence.CERTAIN, {}), said.status
    return Match(rules.UNKNOWN, Confidence.LIKELY, {}), said.status or said.event_error


def _secret_missing(container: ContainerView, match: Match, refusal: Event, names: list[str]) -> Finding:
    texts = {**words(container, match, ""), "secrets": ", ".join(names), "pull_secret": names[0]}
    return container.finding(
        rules.SECRET_MISSING,
        Confidence.CERTAIN if match.rule is rules.AUTH else Confidence.LIKELY,
        container.suspect.quote_event(refusal),
        *_evidence(container, None),
        offender=Offender("Secret", names[0], container.suspect.namespace),
        since=due_since(container),
        signature=",".join(sorted(names)),
        ruled_out=RULED_OUT[rules.SECRET_MISSING.code],
        **texts,
    )


def _still_pulling(container: ContainerView, pulling: Event) -> Finding:
    match = Match(rules.PULL_SLOW, Confidence.CERTAIN, {})
    return container.finding(
        rules.PULL_SLOW,
        Confidence.CERTAIN,
        container.suspect.quote_event(pulling),
        *_evidence(container, None),
        since=pulling.at,
        signature=container.spec.image,
        ruled_out=("not a crash: the container has not started yet",),
        **{**words(container, match, ""), "began": f"{pulling.at:%H:%M} UTC"},
    )


def _evidence(container: ContainerView, event: Event | None) -> tuple[Evidence, ...]:
    """The status' word, the event if it tells the same, and what the pull depends on."""
    suspect, facts = container.suspect, [waiting_word(container)]
    if event is not None:
        facts.append(suspect.quote_event(event))
    facts += [
        container.quote_spec("image", container.spec.image),
        container.quote_spec("imagePullPolicy", container.spec.image_pull_policy or "not set"),
        suspect.quote("spec.nodeName", suspect.pod.spec.node_name),
    ]
    if secrets := [secret.name for secret in suspect.pod.spec.image_pull_secrets]:
        facts.append(suspect.quote("spec.imagePullSecrets", ", ".join(secrets)))
    return tuple(facts)
