"""Beyond the plan through the gateway: credit, then what the customer allows, then a refusal."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Member, Organisation
from accounts.services import payer_of as payer_of_user
from billing import credits, overage
from billing.models import Customer, UsageRecord, Window
from billing.payments.customers import customer_of
from billing.purses import payer_of
from costcontrol.lib import clock
from tests.flows.rows import (
    CENT,
    LOCAL,
    Account,
    account,
    assert_the_books_agree,
    paid_body,
    records,
    tier,
)
from tests.flows.server import Gateway, Reply, burst
from tests.upstreams.metered import Manner, Metered

pytestmark = pytest.mark.usefixtures("house")


def customer(who: Account) -> Customer:
    return customer_of(payer_of_user(who.user))


def give(who: Account, nanos: int) -> None:
    now = clock.now()
    credits.grant(
        customer=customer(who), source=f"test:{uuid4()}", nanos=nanos, now=now,
        expires_at=now + timedelta(days=30),
    )


def left(who: Account) -> int:
    return credits.balance(customer(who), now=clock.now()).left_nanos


def allow(who: Account, nanos: int | None) -> None:
    overage.ceiling_set(customer=customer(who), nanos=nanos, actor="test", now=clock.now())


def post(gateway: Gateway, who: Account, **more: Any) -> Reply:
    return gateway.post(who, paid_body(uuid4(), max_tokens=100) | more)


def paid_from(reply: Reply) -> str:
    """What the reply says, which is what the row says."""
    assert reply.status == 200, reply.text
    [row] = records(reply.call_id)
    assert row.paid_from == reply.headers["x-paid-from"]
    assert row.payer
    return row.paid_from


def test_plan_then_credit_then_beyond_then_a_refusal(gateway: Gateway) -> None:
    alice = account(tier(requests_per_day=1))
    give(alice, 2 * CENT)
    allow(alice, 17 * CENT // 10)  # what is left after a call pays for no other
    replies = [post(gateway, alice) for _ in range(4)]
    assert [paid_from(reply) for reply in replies[:3]] == ["plan", "credit", "overage"]
    assert left(alice) == CENT
    assert overage.usage_of(customer(alice), now=clock.now()).spent_nanos == CENT
    refused = replies[3]
    assert (refused.status, refused.error["code"]) == (429, "quota_exceeded")
    assert (refused.error["metric"], refused.error["used"]) == ("requests", 1)
    assert refused.error["still_works"] == ["cache", "debates"]
    assert "x-paid-from" not in refused.headers
    assert_the_books_agree()


def test_who_has_just_paid_may_call_at_once(gateway: Gateway) -> None:
    alice = account(tier(requests_per_day=0))
    assert post(gateway, alice).status == 429
    give(alice, 9 * CENT)
    assert paid_from(post(gateway, alice)) == "credit"


def test_a_stream_says_it_before_its_first_word(gateway: Gateway) -> None:
    alice = account(tier(requests_per_day=0))
    give(alice, 9 * CENT)
    with gateway.streaming(alice, paid_body(uuid4(), max_tokens=100)) as lines:
        assert lines.headers["x-paid-from"] == "credit"
        assert lines.read()[-1] == "[DONE]"
        [row] = records(lines.headers["x-request-id"])
    assert (row.paid_from, left(alice)) == ("credit", 9 * CENT - row.cost_nanos)


def test_an_attempt_that_failed_costs_no_credit(gateway: Gateway, upstream: Metered) -> None:
    alice = account(tier(requests_per_day=0))
    give(alice, 9 * CENT)
    upstream.will(Manner(status=500))
    reply = post(gateway, alice)
    assert reply.status == 200
    failed, answered = records(reply.call_id, count=2)
    assert (failed.paid_from, failed.cost_nanos) == ("credit", 0)
    assert (answered.paid_from, left(alice)) == ("credit", 9 * CENT - answered.cost_nanos)


def test_an_answer_from_the_cache_is_paid_by_nobody(gateway: Gateway) -> None:
    alice = account(tier(requests_per_day=0))
    give(alice, 9 * CENT)
    body = paid_body(uuid4(), max_tokens=100)
    first, again = gateway.post(alice, body), gateway.post(alice, body)
    assert (first.headers["x-paid-from"], again.headers["x-cache"]) == ("credit", "hit")
    assert "x-paid-from" not in again.headers
    assert left(alice) == 8 * CENT


def test_a_debate_beyond_the_day_is_paid_from_credit_as_a_whole(gateway: Gateway) -> None:
    alice = account(tier(debates_per_day=1, usd_per_day_nanos=100 * CENT))
    within = gateway.post(alice, paid_body(uuid4()), x_debate_id="one")
    refused = gateway.post(alice, paid_body(uuid4()), x_debate_id="two")
    assert (paid_from(within), refused.status) == ("plan", 429)
    assert refused.error["still_works"] == ["cache", "open_debates", "calls"]
    give(alice, 9 * CENT)
    calls = [gateway.post(alice, paid_body(uuid4()), x_debate_id=name)
             for name in ("two", "two", "one")]
    assert [paid_from(reply) for reply in calls] == ["credit", "credit", "plan"]
    assert Window.objects.get(scope_id=str(alice.user.pk), metric="debates").spent == 1


def test_a_debate_that_nothing_pays_for_any_more_says_so(gateway: Gateway) -> None:
    alice = account(tier(debates_per_day=0))
    give(alice, 2 * CENT)
    ask = [gateway.post(alice, paid_body(uuid4(), max_tokens=100), x_debate_id="two")
           for _ in range(3)]
    assert [reply.status for reply in ask] == [200, 200, 429]
    assert ask[2].error["scope"] == "credit"
    assert ask[2].error["still_works"] == ["cache", "other_debates"]


def test_a_local_call_beyond_its_quota_needs_credit_and_costs_none(gateway: Gateway) -> None:
    alice = account(tier(requests_per_day=0, allowed_classes=["local"], route_mode="local"))
    body = paid_body(uuid4(), model="auto")
    assert gateway.post(alice, body).status == 429
    give(alice, CENT)
    reply = gateway.post(alice, body)
    assert (reply.headers["x-model"], paid_from(reply), left(alice)) == (LOCAL, "credit", CENT)


def test_an_organisation_pays_for_its_members_and_shares_its_quota(gateway: Gateway) -> None:
    team = Organisation.objects.create(name="Team", tier_id=tier(requests_per_day=1))
    alice, bob = account("free"), account("free")
    for who in (alice, bob):
        Member.objects.create(organisation=team, user=who.user, role="owner")
    assert [post(gateway, alice).status, post(gateway, bob).status] == [200, 429]
    pays = Customer.objects.create(organisation=team)
    credits.grant(customer=pays, source=f"test:{uuid4()}", nanos=9 * CENT, now=clock.now(),
                  expires_at=clock.now() + timedelta(days=1))
    assert paid_from(post(gateway, bob)) == "credit"
    payers = UsageRecord.objects.filter(user_id__in=[alice.user.pk, bob.user.pk])
    assert set(payers.values_list("payer", flat=True)) == {str(payer_of(pays))}


def test_who_is_frozen_is_back_on_their_plan(gateway: Gateway) -> None:
    alice = account(tier(requests_per_day=0))
    give(alice, 9 * CENT)
    Customer.objects.filter(user=alice.user).update(frozen_at=clock.now())
    assert post(gateway, alice).status == 429


def test_a_plan_nearly_used_up_saves_nothing_while_credit_pays(gateway: Gateway) -> None:
    """Economy mode would answer from the local model what premium was bought for."""
    poor, rich = (account(tier(usd_per_day_nanos=24 * CENT // 10)) for _ in range(2))
    give(rich, 9 * CENT)
    for who in (poor, rich, poor, rich):
        assert paid_from(post(gateway, who, max_tokens=50)) == "plan"
    gateway.sees_new_budgets()
    asked = paid_body(uuid4(), model="auto", metadata={"complexity": "complex"})
    rows = [records(gateway.post(who, asked).call_id)[0] for who in (poor, rich)]
    assert [row.is_economy for row in rows] == [True, False]


def test_many_at_once_on_the_last_credit_are_admitted_as_far_as_it_goes(gateway: Gateway) -> None:
    alice = account(tier(requests_per_day=3))
    give(alice, 4 * CENT)
    calls = [(alice, paid_body(uuid4(), max_tokens=50)) for _ in range(20)]
    replies = burst(gateway, *calls)
    found = Counter(r.headers.get("x-paid-from", "refused") for r in replies)
    assert found["plan"] == 3
    assert found["credit"] >= 3
    rows = UsageRecord.objects.filter(user_id=alice.user.pk, paid_from="credit")
    assert left(alice) == 4 * CENT - sum(row.cost_nanos for row in rows) >= 0
    assert rows.exclude(cost_nanos=0).count() == found["credit"]
    assert_the_books_agree()
