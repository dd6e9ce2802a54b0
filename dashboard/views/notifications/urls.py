"""Which view answers which path below `notifications/`."""

from __future__ import annotations

from django.urls import URLPattern, path

from dashboard.views.notifications import channels, log, routes, silences
from dashboard.views.notifications.page import page

urlpatterns: list[URLPattern] = [
    path("", page, name="notifications"),
    path("channels/new", channels.choose_kind, name="channel-kinds"),
    path("channels/new/<slug:kind>", channels.add, name="channel-new"),
    path("channels/<uuid:uuid>", channels.edit, name="channel"),
    path("channels/<uuid:uuid>/test", channels.test, name="channel-test"),
    path("channels/<uuid:uuid>/switch", channels.switch, name="channel-switch"),
    path("channels/<uuid:uuid>/replay", channels.replay, name="channel-replay"),
    path("channels/<uuid:uuid>/delete", channels.delete, name="channel-delete"),
    path("routes/new", routes.add, name="route-new"),
    path("routes/<uuid:uuid>", routes.edit, name="route"),
    path("routes/<uuid:uuid>/move", routes.move, name="route-move"),
    path("routes/<uuid:uuid>/delete", routes.delete, name="route-delete"),
    path("silences/new", silences.add, name="silence-new"),
    path("silences/<uuid:uuid>/end", silences.end, name="silence-end"),
    path("deliveries/", log.log, name="deliveries"),
    path("deliveries/<uuid:uuid>", log.one, name="delivery"),
    path("deliveries/<uuid:uuid>/replay", log.replay, name="delivery-replay"),
]
