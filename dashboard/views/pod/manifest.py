"""A pod's YAML as it was kept, and the lines of it that a diagnosis blames."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import yaml

from diagnostics.models import Diagnosis

BLOCK_LINES = 12  # Of a blamed field; of a longer one only the first line is marked.
_TOKEN = re.compile(r"\[[^]]*\]|[^.\[]+")
_TEMPLATE = re.compile(r"^spec\.(?:jobTemplate\.spec\.)?template\.")
_NAMES = ("name", "type", "conditionType", "containerPort", "topologyKey")  # By which paths tell items of a list apart.


class _Dumper(yaml.CSafeDumper):
    """Writes texts of several lines as blocks, as kubectl does."""


def _text(dumper: yaml.CSafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def as_yaml(manifest: dict[str, Any]) -> str:
    """The pod as `kubectl get -o yaml` writes it; items of a list carry no kind, so that is put back."""
    whole = {"apiVersion": "v1", "kind": "Pod", **manifest}
    return yaml.dump(whole, Dumper=_Dumper, allow_unicode=True, width=2**31 - 1)


def blamed_paths(diagnosis: Diagnosis, pod: str) -> set[str]:
    """Fields of the pod that a diagnosis quotes, and the one that has to change where it is in the pod's template."""
    verdict = diagnosis.verdict
    quoted = {
        piece["path"]
        for piece in verdict["evidence"]
        if piece["source"] == "pod" and (piece["object"] == f"Pod/{pod}" or piece["path"].startswith("spec."))
    }
    offender = verdict["offender"]["path"] or ""
    inside = _TEMPLATE.sub("", offender) if _TEMPLATE.match(offender) or verdict["offender"]["kind"] == "Pod" else ""
    return {*quoted, inside, f"spec.{offender}" if offender.startswith("containers[") else ""} - {""}


def lines_of(text: str, paths: Iterable[str]) -> set[int]:
    """Which lines of the YAML stand for the paths; of a field that is missing, the line that names what lacks it.

    `[*]` stands for the whole list.
    """
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    return {line for path in paths for line in _lines(root, _TOKEN.findall(path.partition("[*]")[0]))}


class _Step(NamedTuple):
    """One step down: the part, the lines at which it begins and is named, and how many tokens led there."""

    part: Any
    begins: int
    named: int
    used: int


def _lines(node: Any, tokens: list[str]) -> Iterable[int]:
    """Follows a path as far as it leads; what stops more than one step short marks nothing."""
    depth, last = 0, None
    while tokens and (step := _step(node, tokens)):
        node, last, tokens, depth = step.part, step, tokens[step.used :], depth + step.used
    if last is None or depth < 2 or len(tokens) > 1:
        return ()
    whole = range(last.begins, max(node.end_mark.line, last.begins + 1))
    return (last.named,) if tokens or len(whole) > BLOCK_LINES else whole


def _step(node: Any, tokens: list[str]) -> _Step | None:
    if isinstance(node, yaml.SequenceNode):
        return next(filter(None, (_item(each, tokens[0].strip("[]")) for each in node.value)), None)
    if not isinstance(node, yaml.MappingNode):
        return None
    # A key may itself hold dots: the longest that exists.
    keys = {key.value: (key.start_mark.line, value) for key, value in node.value}
    for used in range(len(tokens), 0, -1):
        found = keys.get(".".join(token.strip("[]") for token in tokens[:used]))
        if found:
            return _Step(found[1], found[0], found[0], used)
    return None


def _item(item: Any, wanted: str) -> _Step | None:
    """An item of a list, if it is called so."""
    pairs = item.value if isinstance(item, yaml.MappingNode) else ()
    named = (key.start_mark.line for key, value in pairs if key.value in _NAMES and value.value == wanted)
    return next((_Step(item, item.start_mark.line, line, 1) for line in named), None)
