"""Signed in, on `/api/v1`: the cookie speaks for a person, a key in the request for its own."""

import pytest
from django.conf import settings as django_settings
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.auth import forget_all
from accounts.models import User
from accounts.services import api_key_issue, tiers_load
from accounts.sessions import acaller_of_either, acaller_of_session
from costcontrol.lib.errors import Unauthenticated
from tests.costcontrol.account.login import app_of

ME = "/api/v1/me/usage"


@pytest.fixture
def dora(db: None) -> User:
    tiers_load()
    return User.objects.create_user("dora@example.org", tier_id="premium")


@pytest.fixture
def signed_in(dora: User, client: Client) -> Client:
    client.force_login(dora)
    return client


def cookie_of(client: Client) -> dict[str, str]:
    name = django_settings.SESSION_COOKIE_NAME
    return {"cookie": f"other=1; {name}={client.cookies[name].value}"}


def test_a_signed_in_customer_needs_no_key_and_sees_no_costs(signed_in: Client) -> None:
    reply = signed_in.get(ME)
    assert reply.status_code == 200
    assert "cost_nanos" not in reply.json()


def test_nobody_is_told_to_bring_a_key(client: Client, db: None) -> None:
    reply = client.get(ME)
    assert (reply.status_code, reply["WWW-Authenticate"]) == (401, "Bearer")


def test_a_key_in_the_request_wins_over_the_cookie(signed_in: Client, dora: User) -> None:
    service = User.objects.create_user("app@example.org", tier_id="premium")
    key = api_key_issue(user=service, scopes=("call", "service"), actor="test")[1]
    assert "cost_nanos" in signed_in.get(ME, headers={"authorization": f"Bearer {key}"}).json()
    assert signed_in.get(ME, headers={"x-api-key": "cc-nobody"}).status_code == 401


@pytest.mark.parametrize("has_factor", [False, True])
def test_staff_without_the_factor_they_need_are_ordinary_customers(
    signed_in: Client, dora: User, settings: Settings, has_factor: bool
) -> None:
    settings.STAFF_NEEDS_MFA = True
    User.objects.filter(pk=dora.pk).update(is_staff=True)
    if has_factor:
        app_of(dora)
    assert ("cost_nanos" in signed_in.get(ME).json()) is has_factor


def test_a_closed_account_is_nobody(signed_in: Client, dora: User) -> None:
    User.objects.filter(pk=dora.pk).update(is_active=False)
    assert signed_in.get(ME).status_code == 401


@pytest.mark.django_db(transaction=True)
class TestWithoutMiddleware:
    async def test_the_cookie_says_who_it_is(self, signed_in: Client, dora: User) -> None:
        caller = await acaller_of_session(cookie_of(signed_in))
        assert caller is not None
        assert (caller.user_id, caller.tier.name, caller.key_prefix) == (dora.pk, "premium", "")
        assert not caller.may_see_costs

    @pytest.mark.parametrize("cookie", ["", "sessionid=made-up", "sessionid=", "=;;", "other=1"])
    async def test_any_other_cookie_is_nobody(self, db: None, cookie: str) -> None:
        assert await acaller_of_session({"cookie": cookie}) is None

    async def test_a_session_that_was_ended_is_nobody(self, signed_in: Client) -> None:
        cookie = cookie_of(signed_in)
        await signed_in.alogout()
        assert await acaller_of_session(cookie) is None

    async def test_a_changed_password_ends_it(self, signed_in: Client, dora: User) -> None:
        dora.set_password("another, quite long one")
        await dora.asave()
        assert await acaller_of_session(cookie_of(signed_in)) is None

    async def test_either_takes_the_key_first(self, signed_in: Client, dora: User) -> None:
        forget_all()
        assert (await acaller_of_either(cookie_of(signed_in))).user_id == dora.pk
        with pytest.raises(Unauthenticated, match="not known"):
            await acaller_of_either({**cookie_of(signed_in), "x-api-key": "cc-nobody"})
        with pytest.raises(Unauthenticated, match="No API key"):
            await acaller_of_either({})
