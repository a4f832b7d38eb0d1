"""User tokens: how a frontend with a login of its own lets its users call us without a key.

The frontend's backend signs who somebody is (an *assertion*: a JWT, HS256) and exchanges it here
for a token that speaks for this one person for 15 minutes. It signs with the SHA-256 of its service
key's secret, in hex: that is all we keep of the secret, so both sides know it and neither sends it.
The key itself stays in the backend; neither assertion nor token can be turned into it.

docs/user-tokens.md has the whole way, with clients in two languages.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core import signing
from django.db import IntegrityError, transaction

from accounts.assertions import Assertion, BadAssertion, assertion_of, claims_of, key_named
from accounts.models import ApiKey, UsedAssertion, User
from accounts.services import end_user_get
from costcontrol.lib.errors import Unauthenticated
from costcontrol.lib.sentences import Sentence as _

PREFIX = "cu-"
TOKEN_LIFE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Token:
    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a token speaks for, and the key that vouched for them."""

    key: ApiKey
    user: User
    expires_at: datetime


def token_issue(text: str, *, now: datetime) -> Token:
    """Exchange an assertion, once. Raises BadAssertion, Unauthenticated."""
    key = ApiKey.objects.select_related("user").filter(prefix=key_named(text)).first()
    claims = claims_of(text, key.digest if key else None)
    assert key is not None  # or its signature would not have been right
    assertion = assertion_of(claims, now=now)
    _refuse_key(key, now)
    _use_up(key, assertion)
    user = end_user_get(owner=key.user, external_id=assertion.subject)
    if not user.is_active:
        raise Unauthenticated(_("This account is closed."))
    expires_at = min(now + TOKEN_LIFE, key.expires_at or now + TOKEN_LIFE)
    return Token(_signed(key, user, expires_at), expires_at)


def token_holder(text: str, *, now: datetime) -> Holder:
    """Who stands behind a token. Raises Unauthenticated."""
    try:
        facts = _signer().unsign_object(text.removeprefix(PREFIX))
        prefix, user_uuid, seconds = facts["k"], facts["u"], facts["e"]
    except (signing.BadSignature, ValueError, KeyError, TypeError):
        raise Unauthenticated(_("This token is not known. Get a new one.")) from None
    key = ApiKey.objects.select_related("user").filter(prefix=prefix).first()
    user = User.objects.select_related("tier").filter(uuid=user_uuid).first()
    if key is None or user is None or user.owner_id != key.user_id:
        raise Unauthenticated(_("This token is not known. Get a new one."))
    _refuse_key(key, now)
    if not user.is_active:
        raise Unauthenticated(_("This account is closed."))
    return Holder(key, user, datetime.fromtimestamp(seconds, UTC))


def used_assertions_purge(*, now: datetime) -> int:
    """Those that have expired are refused anyway."""
    return UsedAssertion.objects.filter(expires_at__lte=now).delete()[0]


def _refuse_key(key: ApiKey, now: datetime) -> None:
    if key.revoked_at is not None:
        raise Unauthenticated(_("The service key behind this was revoked. Use a new key."))
    if key.expires_at is not None and key.expires_at <= now:
        raise Unauthenticated(_("The service key behind this has expired. Use a new key."))
    if not key.user.is_active:
        raise Unauthenticated(_("This account is closed."))
    if "service" not in key.scopes:
        raise Unauthenticated(
            _("This key may not speak for end users. Sign with a service key.")
        )


def _use_up(key: ApiKey, assertion: Assertion) -> None:
    try:
        with transaction.atomic():
            UsedAssertion.objects.create(
                id=f"{key.prefix}:{assertion.jti}", expires_at=assertion.expires_at
            )
    except IntegrityError:
        raise BadAssertion(
            _("This assertion was used already. Sign a new one, with another “jti”.")
        ) from None


def _signed(key: ApiKey, user: User, expires_at: datetime) -> str:
    facts = {"k": key.prefix, "u": str(user.uuid), "e": expires_at.timestamp()}
    return PREFIX + _signer().sign_object(facts)


def _signer() -> signing.Signer:
    return signing.Signer(sep=".", salt="accounts.tokens")
