"""Closing an account: nobody can sign in or call with it, and nothing says any more whose it was.

The row stays as an anonymous shell, because ledger, usage rows and invoices must stay and name it
by its number; see docs/data.md. What belongs to the apps above (texts, cached answers, a
subscription) hears of it through `signals.account_closed`, in the same transaction.
"""

import re
from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import CharField, F, Q, Value
from django.db.models.functions import Cast, Concat

from accounts import signals
from accounts.auth import forget_all
from accounts.models import ApiKey, AuditEvent, Invitation, Member, Throttle, User
from accounts.organisations import LastOwner, Role, keep_an_owner, organisation_leave
from accounts.services import api_key_revoke, audit
from accounts.throttles import MAX_REASON
from costcontrol.lib.errors import BadRequest, Conflict
from costcontrol.lib.sentences import Sentence as _

NOWHERE = "deleted.invalid"  # a domain that never exists (RFC 2606)


class LastAdministrator(Conflict):
    code = "last_administrator"


def shell_address(user: User) -> str:
    return f"deleted-{user.uuid}@{NOWHERE}"


def email_confirmed(user: User, typed: str) -> None:
    """Raises BadRequest unless they typed their own address."""
    if typed.strip().lower() != (user.email or "").lower():
        raise BadRequest(
            _("This is not the email address of this account. Type it as it is shown above."),
            param="email",
        )


def refuse_to_close(user: User) -> None:
    """What has to be done first. Raises LastOwner, LastAdministrator."""
    member = Member.objects.filter(user=user, role=Role.OWNER).select_related("organisation")
    for place in member:
        try:
            keep_an_owner(place)
        except LastOwner:
            raise LastOwner(
                _(
                    "You are the only owner of %(organisation)s. Make somebody else an owner, or "
                    "close the organisation; then you can close your account."
                )
                % {"organisation": place.organisation.name}
            ) from None
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    if user.is_superuser and not others.exists():
        raise LastAdministrator(
            _("You are the only administrator of this server. Make somebody else one first.")
        )


@transaction.atomic
def account_close(user: User, *, at: datetime) -> bool:
    """False: it was closed already. Raises LastOwner, LastAdministrator, and what a receiver of the
    signal raises: then nothing has changed."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.deleted_at is not None:
        return False
    refuse_to_close(user)
    signals.account_closed.send(sender=User, user=user, at=at)
    if Member.objects.filter(user=user).exists():
        organisation_leave(user)
    for key in ApiKey.objects.filter(user=user, revoked_at__isnull=True):
        api_key_revoke(key, at=at, actor=str(user))
    _forget_sign_in(user)
    _close_end_users(user, at)
    _rename_in_trail(str(user), shell_address(user))
    _become_nobody(user, at)
    audit(str(user), "account_close", str(user))
    transaction.on_commit(forget_all)
    return True


def _forget_sign_in(user: User) -> None:
    """Sessions end, second factors and addresses go, and so does what was tried at the door."""
    keys = UserSession.objects.filter(user=user).values("session_key")
    confirmed = EmailAddress.objects.filter(user=user, verified=True)
    addresses = {user.email, *confirmed.values_list("email", flat=True)}
    Session.objects.filter(session_key__in=keys).delete()
    for model in (UserSession, Authenticator, EmailAddress):
        model.objects.filter(user=user).delete()
    for model in (AccessAttempt, AccessFailureLog, AccessLog):
        model.objects.filter(username__in=addresses).delete()
    Invitation.objects.filter(email__in=addresses).delete()
    Throttle.objects.filter(user=user).delete()  # its reason may say who they are
    Throttle.objects.filter(made_by=user.email).update(made_by=shell_address(user))


def _close_end_users(user: User, at: datetime) -> None:
    """Those whom the account's service keys brought: only it knew who they are."""
    name = Concat(Value("deleted-"), Cast(F("pk"), CharField()))
    User.objects.filter(owner=user, deleted_at__isnull=True).update(
        external_id=name, is_active=False, deleted_at=at
    )


def _become_nobody(user: User, at: datetime) -> None:
    user.email, user.password = shell_address(user), make_password(None)
    user.is_active = user.is_staff = user.is_superuser = False
    user.language = user.zone = ""
    user.last_login, user.deleted_at = None, at
    user.save()
    user.groups.clear()
    user.user_permissions.clear()
    ApiKey.objects.filter(user=user).update(name="")


def _rename_in_trail(email: str, name: str) -> None:
    """The audit trail says what was done, and no longer by whom or to whom."""
    AuditEvent.objects.filter(actor=email).update(actor=name)
    AuditEvent.objects.filter(target=email, action__startswith="throttle_").update(reason="")
    AuditEvent.objects.filter(target=email).update(target=name)
    LogEntry.objects.filter(object_repr=email).update(object_repr=name)
    told = AuditEvent.objects.filter(
        Q(before__icontains=email) | Q(after__icontains=email) | Q(reason__icontains=email)
    )
    for event in told:
        event.before = _renamed(event.before, email, name)
        event.after = _renamed(event.after, email, name)
        reason = re.sub(re.escape(email), lambda _found: name, event.reason, flags=re.IGNORECASE)
        event.reason = reason[:MAX_REASON]
        event.save(update_fields=["before", "after", "reason"])


def _renamed(value: Any, email: str, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(each, email, name) for key, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, email, name) for each in value]
    return name if value == email else value
