"""What accounts know about one person, for the file that they may take away. No secrets and no
digests of any."""

from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Q

from accounts.models import ApiKey, AuditEvent, Invitation, Member, Throttle, User

KEYS = ("prefix", "name", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
AUDIT = ("at", "actor", "action", "target", "before", "after")
Row = tuple[Any, ...]


def profile(user: User) -> dict[str, Any]:
    return {
        "id": user.pk, "public_id": user.uuid, "email": user.email, "plan": user.tier_id,
        "language": user.language, "zone": user.zone, "is_staff": user.is_staff,
        "created_at": user.created_at, "last_login": user.last_login,
        "addresses": list(
            EmailAddress.objects.filter(user=user).values("email", "verified", "primary")
        ),
        "second_factors": list(
            Authenticator.objects.filter(user=user).values("type", "created_at", "last_used_at")
        ),
        "sessions": list(
            UserSession.objects.filter(user=user).values(
                "ip", "user_agent", "created_at", "last_seen_at"
            )
        ),
        "organisations": list(
            Member.objects.filter(user=user).values("organisation__name", "role", "joined_at")
        ),
        "throttles": list(
            Throttle.objects.filter(user=user).values("requests_per_minute", "until", "made_at")
        ),
        "invitations": list(
            Invitation.objects.filter(email=user.email).values(
                "organisation__name", "role", "created_at", "expires_at", "accepted_at"
            )
        ),
    }


def key_rows(user: User) -> Iterator[Row]:
    return ApiKey.objects.filter(user=user).order_by("pk").values_list(*KEYS).iterator()


def audit_rows(user: User) -> Iterator[Row]:
    """What they did, and what was done to them or to their keys."""
    keys = [str(key) for key in ApiKey.objects.filter(user=user)]
    about = Q(actor=user.email) | Q(target=user.email) | Q(target__in=keys)
    return AuditEvent.objects.filter(about).order_by("pk").values_list(*AUDIT).iterator()
