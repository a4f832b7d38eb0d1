"""Signing in with an email address and a password."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": _(
            "This email and password do not belong together. Check both for typing errors; upper "
            "and lower case matter in the password. If you forgot the password, ask whoever runs "
            "this server to set a new one."
        ),
        "inactive": _("This account is switched off. Ask whoever runs this server."),
    }

    def clean_username(self) -> str:
        """Addresses are kept in lower case, however people type them."""
        return str(self.cleaned_data["username"]).lower()


class SignIn(LoginView):
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_default_redirect_url(self) -> str:
        """Where somebody goes who asked for no page in particular."""
        user: Any = self.request.user
        return reverse("dashboard:overview" if user.is_staff else "home")
