"""The letters around a login. Each is a subject, what to know, and at most one link to follow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from costcontrol import formats
from costcontrol.lib.browsers import browser_of

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    paragraphs: tuple[str, ...]
    link: str = ""
    link_label: str = ""
    after: tuple[str, ...] = ()


def letter(kind: str, values: Values, *, zone: str) -> Letter:
    """`kind` is the name that allauth gives to its own template."""
    if write := INVITING.get(kind):
        return write(values)
    subject, what = CHANGES[kind]
    return _change(str(subject), str(what) % values, values, zone)


def _change(subject: str, what: str, values: Values, zone: str) -> Letter:
    when = f"{formats.when(values['timestamp'], zone=zone)} ({zone})"
    place = _("When: %(when)s. From the address %(ip)s, with %(browser)s.")
    warning = _(
        "If this was not you: set a new password at once, then look under Security at where you "
        "are signed in, and end what you do not know."
    )
    facts = place % {"when": when, "ip": values["ip"], "browser": browser_of(values["user_agent"])}
    return Letter(subject, (what, facts), after=(warning,))


# --- letters with a link --------------------------------------------------------------------------


def _ignore() -> str:
    return _("If you did not ask for this, you need not do anything.")


def _confirm_sign_up(values: Values) -> Letter:
    return Letter(
        _("Confirm your email address"),
        (_("Welcome to costcontrol. One step is left: confirm that this address is yours."),),
        values["activate_url"], _("Confirm the address"),
        (_("The link works for 3 days."), _ignore()),
    )


def _confirm(values: Values) -> Letter:
    return Letter(
        _("Confirm your email address"),
        (_("Somebody added this address to an account here. If it was you, confirm it."),),
        values["activate_url"], _("Confirm the address"),
        (_("The link works for 3 days."), _ignore()),
    )


def _exists(values: Values) -> Letter:
    return Letter(
        _("You have an account already"),
        (
            _("Somebody, probably you, signed up with this address. It has an account already, "
              "so nothing was changed: sign in with it."),
            _("If you forgot the password, set a new one:"),
        ),
        values["password_reset_url"], _("Set a new password"), (_ignore(),),
    )


def _unknown(values: Values) -> Letter:
    return Letter(
        _("There is no account with this address"),
        (
            _("Somebody, probably you, wanted to set a new password for %(email)s. There is no "
              "account with this address. Perhaps you signed up with another one.")
            % {"email": values["email"]},
        ),
        values["signup_url"], _("Sign up"), (_ignore(),),
    )


def _reset(values: Values) -> Letter:
    return Letter(
        _("Set a new password"),
        (_("Somebody, probably you, asked for a new password for your account."),),
        values["password_reset_url"], _("Set a new password"),
        (_("The link works once, for 24 hours."), _ignore()),
    )


INVITING: dict[str, Callable[[Values], Letter]] = {
    "account/email/email_confirmation_signup": _confirm_sign_up,
    "account/email/email_confirmation": _confirm,
    "account/email/account_already_exists": _exists,
    "account/email/unknown_account": _unknown,
    "account/email/password_reset_key": _reset,
}

# --- letters about a change -----------------------------------------------------------------------

CHANGES: dict[str, tuple[Any, Any]] = {
    "account/email/password_changed": (
        gettext_lazy("Your password was changed"),
        gettext_lazy("The password of your account was changed."),
    ),
    "account/email/password_set": (
        gettext_lazy("Your password was set"),
        gettext_lazy("Your account has a password now."),
    ),
    "account/email/password_reset": (
        gettext_lazy("Your password was changed"),
        gettext_lazy("A new password was set with a link from an email."),
    ),
    "account/email/email_changed": (
        gettext_lazy("Your main address was changed"),
        gettext_lazy("You sign in with %(to_email)s now, no longer with %(from_email)s."),
    ),
    "account/email/email_confirm": (
        gettext_lazy("Your address is confirmed"),
        gettext_lazy("An email address of your account was confirmed."),
    ),
    "account/email/email_deleted": (
        gettext_lazy("An address was removed"),
        gettext_lazy("%(deleted_email)s was removed from your account."),
    ),
    "mfa/email/totp_activated": (
        gettext_lazy("An authenticator app was set up"),
        gettext_lazy("From now on, signing in also takes a code of your app."),
    ),
    "mfa/email/totp_deactivated": (
        gettext_lazy("Your authenticator app was removed"),
        gettext_lazy("Signing in no longer takes a code of your app."),
    ),
    "mfa/email/webauthn_added": (
        gettext_lazy("A passkey was added"),
        gettext_lazy("You can sign in with a new passkey."),
    ),
    "mfa/email/webauthn_removed": (
        gettext_lazy("A passkey was removed"),
        gettext_lazy("A passkey of your account no longer works."),
    ),
    "mfa/email/recovery_codes_generated": (
        gettext_lazy("New recovery codes were made"),
        gettext_lazy("The recovery codes from before no longer work."),
    ),
}
