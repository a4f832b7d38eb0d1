"""A frontend's user calls the gateway with a token that the frontend's backend got for them."""

from datetime import timedelta
from uuid import uuid4

import jwt

from accounts.models import ApiKey, User
from accounts.services import api_key_revoke
from costcontrol.lib import clock
from tests.flows.rows import Account, account, paid_body, records
from tests.flows.server import Gateway


def with_token(gateway: Gateway, frontend: Account, subject: str) -> Account:
    """Somebody whose key is a token, got over HTTP as a frontend's backend gets it."""
    key, now = ApiKey.objects.get(user=frontend.user), clock.now()
    claims = {
        "sub": subject, "iat": now, "exp": now + timedelta(minutes=1), "jti": uuid4().hex
    }
    text = jwt.encode(claims, key.digest, algorithm="HS256", headers={"kid": key.prefix})
    reply = gateway.post(None, {"assertion": text}, "/api/v1/tokens")
    user = User.objects.get(owner=frontend.user, external_id=subject)
    User.objects.filter(pk=user.pk).update(tier="premium")
    return Account(user, reply.data["token"])


def test_call_with_a_token_is_the_end_users_own(gateway: Gateway) -> None:
    frontend = account(is_service=True)
    debater = with_token(gateway, frontend, "debater-7")
    reply = gateway.post(debater, paid_body())
    [row] = records(reply.call_id)
    assert reply.status == 200
    assert row.user_id == debater.user.pk != frontend.user.pk
    assert "x-cost-nanos" not in reply.headers  # money is for the service, not for its users


def test_token_ends_with_its_key_within_the_seconds_of_a_snapshot(gateway: Gateway) -> None:
    frontend = account(is_service=True)
    debater = with_token(gateway, frontend, "debater-7")
    before = gateway.post(debater, paid_body())
    api_key_revoke(ApiKey.objects.get(user=frontend.user), at=clock.now(), actor="tests")
    gateway.sees_new_rows()
    after = gateway.post(debater, paid_body())
    assert (before.status, after.status) == (200, 401)
    assert "revoked" in after.data["error"]["message"]
