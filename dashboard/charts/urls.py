"""The timeline, and where figures come from."""

from __future__ import annotations

from django.urls import path

from dashboard.charts import endpoints
from dashboard.views.timeline import timeline

urlpatterns = [
    path("timeline", timeline, name="timeline"),
    path("timeline/chart", endpoints.timeline, name="timeline-chart"),
    path("d/<int:number>/restarts", endpoints.restarts, name="restarts-chart"),
]
