"""What pages say after something was done around a login, and what is wrong with an input."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise

LOCKED_FACTOR = _(
    "That was wrong too often. Wait five minutes, then type the code that your app shows then."
)
WRONG_CODE = _(
    "This code is not right. Codes of an app change every 30 seconds, and recovery codes work "
    "once: type the next one."
)

ERRORS: dict[str, Words] = {
    "account_inactive": _("This account is switched off. Ask whoever runs this server."),
    "email_password_mismatch": _(
        "This email and password do not belong together. Check both for typing errors; upper "
        "and lower case matter in the password. If you forgot the password, have a link sent "
        "with which you set a new one."
    ),
    "invalid_login": _("Type your email and your password."),
    "cannot_remove_primary_email": _(
        "You sign in with this address. Make another one your main address first."
    ),
    "duplicate_email": _("This address is in your list already."),
    "email_taken": _("This address cannot be used. Type another one."),
    "enter_current_password": _("This is not your password of today. Type it again."),
    "incorrect_code": WRONG_CODE,
    "incorrect_password": _("This password is not right. Type it again."),
    "invalid_or_expired_key": _("This link no longer works. Have a new one sent."),
    "invalid_password_reset": _("This link no longer works. Have a new one sent."),
    "max_email_addresses": _("%d addresses are all that an account can have. Remove one first."),
    "too_many_login_attempts": LOCKED_FACTOR,
    "unverified_primary_email": _(
        "An address has to be confirmed before it can be your main one: follow the link in the "
        "email that we sent there."
    ),
    "same_as_current": _("This is the one you have already."),
    "rate_limited": _("That was too often. Wait a minute, then try again."),
}

FACTOR_ERRORS: dict[str, Words] = {
    "cannot_delete_authenticator": _("This second factor cannot be removed."),
    "cannot_generate_recovery_codes": _(
        "Recovery codes are for when a second factor is lost. Set one up first."
    ),
    "incorrect_code": WRONG_CODE,
    "unverified_email": _(
        "An address of your account is not confirmed. Follow the link in the email that we sent "
        "there, or remove the address; then set up the second factor."
    ),
}

# By the name of the template in which allauth keeps its own sentence. Others are not said.
MESSAGES: dict[str, Words] = {
    "account/messages/cannot_delete_primary_email.txt": ERRORS["cannot_remove_primary_email"],
    "account/messages/email_confirmation_failed.txt": _(
        "%(email)s was confirmed by another account. Sign in there, or use another address."
    ),
    "account/messages/email_confirmed.txt": _("%(email)s is confirmed."),
    "account/messages/email_deleted.txt": _("%(email)s is removed from your account."),
    "account/messages/password_changed.txt": _(
        "Your password is changed. Everywhere else you are signed out."
    ),
    "account/messages/password_set.txt": _(
        "Your password is set. Everywhere else you are signed out."
    ),
    "account/messages/primary_email_set.txt": _("This is your main address now."),
    "account/messages/unverified_primary_email.txt": ERRORS["unverified_primary_email"],
    "mfa/messages/recovery_codes_generated.txt": _(
        "New recovery codes are made. Only these work now: keep them where you find them again."
    ),
    "mfa/messages/totp_activated.txt": _("Your authenticator app is set up."),
    "mfa/messages/totp_deactivated.txt": _("Your authenticator app is no longer asked for."),
    "mfa/messages/webauthn_added.txt": _("Your passkey is added."),
    "mfa/messages/webauthn_removed.txt": _("The passkey is removed."),
    "usersessions/messages/sessions_logged_out.txt": _("Everywhere else you are signed out."),
}


def message(template: str, values: Mapping[str, Any]) -> str:
    """Empty: there is nothing to say."""
    words = MESSAGES.get(template)
    if template == "account/messages/email_confirmation_sent.txt" and not values.get("signup"):
        words = _("We sent an email to %(email)s. Follow the link in it.")
    return str(words) % values if words and "%(" in str(words) else str(words or "")
