"""The part of a diagnosis' page that says who was told, and why somebody was not."""

from __future__ import annotations

import pytest
from django.test import Client

from diagnostics.models import Activity, Diagnosis, Route
from tests.web.conftest import Look
from tests.web.notified import a_channel, a_delivery, a_route, a_silence, about
from tests.web.rows import a_cluster, a_diagnosis, before, resolved

pytestmark = pytest.mark.django_db


def told(look: Look, row: Diagnosis) -> str:
    return look(f"/d/{row.number}").part('<section class="card" id="told"').text


def test_deliveries_and_reasons_are_listed(look: Look) -> None:
    row = a_diagnosis(a_cluster())
    a_delivery(a_channel("#ops"), row)
    a_delivery(a_channel("#shop"), row, state="dead")
    for minutes in (9, 5):
        details = ({"what": "kept until 07:00 by route Night", "channel": "pager"}, {"what": "diagnosis.opened"})
        for detail in details:
            Activity.objects.create(diagnosis=row, kind="announced", at=before(minutes=minutes), detail=detail)
    text = told(look, row)
    assert "#ops: opened" in text
    assert "#shop: opened, not delivered" in text
    assert text.count("pager: kept until 07:00 by route Night") == 1
    assert "Changed" not in look(f"/d/{row.number}").part('<ol class="tl"').text


def test_it_says_why_nobody_was_told(look: Look) -> None:
    row = a_diagnosis(a_cluster())
    assert "Nobody: there is no channel." in told(look, row)
    route = a_route(channel := a_channel(), matchers=[about("namespace", "other")])
    assert "Nobody: no route matches it." in told(look, row)
    Route.objects.update(matchers=[])
    route.channels.clear()
    assert "Nobody: the route that matches it has no channel." in told(look, row)
    route.channels.add(channel)
    assert "Nobody yet: it is being decided." in told(look, row)
    Diagnosis.objects.update(acknowledged_at=before(minutes=1))
    assert "Nobody: somebody is seeing to it." in told(look, row)
    a_silence()
    assert "Nobody: a silence holds it back." in told(look, row)


def test_what_was_too_early_too_old_or_healed(look: Look) -> None:
    a_channel()
    cluster = a_cluster()
    assert "if it lasts" in told(look, a_diagnosis(cluster, "early", notify_at=before(minutes=-5)))
    old = a_diagnosis(cluster, "old", first_seen=before(days=3), opened_at=before(hours=23.9))
    assert "before its cluster was added" in told(look, old)
    assert "it healed before" in told(look, resolved(cluster, "healed"))


def test_the_link_of_a_message_leads_to_a_silence_filled_in(look: Look, browser: Client) -> None:
    row = a_diagnosis(a_cluster())
    response = browser.get(f"/d/{row.number}?silence=1")
    assert response["Location"] == f"/notifications/silences/new?diagnosis={row.number}"
    assert f'href="/notifications/silences/new?diagnosis={row.number}"' in look(f"/d/{row.number}").html
