"""Reading the assertion of a frontend's backend: a JWT by which it vouches for one of its users.

Nothing in it is believed before the signature is right. Only HS256 is accepted, whatever the header
says, and a key that does not exist takes as long as one that does. PyJWT checks form and signature;
times are looked at here, with the time that was passed in.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from costcontrol.lib.errors import Unauthenticated
from costcontrol.lib.sentences import Sentence as _

ASSERTION_LIFE = timedelta(minutes=5)
CLOCKS_DIFFER = timedelta(seconds=30)  # so much may the frontend's clock be ahead of ours
MAX_ASSERTION = 4_096
MAX_SUBJECT, MAX_JTI = 128, 100
NO_KEY = secrets.token_hex(32)  # nobody can sign with it
CLAIMS = ["sub", "iat", "exp", "jti"]
OURS_TO_CHECK: dict[str, Any] = {
    f"verify_{name}": False for name in ("exp", "iat", "nbf", "aud", "iss", "sub", "jti")
}


class BadAssertion(Unauthenticated):
    code = "invalid_assertion"

    def __init__(self, message: str) -> None:
        super().__init__(message, param="assertion")


@dataclass(frozen=True, slots=True)
class Assertion:
    subject: str
    jti: str
    issued_at: datetime
    expires_at: datetime


def key_named(text: str) -> str:
    """The `kid` of the header, if the header is one that we read at all."""
    if not text or len(text) > MAX_ASSERTION:
        raise BadAssertion(
            _("The assertion is missing or longer than %(max)s characters. Send one signed JWT.")
            % {"max": f"{MAX_ASSERTION:,}"}
        )
    try:
        header = jwt.get_unverified_header(text)
    except (jwt.PyJWTError, ValueError):
        raise _unreadable() from None
    if header.get("alg") != "HS256":
        raise BadAssertion(
            _("The assertion is signed in a way that is not accepted. Sign it with HS256.")
        )
    kid = header.get("kid")
    if not isinstance(kid, str) or not 0 < len(kid) <= 16 or not kid.isalnum():
        raise BadAssertion(
            _("The assertion names no key. Put the prefix of your service key into “kid”: the "
              "eight characters after “cc-”.")
        )
    return kid


def claims_of(text: str, digest: str | None) -> dict[str, Any]:
    """The claims, once the signature is right. `digest` None: there is no such key."""
    options: Any = {"require": CLAIMS, **OURS_TO_CHECK}
    try:
        claims = dict(jwt.decode(text, digest or NO_KEY, algorithms=["HS256"], options=options))
        if digest is None:
            raise jwt.InvalidSignatureError
        return claims
    except jwt.InvalidSignatureError:
        # One sentence for both: nobody learns which keys exist.
        raise BadAssertion(
            _("The signature does not fit the key that the assertion names. Sign with the SHA-256 "
              "of the whole key, in hex.")
        ) from None
    except jwt.MissingRequiredClaimError as error:
        raise BadAssertion(
            _("The assertion has no “%(claim)s”. It needs sub, iat, exp and jti.")
            % {"claim": error.claim}
        ) from None
    except (jwt.PyJWTError, ValueError):
        raise _unreadable() from None


def assertion_of(claims: dict[str, Any], *, now: datetime) -> Assertion:
    """What the claims say, if it holds now. Raises BadAssertion."""
    assertion = Assertion(
        subject=_visible(claims, "sub", MAX_SUBJECT), jti=_visible(claims, "jti", MAX_JTI),
        issued_at=_moment(claims, "iat"), expires_at=_moment(claims, "exp"),
    )
    begin = max(assertion.issued_at, _moment({"nbf": claims.get("nbf", 0)}, "nbf"))
    if begin > now + CLOCKS_DIFFER:
        raise BadAssertion(
            _("The assertion is dated in the future. Set the clock of the machine that signs it.")
        )
    if assertion.expires_at <= now:
        raise BadAssertion(_("The assertion has expired. Sign a new one for each exchange."))
    if assertion.expires_at - assertion.issued_at > ASSERTION_LIFE:
        raise BadAssertion(
            _("The assertion is valid for too long. Let “exp” be at most five minutes after "
              "“iat”.")
        )
    return assertion


def _visible(claims: dict[str, Any], name: str, limit: int) -> str:
    value = claims[name]
    if not isinstance(value, str) or not 0 < len(value) <= limit or not value.isprintable():
        raise BadAssertion(
            _("“%(claim)s” of the assertion must be text of 1 to %(max)d visible characters.")
            % {"claim": name, "max": limit}
        )
    return value


def _moment(claims: dict[str, Any], name: str) -> datetime:
    value = claims[name]
    try:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise BadAssertion(
            _("“%(claim)s” of the assertion must be a time: seconds since 1970.") % {"claim": name}
        ) from None


def _unreadable() -> BadAssertion:
    return BadAssertion(
        _("The assertion cannot be read. Send a JWT in its compact form: three parts with dots "
          "between them.")
    )
