"""How allauth behaves here: where people go, what it says, and in whose language it writes.

Its own sentences are replaced by ours (`sentences.py`, `letters.py`), so that all text goes through
one catalogue.
"""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.core.mail import EmailMultiAlternatives
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from costcontrol.account import letters, sentences


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    error_messages = DefaultAccountAdapter.error_messages | sentences.ERRORS

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGN_UP_OPEN)

    def new_user(self, request: HttpRequest) -> User:
        """Letters to them are in the language in which they signed up."""
        return User(language=(translation.get_language() or "")[:2])

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        is_staff = getattr(request.user, "is_staff", False)
        return reverse("dashboard:overview" if is_staff else "mine:usage")

    get_signup_redirect_url = get_login_redirect_url

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("mine:security")

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Wrong passwords are counted by axes alone, which says when the door opens again."""

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None,
        message_context: dict[str, Any] | None = None, extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        text = message or sentences.message(message_template or "", message_context or {})
        if text:
            messages.add_message(request, level, text, extra_tags=extra_tags)

    def render_mail(
        self, template_prefix: str, email: str | list[str], context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMultiAlternatives:
        to = [email] if isinstance(email, str) else email
        reader = _reader(to[0], context)
        with translation.override(reader.language or translation.get_language()):
            letter = letters.letter(
                template_prefix, context, zone=reader.zone or settings.DEFAULT_ZONE
            )
            shown = {"letter": letter, "address": self.request.build_absolute_uri("/")}
            mail = EmailMultiAlternatives(
                letter.subject, render_to_string("account/email/letter.txt", shown),
                self.get_from_email(), to, headers=headers,
            )
            html = render_to_string("account/email/letter.html", shown)
            mail.attach_alternative(html, "text/html")
        return mail


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = DefaultMFAAdapter.error_messages | sentences.FACTOR_ERRORS

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return _("Passkey %(number)d") % {"number": number}


def _reader(email: str, context: dict[str, Any]) -> User:
    """Who will read it: somebody with this address, or nobody we know."""
    user = context.get("user")
    if isinstance(user, User):
        return user
    address = EmailAddress.objects.filter(email=email).select_related("user").first()
    found = address.user if address else User.objects.filter(email=email).first()
    return found or User()
