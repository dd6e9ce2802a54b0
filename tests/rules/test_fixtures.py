"""Every rule on every fixture: a greedy rule shows up as a difference in another rule's folder."""

from __future__ import annotations

import json
from collections import defaultdict
from difflib import unified_diff
from pathlib import Path
from typing import Any

import pytest

from tests.rules.loading import FIXTURES, diagnoses

# By the first word of their codes: one test for each of the hundreds of folders would take longer than judging them.
FAMILIES: dict[str, list[Path]] = defaultdict(list)
for path in sorted(FIXTURES.glob("*/*/expected.json")):
    FAMILIES[path.parent.parent.name.partition("-")[0]].append(path.parent)


@pytest.mark.parametrize("family", FAMILIES)
def test_fixtures(family: str) -> None:
    """The complete, ordered list of diagnoses is what each folder expects; every folder that differs is told of."""
    differences = [text for folder in FAMILIES[family] if (text := difference(folder))]
    if differences:
        pytest.fail("\n\n".join(differences), pytrace=False)


def test_there_are_fixtures() -> None:
    """An empty glob would pass everything."""
    assert FAMILIES


def difference(folder: Path) -> str:
    """What a fixture expects (-) and what is said of it instead (+); blank if they are the same."""
    expected, said = json.loads((folder / "expected.json").read_text()), diagnoses_of(folder)
    if said == expected:
        return ""
    lines = unified_diff(pretty(expected), pretty(said), "expected.json", "said", lineterm="")
    return "\n".join((f"{folder.parent.name}/{folder.name}", *lines))


def diagnoses_of(folder: Path) -> list[dict[str, Any]]:
    """As `diagnoses`, but what goes wrong names the folder."""
    try:
        return diagnoses(folder)
    except Exception as error:
        error.add_note(f"fixture: {folder.parent.name}/{folder.name}")
        raise


def pretty(said: list[dict[str, Any]]) -> list[str]:
    return json.dumps(said, indent=2, ensure_ascii=False).splitlines()
