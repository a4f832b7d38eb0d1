"""Credentials -> Caller: an API key (`cc-…`) or an end user's token (`cu-…`, see `tokens.py`).

Keys are looked up by the SHA-256 of the whole secret and remembered for a few seconds, so that a
call costs no query; a revoked key stops working within `SNAPSHOT_SECONDS`. While the database is
away, keys that were seen in the last minutes keep their holders able to read cached answers.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError

from accounts import tokens
from accounts.models import ApiKey, User
from accounts.services import end_user_get, key_digest
from accounts.types import Caller
from costcontrol.lib import clock, database
from costcontrol.lib.errors import BadRequest, Refused, TierFeature, Unauthenticated
from costcontrol.lib.sentences import Sentence as _

STALE_S = 300.0
MAX_REMEMBERED = 10_000
LAST_USED_EVERY = timedelta(minutes=1)
MAX_EXTERNAL_ID = 128


class Closed(Refused):
    """The database is away: nobody can be let in whom we do not remember."""

    code, status = "database_unavailable", 503


@dataclass(frozen=True, slots=True)
class Remembered:
    caller: Caller
    expires_at: datetime | None
    at: float
    is_token: bool = False


_remembered: dict[tuple[str, str], Remembered] = {}


def forget_all() -> None:
    """After a key or tier changed in this process."""
    _remembered.clear()


def secret_of(headers: Mapping[str, str]) -> str:
    """The API key of a request: `Authorization: Bearer …` or `x-api-key`."""
    scheme, _sep, secret = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and secret.strip():
        return secret.strip()
    if secret := headers.get("x-api-key", "").strip():
        return secret
    raise Unauthenticated(
        _("No API key was sent. Put it in the header “Authorization: Bearer <key>”.")
    )


async def acaller(headers: Mapping[str, str]) -> Caller:
    """Who is calling. Raises Unauthenticated, TierFeature (not a service key), BadRequest."""
    secret = secret_of(headers)
    digest = key_digest(secret)
    end_user = headers.get("x-end-user", "").strip()
    known = _remembered.get((digest, end_user))
    now = clock.now()
    if known and time.monotonic() - known.at < settings.SNAPSHOT_SECONDS:
        return valid(known, now)
    try:
        known = await database.run(look_up, secret, end_user, now)
    except DatabaseError:
        if known is None or time.monotonic() - known.at > STALE_S:
            raise Closed(
                _("The database is not reachable. Try again in a moment."), retry_after_s=5
            ) from None
    if len(_remembered) >= MAX_REMEMBERED:
        _remembered.clear()
    _remembered[(digest, end_user)] = known
    return valid(known, now)


def valid(known: Remembered, now: datetime) -> Caller:
    if known.expires_at is not None and known.expires_at <= now:
        if known.is_token:
            raise Unauthenticated(_("This token has expired. Get a new one."))
        raise Unauthenticated(_("This API key has expired. Create a new one."))
    return known.caller


def look_up(secret: str, end_user: str, now: datetime) -> Remembered:
    if secret.startswith(tokens.PREFIX):
        return _of_token(secret, end_user, now)
    key = _key_get(key_digest(secret))
    user = key.user
    if end_user:
        user = _end_user(key, end_user)
    if key.last_used_at is None or now - key.last_used_at > LAST_USED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return Remembered(Caller.of(user, key), key.expires_at, time.monotonic())


def _of_token(secret: str, end_user: str, now: datetime) -> Remembered:
    """A token speaks for one person, without what its service key may do and see."""
    if end_user:
        raise TierFeature(
            _("Only a service key may send X-End-User. Leave the header out, or use a service key.")
        )
    holder = tokens.token_holder(secret, now=now)
    caller = replace(Caller.signed_in(holder.user), key_prefix=holder.key.prefix)
    return Remembered(caller, holder.expires_at, time.monotonic(), is_token=True)


def _key_get(digest: str) -> ApiKey:
    related = ("user__tier", "user__member__organisation__tier")
    key = ApiKey.objects.select_related(*related).filter(digest=digest).first()
    if key is None:
        raise Unauthenticated(_("This API key is not known. Check it, or create a new one."))
    if key.revoked_at is not None:
        raise Unauthenticated(_("This API key was revoked. Create a new one."))
    if not key.user.is_active:
        raise Unauthenticated(_("This account is closed."))
    return key


def _end_user(key: ApiKey, external_id: str) -> User:
    if "service" not in key.scopes:
        raise TierFeature(
            _("Only a service key may send X-End-User. Leave the header out, or use a service key.")
        )
    if len(external_id) > MAX_EXTERNAL_ID:
        raise BadRequest(_("X-End-User may have at most 128 characters."), param="X-End-User")
    user = end_user_get(owner=key.user, external_id=external_id)
    if not user.is_active:
        raise Unauthenticated(_("This account is closed."))
    return user
