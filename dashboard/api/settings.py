"""How Django REST framework and drf-spectacular are set up; `dashboard.settings` takes these over."""

from __future__ import annotations

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "dashboard.api.authentication.TokenAuthentication",
        "dashboard.api.authentication.PageAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["dashboard.api.authentication.HasScope"],
    "DEFAULT_THROTTLE_CLASSES": ["dashboard.api.throttling.PerToken"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["dashboard.api.inputs.Body"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "dashboard.api.schema.Schema",
    "EXCEPTION_HANDLER": "dashboard.api.problems.problem",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Sickbay",
    "DESCRIPTION": "Why Kubernetes pods fail. Errors are `application/problem+json`; each answer has an `X-Request-ID`.",
    "VERSION": "v1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "dashboard.api.schema.parts",
    ],
    "COMPONENT_SPLIT_REQUEST": True,  # What is only told is no field of a body.
    "ENUM_NAME_OVERRIDES": {
        "DiagnosisState": "diagnostics.models.Diagnosis.State",
        "DeliveryState": "diagnostics.models.Delivery.State",
        "ActivityKind": "diagnostics.models.Activity.Kind",
    },
}
