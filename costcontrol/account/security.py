"""Everything around a person's login on one page: password, addresses, second factor, sessions."""

from dataclasses import dataclass
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from costcontrol.account.access import customer_required, person_of


@dataclass(frozen=True, slots=True)
class Overview:
    has_password: bool
    addresses: tuple[EmailAddress, ...]
    app_since: datetime | None
    passkeys: tuple[str, ...]
    codes_left: int | None
    sessions: int

    @property
    def has_second_factor(self) -> bool:
        return self.app_since is not None or bool(self.passkeys)


@customer_required
@require_safe
def security(request: HttpRequest) -> HttpResponse:
    shown = {"security": overview(person_of(request))}
    return render(request, "mine/security.html", shown)


def overview(user: User) -> Overview:
    factors = list(Authenticator.objects.filter(user=user).order_by("pk"))
    apps = [each for each in factors if each.type == Authenticator.Type.TOTP]
    codes = [each for each in factors if each.type == Authenticator.Type.RECOVERY_CODES]
    keys = [each for each in factors if each.type == Authenticator.Type.WEBAUTHN]
    return Overview(
        has_password=user.has_usable_password(),
        addresses=tuple(EmailAddress.objects.filter(user=user).order_by("-primary", "email")),
        app_since=apps[0].created_at if apps else None,
        passkeys=tuple(each.wrap().name for each in keys),
        codes_left=len(codes[0].wrap().get_unused_codes()) if codes else None,
        sessions=len(UserSession.objects.purge_and_list(user)),
    )


@customer_required
@require_POST
def session_end(request: HttpRequest, session_id: int) -> HttpResponse:
    """One of their own; the list ends all others at once."""
    session = get_object_or_404(UserSession, pk=session_id, user=request.user)
    get_adapter().end_sessions([session])
    messages.success(request, _("That session is ended."))
    return redirect("usersessions_list")
