"""The log of deliveries: what was sent, what was answered, and sending again what was given up."""

from __future__ import annotations

import pytest
from django.test import Client

from diagnostics.models import Delivery
from tests.web.conftest import Look
from tests.web.notified import a_channel, a_delivery
from tests.web.rows import a_cluster, a_diagnosis

pytestmark = pytest.mark.django_db
PAGE = "/notifications/"


def test_message_and_answer_are_in_a_disclosure(look: Look) -> None:
    row = a_diagnosis(a_cluster())
    delivery = a_delivery(a_channel(), row, route="Shop")
    line = look(PAGE).part(f'<tr id="delivery-{delivery.uuid}"')
    assert f"#{row.number} cart opened by route Shop" in line.text
    assert "&quot;text&quot;: &quot;cart fails&quot;" in line.part("<details").html
    assert "200 ok" in line.part("<details").text


def test_what_was_given_up_can_be_sent_again(look: Look, browser: Client) -> None:
    delivery = a_delivery(a_channel(), state="dead", sent_at=None, error="HTTP 400 invalid_blocks")
    line = look(PAGE).part(f'<tr id="delivery-{delivery.uuid}"')
    assert "not delivered HTTP 400 invalid_blocks Send again" in line.text
    back = f"/notifications/deliveries/?state=dead#delivery-{delivery.uuid}"
    response = browser.post(f"{PAGE}deliveries/{delivery.uuid}/replay", {"back": back})
    assert response["Location"] == back
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("pending", 0)


def test_what_was_sent_is_not_sent_twice(browser: Client) -> None:
    delivery = a_delivery(a_channel())
    response = browser.post(f"{PAGE}deliveries/{delivery.uuid}/replay", {"back": "https://evil.example/"})
    assert response["Location"] == "/notifications/deliveries/"
    assert Delivery.objects.get().state == "sent"


def test_the_log_is_narrowed_by_state_and_channel_and_paged(look: Look) -> None:
    ops, shop = a_channel("#ops"), a_channel("#shop")
    for _ in range(30):
        a_delivery(ops)
    a_delivery(shop, state="dead", error="HTTP 400")
    log = "/notifications/deliveries/"
    first = look(log)
    assert first.headline == "1 message was not delivered"
    assert first.html.count('<tr id="delivery-') == 25
    older = first.part('<nav class="pages"').html.split('href="')[1].split('"')[0].replace("&amp;", "&")
    assert look(older).html.count('<tr id="delivery-') == 6
    assert look(log, state="dead").html.count('<tr id="delivery-') == 1
    assert look(log, channel=str(ops.uuid), state="dead").html.count('<tr id="delivery-') == 0
    assert look(log, state="nonsense", channel="nonsense", before="nonsense").status == 200


def test_a_long_message_is_whole_on_its_own_page(look: Look) -> None:
    delivery = a_delivery(a_channel(), request="x" * 9_000 + "the end")
    assert "the end" not in look(PAGE).text
    assert "the end" in look(f"{PAGE}deliveries/{delivery.uuid}").text
    assert look(f"{PAGE}deliveries/{'0' * 8}-0000-4000-8000-{'0' * 12}").status == 404
