"""Adding, changing, ordering and removing routes."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client

from diagnostics.models import Route
from tests.web.conftest import Look, Page
from tests.web.notified import a_channel, a_route, about

pytestmark = pytest.mark.django_db
NEW = "/notifications/routes/new"


def form(
    rows: tuple[tuple[str, str, str], ...] = (), quiet: tuple[dict[str, Any], ...] = (), **fields: Any
) -> dict[str, Any]:
    """What a browser sends of the form."""
    data: dict[str, Any] = {"name": "Shop", "time_zone": "UTC", "enabled": "on", **fields}
    data |= {
        "if-TOTAL_FORMS": len(rows),
        "if-INITIAL_FORMS": 0,
        "quiet-TOTAL_FORMS": len(quiet),
        "quiet-INITIAL_FORMS": 0,
    }
    for n, row in enumerate(rows):
        data |= {f"if-{n}-{name}": value for name, value in zip(("field", "op", "value"), row, strict=True)}
    for n, span in enumerate(quiet):
        data |= {f"quiet-{n}-{name}": value for name, value in span.items()}
    return data


def sent(browser: Client, path: str, data: dict[str, Any]) -> Page:
    response = browser.post(path, data, follow=True)
    return Page(response.content.decode(), response.status_code)


def test_all_of_a_route_is_stored(browser: Client) -> None:
    ops, boss = a_channel("#ops"), a_channel("boss")
    a_route()
    rows = (
        ("namespace", "in", "shop, pay-*"),
        ("label", "not in", "team=web,ops"),
        ("severity", "at least", "high"),
        ("", "in", " "),
    )
    fields = {
        "channels": [str(ops.uuid)],
        "escalate_to": [str(boss.uuid)],
        "escalate_after": "30 min",
        "repeat_after": "4h",
        "most_per_hour": "20",
        "digest_at": "08:00",
        "time_zone": "Europe/Vienna",
        "goes_on": "on",
    }
    quiet: tuple[dict[str, Any], ...] = ({"days": [0, 6], "begins": "22:00", "ends": "07:30"}, {})
    page = sent(browser, NEW, form(rows, quiet, **fields))
    assert "Route Shop is saved." in page.text
    route = Route.objects.get(name="Shop")
    assert route.matchers == [
        {"field": "namespace", "op": "in", "value": ["shop", "pay-*"]},
        {"field": "label", "op": "not in", "key": "team", "value": ["web", "ops"]},
        {"field": "severity", "op": "at least", "value": ["high"]},
    ]
    assert ([*route.channels.all()], [*route.escalate_to.all()]) == ([ops], [boss])
    assert (route.escalate_after, route.repeat_after) == (timedelta(minutes=30), timedelta(hours=4))
    assert (route.most_per_hour, route.digest_at, route.time_zone) == (20, time(8), "Europe/Vienna")
    assert route.quiet_hours == [{"days": [0, 6], "from": "22:00:00", "to": "07:30:00"}]
    assert (route.position, route.goes_on, route.send_resolved, route.enabled) == (2, True, False, True)


def test_the_form_shows_what_is_stored_and_saving_it_changes_nothing(browser: Client, look: Look) -> None:
    channel = a_channel()
    stored: dict[str, Any] = {
        "matchers": [about("code", "image-*"), {**about("label", "pay*"), "key": "team"}],
        "repeat_after": timedelta(minutes=90),
        "quiet_hours": [{"days": [4, 5], "from": "22:00:00", "to": "07:30:00"}],
        "time_zone": "America/New_York",
    }
    route = a_route(channel, **stored)
    page = look(f"/notifications/routes/{route.uuid}")
    for shown in ('value="image-*"', 'value="team=pay*"', 'value="90 min"', 'value="22:00"', 'value="07:30"'):
        assert shown in page.html
    assert '<option value="America/New_York" selected>' in page.html
    assert page.html.count(f'value="{channel.uuid}"') == 2
    rows = (("code", "in", "image-*"), ("label", "in", "team=pay*"))
    quiet = ({"days": [4, 5], "begins": "22:00", "ends": "07:30"},)
    data = form(rows, quiet, name="Everything", version="1", channels=[str(channel.uuid)], repeat_after="90 min")
    sent(
        browser, f"/notifications/routes/{route.uuid}", {**data, "time_zone": "America/New_York", "send_resolved": "on"}
    )
    route.refresh_from_db()
    assert {name: getattr(route, name) for name in stored} == stored


@pytest.mark.parametrize(
    ("data", "where", "said"),
    [
        (
            form((("namespace", "at least", "shop"),)),
            "id_if-0-value",
            "Only a severity can be asked to be at least something.",
        ),
        (form((("severity", "in", "bad"),)), "id_if-0-value", "A severity is one of info, low"),
        (form((("namespace", "in", ""),)), "id_if-0-value", "A matcher needs at least one value."),
        (form((("", "in", "shop"),)), "id_if-0-value", "Choose what this is about."),
        (form((("label", "in", "team"),)), "id_if-0-value", "at least one value"),
        (form(quiet=({"days": [1], "begins": "22:00"},)), "id_quiet-0-ends", "Say when."),
        (form(repeat_after="often"), "r-repeat_after", "Write a number and s, min, h or d, such as 30 min."),
        (form(repeat_after="900 d"), "r-repeat_after", "at most 365 days"),
        (form(escalate_after="30 min"), "r-escalate_to", "Say whom."),
        (form(most_per_hour="0"), "r-most_per_hour", "greater than or equal to 1"),
        (form(time_zone="Mars/Base"), "r-time_zone", "Select a valid choice"),
        (form(name="Everything"), "r-name", "There is another route of this name."),
        (form(channels=["x"]), "r-channels", "Select a valid choice"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(browser: Client, data: dict[str, Any], where: str, said: str) -> None:
    a_route()
    page = sent(browser, NEW, data)
    assert page.status == 422
    assert said in page.part(f'<ul class="errors" id="{where}_error"').text
    assert Route.objects.count() == 1


def test_more_conditions_are_asked_for_and_nothing_is_stored(browser: Client) -> None:
    page = sent(browser, NEW, form((("namespace", "in", "shop"),), more="1", name=""))
    assert page.status == 200
    assert page.html.count('aria-label="Condition ') == 3
    assert 'value="shop"' in page.html
    assert not Route.objects.exists()


@pytest.mark.parametrize("total", ["", "x", "999999"])
def test_how_many_conditions_there_are_is_no_matter_of_trust(browser: Client, total: str) -> None:
    page = sent(browser, NEW, {**form(), "if-TOTAL_FORMS": total, "more": "1"})
    assert page.html.count('aria-label="Condition ') <= 20


def test_what_somebody_else_changed_is_not_overwritten(browser: Client) -> None:
    route = a_route(version=2)
    page = sent(browser, f"/notifications/routes/{route.uuid}", form(version="1"))
    assert "Somebody else changed it meanwhile." in page.text
    route.refresh_from_db()
    assert route.name == "Everything"


def test_they_are_put_in_order(browser: Client) -> None:
    first, second = a_route(name="first"), a_route(name="second")
    a_route(name="third")

    def move(route: Route, to: str) -> str:
        path = f"/notifications/routes/{route.uuid}/move"
        assert browser.post(path, {"to": to})["Location"] == f"/notifications/#route-{route.uuid}"
        return " ".join(Route.objects.values_list("name", flat=True))

    assert move(first, "down") == "second first third"
    assert move(first, "down") == "second third first"
    assert move(first, "up") == "second first third"
    assert move(second, "up") == "second first third"


def test_the_others_close_up_when_one_is_removed(browser: Client) -> None:
    first = a_route(name="first")
    a_route(name="second")
    page = sent(browser, f"/notifications/routes/{first.uuid}/delete", {})
    assert "Route first is removed." in page.text
    assert [*Route.objects.values_list("name", "position")] == [("second", 1)]
    assert browser.post(f"/notifications/routes/{first.uuid}/delete").status_code == 404
