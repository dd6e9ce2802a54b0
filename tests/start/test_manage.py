"""Which settings a command gets, and how little the slim ones load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.environment import PROJECT

PROBE = """
import sys
sys.argv = ["manage.py", "{command}", "--help"]
import manage
try:
    manage.main(sys.argv)
except SystemExit:
    pass
print(*sys.modules, sep="\\n", file=sys.stderr)
"""
HEAVY = {"diagnostics.models", "dashboard.settings", "celery", "channels", "django.db.migrations", "redis", "uvicorn"}


def loaded_by(command: str) -> set[str]:
    probe = subprocess.run(
        [sys.executable, "-c", PROBE.format(command=command)], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert f"manage.py {command}" in probe.stdout
    return set(probe.stderr.split())


@pytest.mark.parametrize("command", ["scan", "capture", "democluster"])
def test_a_slim_command_loads_neither_models_nor_servers(command: str) -> None:
    assert loaded_by(command) & HEAVY == set()


@pytest.mark.parametrize("command", ["up", "signin"])
def test_the_others_get_the_whole_project(command: str) -> None:
    assert {"dashboard.settings", "diagnostics.models"} <= loaded_by(command)


def test_a_bad_setting_is_one_line_for_every_command_and_leaves_nothing(tmp_path: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=PROJECT,
        env={"DEMO": "perhaps", "SICKBAY_DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (checked.returncode, checked.stderr.count("\n")) == (2, 1)
    assert checked.stderr.startswith("sickbay: DEMO: ")
    assert list(tmp_path.iterdir()) == []
