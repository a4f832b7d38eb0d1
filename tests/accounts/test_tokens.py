"""A frontend's signed assertion becomes a token of one of its users; anything else is refused."""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from django.db import connection
from django.test import Client
from jwt.utils import base64url_encode

from accounts import auth, tokens
from accounts.assertions import MAX_ASSERTION, BadAssertion
from accounts.models import ApiKey, UsedAssertion, User
from accounts.services import api_key_issue, api_key_revoke, tiers_load
from accounts.tasks import purge
from costcontrol.lib import clock
from costcontrol.lib.errors import TierFeature, Unauthenticated

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
HS256 = "HS256"


@pytest.fixture
def frontend(db: None) -> User:
    tiers_load()
    return User.objects.create_user("frontend@example.org")


@pytest.fixture
def issued(frontend: User) -> tuple[ApiKey, str]:
    return api_key_issue(user=frontend, scopes=("call", "service"), actor="tests")


@pytest.fixture
def key(issued: tuple[ApiKey, str]) -> ApiKey:
    return issued[0]


def seconds(moment: datetime) -> float:
    return moment.timestamp()


def claims(**changed: Any) -> dict[str, Any]:
    usual = {
        "sub": "debater-7", "iat": seconds(NOW), "exp": seconds(NOW + MINUTE), "jti": uuid4().hex
    }
    return {name: value for name, value in (usual | changed).items() if value is not ...}


def signed(
    key: ApiKey, *, kid: Any = None, secret: str = "", alg: str = HS256, **changed: Any
) -> str:
    headers = {"kid": key.prefix if kid is None else kid}
    return jwt.encode(claims(**changed), secret or key.digest, algorithm=alg, headers=headers)


def unchecked(key: ApiKey, **changed: Any) -> str:
    """Signed as it is: PyJWT's own `encode` refuses some claims."""
    payload = json.dumps(claims(**changed)).encode()
    return jwt.api_jws.encode(payload, key.digest, algorithm=HS256, headers={"kid": key.prefix})


def with_header(text: str, header: dict[str, Any]) -> str:
    """The same claims and signature under another header."""
    return f"{base64url_encode(json.dumps(header).encode()).decode()}.{text.partition('.')[2]}"


def refusal(text: str) -> str:
    with pytest.raises(Unauthenticated) as caught:
        tokens.token_issue(text, now=NOW)
    return caught.value.message


def test_the_signing_secret_is_the_sha256_of_the_whole_key(issued: tuple[ApiKey, str]) -> None:
    key, secret = issued
    text = signed(key, secret=hashlib.sha256(secret.encode()).hexdigest())
    assert tokens.token_issue(text, now=NOW).expires_at == NOW + 15 * MINUTE


def test_token_speaks_for_the_end_user_whom_the_assertion_names(key: ApiKey) -> None:
    token = tokens.token_issue(signed(key, sub="debater-7"), now=NOW)
    holder = tokens.token_holder(token.text, now=NOW)
    assert (holder.user.external_id, holder.user.owner) == ("debater-7", key.user)
    assert token.text.startswith("cu-")


def test_two_assertions_of_one_user_are_one_end_user(key: ApiKey) -> None:
    for _ in range(2):
        tokens.token_issue(signed(key), now=NOW)
    assert User.objects.filter(owner=key.user).count() == 1


def test_caller_with_a_token_is_the_end_user_and_sees_no_costs(key: ApiKey) -> None:
    token = tokens.token_issue(signed(key), now=NOW)
    caller = auth.look_up(token.text, "", NOW).caller
    assert caller.is_end_user
    assert not caller.is_service
    assert not caller.may_see_costs
    assert caller.key_prefix == key.prefix


def test_token_may_not_speak_for_somebody_else(key: ApiKey) -> None:
    token = tokens.token_issue(signed(key), now=NOW)
    with pytest.raises(TierFeature):
        auth.look_up(token.text, "debater-8", NOW)


def test_token_works_up_to_its_last_moment_and_not_at_it(key: ApiKey) -> None:
    token = tokens.token_issue(signed(key), now=NOW)
    known = auth.look_up(token.text, "", NOW)
    assert auth.valid(known, token.expires_at - SECOND)
    with pytest.raises(Unauthenticated, match="Get a new one"):
        auth.valid(known, token.expires_at)


def test_token_ends_when_its_key_is_revoked(key: ApiKey) -> None:
    token = tokens.token_issue(signed(key), now=NOW)
    api_key_revoke(key, at=NOW, actor="tests")
    with pytest.raises(Unauthenticated, match="revoked"):
        auth.look_up(token.text, "", NOW)


def test_token_ends_with_its_key_if_that_is_earlier(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(expires_at=NOW + 2 * MINUTE)
    assert tokens.token_issue(signed(key), now=NOW).expires_at == NOW + 2 * MINUTE


@pytest.mark.parametrize("who", ["the end user", "the frontend"])
def test_token_ends_when_somebody_is_closed(key: ApiKey, who: str) -> None:
    token = tokens.token_issue(signed(key), now=NOW)
    closed = {"owner": key.user} if who == "the end user" else {"pk": key.user_id}
    User.objects.filter(**closed).update(is_active=False)
    with pytest.raises(Unauthenticated, match="closed"):
        auth.look_up(token.text, "", NOW)


def test_closed_end_user_gets_no_token(key: ApiKey) -> None:
    tokens.token_issue(signed(key), now=NOW)
    User.objects.filter(owner=key.user).update(is_active=False)
    assert "closed" in refusal(signed(key))


def changed_in_the_middle(text: str) -> str:
    """Another user, put into a token that was issued."""
    payload, _dot, signature = text.partition(".")
    return f"{payload[:-3]}abc.{signature}"


@pytest.mark.parametrize(
    "spoil",
    [changed_in_the_middle, lambda text: text[:-1], lambda text: "cu-", lambda text: "cu-."],
)
def test_token_that_we_did_not_make_is_refused(key: ApiKey, spoil: Callable[[str], str]) -> None:
    token = tokens.token_issue(signed(key), now=NOW)
    with pytest.raises(Unauthenticated, match="not known"):
        auth.look_up(spoil(token.text), "", NOW)


# --- assertions that are refused ---------------------------------------------------------------


def test_assertion_works_once(key: ApiKey) -> None:
    text = signed(key)
    tokens.token_issue(text, now=NOW)
    assert "used already" in refusal(text)


def test_two_keys_may_use_the_same_jti(key: ApiKey, frontend: User) -> None:
    other, _secret = api_key_issue(user=frontend, scopes=("call", "service"), actor="tests")
    for each in (key, other):
        tokens.token_issue(signed(each, jti="1"), now=NOW)
    assert UsedAssertion.objects.count() == 2


def test_refused_assertion_is_not_used_up(key: ApiKey) -> None:
    refusal(signed(key, jti="1", exp=seconds(NOW - MINUTE)))
    assert tokens.token_issue(signed(key, jti="1"), now=NOW)


@pytest.mark.parametrize("alg", ["HS384", "HS512"])
def test_only_hs256_is_accepted(key: ApiKey, alg: str) -> None:
    assert "HS256" in refusal(signed(key, alg=alg))


def test_assertion_without_a_signature_is_refused(key: ApiKey) -> None:
    bare = jwt.encode(claims(), "", algorithm="none", headers={"kid": key.prefix})
    assert "HS256" in refusal(bare)
    header, payload, _signature = signed(key).split(".")
    assert "does not fit" in refusal(f"{header}.{payload}.")


def test_public_key_algorithm_is_refused(key: ApiKey) -> None:
    """Its header says RS256, its signature is an HMAC: what confuses verifiers that believe it."""
    text = with_header(signed(key), {"alg": "RS256", "kid": key.prefix})
    assert "HS256" in refusal(text)


def test_unknown_key_and_wrong_signature_sound_alike(key: ApiKey) -> None:
    wrong = refusal(signed(key, secret="0" * 64))
    unknown = refusal(signed(key, kid="nobodys1"))
    assert wrong == unknown
    assert "does not fit" in wrong


def test_even_claims_that_are_missing_do_not_tell_whether_a_key_exists(key: ApiKey) -> None:
    assert "does not fit" in refusal(signed(key, secret="0" * 64, jti=...))
    assert "does not fit" in refusal(signed(key, kid="nobodys1", jti=...))


def test_digest_itself_is_needed_not_the_secret(issued: tuple[ApiKey, str]) -> None:
    key, secret = issued
    assert "does not fit" in refusal(signed(key, secret=secret))


@pytest.mark.parametrize("kid", ["", "x" * 17, "a b", "cc-abcdefgh-"])
def test_assertion_that_names_no_key_is_refused(key: ApiKey, kid: Any) -> None:
    assert "names no key" in refusal(with_header(signed(key), {"alg": HS256, "kid": kid}))


def test_assertion_without_a_kid_is_refused(key: ApiKey) -> None:
    assert "names no key" in refusal(with_header(signed(key), {"alg": HS256}))


@pytest.mark.parametrize("claim", ["sub", "iat", "exp", "jti"])
@pytest.mark.parametrize("value", [..., None])
def test_every_claim_is_needed(key: ApiKey, claim: str, value: Any) -> None:
    assert f"no “{claim}”" in refusal(signed(key, **{claim: value}))


def test_lifetime_of_five_minutes_is_the_longest(key: ApiKey) -> None:
    assert tokens.token_issue(signed(key, exp=seconds(NOW + 5 * MINUTE)), now=NOW)
    assert "too long" in refusal(signed(key, exp=seconds(NOW + 5 * MINUTE + SECOND)))


def test_clock_may_be_half_a_minute_ahead(key: ApiKey) -> None:
    ahead = NOW + 30 * SECOND
    assert tokens.token_issue(signed(key, iat=seconds(ahead), exp=seconds(ahead + MINUTE)), now=NOW)
    assert "future" in refusal(signed(key, iat=seconds(ahead + SECOND), exp=seconds(NOW + MINUTE)))


def test_assertion_that_begins_later_is_refused(key: ApiKey) -> None:
    assert "future" in refusal(signed(key, nbf=seconds(NOW + MINUTE)))


def test_assertion_works_up_to_its_last_moment_and_not_at_it(key: ApiKey) -> None:
    begun = seconds(NOW - MINUTE)
    assert tokens.token_issue(signed(key, iat=begun, exp=seconds(NOW + SECOND)), now=NOW)
    assert "expired" in refusal(signed(key, iat=begun, exp=seconds(NOW)))


@pytest.mark.parametrize("claim", ["iat", "exp", "nbf"])
@pytest.mark.parametrize("value", ["soon", True, 1e300, float("nan"), [1]])
def test_time_that_is_none_is_refused(key: ApiKey, claim: str, value: Any) -> None:
    assert "seconds since 1970" in refusal(unchecked(key, **{claim: value}))


@pytest.mark.parametrize("claim", ["sub", "jti"])
@pytest.mark.parametrize("value", ["", 7, "a\0b", "a\nb", "\ud800"])
def test_names_are_visible_text(key: ApiKey, claim: str, value: Any) -> None:
    assert "visible" in refusal(unchecked(key, **{claim: value}))


@pytest.mark.parametrize(("claim", "longest"), [("sub", 128), ("jti", 100)])
def test_names_have_a_longest_length(key: ApiKey, claim: str, longest: int) -> None:
    assert tokens.token_issue(signed(key, **{claim: "x" * longest}), now=NOW)
    assert "visible" in refusal(signed(key, **{claim: "x" * (longest + 1)}))


def test_key_that_is_no_service_key_vouches_for_nobody(frontend: User) -> None:
    plain, _secret = api_key_issue(user=frontend, actor="tests")
    assert "Sign with a service key" in refusal(signed(plain))


def test_revoked_key_vouches_for_nobody(key: ApiKey) -> None:
    api_key_revoke(key, at=NOW, actor="tests")
    assert "revoked" in refusal(signed(key))


def test_key_vouches_until_it_expires(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(expires_at=NOW + SECOND)
    assert tokens.token_issue(signed(key), now=NOW)
    ApiKey.objects.filter(pk=key.pk).update(expires_at=NOW)
    assert "expired" in refusal(signed(key))


@pytest.mark.parametrize(
    "text", ["", "x", "a.b.c", "...", "é.é.é", "eyJhbGciOiJIUzI1NiJ9..", "x" * (MAX_ASSERTION + 1)]
)
def test_what_is_no_assertion_is_refused(frontend: User, text: str) -> None:
    with pytest.raises(BadAssertion):
        tokens.token_issue(text, now=NOW)


# --- housekeeping and the API --------------------------------------------------------------------


def test_only_assertions_that_have_expired_are_forgotten(db: None) -> None:
    now = clock.now()
    UsedAssertion.objects.create(id="old", expires_at=now)
    UsedAssertion.objects.create(id="open", expires_at=now + MINUTE)
    assert purge() == 1
    assert list(UsedAssertion.objects.values_list("pk", flat=True)) == ["open"]


def post(client: Client, body: Any) -> Any:
    return client.post("/api/v1/tokens", body, content_type="application/json")


def test_api_answers_with_the_token_and_how_long_it_is_valid(key: ApiKey, client: Client) -> None:
    now = clock.now()
    text = signed(key, iat=seconds(now), exp=seconds(now + MINUTE))
    answer = post(client, {"assertion": text})
    assert answer.status_code == 200
    assert answer.json()["token"].startswith("cu-")
    assert answer.json()["expires_in"] == 900
    assert answer["Cache-Control"] == "no-store"
    plan = client.get("/api/v1/me/usage", HTTP_AUTHORIZATION=f"Bearer {answer.json()['token']}")
    assert plan.status_code == 200
    assert "cost_nanos" not in plan.json()


@pytest.mark.parametrize(
    "body", [{}, {"assertion": 7}, {"assertion": None}, ["x"], {"assertion": "x"}]
)
def test_api_says_what_is_wrong(frontend: User, client: Client, body: Any) -> None:
    answer = post(client, body)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid_assertion"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_eight_at_once_with_one_assertion_get_one_token() -> None:
    tiers_load()
    frontend = User.objects.create_user("frontend@example.org")
    key, _secret = api_key_issue(user=frontend, scopes=("call", "service"), actor="tests")
    text = signed(key)

    def exchange(_: int) -> str:
        try:
            return "token" if tokens.token_issue(text, now=NOW) else ""
        except BadAssertion as refused:
            return refused.message
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(exchange, range(8)))
    assert answers.count("token") == 1
    assert sum("used already" in answer for answer in answers) == 7
