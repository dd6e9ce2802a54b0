"""Which view answers which path below `/api/`."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, re_path
from rest_framework.routers import SimpleRouter

from dashboard.api.channels import Channels, Deliveries
from dashboard.api.clusters import Clusters, Codes, Stats
from dashboard.api.diagnoses import Diagnoses
from dashboard.api.docs import docs
from dashboard.api.pods import Pods
from dashboard.api.problems import nothing_here
from dashboard.api.routes import Routes, Silences
from dashboard.api.schema import schema
from dashboard.exports import CsvExport, NdjsonExport

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("diagnoses", Diagnoses, "api-diagnosis")
router.register("pods", Pods, "api-pod")
router.register("clusters", Clusters, "api-cluster")
router.register("codes", Codes, "api-code")
router.register("channels", Channels, "api-channel")
router.register("routes", Routes, "api-route")
router.register("silences", Silences, "api-silence")
router.register("deliveries", Deliveries, "api-delivery")

urlpatterns: list[URLPattern | URLResolver] = [
    path("docs", docs, name="api-docs"),
    path("v1/schema", schema, name="api-schema"),
    path("v1/stats", Stats.as_view({"get": "counts"}), name="api-stats"),
    path("v1/export/diagnoses.ndjson", NdjsonExport.as_view(), name="export-ndjson"),
    path("v1/export/diagnoses.csv", CsvExport.as_view(), name="export-csv"),
    path("v1/", include(router.urls)),
    re_path("", nothing_here),
]
