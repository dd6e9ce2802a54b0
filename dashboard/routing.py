"""Which consumer answers which WebSocket path."""

from __future__ import annotations

from typing import Any, cast

from django.urls import URLPattern, path

from dashboard.consumers import LiveConsumer

# Channels routes by Django's URL patterns, to ASGI applications instead of views.
websocket_urlpatterns: list[URLPattern] = [path("ws/live", cast("Any", LiveConsumer.as_asgi()), name="live")]
