"""What else happens when somebody signs in or confirms an address."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from accounts.second_factor import FACTORS
from costcontrol.account import lockout  # noqa: F401  connects its receiver
from costcontrol.account.profile import remember


@receiver(user_logged_in)
def bring_language_along(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    remember(request, user)


@receiver(email_confirmed)
def end_claims(sender: Any, email_address: EmailAddress, **kwargs: Any) -> None:
    """Sign-ups with this address that were never confirmed: its owner has shown up, elsewhere."""
    claims = User.objects.filter(email=email_address.email, last_login=None, owner=None)
    claims.exclude(pk=email_address.user_id).exclude(emailaddress__verified=True).delete()


@receiver(authenticator_added)
def end_other_sessions(
    sender: Any, request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    """Whoever got in elsewhere did so with the password alone: from the first second factor on
    that is not enough, and staff pages ask only whether there is one."""
    factors = Authenticator.objects.filter(user=user, type__in=FACTORS)
    if authenticator.type not in FACTORS or factors.exclude(pk=authenticator.pk).exists():
        return
    others = UserSession.objects.filter(user=user)
    get_adapter().end_sessions(others.exclude(session_key=request.session.session_key))
