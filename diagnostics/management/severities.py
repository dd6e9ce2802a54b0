"""How a severity looks in a terminal: a word and a shape, so that it never hangs on colour alone."""

from __future__ import annotations

from rich.text import Text

_MARKS = {
    "critical": ("◆", "bold red"),
    "high": ("▲", "yellow"),
    "medium": ("●", "cyan"),
    "low": ("■", "blue"),
    "info": ("○", "dim"),
}


def marked(severity: str) -> Text:
    """`◆ critical`."""
    shape, style = _MARKS[severity]
    return Text(f"{shape} {severity}", style=style)
