"""Setup: three steps, each ticked by what there is and by nothing else."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.people import a_person
from tests.web.conftest import Look, Page
from tests.web.notified import a_channel
from tests.web.rows import a_cluster

pytestmark = pytest.mark.django_db

QUERIES = 11  # The session and its account, eight of the frame, and the channels.


def steps(page: Page) -> dict[str, str]:
    """Each step with how it stands: done, now, later."""
    found = re.findall(r'<li class="(done)?"( aria-current="step")?><a class="plain" href="#(\w+)"', page.html)
    return {name: "done" if done else "now" if current else "later" for done, current, name in found}


def test_an_empty_installation_leads_its_admin_there(look: Look) -> None:
    assert 'href="/setup"' in look("/").part('<section class="card blank"').html
    page = look("/setup")
    assert page.headline == "Set Sickbay up: 0 of 3 steps done"
    assert steps(page) == {"account": "now", "cluster": "later", "channel": "later"}
    for path in ("/settings/account", "/settings/people/new", "/clusters/add", "/notifications/channels/new"):
        assert f'href="{path}"' in page.part("<main").html
        assert look(path).status == 200


def test_nobody_else_is_led_there(client: Client) -> None:
    client.force_login(a_person("bo", "responder"))
    assert "/setup" not in client.get("/").content.decode()


def test_each_step_is_done_by_a_fact(browser: Client, look: Look, user: User) -> None:
    channel = a_channel("#ops")
    assert steps(look("/setup")) == {"account": "now", "cluster": "later", "channel": "done"}
    user.set_password("a long enough password")
    user.save()
    browser.force_login(user)
    page = look("/setup")
    assert page.headline == "Set Sickbay up: 2 of 3 steps done"
    assert steps(page) == {"account": "done", "cluster": "now", "channel": "done"}
    assert "ana has a password." in page.text
    assert f'href="/notifications/channels/{channel.uuid}"' in page.html
    cluster = a_cluster("prod-eu")
    page = look("/setup")
    assert page.headline == "Sickbay is set up"
    assert set(steps(page).values()) == {"done"}
    assert "prod-eu read 0 s ago" in page.text
    cluster.delete()
    assert steps(look("/setup"))["cluster"] == "now"


def test_a_cluster_that_was_never_read_says_so(look: Look) -> None:
    a_cluster("prod-eu", fresh_at=None)
    assert "prod-eu not read yet" in look("/setup").text


def test_costs_the_same_however_much_is_set_up(look: Look, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for name in "abc":
        a_cluster(name)
        a_channel(name)
    with django_assert_num_queries(QUERIES):
        look("/setup")
