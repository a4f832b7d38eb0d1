"""Invitations to an organisation: an email with a link that works once, for seven days.

The link holds a secret of 256 bits; the row keeps its SHA-256. Who holds the link *and* is signed
in with the address that it was sent to may join. Inviting an address again makes a new link, and
the old one stops working.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts.models import AuditEvent, Invitation, Member, Organisation, User
from accounts.organisations import (
    AlreadyMember,
    Role,
    lock,
    note,
    owned,
    payer_changes,
    refuse_second,
)
from costcontrol.lib.errors import BadRequest, Conflict, NotFound, RateLimited, Refused
from costcontrol.lib.sentences import Sentence as _

VALID = timedelta(days=7)
A_DAY = 50  # that one person sends: they go to people who never asked us for email
SENT = "invitation_send"


class InvitationOver(Conflict):
    """Used, withdrawn or expired."""

    code, status = "invitation_over", 410


@transaction.atomic
def invite(
    organisation: Organisation, *, by: User, email: str, role: str, now: datetime
) -> tuple[Invitation, str]:
    """The invitation and the secret of its link. Raises Refused, BadRequest, Conflict,
    RateLimited."""
    locked = owned(organisation, by=by)
    email = address(email)
    _refuse_useless(locked, email, role)
    _refuse_flood(by, now)
    secret = secrets.token_urlsafe(32)
    columns = {
        "role": role, "digest": digest_of(secret), "invited_by": by, "created_at": now,
        "expires_at": now + VALID, "accepted_at": None,
    }
    invitation, _is_new = Invitation.objects.update_or_create(
        organisation=locked, email=email, defaults=columns
    )
    note(by, SENT, locked, after={"email": email, "role": role})
    return invitation, secret


@transaction.atomic
def invitation_withdraw(organisation: Organisation, *, by: User, email: str) -> bool:
    """False: there was none. Raises Refused, BadRequest."""
    locked, email = owned(organisation, by=by), address(email)
    found = Invitation.objects.filter(organisation=locked, email=email, accepted_at__isnull=True)
    is_gone = bool(found.delete()[0])
    if is_gone:
        note(by, "invitation_withdraw", locked, before={"email": email})
    return is_gone


def invitation_find(secret: str, *, now: datetime) -> Invitation:
    """The open invitation behind a link. Raises NotFound, InvitationOver."""
    rows = Invitation.objects.select_related("organisation", "invited_by")
    found = rows.filter(digest=digest_of(secret)).first()
    if found is None:
        raise NotFound(
            _(
                "This invitation is not known: it was withdrawn, or a newer one was sent. Use the "
                "newest email, or ask for another invitation."
            )
        )
    if found.accepted_at is not None:
        raise InvitationOver(_("This invitation was used already. Ask for a new one."))
    if found.expires_at <= now:
        raise InvitationOver(
            _("This invitation has expired: it worked for seven days. Ask for a new one.")
        )
    return found


@transaction.atomic
def accept(*, user: User, secret: str, now: datetime) -> Member:
    """They are a member now. Raises NotFound, InvitationOver, Refused, AlreadyMember."""
    organisation = lock(invitation_find(secret, now=now).organisation)
    invitation = invitation_find(secret, now=now)  # again: it may have been used meanwhile
    # as it is now, not at the sign-in
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    refuse_other_address(user, invitation)
    refuse_second(user)
    member = Member.objects.create(organisation=organisation, user=user, role=invitation.role)
    invitation.accepted_at = now
    invitation.save(update_fields=["accepted_at"])
    note(user, "invitation_accept", organisation, after={"member": str(user), "role": member.role})
    payer_changes(user)
    return member


def refuse_other_address(user: User, invitation: Invitation) -> None:
    if (user.email or "").lower() != invitation.email:
        raise Refused(
            _(
                "This invitation was sent to %(email)s, and you are signed in as %(user)s. Sign in "
                "with the invited address, or ask for an invitation to yours."
            )
            % {"email": invitation.email, "user": user.email or ""}
        )


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def address(text: str) -> str:
    """In lower case, as those of users. Raises BadRequest."""
    email = text.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        email = ""
    if not email or len(email) > 254:
        raise BadRequest(
            _("This is no email address. Write it as name@example.org."), param="email"
        )
    return email


def _refuse_useless(organisation: Organisation, email: str, role: str) -> None:
    if role not in Role.values:
        raise BadRequest(_("There is no such role. Choose owner, billing or member."), param="role")
    if Member.objects.filter(organisation=organisation, user__email=email).exists():
        raise AlreadyMember(_("%(email)s is a member already.") % {"email": email})


def _refuse_flood(by: User, now: datetime) -> None:
    """Counted in the audit rows, which withdrawing an invitation does not change."""
    day = timedelta(days=1)
    sent = AuditEvent.objects.filter(actor=str(by), action=SENT, at__gt=now - day).count()
    if sent >= A_DAY:
        raise RateLimited(
            _("You have sent %(max)d invitations within a day. Send the next one tomorrow.")
            % {"max": A_DAY},
            retry_after_s=day.total_seconds(),
        )
