"""The wallboard in a real browser: nothing of a row is cut, however narrow the screen."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Open
from tests.browser.site import Site


@pytest.mark.parametrize("width", [1440, 375, 320])
def test_rows_are_as_wide_as_the_screen_at_most(site: Site, visit: Open, width: int) -> None:
    site.do("open_diagnosis", name="checkout", cluster="prod-eu", pods_affected=1200, pods_total=1200)
    page = visit("/tv", live=False, width=width)
    edges = page.locator("#berths > li > *").evaluate_all("all => all.map(part => part.getBoundingClientRect().right)")
    assert len(edges) == 4
    assert max(edges) <= width
