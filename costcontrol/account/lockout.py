"""The closed door: what somebody sees who typed a wrong password too often, and since when.

Counted are an address and a visitor together (`AXES_…` in settings.py), so that nobody can lock
somebody else out from elsewhere. Whether the address has an account makes no difference.
"""

from datetime import datetime, timedelta
from typing import Any

from allauth.account.signals import password_reset
from allauth.core.internal.httpkit import get_client_ip
from axes.models import AccessAttempt
from axes.utils import reset
from django.conf import settings
from django.db.models import Max
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User


def locked_out(
    request: HttpRequest, response: HttpResponse | None, credentials: dict[str, Any] | None
) -> HttpResponse:
    email = (credentials or {}).get("email") or ""
    now: datetime = request.axes_attempt_time  # type: ignore[attr-defined]  # set by axes
    opens_at = _opens_at(email, client_ip(request), now=now)
    context = {"opens_at": opens_at, "zone": settings.DEFAULT_ZONE}
    page = render(request, "account/locked.html", context, status=429)
    page.headers["Retry-After"] = str(max(1, round((opens_at - now).total_seconds())))
    return page


def client_ip(request: HttpRequest) -> str:
    """The same address for counting wrong passwords as for all other limits: PROXY_COUNT."""
    return str(get_client_ip(request) or "")


@receiver(password_reset)
def door_open(sender: Any, user: User, **kwargs: Any) -> None:
    """Whoever reads the mailbox has shown who they are."""
    reset(username=user.email)


def _opens_at(email: str, ip: str, *, now: datetime) -> datetime:
    attempts = AccessAttempt.objects.filter(username=email, ip_address=ip)
    last = attempts.aggregate(last=Max("attempt_time"))["last"] or now
    wait: timedelta = settings.AXES_COOLOFF_TIME
    return last + wait
