"""What stays the same of a text from pod to pod and from run to run: the part that identifies a cause."""

from __future__ import annotations

import re

from diagnostics.rules.suspect import Suspect

LONGEST = 120

_UUID = re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b")
_HEX = re.compile(r"\b(?:0x[0-9a-fA-F]+|(?=[a-f]{0,64}\d)[0-9a-f]{8,64})\b")
_IPV4 = re.compile(r"\b(?!127\.)\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b")
_IPV6 = re.compile(r"(?<![\w:])(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F:]{1,20}")
_TIME = re.compile(
    r"\b\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d:\d\d[\d.,]*(?:Z|[+-]\d\d:?\d\d)?)?|\b\d\d:\d\d:\d\d[\d.,]*"
)
_NUMBER = re.compile(r"\d+")
_SPACE = re.compile(r"\s+")


# A pod that a StatefulSet numbers: those beside it are named alike.
_NUMBERED = re.compile(r"(?P<set>.+)-\d{1,5}")


def stable_name(name: str, suspect: Suspect) -> str:
    """A name without the pod's or its siblings', ids and addresses; numbers stay, they may be a port."""
    metadata = suspect.pod.metadata
    for own, word in ((metadata.name, "<pod>"), (metadata.uid, "<uid>"), (suspect.pod.spec.node_name, "<node>")):
        if own:
            name = name.replace(own, word)
    if found := _NUMBERED.fullmatch(metadata.name):
        name = re.sub(rf"\b{re.escape(found['set'])}-\d{{1,5}}\b", "<pod>", name)
    for pattern, word in ((_UUID, "<uid>"), (_IPV4, "<ip>"), (_IPV6, "<ip>"), (_HEX, "<hex>")):
        name = pattern.sub(word, name)
    return name


def stable_text(text: str, suspect: Suspect) -> str:
    """A sentence without anything that varies: names and ids of the pod, addresses, times, numbers."""
    named = stable_name(_TIME.sub("<time>", text), suspect)
    return _SPACE.sub(" ", _NUMBER.sub("#", named)).strip()[:LONGEST]
