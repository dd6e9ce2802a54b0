"""Whom the page of notifications offers what."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.people import a_person
from tests.web.notified import a_silence

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("role", "silences", "configures"), [("viewer", False, False), ("responder", True, False), ("admin", True, True)]
)
def test_each_is_offered_what_they_may(client: Client, role: str, silences: bool, configures: bool) -> None:
    a_silence()
    client.force_login(a_person("bo", role))
    page = client.get("/notifications/").content.decode()
    assert "Node pool is being rebuilt" in page
    assert ("Add silence" in page, "End now" in page) == (silences, silences)
    assert ("Add Slack" in page) is configures
