"""The page of notifications: whether messages arrive, where what goes, what is silenced, what was sent."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from dashboard.signin import GUEST
from dashboard.views.notifications.urls import urlpatterns
from diagnostics.models import Channel, Delivery, Diagnosis, Route, Silence
from tests.web.conftest import Look, Page
from tests.web.notified import URL, a_channel, a_delivery, a_route, a_silence, about
from tests.web.rows import a_cluster, a_diagnosis, before, resolved

pytestmark = pytest.mark.django_db
PAGE = "/notifications/"


def row_of(page: Page, name: str) -> Page:
    """The line of a channel or route."""
    rows = (Page("<tr" + html, page.status) for html in page.html.split("<tr")[1:])
    return next(row for row in rows if f">{name}</a>" in row.html)


def test_without_a_channel_it_says_so_and_what_to_do(look: Look) -> None:
    page = look(PAGE)
    assert page.headline == "No channel yet: diagnoses are only shown here"
    assert '<a class="btn main" href="/notifications/channels/new/slack">Add Slack →</a>' in page.html
    assert 'href="/notifications/" data-key="g n" aria-current="page"' in page.html


class TestHeadline:
    def test_it_says_that_all_work(self, look: Look) -> None:
        a_channel("#ops")
        a_channel("#shop")
        assert look(PAGE).headline == "All channels work"

    def test_it_does_not_say_so_of_what_was_never_used(self, look: Look) -> None:
        a_channel(last_ok_at=None)
        assert look(PAGE).headline == "1 channel, nothing sent yet"

    def test_it_counts_what_fails_and_what_did_not_arrive(self, look: Look) -> None:
        a_channel("#ops")
        for _ in range(2):
            a_delivery(a_channel_failing(), state="dead", sent_at=None)
        assert look(PAGE).headline == "1 of 2 channels fails; 2 messages did not arrive"


def a_channel_failing(**columns: Any) -> Channel:
    known = Channel.objects.filter(name="bridge").first()
    return known or a_channel("bridge", failing_since=before(minutes=5), last_error="HTTP 500 oops", **columns)


class TestChannels:
    def test_failing_ones_come_first_and_say_since_when_and_why(self, look: Look) -> None:
        a_channel("a")
        a_channel_failing()
        a_channel("off", enabled=False, disabled_reason="HTTP 404 no_service", failing_since=before(hours=2))
        page = look(PAGE)
        order = [page.html.index(f">{name}</a>") for name in ("off", "bridge", "a")]
        assert order == sorted(order)
        assert "Fails since" in row_of(page, "bridge").text
        assert "HTTP 500 oops" in row_of(page, "bridge").text
        assert "delivered 5 min ago" in row_of(page, "a").text

    def test_one_that_refused_for_good_has_a_banner_with_what_to_do(self, look: Look) -> None:
        channel = a_channel("off", enabled=False, disabled_reason="HTTP 404 no_service")
        banner = look(PAGE).part(f'<div class="banner" id="off-{channel.uuid}"')
        assert "off is off: it refused for good. HTTP 404 no_service. Correct its settings" in banner.text
        assert f'action="/notifications/channels/{channel.uuid}/switch"' in banner.html

    def test_one_that_somebody_turned_off_has_none(self, look: Look) -> None:
        a_channel("off", enabled=False)
        page = look(PAGE)
        assert "Off, by somebody" in row_of(page, "off").text
        assert 'class="banner" id="off-' not in page.html

    def test_the_day_is_counted(self, look: Look) -> None:
        channel = a_channel()
        a_delivery(channel)
        a_delivery(channel, created_at=before(hours=3))
        a_delivery(channel, state="dead", created_at=before(hours=3))
        a_delivery(channel, created_at=before(hours=30))
        row = row_of(look(PAGE), "#ops")
        assert 'aria-label="2 sent, 1 failed in 24 hours"' in row.html

    def test_what_no_route_leads_to_is_told(self, look: Look) -> None:
        routed, escalated, unused = a_channel("routed"), a_channel("escalated"), a_channel("unused")
        a_route(routed).escalate_to.add(escalated)
        a_route(unused, name="Off", enabled=False)
        page = look(PAGE)
        assert "No route leads here" in row_of(page, "unused").text
        assert page.text.count("No route leads here") == 1

    def test_a_lost_key_stops_no_page(self, look: Look, settings: Settings) -> None:
        channel = a_channel()
        a_route(channel)
        a_delivery(channel)
        settings.FIELD_ENCRYPTION_KEYS = []
        assert look(PAGE).status == 200
        page = look(f"{PAGE}channels/{channel.uuid}")
        assert "Its settings cannot be read. FIELD_ENCRYPTION_KEYS is not set" in page.text
        assert f"Remove {channel.name}" in page.text


class TestRoutes:
    def test_each_says_when_where_and_how(self, look: Look) -> None:
        ops, boss = a_channel("#ops"), a_channel("boss")
        route = a_route(
            ops,
            name="Shop",
            matchers=[about("namespace", "shop", "pay-*"), about("severity", "high", op="at least")],
            goes_on=True,
            send_resolved=False,
            most_per_hour=20,
            time_zone="Europe/Vienna",
            quiet_hours=[{"days": [0, 1, 2, 5], "from": "22:00:00", "to": "07:00:00"}],
        )
        route.escalate_to.add(boss)
        Route.objects.update(escalate_after=timedelta(minutes=30), repeat_after=timedelta(hours=4), digest_at=time(8))
        a_delivery(ops, route="Shop")
        text = row_of(look(PAGE), "Shop").text
        for said in (
            "namespace is shop or pay-*, severity is at least high",
            "goes on",
            "no resolutions",
            "quiet Mon to Wed, Sat 22:00 to 07:00 Europe/Vienna",
            "at most 20 an hour",
            "reminds every 4 h",
            "after 30 min also to boss",
            "digest at 08:00 Europe/Vienna",
        ):
            assert said in text

    def test_without_one_it_says_that_nothing_is_sent(self, look: Look) -> None:
        a_channel()
        assert "No route: nothing is sent but tests." in look(PAGE).text

    def test_a_diagnosis_is_tried_and_each_route_says_why(self, look: Look) -> None:
        channel = a_channel()
        a_route(channel, name="Staging", matchers=[about("cluster", "staging")])
        a_route(channel, name="Paused", enabled=False)
        a_route(channel, name="Shop", matchers=[about("namespace", "shop")])
        a_route(channel, name="Rest")
        row = a_diagnosis(a_cluster())
        page = look(PAGE, **{"try": row.number})
        assert f"#{row.number} cart goes to #ops." in page.part('<div class="pad trial"').text
        assert "does not match: “cluster is staging” does not hold" in row_of(page, "Staging").text
        assert "not asked: it is off" in row_of(page, "Paused").text
        assert "wins" in row_of(page, "Shop").text
        assert 'class="is-hit"' in row_of(page, "Shop").html
        assert "not asked: a route above has won" in row_of(page, "Rest").text

    def test_a_silence_and_a_route_to_nobody_are_told_as_well(self, look: Look) -> None:
        a_channel()
        a_route()
        row = a_diagnosis(a_cluster())
        assert "goes to nobody" in look(PAGE, **{"try": f"#{row.number}"}).part('<div class="pad trial"').text
        a_silence()
        assert "is silenced (Node pool" in look(PAGE, **{"try": row.number}).part('<div class="pad trial"').text

    @pytest.mark.parametrize("number", ["", "x", "9" * 30, "4711"])
    def test_what_is_no_diagnosis_is_not_tried(self, look: Look, number: str) -> None:
        a_channel()
        page = look(PAGE, **{"try": number})
        assert page.status == 200
        assert "pad trial" not in page.html


class TestSilences:
    def test_each_says_what_it_hides_now_and_hid_so_far(self, look: Look, user: User) -> None:
        cluster = a_cluster()
        for name in ("cart", "web"):
            a_diagnosis(cluster, name)
        resolved(cluster, "old")
        a_silence(about("workload", "cart"), created_by=user, hidden=14)
        a_silence(about("namespace", "shop"))
        a_silence(about("namespace", "none"))
        rows = [
            Page("<tr" + html, 200).text
            for html in look(PAGE).part('<section class="card" id="silences"').html.split("<tr")[2:]
        ]
        assert "workload is cart Node pool is being rebuilt ana 1 14 messages" in rows[0]
        assert "namespace is shop Node pool is being rebuilt \u2013 2 0 messages" in rows[1]
        assert "namespace is none Node pool is being rebuilt \u2013 nothing 0 messages" in rows[2]

    def test_what_has_ended_can_be_set_again(self, look: Look) -> None:
        silence = a_silence(starts_at=before(hours=3), ends_at=before(hours=2))
        ended = look(PAGE).part('<details class="ended"')
        assert "1 ended" in ended.text
        assert f'href="/notifications/silences/new?again={silence.uuid}"' in ended.html


def test_no_secret_is_on_any_page(look: Look) -> None:
    channel = a_channel()
    a_route(channel)
    a_delivery(channel)
    for path in (PAGE, f"{PAGE}channels/{channel.uuid}", f"{PAGE}deliveries/"):
        assert "hunter2sentinel" in URL
        assert "hunter2sentinel" not in look(path).html


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}deliveries/"])
def test_the_number_of_queries_does_not_grow(look: Look, path: str) -> None:
    def fill(n: int) -> None:
        cluster = Diagnosis.objects.first().cluster if n else a_cluster()  # type: ignore[union-attr]  # Made before.
        for each in range(n * 5, n * 5 + 5):
            channel = a_channel(f"channel {each}")
            a_route(channel, name=f"route {each}").escalate_to.add(channel)
            row = a_diagnosis(cluster, f"cart-{each}")
            a_delivery(channel, row, type="channel.test")
            a_silence(about("workload", f"cart-{each}"))
            a_silence(starts_at=before(hours=3), ends_at=before(hours=2))

    def queries() -> int:
        number = Diagnosis.objects.latest("number").number
        with CaptureQueriesContext(connection) as captured:
            look(path, **{"try": number})
        return len(captured)

    fill(0)
    few = queries()
    fill(1)
    assert queries() == few <= 35


def test_a_guest_looks_and_changes_nothing(client: Client, settings: Settings) -> None:
    settings.DEMO = True
    channel = a_channel()
    assert client.get(PAGE).status_code == 200
    for path in ("channels/new", "routes/new", "silences/new"):
        assert client.get(PAGE + path).status_code in (200, 302)
    response = client.get(f"{PAGE}routes/new")
    assert response["Location"] == "/signin?next=%2Fnotifications%2Froutes%2Fnew"
    for path in ("test", "delete", "switch", "replay"):
        response = client.post(f"{PAGE}channels/{channel.uuid}/{path}")
        assert response["Location"] == "/signin?next=%2Fnotifications%2F"
    assert User.objects.get().username == GUEST
    assert (Channel.objects.count(), Delivery.objects.count()) == (1, 0)


def test_whoever_did_not_sign_in_is_led_there(client: Client) -> None:
    rows = {"channels": a_channel().uuid, "routes": a_route().uuid, "silences": a_silence().uuid}
    rows["deliveries"] = a_delivery(a_channel("other")).uuid
    for pattern in urlpatterns:
        route = str(pattern.pattern)
        known = {"uuid": rows.get(route.partition("/")[0]), "kind": "slack"}
        names = [name for name in known if f":{name}>" in route]
        path = reverse(str(pattern.name), kwargs={name: known[name] for name in names})
        for ask in (client.get, client.post):
            response = ask(path)
            assert response.status_code == 405 or response["Location"].startswith("/signin?next=%2Fnotifications%2F")
    assert (Channel.objects.count(), Route.objects.count(), Delivery.objects.count()) == (2, 1, 1)
    assert Silence.objects.get().ends_at > timezone.now()
