"""What the documents say can be done, can be done."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboard.environment import PROJECT
from diagnostics.rules import model
from diagnostics.rules.suspect import Suspect
from diagnostics.snapshot.owners import WorkloadRef
from tests.rules.loading import load

DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_somewhere(name: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (PROJECT / name).read_text())

    assert [link for link in links if not (PROJECT / link).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_path_in_code_type_exists(name: str) -> None:
    paths = re.findall(r"`((?:dashboard|diagnostics|tests)/[\w/.-]+)`", (PROJECT / name).read_text())

    assert [path for path in paths if not (PROJECT / path).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_make_target_exists(name: str) -> None:
    targets = set(re.findall(r"\bmake (\w+)`|^make (\w+)", (PROJECT / name).read_text(), re.MULTILINE))
    made = set(re.findall(r"^(\w+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))

    assert {one or other for one, other in targets} <= made


def test_the_example_rule_finds_what_it_says() -> None:
    example = re.search(r"```python\n(.*?)```", (PROJECT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    assert example
    names: dict[str, Any] = {**vars(model), "re": re, "timedelta": timedelta, "Suspect": Suspect}
    exec(compile(f"from __future__ import annotations\n{example[1]}", "CONTRIBUTING.md", "exec"), names)  # noqa: S102
    snapshot = load(Path(PROJECT / "tests/rules/config-key-missing/configmap"))
    suspect = Suspect(snapshot, snapshot.suspects[0], WorkloadRef("Deployment", "pricing", "shop"))

    (finding,) = names["missing_key"].judge(suspect)

    said = finding.rule.message.format_map({**suspect.words, **finding.params, "container": finding.container})
    assert said == "ConfigMap pricing-config has no key rates, which container app needs."


def test_the_architecture_stays_short() -> None:
    assert len((PROJECT / "ARCHITECTURE.md").read_text().splitlines()) <= 120
