"""`make up` before there is anything: each thing that is missing is one line that says what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.environment import PROJECT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make here")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files that the first steps read, where nothing was made yet."""
    for name in ("Makefile", "pyproject.toml", "uv.lock"):
        shutil.copy(PROJECT / name, tmp_path)
    return tmp_path


def python(clone: Path, script: str) -> str:
    """A Python that behaves as a script says; the real one is $REAL."""
    fake = clone / "python"
    fake.write_text(f"#!/bin/sh\nREAL={sys.executable}\n{script}\n")
    fake.chmod(0o755)
    return str(fake)


def refusal(clone: Path, python: str, **variables: str) -> str:
    made = subprocess.run(
        ["make", "up", f"PYTHON={python}"],
        cwd=clone,
        env={"PATH": os.environ["PATH"], "HOME": str(clone / "home"), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 2
    ours = [line for line in made.stderr.splitlines() if not line.startswith("make: ***")]
    assert len(ours) == 1, made.stderr
    return ours[0]


@pytest.mark.parametrize("version", ["exit 1", "echo 'not found' >&2; exit 127"])
def test_a_python_of_another_version_is_refused(clone: Path, version: str) -> None:
    assert refusal(clone, python(clone, version)).startswith("sickbay: Python 3.11 or 3.12 is needed; ")


def test_no_python_at_all_is_refused(clone: Path) -> None:
    assert refusal(clone, "").startswith("sickbay: Python 3.11 or 3.12 is needed; ")


def test_a_python_without_venv_is_refused_with_the_package(clone: Path) -> None:
    without = python(clone, 'case "$*" in *ensurepip*) exit 1;; *) exec $REAL "$@";; esac')

    assert refusal(clone, without).startswith(
        f"sickbay: the venv module is missing from {without}; install it (on Debian"
    )


@pytest.mark.slow
def test_no_network_is_said_and_the_next_try_starts_afresh(clone: Path) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_NO_CACHE_DIR": "1", "PIP_CONFIG_FILE": os.devnull}

    for _ in range(2):
        assert refusal(clone, sys.executable, **nowhere).startswith("sickbay: the packages could not be installed: ")
    assert "Connection refused" in (clone / "var" / "install.log").read_text()


def test_help_names_the_commands_of_the_readme(clone: Path) -> None:
    helped = subprocess.run(["make", "help"], cwd=clone, capture_output=True, text=True, check=True).stdout

    assert {"up", "test", "lint", "bench", "corpus"} <= {line.split()[1] for line in helped.splitlines()}
