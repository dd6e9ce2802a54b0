"""The ASGI application: pages and `/mcp` over HTTP, live signals over WebSocket."""

from __future__ import annotations

import os
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
pages = get_asgi_application()  # Loads the apps, which the consumers below need.

from dashboard import urls  # noqa: E402, F401 - loads every view: the first reader would wait for that.
from dashboard.mcp.endpoint import beside  # noqa: E402
from dashboard.routing import websocket_urlpatterns  # noqa: E402


def socket_routes(base_path: str) -> URLRouter:
    """The WebSocket routes, with and without the base path: a proxy may pass it on or take it off, as for pages."""
    consumers: Any = websocket_urlpatterns  # Channels' stubs know only a kind of path that Django does not make.
    routes: Any = URLRouter(consumers)
    return URLRouter([path(f"{base_path.lstrip('/')}/", routes), path("", routes)]) if base_path else routes


application = ProtocolTypeRouter(
    {
        "http": beside(pages),
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(socket_routes(settings.BASE_PATH))),
    }
)
