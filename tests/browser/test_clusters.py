"""Adding, pausing and resuming a cluster in a real browser, against a served cluster."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.site import Site
from tests.clusters import serving

WORD = "sentinel-of-a-token"


def signed_in(site: Site, visit: Open, **how: int | str) -> Page:
    page = visit(site.do("link"), live=False, **how)
    page.locator("main button[type=submit]").click()
    page.locator("#live b", has_text="Live").wait_for()
    return page


def kubeconfig(server: str) -> str:
    return json.dumps({
        "contexts": [{"name": "edge", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": WORD}}],
    })  # fmt: skip


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (320, "dark")])
def test_from_a_pasted_kubeconfig_to_a_cluster_that_is_paused_and_resumed(
    site: Site, visit: Open, width: int, scheme: str
) -> None:
    with serving(token=WORD) as lab:
        lab.access.forbid("get", "pods/log")
        page = signed_in(site, visit, width=width, color_scheme=scheme)
        page.get_by_role("link", name="Clusters", exact=True).click()
        expect(page.locator("h1")).to_have_text("2 clusters are read in full")
        page.get_by_role("link", name="Add cluster").click()
        page.get_by_role("textbox", name="kubeconfig").fill(kubeconfig(lab.url))
        page.get_by_role("button", name="Test", exact=True).click()
        expect(page.locator("#test")).to_contain_text("failed: get pods/log")
        assert WORD not in page.content()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_role("textbox", name="Name", exact=True).fill("Edge")
        page.get_by_role("button", name="Add with reduced rights").click()
    expect(page.locator(".toast")).to_contain_text("Edge is added")
    expect(page.locator("h1")).to_have_text("2 clusters are read in full, 1 not yet")
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.get_by_role("button", name="Pause prod-eu").click()
    expect(page.locator("h1")).to_have_text("1 cluster is read in full, 1 not yet, 1 paused")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("prod-eu is watched again")
