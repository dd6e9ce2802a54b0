"""Which view answers which path below `clusters/`."""

from __future__ import annotations

from django.urls import URLPattern, path

from dashboard.views.clusters.adding import add
from dashboard.views.clusters.deeds import do, remove
from dashboard.views.clusters.one import one
from dashboard.views.clusters.page import page

urlpatterns: list[URLPattern] = [
    path("", page, name="clusters"),
    path("add", add, name="cluster-add"),
    path("do", do, name="cluster-do"),
    path("<uuid:uuid>", one, name="cluster"),
    path("<uuid:uuid>/remove", remove, name="cluster-remove"),
]
