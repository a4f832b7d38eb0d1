"""Credentials into callers: which keys are let in, and for how long they are remembered."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from accounts import auth
from accounts.models import ApiKey, User
from accounts.services import api_key_issue, api_key_revoke, tiers_load
from costcontrol.lib import clock
from costcontrol.lib.errors import BadRequest, TierFeature, Unauthenticated

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(db: None) -> User:
    tiers_load()
    return User.objects.create_user("alice@example.org", tier_id="premium")


@pytest.fixture(autouse=True)
def nobody_remembers() -> Iterator[None]:
    auth.forget_all()
    yield
    auth.forget_all()


def key_of(user: User, *scopes: str) -> str:
    return api_key_issue(user=user, scopes=scopes or ("call",), actor="test")[1]


def look_up(secret: str, end_user: str = "") -> auth.Remembered:
    return auth.look_up(secret, end_user, clock.now())


@pytest.mark.parametrize(
    "headers",
    [{"authorization": "Bearer cc-x"}, {"authorization": "bearer   cc-x "}, {"x-api-key": "cc-x"},
     {"authorization": "Basic YQ==", "x-api-key": "cc-x"}],
)  # fmt: skip
def test_key_is_found_where_either_vendors_clients_put_it(headers: dict[str, str]) -> None:
    assert auth.secret_of(headers) == "cc-x"


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer "}, {"x-api-key": " "}])
def test_request_without_a_key_is_told_where_to_put_it(headers: dict[str, str]) -> None:
    with pytest.raises(Unauthenticated, match="Authorization: Bearer"):
        auth.secret_of(headers)


def test_caller_is_the_user_the_key_and_the_plan(alice: User) -> None:
    secret = key_of(alice)
    caller = look_up(secret).caller
    assert (caller.user_id, caller.tier.name) == (alice.pk, "premium")
    assert caller.key_prefix == secret.split("-")[1]
    assert not caller.may_see_costs


def test_costs_are_for_services_and_staff_but_not_for_their_end_users(alice: User) -> None:
    boss = User.objects.create_user("boss@example.org", is_staff=True, tier_id="free")
    service = key_of(alice, "call", "service")
    assert look_up(service).caller.may_see_costs
    assert look_up(key_of(boss)).caller.may_see_costs
    assert not look_up(key_of(boss, "call", "service"), "debater").caller.is_staff


def test_unknown_key(alice: User) -> None:
    with pytest.raises(Unauthenticated, match="not known"):
        look_up("cc-aaaaaaaa-wrong")


def test_revoked_key(alice: User) -> None:
    secret = key_of(alice)
    api_key_revoke(ApiKey.objects.get(user=alice), at=clock.now(), actor="test")
    with pytest.raises(Unauthenticated, match="was revoked"):
        look_up(secret)


def test_closed_account(alice: User) -> None:
    secret = key_of(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    with pytest.raises(Unauthenticated, match="account is closed"):
        look_up(secret)


def test_remembered_key_still_expires_on_time(alice: User) -> None:
    now = clock.now()
    _row, secret = api_key_issue(user=alice, expires_at=now + timedelta(hours=1), actor="test")
    known = look_up(secret)
    assert auth.valid(known, now + timedelta(minutes=59)).user_id == alice.pk
    with pytest.raises(Unauthenticated, match="has expired"):
        auth.valid(known, now + timedelta(hours=1))


def test_last_use_is_written_once_a_minute(alice: User) -> None:
    secret = key_of(alice)
    look_up(secret)
    first = ApiKey.objects.get(user=alice).last_used_at
    look_up(secret)
    assert first is not None
    assert ApiKey.objects.get(user=alice).last_used_at == first


def test_end_user_has_the_free_plan_and_the_services_key(alice: User) -> None:
    service = key_of(alice, "call", "service")
    caller = look_up(service, "debater-1").caller
    again = look_up(service, "debater-1").caller
    assert caller == again
    assert caller.is_end_user
    assert caller.tier.name == "free"
    assert caller.key_prefix == service.split("-")[1]


def test_end_user_needs_a_service_key(alice: User) -> None:
    with pytest.raises(TierFeature, match="Only a service key"):
        look_up(key_of(alice), "debater-1")
    assert not User.objects.filter(owner=alice).exists()


def test_name_of_an_end_user_has_an_end(alice: User) -> None:
    with pytest.raises(BadRequest, match="128 characters"):
        look_up(key_of(alice, "call", "service"), "x" * 129)
