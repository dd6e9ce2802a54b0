"""Which view answers which path."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from dashboard import badges
from dashboard.metrics import metrics
from dashboard.views.codes import code, codes
from dashboard.views.diagnosis import diagnosis
from dashboard.views.live import changes
from dashboard.views.saved import change as change_view
from dashboard.views.saved import save as save_view
from dashboard.views.search import page as search
from dashboard.views.session import PasswordSignIn, one_time_link, sign_out
from dashboard.views.setup import setup
from dashboard.views.triage import triage
from dashboard.views.wallboard import wallboard

urlpatterns: list[URLPattern | URLResolver] = [
    path("", triage, name="triage"),
    path("views/new", save_view, name="view-new"),
    path("views/<int:pk>", change_view, name="view"),
    path("d/<int:number>", diagnosis, name="diagnosis"),
    path("", include("dashboard.charts.urls")),
    path("tv", wallboard, name="wallboard"),
    path("c/", include("dashboard.views.pod.urls")),
    path("codes/", codes, name="codes"),
    path("codes/<slug:code>", code, name="code"),
    path("clusters/", include("dashboard.views.clusters.urls")),
    path("notifications/", include("dashboard.views.notifications.urls")),
    path("settings/", include("dashboard.views.settings.urls")),
    path("search", search, name="search"),
    path("setup", setup, name="setup"),
    path("live/changes", changes, name="live-changes"),
    path("api/", include("dashboard.api.urls")),
    path("badges/", include("dashboard.views.badges")),
    path("badge/<str:key>.svg", badges.svg, name="badge"),
    path("badge/<str:key>.json", badges.endpoint, name="badge-endpoint"),
    path("metrics", metrics, name="metrics"),
    path("signin", PasswordSignIn.as_view(), name="signin"),
    path("signin/<str:token>", one_time_link, name="signin-link"),
    path("signout", sign_out, name="signout"),
]

handler400 = "dashboard.views.errors.bad_request"
handler403 = "dashboard.views.errors.forbidden"
handler404 = "dashboard.views.errors.not_found"
handler500 = "dashboard.views.errors.server_error"
