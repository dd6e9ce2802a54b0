"""Pod Security admission: each failed check with the field that fails it (catalogue B2, create-psa).

Source: k8s.io/pod-security-admission/policy, one `check_*.go` each; a refusal lists `name (detail)` of every check.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from diagnostics.rules.creation import rules
from diagnostics.rules.creation.refusal import Refusal
from diagnostics.rules.model import Evidence, Finding
from diagnostics.rules.subject import TEMPLATE_PATHS

ENFORCE = "pod-security.kubernetes.io/enforce"

_CHECK = re.compile(r'(?P<name>[A-Za-z][^(]{0,80}?) \((?P<detail>(?:"[^"]*"|[^")]){1,2000})\)(?:, |$)')
_PLACE = re.compile(r'(?P<kind>container|volume)s? (?P<names>"[^"]{1,253}"(?:, "[^"]{1,253}")*)')
_NAME = re.compile(r'"([^"]{1,253})"')
_FIELD = re.compile(r"securityContext\.[A-Za-z]+(?:\.[A-Za-z]+)*")
# The field behind a check whose words do not spell it out.
_FIELDS = (
    ("host namespaces", re.compile(r"host(?:Network|PID|IPC)")),
    ("hostPort", re.compile(r"hostPort")),
    ("runAsUser", re.compile(r"runAsUser")),
)
# Only the level restricted makes these checks: a pod that fails no other is fine at baseline.
_RESTRICTED_ONLY = re.compile(
    r"allowPrivilegeEscalation|unrestricted capabilities|runAsNonRoot|runAsUser|restricted volume types|seccompProfile$"
)
LISTED = 4


@dataclass(frozen=True, slots=True)
class Failed:
    """A check that failed: its name, what it says, and the field of the pod spec that it is about."""

    name: str
    detail: str
    field: str


def failed(checks: str) -> list[Failed]:
    """The failed checks of a refusal, in its order."""
    return [
        Failed(found["name"], found["detail"], _field(found["name"], found["detail"]))
        for found in _CHECK.finditer(checks)
    ]


def explain(refusal: Refusal) -> Finding:
    """Every failed check, with the level, and where the level comes from."""
    level = refusal.named["level"]
    found = failed(refusal.named["checks"])
    names = [check.name for check in found]
    return refusal.finding(
        *_evidence(refusal, found),
        field=found[0].field if found else "securityContext",
        signature=" ".join((level, *sorted(names))),
        level=level,
        count="one way" if len(names) == 1 else f"{len(names) or 'several'} ways",
        checks=", ".join(names[:LISTED]) + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")
        or refusal.reason,
        source=_source(refusal),
        sufficient="baseline" if found and all(map(_RESTRICTED_ONLY.search, names)) else "privileged",
        ruled_out=("not the node and not the image: the pod never came to be",),
    )


def _evidence(refusal: Refusal, found: list[Failed]) -> Iterator[Evidence]:
    """What each check says of its field in the template, then the label that enforces them."""
    template = TEMPLATE_PATHS[refusal.view.kind]
    for check in found:
        yield refusal.view.quote(f"{template}.{check.field}" if check.field else template, check.detail)
    if label := _label(refusal):
        name = refusal.view.namespace
        yield Evidence("namespace", f"Namespace/{name}", f"metadata.labels[{ENFORCE}]", label)


def _label(refusal: Refusal) -> str:
    namespace = refusal.view.snapshot.namespaces.get(refusal.view.namespace)
    return namespace.metadata.labels.get(ENFORCE, "") if namespace else ""


def _source(refusal: Refusal) -> str:
    if label := _label(refusal):
        return f", here by its label {ENFORCE}={label}"
    known = refusal.view.namespace in refusal.view.snapshot.namespaces
    return "; this namespace has no such label, so it is the cluster's default" if known else ""


def _field(name: str, detail: str) -> str:
    """`containers[app].securityContext.privileged`; the pod's own field where no container is named."""
    place = _PLACE.search(detail)
    first = _NAME.findall(place["names"])[0] if place else ""
    if place and place["kind"] == "volume":
        return f"volumes[{first}]"
    found = _FIELD.search(detail)
    words = (
        found[0]
        if found
        else next((hit[0] for key, words in _FIELDS if key in name and (hit := words.search(detail))), "")
    )
    words = {"hostPort": "ports.hostPort", "runAsUser": "securityContext.runAsUser"}.get(words, words)
    return f"containers[{first}].{words or 'securityContext'}" if first else words or "securityContext"


EXPLAINED: dict[str, Callable[[Refusal], Finding]] = {rules.POD_SECURITY.code: explain}
