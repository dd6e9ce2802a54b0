"""Adding, changing, testing, switching and removing channels: a form of any format, and secrets that never come back."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from diagnostics.models import Channel, Delivery, Route
from diagnostics.notify.formats import formats
from diagnostics.operations.secret_fields import MASK
from tests.web.conftest import Look, Page
from tests.web.notified import URL, a_channel, a_delivery, a_route

pytestmark = pytest.mark.django_db
NEW = "/notifications/channels/new"
SECRET = "whsec_" + "c2VudGluZWwxMjM0NTY3ODkwMTIzNDU2Nzg5MA=="


def sent(browser: Client, path: str, **data: Any) -> Page:
    """The page that answers a form."""
    response = browser.post(path, data, follow=True)
    return Page(response.content.decode(), response.status_code)


def one(kind: str = "slack", **columns: Any) -> tuple[Channel, str]:
    channel = a_channel(kind=kind, **columns)
    return channel, f"/notifications/channels/{channel.uuid}"


def test_every_format_can_be_chosen_and_has_a_form(look: Look) -> None:
    kinds = look(NEW)
    for kind, known in formats().items():
        assert f'href="{NEW}/{kind}"' in kinds.html
        page = look(f"{NEW}/{kind}")
        assert page.headline == f"Add {known.label}"
        for name in known.settings.__struct_fields__:
            assert f'name="set-{name}"' in page.html
    assert look(f"{NEW}/pigeon").status == 404


def test_one_is_added_with_a_route_of_everything(browser: Client) -> None:
    assert "Send every diagnosis here" in sent(browser, f"{NEW}/slack").text
    page = sent(browser, f"{NEW}/slack", name="#ops", **{"set-url": URL}, everything="1")
    channel = Channel.objects.get()
    assert (channel.name, channel.kind, channel.settings, channel.enabled) == ("#ops", "slack", {"url": URL}, True)
    assert "#ops is added. Send it a test to see whether it works." in page.text
    route = Route.objects.get()
    assert (route.name, route.matchers, [*route.channels.all()]) == ("Everything", [], [channel])


def test_further_ones_are_not_routed_by_themselves(browser: Client) -> None:
    a_route()
    page = sent(browser, f"{NEW}/slack", name="#shop", **{"set-url": URL}, everything="1")
    assert Route.objects.count() == 1
    assert "None: it gets tests only." in page.text


@pytest.mark.parametrize(
    ("kind", "data", "field", "said"),
    [
        ("slack", {}, "set-url", "This field is required."),
        ("slack", {"set-url": "ftp://x"}, "set-url", "An address begins with https:// or http:// and a host."),
        ("slack", {"set-url": "http://10.0.0.7/"}, "set-url", "add it to OUTBOUND_ALLOW_CIDRS"),
        ("slack", {"set-url": URL, "name": "taken"}, "name", "There is another channel of this name."),
        (
            "webhook",
            {"set-url": URL, "set-secrets": "short", "set-mode": "standard"},
            "set-secrets",
            "A secret is whsec_",
        ),
        ("webhook", {"set-url": URL, "set-secrets": SECRET, "set-mode": "x"}, "set-mode", "Select a valid choice"),
        (
            "template",
            {"set-url": URL, "set-template": "{", "set-headers": "x"},
            "set-headers",
            "one name: value a line",
        ),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(
    browser: Client, kind: str, data: dict[str, str], field: str, said: str
) -> None:
    a_channel("taken")
    page = sent(browser, f"{NEW}/{kind}", **{"name": "new", **data})
    assert page.status == 422
    assert "Not saved." in page.part('<div class="banner" role="alert"').text
    error = page.part(f'<ul class="errors" id="c-{field}_error"')
    assert said in error.text
    described = page.html.split(f'name="{field}"')[1].split(">")[0]
    assert 'aria-invalid="true"' in described
    assert f"c-{field}_error" in described
    assert Channel.objects.count() == 1


def test_without_a_key_the_form_says_what_to_set(browser: Client, settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = []
    page = sent(browser, f"{NEW}/slack", name="#ops", **{"set-url": URL})
    assert "FIELD_ENCRYPTION_KEYS is not set" in page.part('<form class="card form').text


def test_a_secret_is_proposed_and_kept_by_no_cache(browser: Client) -> None:
    response = browser.get(f"{NEW}/webhook")
    assert "whsec_" in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_what_would_be_sent_is_shown_before_it_is_saved(browser: Client) -> None:
    page = sent(browser, f"{NEW}/slack", name="#ops", **{"set-url": URL}, preview="1")
    assert page.status == 200
    assert "&quot;blocks&quot;: [" in page.part('<pre class="log soft preview"').html
    bad = sent(
        browser, f"{NEW}/webhook", name="x", **{"set-url": URL, "set-secrets": "x", "set-mode": "standard"}, preview="1"
    )
    assert bad.status == 422
    assert not Channel.objects.exists()


def test_an_empty_secret_stays_as_it_is_and_is_never_shown(browser: Client, look: Look) -> None:
    channel, path = one()
    page = look(path)
    assert "hunter2sentinel" not in page.html
    assert "Stored, and never shown again." in page.text
    page = sent(browser, path, name="team", enabled="on", version="1", **{"set-url": ""})
    channel.refresh_from_db()
    assert (channel.name, channel.settings, channel.version) == ("team", {"url": URL}, 2)
    assert "team is saved." in page.text


def test_a_new_signing_secret_is_written_before_the_mask_of_the_old_one(browser: Client, look: Look) -> None:
    channel, path = one("webhook", settings={"url": "https://receiver.example/in", "secrets": [SECRET]})
    page = look(path)
    assert SECRET not in page.html
    assert MASK in page.html
    other = SECRET.replace("c2V", "d2V")
    given = {"set-url": "https://receiver.example/in", "set-secrets": f"{other}\n{MASK}\n", "set-mode": "cloudevents"}
    sent(browser, path, name="#ops", enabled="on", version="1", **given)
    channel.refresh_from_db()
    assert channel.settings["secrets"] == [other, SECRET]
    assert channel.settings["mode"] == "cloudevents"


def test_saving_a_disabled_one_turns_it_on_again(browser: Client, look: Look) -> None:
    failed: dict[str, Any] = {
        "enabled": False,
        "disabled_reason": "HTTP 404 no_service",
        "failures": 3,
        "last_error": "x",
    }
    channel, path = one(**failed)
    page = look(path)
    assert "HTTP 404 no_service. Correct what is wrong and save: that turns it on again." in page.text
    assert 'name="enabled" id="c-enabled" checked' in page.html
    sent(browser, path, name="#ops", enabled="on", version="1", **{"set-url": URL})
    channel.refresh_from_db()
    assert (channel.enabled, channel.disabled_reason) == (True, "")


def test_saving_one_that_fails_does_not_say_that_it_works(browser: Client) -> None:
    channel, path = one(failures=3, last_error="HTTP 500")
    sent(browser, path, name="renamed", enabled="on", version="1")
    channel.refresh_from_db()
    assert (channel.name, channel.failures, channel.last_error) == ("renamed", 3, "HTTP 500")


def test_what_somebody_else_changed_is_not_overwritten(browser: Client) -> None:
    channel, path = one(version=2)
    page = sent(browser, path, name="late", enabled="on", version="1")
    assert "Somebody else changed it meanwhile." in page.text
    channel.refresh_from_db()
    assert channel.name == "#ops"


def test_a_kind_that_is_not_known_can_only_be_removed(browser: Client, look: Look) -> None:
    _, path = one("pigeon", settings={"loft": "hunter2sentinel"})
    page = look(path)
    assert "this version does not know channels of kind pigeon" in page.text
    assert "hunter2sentinel" not in page.html
    assert "#ops is removed." in sent(browser, f"{path}/delete").text
    assert not Channel.objects.exists()


def test_a_test_is_on_its_way_until_it_is_answered(browser: Client, look: Look, user: User) -> None:
    _, path = one()
    page = sent(browser, f"{path}/test")
    assert "A test to #ops is on its way" in page.part('<div class="toasts"').text
    delivery = Delivery.objects.get()
    assert (delivery.type, delivery.data["by"]) == ("channel.test", user.get_username())
    assert "data-soon" in page.html
    assert "Test" in page.part(f'<tr id="delivery-{delivery.uuid}"').text
    Delivery.objects.update(state="sent", answer="200 ok", attempts=1)
    page = look(path)
    assert "sent 200 ok" in page.part(f'<tr id="delivery-{delivery.uuid}"').text
    assert "data-soon" not in page.html


def test_one_that_is_off_is_not_tested(browser: Client) -> None:
    _, path = one(enabled=False)
    assert "enable it first" in sent(browser, f"{path}/test").text
    assert not Delivery.objects.exists()


def test_it_is_turned_off_and_on(browser: Client) -> None:
    channel, path = one()
    assert "#ops is off: its messages wait." in sent(browser, f"{path}/switch", on="0").text
    channel.refresh_from_db()
    assert not channel.enabled
    assert "#ops is on again." in sent(browser, f"{path}/switch", on="1").text


def test_all_that_failed_is_sent_again_the_oldest_first(browser: Client) -> None:
    channel, path = one()
    for state in ("dead", "sent", "dead"):
        a_delivery(channel, state=state)
    assert "2 are on their way again." in sent(browser, f"{path}/replay").text
    assert [*Delivery.objects.order_by("pk").values_list("state", flat=True)] == ["pending", "sent", "pending"]


def test_a_button_is_no_link(browser: Client) -> None:
    _, path = one()
    for deed in ("test", "switch", "replay", "delete"):
        assert browser.get(f"{path}/{deed}").status_code == 405
        assert browser.post(f"/notifications/channels/{'0' * 8}-0000-4000-8000-{'0' * 12}/{deed}").status_code == 404


def test_a_form_from_elsewhere_is_refused(user: User) -> None:
    channel, path = one()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    for deed in ("test", "switch", "replay", "delete"):
        assert strict.post(f"{path}/{deed}").status_code == 403
    assert Channel.objects.filter(pk=channel.pk).exists()
