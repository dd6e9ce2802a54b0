"""Foreign text as it may be shown: nothing in it moves, hides or turns around what stands beside it."""

from __future__ import annotations

LONGEST_LINE = 4_096  # Characters of a line that are shown; the download has all that is kept.

# Control characters have pictures in Unicode. What changes the direction of writing is spelled out, for its effect would
# reach beyond it ("Trojan Source", CVE-2021-42574), and so are the line separators that browsers break at.
_PICTURES: dict[int, str] = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) != "\t"} | {0x7F: "\u2421"}
_SPELLED = {
    code: f"\\u{code:04x}"
    for code in (*range(0x80, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
}
_TABLE: dict[int, str] = {**_PICTURES, **_SPELLED}


def plain(text: str) -> str:
    """One line, harmless."""
    return text[:LONGEST_LINE].translate(_TABLE)


def cut(text: str) -> int:
    """How many of a line's characters are not shown."""
    return max(len(text) - LONGEST_LINE, 0)
