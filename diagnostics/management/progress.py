"""How far a command has come, for a person who watches it."""

from __future__ import annotations

import sys


class Progress:
    """One line on standard error that rewrites itself, and only where a person can see it."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()

    def __call__(self, line: str) -> None:
        """Shows a line in place of the one before."""
        if self._shown:
            sys.stderr.write(f"\r\x1b[K{line}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Wipes the line before the result is printed."""
        self("")
