"""Django's entry for the diagnostics app."""

from django.apps import AppConfig


class DiagnosticsConfig(AppConfig):
    """Models, operations and tasks of the product; the web face is the `dashboard` project."""

    name = "diagnostics"
    default_auto_field = "django.db.models.BigAutoField"
