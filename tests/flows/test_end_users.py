"""`X-End-User`: a service speaks for its users, each with plan, quota and answers of its own."""

import pytest

from accounts.models import Tier, User
from billing.budgets import tier_change
from costcontrol.lib import clock
from tests.flows.rows import LOCAL, Account, account, paid_body, records, tier
from tests.flows.server import Gateway, Reply
from tests.upstreams.metered import Metered

BODY = paid_body(model="auto")


@pytest.fixture
def service(house: object) -> Account:
    return account("enterprise", is_service=True)


def post(gateway: Gateway, service: Account, end_user: str, **more: object) -> Reply:
    return gateway.post(service, BODY | more, x_end_user=end_user)


def user_of(service: Account, external_id: str) -> User:
    return User.objects.get(owner=service.user, external_id=external_id)


def test_new_name_becomes_a_user_on_the_free_plan(gateway: Gateway, service: Account) -> None:
    reply = post(gateway, service, "debater-1")
    debater = user_of(service, "debater-1")
    [row] = records(reply.call_id)
    assert debater.tier_id == "free"
    assert reply.headers["x-model"] == LOCAL
    assert (row.user_id, row.tier) == (debater.pk, "free")
    assert row.key_prefix == service.key.split("-")[1]


def test_same_name_is_the_same_user(gateway: Gateway, service: Account) -> None:
    post(gateway, service, "debater-1")
    post(gateway, service, "debater-1", model="local")
    assert User.objects.filter(owner=service.user).count() == 1


def test_same_name_at_another_service_is_somebody_else(
    gateway: Gateway, service: Account, upstream: Metered
) -> None:
    other = account("enterprise", is_service=True)
    replies = [post(gateway, each, "debater-1") for each in (service, other)]
    assert user_of(service, "debater-1").pk != user_of(other, "debater-1").pk
    assert [reply.headers["x-cache"] for reply in replies] == ["miss", "miss"]


def test_each_has_a_quota_of_its_own(gateway: Gateway, service: Account) -> None:
    post(gateway, service, "debater-1")
    plan = Tier.objects.get(name=tier(requests_per_day=1))
    tier_change(user=user_of(service, "debater-1"), tier=plan, actor="test", at=clock.now())
    gateway.sees_new_rows()
    over = post(gateway, service, "debater-1", model="local")
    other = post(gateway, service, "debater-2", model="local")
    assert (over.status, over.error["code"]) == (429, "quota_exceeded")
    assert other.status == 200


def test_each_has_answers_of_its_own(
    gateway: Gateway, service: Account, upstream: Metered
) -> None:
    names = ["debater-1", "debater-2", "debater-1"]
    replies = [post(gateway, service, name) for name in names]
    assert [reply.headers["x-cache"] for reply in replies] == ["miss", "miss", "hit"]
    assert len(upstream.sales) == 2


def test_service_itself_keeps_its_own_plan(gateway: Gateway, service: Account) -> None:
    reply = gateway.post(service, BODY)
    assert reply.headers["x-route"] != "local"
    assert "x-cost-nanos" in reply.headers


def test_end_user_may_not_be_named_with_an_ordinary_key(
    gateway: Gateway, upstream: Metered
) -> None:
    ordinary = account("enterprise")
    reply = post(gateway, ordinary, "debater-1")
    assert (reply.status, reply.error["code"]) == (403, "tier_feature")
    assert "Only a service key may send X-End-User" in reply.error["message"]
    assert not User.objects.filter(owner=ordinary.user).exists()
    assert upstream.sales == []


@pytest.mark.parametrize(("length", "status"), [(128, 200), (129, 400)])
def test_name_may_have_128_characters(
    gateway: Gateway, service: Account, length: int, status: int
) -> None:
    assert post(gateway, service, "x" * length).status == status


def test_closed_end_user_is_let_in_no_more(gateway: Gateway, service: Account) -> None:
    post(gateway, service, "debater-1")
    User.objects.filter(owner=service.user).update(is_active=False)
    gateway.sees_new_rows()
    assert post(gateway, service, "debater-1").status == 401
