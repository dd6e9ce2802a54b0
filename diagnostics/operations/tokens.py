"""Tokens for programs: made, found by what a program shows, revoked. Who made one sees its secret once."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q

from diagnostics.models import ApiToken
from diagnostics.operations.refusing import Invalid

LONGEST_NAME = 100
MOST = 100  # Of one user, those that were revoked left out.
_SHOWN = re.compile(r"sb_(?P<key>[0-9a-f]{16})\.(?P<secret>[A-Za-z0-9_-]{43})")
_ORDER = (ApiToken.Scope.READ, ApiToken.Scope.TRIAGE, ApiToken.Scope.ADMIN)


def create(
    user: User, name: str, scopes: Collection[str], now: datetime, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """A new token, and what its program shows: `sb_<key>.<secret>`, which nobody can find out again. Raises Invalid."""
    if not name.strip() or len(name) > LONGEST_NAME or "\0" in name:
        raise Invalid({"name": [f"a token needs a name of at most {LONGEST_NAME} characters"]})
    if not scopes or not set(scopes) <= set(_ORDER):
        raise Invalid({"scopes": [f"the scopes are {', '.join(_ORDER)}"]})
    if expires_at is not None and expires_at <= now:
        raise Invalid({"expires_at": ["a token expires at a time that is still to come"]})
    if ApiToken.objects.filter(user=user, revoked_at=None).count() >= MOST:
        raise Invalid({"name": [f"{user.get_username()} has {MOST} tokens, the most there may be: revoke one first"]})
    key, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user, name=name, key=key, digest=_digest(secret), scopes=sorted(scopes), expires_at=expires_at
    )
    return token, f"sb_{key}.{secret}"


def find(shown: str, now: datetime) -> ApiToken | None:
    """The token that a program shows, noted as used; None if there is none, or it does not count (any more)."""
    parts = _SHOWN.fullmatch(shown)
    token = ApiToken.objects.select_related("user__member").filter(key=parts["key"]).first() if parts else None
    if parts is None or token is None or not hmac.compare_digest(token.digest, _digest(parts["secret"])):
        return None
    if token.revoked_at is not None or (token.expires_at is not None and token.expires_at <= now):
        return None
    if not token.user.is_active:
        return None
    _note_use(token, now)
    return token


def allows(token: ApiToken, scope: ApiToken.Scope) -> bool:
    """Whether a token may do what needs a scope: who may change may also read."""
    return any(_ORDER.index(ApiToken.Scope(own)) >= _ORDER.index(scope) for own in token.scopes)


def revoke(token: UUID, now: datetime, *, of: User | None = None) -> ApiToken:
    """From now on it lets nobody in. Raises ApiToken.DoesNotExist, also for one that is not `of` that user."""
    rows = ApiToken.objects.select_related("user")
    row = (rows.filter(user=of) if of else rows).get(uuid=token)
    if row.revoked_at is None:
        row.revoked_at = now
        row.save(update_fields=["revoked_at"])
    return row


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _note_use(token: ApiToken, now: datetime) -> None:
    """To the minute: a write a request would be a write too many."""
    minute = now.replace(second=0, microsecond=0)
    if token.last_used_at is None or token.last_used_at < minute:
        earlier = Q(last_used_at=None) | Q(last_used_at__lt=minute)
        ApiToken.objects.filter(earlier, pk=token.pk).update(last_used_at=minute)
