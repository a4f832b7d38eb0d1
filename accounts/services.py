"""What changes accounts: keys, end users, default tiers, and the audit row of each change."""

import hashlib
import json
import secrets
import string
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction

from accounts.models import ApiKey, AuditEvent, Tier, User
from accounts.types import Payer
from accounts.types import plan_of as plan_of
from costcontrol.lib import request_ids
from costcontrol.lib.errors import BadRequest
from costcontrol.lib.money import from_usd
from costcontrol.lib.sentences import Sentence as _

SCOPES = ("call", "service")  # a service key may speak for end users
MODEL_CLASSES = ("local", "economy", "mid", "premium")
FREE_TIER = "free"

PREFIX_ALPHABET = string.ascii_lowercase + string.digits
PREFIX_LENGTH = 8
EXTERNAL_ID_LENGTH = 128
SECRET_FIELDS = frozenset({"digest", "password", "secret"})  # never written to the audit trail

DEFAULT_TIERS: tuple[dict[str, Any], ...] = (
    {
        "name": FREE_TIER,
        "rank": 0,
        "title": "Free",
        "route_mode": Tier.RouteMode.LOCAL,
        "debates_per_day": 5,
        "requests_per_day": 300,
        "usd_per_day_nanos": from_usd("0.05"),
        "requests_per_minute": 30,
        "concurrent_calls": 3,
        "allowed_classes": ["local"],
    },
    {
        "name": "premium",
        "rank": 10,
        "title": "Premium",
        "route_mode": Tier.RouteMode.HYBRID,
        "debates_per_day": 50,
        "requests_per_day": 3000,
        "usd_per_day_nanos": from_usd("2"),
        "requests_per_minute": 120,
        "concurrent_calls": 10,
        "allowed_classes": list(MODEL_CLASSES),
    },
    {
        "name": "enterprise",
        "rank": 20,
        "title": "Enterprise",
        "route_mode": Tier.RouteMode.CLOUD,
        "debates_per_day": None,
        "requests_per_day": None,
        "usd_per_day_nanos": None,
        "requests_per_minute": 600,
        "concurrent_calls": 50,
        "allowed_classes": list(MODEL_CLASSES),
    },
)


def tiers_load() -> int:
    """Make the default tiers that are missing; those that exist stay as they are."""
    made = [Tier.objects.get_or_create(name=row["name"], defaults=row)[1] for row in DEFAULT_TIERS]
    return sum(made)


def payer_of(user: User) -> Payer:
    """Whose plan and quota this user's calls are counted against."""
    return Payer.of(user)


def key_digest(secret: str) -> str:
    """What we keep of a key. The secret has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def api_key_issue(
    *,
    user: User,
    name: str = "",
    scopes: Sequence[str] = ("call",),
    expires_at: datetime | None = None,
    actor: str,
) -> tuple[ApiKey, str]:
    """A new key and its secret, which cannot be shown again. Raises ValueError: unknown scope."""
    if unknown := set(scopes) - set(SCOPES):
        raise ValueError(f"Unknown scope {', '.join(sorted(unknown))}; there are {SCOPES}.")
    prefix = "".join(secrets.choice(PREFIX_ALPHABET) for _ in range(PREFIX_LENGTH))
    secret = f"cc-{prefix}-{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        user=user,
        name=name,
        prefix=prefix,
        digest=key_digest(secret),
        scopes=list(scopes),
        expires_at=expires_at,
    )
    audit(actor, "api_key_issue", str(key), None, snapshot(key))
    return key, secret


@transaction.atomic
def api_key_revoke(key: ApiKey, *, at: datetime, actor: str) -> bool:
    """Close a key for good. False if it was closed already."""
    before = snapshot(key)
    if not ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=at):
        return False
    key.revoked_at = at
    audit(actor, "api_key_revoke", str(key), before, snapshot(key))
    return True


def end_user_get(*, owner: User, external_id: str) -> User:
    """The end user whom a service names so; made on the free tier on first sight."""
    if not external_id or len(external_id) > EXTERNAL_ID_LENGTH:
        raise BadRequest(
            _("X-End-User must be 1 to %(max)d characters long.") % {"max": EXTERNAL_ID_LENGTH},
            param="X-End-User",
        )
    return User.objects.get_or_create(
        owner=owner,
        external_id=external_id,
        defaults={"tier_id": FREE_TIER, "password": make_password(None)},
    )[0]


def audit(
    actor: str, action: str, target: str, before: Any = None, after: Any = None, *,
    reason: str = "", request_id: str = "",
) -> AuditEvent:
    """Write down one change. Call it in the transaction that makes the change."""
    return AuditEvent.objects.create(
        actor=actor, action=action, target=target, before=before, after=after, reason=reason,
        request_id=request_id or request_ids.current(),
    )


def snapshot(row: models.Model) -> dict[str, Any]:
    """The row's columns as JSON, without secrets."""
    values = {
        field.attname: field.value_from_object(row)
        for field in row._meta.concrete_fields
        if field.name not in SECRET_FIELDS
    }
    as_json: dict[str, Any] = json.loads(json.dumps(values, cls=DjangoJSONEncoder))
    return as_json
