"""Setting a silence: what it would hide is seen first; ending one, and setting it again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from diagnostics.models import Diagnosis, Silence
from tests.web.conftest import Look, Page
from tests.web.notified import a_silence, about
from tests.web.rows import a_cluster, a_diagnosis, before

pytestmark = pytest.mark.django_db
NEW = "/notifications/silences/new"
SHOP = ("namespace", "in", "shop")


def form(*rows: tuple[str, str, str], **fields: Any) -> dict[str, Any]:
    """What a browser sends of the form."""
    data: dict[str, Any] = {
        "reason": "Upgrade",
        "hours": "4",
        "if-TOTAL_FORMS": len(rows),
        "if-INITIAL_FORMS": 0,
        **fields,
    }
    for n, row in enumerate(rows):
        data |= {f"if-{n}-{name}": value for name, value in zip(("field", "op", "value"), row, strict=True)}
    return data


def sent(browser: Client, data: dict[str, Any]) -> Page:
    response = browser.post(NEW, data, follow=True)
    return Page(response.content.decode(), response.status_code)


def seen(page: Page) -> str:
    """What the page says that it has shown."""
    return page.html.split('name="seen" value="')[1].split('"')[0].replace("&quot;", '"')


def test_what_it_would_hide_is_shown_then_it_can_be_set(browser: Client, user: User) -> None:
    cluster = a_cluster()
    for name in ("cart", "web"):
        a_diagnosis(cluster, name)
    a_diagnosis(cluster, "other", namespace="other")
    page = sent(browser, form(SHOP, preview="1", reason=""))
    assert page.status == 200
    assert "Would hide 2 of 3 open diagnoses" in page.text
    assert 'name="save"' in page.html
    assert "errors" not in page.html
    page = sent(browser, form(SHOP, save="1", seen=seen(page)))
    assert "The silence holds." in page.text
    silence = Silence.objects.get()
    assert silence.matchers == [about("namespace", "shop")]
    assert (silence.reason, silence.created_by, silence.ends_at - silence.starts_at) == (
        "Upgrade",
        user,
        timedelta(hours=4),
    )


def test_what_was_changed_after_it_was_shown_is_shown_again(browser: Client) -> None:
    page = sent(browser, form(SHOP, preview="1"))
    page = sent(browser, form(("namespace", "in", "*"), save="1", seen=seen(page)))
    assert "look at what it would hide now" in page.text
    assert not Silence.objects.exists()
    sent(browser, form(("namespace", "in", "*"), save="1", seen=seen(page)))
    assert Silence.objects.exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (form(SHOP, save="1", reason=""), "This field is required."),
        (form(SHOP, save="1", hours="9000"), "Select a valid choice"),
        (form(("severity", "in", "bad"), save="1"), "A severity is one of"),
        (form(save="1"), "at least one matcher"),
    ],
)
def test_what_is_no_silence_is_refused(browser: Client, data: dict[str, Any], said: str) -> None:
    page = sent(browser, data)
    assert page.status == 422
    assert said in page.part('<form class="cols even"').text
    assert not Silence.objects.exists()


def test_from_a_diagnosis_it_is_filled_in_and_shown(look: Look) -> None:
    row = a_diagnosis(a_cluster())
    page = look(NEW, diagnosis=row.number)
    for value in ("prod-eu", "shop", "Deployment/cart", "crash-config-env"):
        assert f'value="{value}"' in page.html
    assert "Would hide 1 of 1 open diagnoses" in page.text
    assert seen(page)
    for unknown in ("4711", "x", "9" * 30):
        assert "What it would hide" in look(NEW, diagnosis=unknown).text


def test_one_that_has_ended_is_set_again(look: Look) -> None:
    silence = a_silence(about("workload", "cart"), starts_at=before(hours=3), ends_at=before(hours=2))
    page = look(NEW, again=str(silence.uuid))
    assert 'value="Node pool is being rebuilt"' in page.html
    assert 'value="cart"' in page.html
    assert look(NEW, again="nonsense").status == 404


def test_more_conditions_are_asked_for(browser: Client) -> None:
    assert sent(browser, form(SHOP, more="1")).html.count('aria-label="Condition ') == 3


def test_it_is_ended_early_and_what_it_held_back_is_looked_at_again(browser: Client) -> None:
    silence = a_silence()
    row = a_diagnosis(a_cluster())
    Diagnosis.objects.update(notice_due_at=silence.ends_at)
    response = browser.post(f"/notifications/silences/{silence.uuid}/end")
    assert response["Location"] == "/notifications/#silences"
    silence.refresh_from_db()
    row.refresh_from_db()
    assert silence.ends_at <= timezone.now()
    assert row.notice_due_at == silence.ends_at
    assert browser.post(f"/notifications/silences/{'0' * 8}-0000-4000-8000-{'0' * 12}/end").status_code == 404
