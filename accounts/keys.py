"""The keys that people make for themselves: how many, how they are called, what they may do.

Staff issue keys in the admin (`services.api_key_issue`); here are the rules for everybody else.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import signals
from accounts.auth import forget_all
from accounts.models import ApiKey, User
from accounts.names import cleaned
from accounts.services import api_key_issue, api_key_revoke
from costcontrol.lib.errors import BadRequest, Conflict, NotFound, Refused
from costcontrol.lib.sentences import Sentence as _

MAX_OPEN = 20
LONGEST = timedelta(days=366)
OVERLAPS = {  # how long the old secret goes on working beside the new one
    "now": timedelta(0), "hour": timedelta(hours=1), "day": timedelta(days=1),
    "week": timedelta(days=7),
}


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and its secret, which cannot be shown again."""

    key: ApiKey
    secret: str


class TooManyKeys(Conflict):
    code = "too_many_keys"


def scopes_allowed(user: User) -> tuple[str, ...]:
    """What keys of their own making may do. Staff allow somebody to make service keys with the
    permission `accounts.add_apikey`; without it a service key comes from staff."""
    return ("call", "service") if user.has_perm("accounts.add_apikey") else ("call",)


def open_keys(user: User, *, now: datetime) -> QuerySet[ApiKey]:
    """The newest first."""
    is_open = Q(expires_at__isnull=True) | Q(expires_at__gt=now)
    return ApiKey.objects.filter(is_open, user=user, revoked_at__isnull=True).order_by("-pk")


def own_key(user: User, prefix: str) -> ApiKey:
    """Raises NotFound, also for keys of others: nobody learns that they exist."""
    if (key := ApiKey.objects.filter(user=user, prefix=prefix).first()) is None:
        raise NotFound(_("You have no such key."))
    return key


@transaction.atomic
def key_create(
    user: User, *, name: str, now: datetime, is_service: bool = False,
    expires_at: datetime | None = None,
) -> NewKey:
    """Raises BadRequest, Refused, TooManyKeys."""
    name = cleaned(name)
    if is_service and "service" not in scopes_allowed(user):
        raise Refused(
            _("Keys that speak for end users are issued by whoever runs this server. Ask them.")
        )
    if expires_at is not None and not now < expires_at <= now + LONGEST:
        raise BadRequest(
            _("A key expires within the next 366 days, or never."), param="expires_at"
        )
    _keep_room(user, now)
    scopes = ("call", "service") if is_service else ("call",)
    return NewKey(*api_key_issue(
        user=user, name=name, scopes=scopes, expires_at=expires_at, actor=str(user)
    ))


@transaction.atomic
def key_rotate(key: ApiKey, *, overlap: str, now: datetime) -> NewKey:
    """A new secret with the same name and scopes; the old one ends when the overlap is over. Raises
    BadRequest, Conflict, TooManyKeys."""
    if overlap not in OVERLAPS:
        raise BadRequest(_("Choose how long the old key goes on working."), param="overlap")
    _keep_room(key.user, now)
    key = ApiKey.objects.select_for_update().select_related("user").get(pk=key.pk)
    _refuse_closed(key, now)
    lifetime = key.expires_at - key.created_at if key.expires_at else None
    new = NewKey(*api_key_issue(
        user=key.user, name=key.name, scopes=key.scopes, actor=str(key.user),
        expires_at=now + lifetime if lifetime else None,
    ))
    _end(key, at=now + OVERLAPS[overlap], now=now)
    signals.key_rotated.send(sender=ApiKey, old=key, new=new.key, at=now)
    transaction.on_commit(forget_all)
    return new


@transaction.atomic
def key_revoke(key: ApiKey, *, now: datetime) -> bool:
    """False: it was closed already."""
    transaction.on_commit(forget_all)
    return api_key_revoke(key, at=now, actor=str(key.user))


def _keep_room(user: User, now: datetime) -> None:
    # two at once are counted one after the other
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if open_keys(user, now=now).count() >= MAX_OPEN:
        raise TooManyKeys(
            _("You have %(max)d keys. Revoke one that is not used any more, then make a new one.")
            % {"max": MAX_OPEN}
        )


def _refuse_closed(key: ApiKey, now: datetime) -> None:
    is_over = key.expires_at is not None and key.expires_at <= now
    if is_over or key.revoked_at is not None:
        raise Conflict(_("This key does not work any more. Make a new one instead."))


def _end(key: ApiKey, *, at: datetime, now: datetime) -> None:
    """The old key's last moment; never later than it would have been anyway."""
    if at <= now:
        api_key_revoke(key, at=now, actor=str(key.user))
        return
    key.expires_at = min(key.expires_at, at) if key.expires_at else at
    key.save(update_fields=["expires_at"])
