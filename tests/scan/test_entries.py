"""The scan at a terminal: whole sentences at any width, and what to type next."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from diagnostics.management.entries import entries
from diagnostics.operations.scanning import Scan


def shown(taken: Scan, width: int) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False)
    console.print(*entries(taken, console))
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal_and_nothing_is_lost(scan: Scan, width: int) -> None:
    lines = shown(scan, width)
    assert max(map(len, lines)) <= min(width, 120)
    text = " ".join(" ".join(line.split()) for line in lines)
    for told in ("crash-config-env: ", "DATABASE_URL is not set.", "└ probe-refused: Nobody | answers app."):
        assert told in text
    assert "$ kubectl --context prod-eu -n shop rollout undo deployment/cart" in text


def test_an_entry_begins_with_where_and_how_many(scan: Scan) -> None:
    first = shown(scan, 80)[0]
    assert first.split() == ["◆", "critical", "shop", "Deployment/cart/app", "2/2", "14m"]
    assert first.endswith("14m")
