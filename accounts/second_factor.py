"""Whether somebody has a second factor beside the password, and whether they must have one."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings

# Recovery codes alone are none: they are the way back in when the factor is lost.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_one(user: Any) -> bool:
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists())


def is_missing(user: Any) -> bool:
    """They work for us, others can reach this server, and a password is all that protects it."""
    return bool(settings.STAFF_NEEDS_MFA and user.is_staff) and not has_one(user)
