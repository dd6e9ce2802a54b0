"""What our own processes log, line by line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.environment import PROJECT

DJANGO = "import django; django.setup()"
CELERY = "from dashboard.celery import app; app.log.setup_logging_subsystem('WARNING')"
UVICORN = f"import uvicorn; uvicorn.Config('dashboard.asgi:application'); {DJANGO}"
FAIL = """
import logging
for name in ("diagnostics.x", "celery.worker", "celery.task", "uvicorn.error"):
    try:
        raise ValueError("two\\nlines")
    except ValueError:
        logging.getLogger(name).exception("%s failed", name)
"""

REFUSE = """
import logging
for path in ("/signin/WyJ.one-time:link", "/sickbay/signin/WyJ.one-time:link?next=/", "/signin?next=/d/1"):
    logging.getLogger("django.security.csrf").warning("Forbidden (%s): %s", "CSRF cookie not set.", path)
"""


def logged(start: str, directory: Path, doing: str = FAIL, **variables: str) -> list[str]:
    environment = {"SICKBAY_DATA_DIR": str(directory), "DJANGO_SETTINGS_MODULE": "dashboard.settings", **variables}
    command = [sys.executable, "-c", start + doing]
    ended = subprocess.run(
        command, cwd=PROJECT, env=os.environ | environment, capture_output=True, text=True, check=True, timeout=60
    )
    return ended.stderr.splitlines()


@pytest.mark.parametrize("start", [DJANGO, CELERY, UVICORN])
def test_json_is_one_object_a_line_whoever_logs(start: str, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in logged(start, tmp_path, LOG_FORMAT="json")]

    assert [line["logger"] for line in lines] == ["diagnostics.x", "celery.worker", "celery.task", "uvicorn.error"]
    for line in lines:
        assert line["level"] == "ERROR"
        assert line["message"] == f"{line['logger']} failed"
        assert line["exception"].endswith("ValueError: two\nlines")
        assert line["time"].endswith("+00:00")


def test_text_is_for_people(tmp_path: Path) -> None:
    assert logged(DJANGO, tmp_path)[0].endswith(" ERROR diagnostics.x: diagnostics.x failed")


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_one_time_link_is_not_told(log_format: str, tmp_path: Path) -> None:
    one, with_base_path, form = logged(DJANGO, tmp_path, REFUSE, LOG_FORMAT=log_format)

    assert "one-time" not in one + with_base_path
    assert "/sickbay/signin/…" in with_base_path
    assert "/signin?next=/d/1" in form
