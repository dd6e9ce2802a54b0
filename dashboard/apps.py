"""Django's entry for the dashboard app: commands and pages, no models."""

from importlib import import_module

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """The web face of the product."""

    name = "dashboard"

    def ready(self) -> None:
        """Makes ours the current Celery app, or a task sent from a page would go to Celery's default broker."""
        import_module("dashboard.celery")
