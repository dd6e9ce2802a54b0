"""Which view answers which path below `settings/`."""

from __future__ import annotations

from django.urls import URLPattern, path

from dashboard.views.settings import account, people, redaction, retention, sections, system, tokens

urlpatterns: list[URLPattern] = [
    path("", sections.first, name="settings"),
    path("people", people.page, name="people"),
    path("people/new", people.add, name="person-new"),
    path("people/<int:pk>", people.person, name="person"),
    path("account", account.page, name="account"),
    path("tokens", tokens.page, name="tokens"),
    path("tokens/new", tokens.add, name="token-new"),
    path("tokens/<uuid:uuid>/revoke", tokens.revoke, name="token-revoke"),
    path("retention", retention.page, name="retention"),
    path("retention/prune", retention.prune, name="prune"),
    path("redaction", redaction.page, name="redaction"),
    path("system", system.page, name="system"),
]
