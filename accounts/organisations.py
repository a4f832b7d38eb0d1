"""Organisations: people who share one plan. Who belongs to one, and in which role.

An organisation always has an owner: the last one can neither leave nor take a smaller role, but
hand over, or close it. Every change locks the organisation first, so that two owners who remove
each other at once cannot both succeed. Whoever is no member any more is at once back on their own
plan: this process forgets its callers, the others within `SNAPSHOT_SECONDS`.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts import signals
from accounts.auth import forget_all
from accounts.models import AuditEvent, Invitation, Member, Organisation, User
from accounts.names import cleaned
from accounts.services import audit
from costcontrol.lib.errors import BadRequest, Conflict, NotFound, RateLimited, Refused
from costcontrol.lib.sentences import Sentence as _

Role = Member.Role
A_DAY = 3  # that one person makes
CREATED = "organisation_create"


class AlreadyMember(Conflict):
    """A person is in one organisation at most."""

    code = "already_member"


class LastOwner(Conflict):
    """It would leave an organisation that nobody can look after."""

    code = "last_owner"


def refuse_many(owner: User, *, now: datetime) -> None:
    """Each organisation has a quota of its own: whoever makes one, uses it up, closes it and makes
    the next would have no limit at all. Counted in the audit rows, which closing leaves there.
    Raises RateLimited."""
    day = timedelta(days=1)
    made = AuditEvent.objects.filter(actor=str(owner), action=CREATED, at__gt=now - day).count()
    if made >= A_DAY:
        raise RateLimited(
            _("You have made %(max)d organisations within a day. Make the next one tomorrow.")
            % {"max": A_DAY},
            retry_after_s=day.total_seconds(),
        )


@transaction.atomic
def organisation_create(*, owner: User, name: str) -> Organisation:
    """A new organisation with one member. Raises BadRequest, AlreadyMember."""
    name = _name(name)
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    refuse_second(owner)
    organisation = Organisation.objects.create(name=name)
    Member.objects.create(organisation=organisation, user=owner, role=Role.OWNER)
    payer_changes(owner)
    note(owner, CREATED, organisation, after={"name": name})
    return organisation


@transaction.atomic
def organisation_rename(organisation: Organisation, *, by: User, name: str) -> None:
    name = _name(name)
    locked = owned(organisation, by=by)
    before, locked.name = locked.name, name
    locked.save(update_fields=["name"])
    organisation.name = name
    note(by, "organisation_rename", locked, before={"name": before}, after={"name": name})


@transaction.atomic
def role_change(organisation: Organisation, *, by: User, whose: UUID, role: str) -> Member:
    """Raises Refused, NotFound, BadRequest, LastOwner."""
    locked = owned(organisation, by=by)
    member = member_get(locked, whose)
    if role not in Role.values:
        raise BadRequest(_("There is no such role. Choose owner, billing or member."), param="role")
    if role != Role.OWNER:
        keep_an_owner(member)
        _invitations_end(member)
    before, member.role = member.role, Role(role)
    member.save(update_fields=["role"])
    note(by, "member_role", locked, before=_seen(member, before), after=_seen(member, role))
    return member


@transaction.atomic
def member_remove(organisation: Organisation, *, by: User, whose: UUID) -> None:
    """They are on their own plan again; invitations that they sent do not work any more."""
    locked = owned(organisation, by=by)
    member = member_get(locked, whose)
    keep_an_owner(member)
    _part(member)
    note(by, "member_remove", locked, before=_seen(member, member.role))


@transaction.atomic
def organisation_leave(user: User) -> None:
    """Raises NotFound, LastOwner."""
    organisation = lock(organisation_of(user))
    member = member_get(organisation, user.uuid)
    keep_an_owner(member)
    _part(member)
    note(user, "member_leave", organisation, before=_seen(member, member.role))


@transaction.atomic
def hand_over(organisation: Organisation, *, by: User, to: UUID) -> Member:
    """Somebody else becomes an owner, and who was one stays as a member."""
    locked = owned(organisation, by=by)
    heir, mine = member_get(locked, to), member_get(locked, by.uuid)
    if heir.pk == mine.pk:
        raise BadRequest(_("Choose somebody else: you are an owner already."), param="to")
    _invitations_end(mine)
    heir.role, mine.role = Role.OWNER, Role.MEMBER
    Member.objects.bulk_update([heir, mine], ["role"])
    note(
        by, "organisation_hand_over", locked,
        before=_seen(mine, Role.OWNER), after=_seen(heir, Role.OWNER),
    )
    return heir


@transaction.atomic
def organisation_close(organisation: Organisation, *, by: User, at: datetime) -> None:
    """It is gone, with memberships and invitations; everybody is on their own plan again. Whoever
    listens may refuse, such as while something is still being paid for."""
    locked = owned(organisation, by=by)
    signals.organisation_closed.send(sender=Organisation, organisation=locked, at=at)
    note(by, "organisation_close", locked, before={"name": locked.name})
    for member in Member.objects.filter(organisation=locked).select_related("user"):
        payer_changes(member.user)
    locked.delete()


# --- what the changes above and the invitations share ----------------------------------------


def organisation_of(user: User) -> Organisation:
    """Raises NotFound: they are in none."""
    member = Member.objects.filter(user=user).select_related("organisation").first()
    if member is None:
        raise NotFound(_("You are in no organisation. Make one, or ask to be invited."))
    return member.organisation


def lock(organisation: Organisation) -> Organisation:
    found = Organisation.objects.select_for_update().filter(pk=organisation.pk).first()
    if found is None:
        raise NotFound(_("This organisation was closed."))
    return found


def owned(organisation: Organisation, *, by: User) -> Organisation:
    """Locked, for an owner of it. Raises Refused."""
    locked = lock(organisation)
    refuse_others(locked, by=by)
    return locked


def refuse_others(organisation: Organisation, *, by: User) -> None:
    """Raises Refused: they are no owner of it."""
    if not Member.objects.filter(organisation=organisation, user=by, role=Role.OWNER).exists():
        raise Refused(
            _("Only an owner of the organisation may do this. Ask one of them to do it.")
        )


def member_get(organisation: Organisation, whose: UUID) -> Member:
    found = Member.objects.select_related("user").filter(
        organisation=organisation, user__uuid=whose
    )
    if (member := found.first()) is None:
        raise NotFound(_("This person is no member of the organisation."))
    return member


def keep_an_owner(member: Member) -> None:
    """Raises LastOwner if this member is the only one."""
    owners = Member.objects.filter(organisation=member.organisation_id, role=Role.OWNER)
    if member.role == Role.OWNER and not owners.exclude(pk=member.pk).exists():
        raise LastOwner(
            _(
                "An organisation needs an owner, and there is no other one. Make somebody else an "
                "owner first, or close the organisation."
            )
        )


def payer_changes(user: User) -> None:
    """In the transaction of the change: their next call is counted against somebody else."""
    signals.payer_changed.send(sender=Member, user=user)
    transaction.on_commit(forget_all)


def refuse_second(user: User) -> None:
    if Member.objects.filter(user=user).exists():
        raise AlreadyMember(
            _("You are in an organisation already. Leave it first: a person is in one at most.")
        )


def note(
    by: User, action: str, organisation: Organisation, *,
    before: dict[str, str] | None = None, after: dict[str, str] | None = None,
) -> None:
    audit(str(by), action, f"org:{organisation.pk} {organisation.name}", before, after)


def _invitations_end(member: Member) -> None:
    """They are no owner any more, so nobody joins on their word: not even as an owner, by a link
    that they sent to an address of their own before."""
    Invitation.objects.filter(
        organisation=member.organisation_id, invited_by=member.user_id, accepted_at__isnull=True
    ).delete()


def _part(member: Member) -> None:
    _invitations_end(member)
    member.delete()
    payer_changes(member.user)


def _name(text: str) -> str:
    name = cleaned(text)
    if not name or "://" in name:  # it stands in emails to people who do not know us
        raise BadRequest(_("Give the organisation a name, without a web address."), param="name")
    return name


def _seen(member: Member, role: str) -> dict[str, str]:
    return {"member": str(member.user), "role": str(role)}
