"""Every rule on every fixture: a greedy rule shows up as a difference in another rule's folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.rules.loading import FIXTURES, diagnoses

CASES = sorted(path.parent for path in FIXTURES.glob("*/*/expected.json"))


@pytest.mark.parametrize("folder", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_fixture(folder: Path) -> None:
    """The complete, ordered list of diagnoses is what the folder expects."""
    assert diagnoses(folder) == json.loads((folder / "expected.json").read_text())


def test_there_are_fixtures() -> None:
    """An empty glob would pass everything."""
    assert CASES
