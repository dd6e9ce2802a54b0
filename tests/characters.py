"""Characters that texts of clusters are made of, and such as trip programs up.

A test that draws from all of Unicode first has hypothesis compute a table of it, which takes longer than the test.
"""

from __future__ import annotations

from hypothesis import strategies as st

_UNUSUAL = "İßẞ\u017f\u212aΣς\u0300\u200b\u2028\u202e\ufeff\ufffd①٣日本한🙂\U0001d7d8\U0010ffff"

ANY = "".join(map(chr, range(0x180))) + _UNUSUAL


def texts(max_size: int | None = None) -> st.SearchStrategy[str]:
    """Any text of those characters."""
    return st.text(ANY, max_size=max_size)
