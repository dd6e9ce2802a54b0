"""Several diagnoses at once, from the list."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from diagnostics.models import Diagnosis
from tests.web.conftest import Look, Page
from tests.web.rows import a_cluster, a_diagnosis

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(db: None) -> list[Diagnosis]:
    cluster = a_cluster()
    return [a_diagnosis(cluster, name) for name in ("a", "b", "c")]


def picked(*rows: Diagnosis) -> list[str]:
    return [f"{row.number}:{row.version}" for row in rows]


def post(browser: Client, do: str, *picks: str, path: str = "/") -> Page:
    response = browser.post(path, {"do": do, "pick": picks}, follow=True)
    return Page(response.content.decode(), response.status_code)


def undo(page: Page) -> str:
    return page.part('<p class="toast').html.split('value="')[1].split('"')[0]


def test_those_chosen_are_acknowledged_and_given_back(browser: Client, three: list[Diagnosis]) -> None:
    page = post(browser, "acknowledge", *picked(*three[:2]))
    assert page.part('<p class="toast').text == "Acknowledged. 2 diagnoses. Undo"
    assert Diagnosis.objects.filter(acknowledged_at=None).get() == three[2]
    post(browser, undo(page), *picked(three[2]))  # What is chosen by now is not meant.
    assert Diagnosis.objects.filter(acknowledged_at=None).count() == 3


def test_an_emptied_list_still_undoes(browser: Client, three: list[Diagnosis]) -> None:
    page = post(browser, "snooze 8h", *picked(*three))
    assert "Nothing is open that is not snoozed" in page.text
    assert 'id="acts"' in page.html
    post(browser, undo(page))
    assert Diagnosis.objects.filter(snoozed_until=None).count() == 3
    Diagnosis.objects.all().delete()
    assert 'id="acts"' in post(browser, "resolve").html


def test_what_was_changed_meanwhile_is_left_and_counted(browser: Client, three: list[Diagnosis]) -> None:
    Diagnosis.objects.filter(pk=three[0].pk).update(version=9)
    page = post(browser, "resolve", *picked(*three), path="/?severity=high&tab=mine")
    assert "Resolved. 2 diagnoses." in page.text
    assert "1 was changed meanwhile: nothing was done to it." in page.text
    assert page.part('<nav class="tabs"').html.count("severity=high") == 5  # The list that it was.
    assert Diagnosis.objects.exclude(state="resolved").get() == three[0]


@pytest.mark.parametrize("picks", [(), ("x",), ("1",), ("9" * 30 + ":1",), ("1:" + "9" * 5_000,)])
def test_nothing_chosen_is_said(browser: Client, picks: tuple[str, ...]) -> None:
    assert "choose diagnoses first" in post(browser, "resolve", *picks).text


def test_what_no_button_asks_for_is_refused(browser: Client, three: list[Diagnosis]) -> None:
    assert post(browser, "delete", *picked(*three)).status == 400


def test_what_is_resolved_cannot_be_chosen(look: Look, three: list[Diagnosis], browser: Client) -> None:
    post(browser, "resolve", *picked(*three))
    assert 'name="pick"' not in look(tab="resolved").html


def test_a_guest_chooses_nothing(client: Client, three: list[Diagnosis], settings: Settings) -> None:
    settings.DEMO = True
    html = client.get("/").content.decode()
    assert 'name="pick"' not in html
    assert 'id="acts"' not in html
    response = client.post("/?tab=review", {"do": "resolve", "pick": picked(*three)})
    assert (response.status_code, response["Location"]) == (302, "/signin?next=%2F%3Ftab%3Dreview")
    assert not Diagnosis.objects.filter(state="resolved").exists()
