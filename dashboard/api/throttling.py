"""How often a program may ask: each token by itself, people by their session. Above it: 429 with `Retry-After`."""

from __future__ import annotations

import logging
from typing import Any

from redis.exceptions import RedisError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from diagnostics.models import ApiToken

log = logging.getLogger(__name__)


class PerToken(SimpleRateThrottle):
    """600 reads and 120 changes a minute."""

    scope = "reads"
    THROTTLE_RATES = {"reads": "600/min", "changes": "120/min"}

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether the request may go on; all may while Redis, which keeps the count, is away."""
        self.scope = "reads" if request.method in SAFE_METHODS else "changes"
        self.num_requests, self.duration = self.parse_rate(self.get_rate())
        try:
            return super().allow_request(request, view)
        except RedisError as error:
            log.warning("requests are not counted: %s", error)
            return True

    def get_cache_key(self, request: Request, view: Any) -> str:  # noqa: ARG002 - The framework calls it so.
        """Who asks."""
        token = request.auth
        who = f"token:{token.pk}" if isinstance(token, ApiToken) else f"user:{request.user.pk}"
        return self.cache_format % {"scope": self.scope, "ident": who}
