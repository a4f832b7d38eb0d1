"""Sign-up that two clicks at once do not break."""

from typing import Any

from allauth.account import forms
from django.db import IntegrityError, transaction
from django.http import HttpRequest


class SignUpForm(forms.SignupForm):  # type: ignore[misc]  # allauth has no types
    def try_save(self, request: HttpRequest) -> tuple[Any, Any]:
        """The user and the address in one transaction, or neither.

        The same address sent twice at once is what it is a second later: one that is taken. Which
        page follows does not tell.
        """
        try:
            with transaction.atomic():
                saved: tuple[Any, Any] = super().try_save(request)
            return saved
        except IntegrityError:
            self.account_already_exists = True
            again: tuple[Any, Any] = super().try_save(request)
            return again
