"""What of others is served with our pages: as it came, and with the rules that go with it."""

from __future__ import annotations

import pytest

from tests.web.vendored import BUNDLES, STYLE_SHEET, VENDOR, bundle, rules


@pytest.mark.parametrize("name", BUNDLES)
def test_the_style_sheet_is_the_one_that_the_bundle_carries(name: str) -> None:
    assert rules(bundle(name).read_text(encoding="utf-8")) == STYLE_SHEET.read_text(encoding="utf-8")


def test_a_bundle_that_keeps_its_rules_elsewhere_is_told() -> None:
    with pytest.raises(ValueError, match="addStyleRule"):
        rules("var nothing;")


def test_bundles_are_of_one_version_and_come_with_their_licence() -> None:
    versions = {bundle(name).read_text(encoding="utf-8")[:100].split(" v")[1].split("\n")[0] for name in BUNDLES}
    assert len(versions) == 1
    assert "MIT License" in (VENDOR / "plotly.LICENSE").read_text()
