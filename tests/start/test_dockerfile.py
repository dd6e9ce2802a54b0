from __future__ import annotations

import re

from dashboard.environment import PROJECT

STAGES = (PROJECT / "Dockerfile").read_text().split("\nFROM ")


def test_the_final_image_runs_as_nobody_special_and_builds_nothing() -> None:
    final = STAGES[-1]

    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert not re.search(r"\b(apt-get|pip|uv|gcc)\b", final)


def test_what_is_copied_exists_and_gets_past_the_ignore_file() -> None:
    ignore = (PROJECT / ".dockerignore").read_text().splitlines()
    copied = {name for line in STAGES[1].splitlines() if line.startswith("COPY ") for name in line.split()[1:-1]}

    assert copied == {name.removeprefix("!") for name in ignore if name.startswith("!")}
    assert all((PROJECT / name).exists() for name in copied)


def test_both_uv_versions_are_one() -> None:
    makefile = re.search(r"^UV_VERSION := (\S+)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    dockerfile = re.search(r"uv==(\S+)", STAGES[1])

    assert makefile
    assert dockerfile
    assert makefile[1] == dockerfile[1]
