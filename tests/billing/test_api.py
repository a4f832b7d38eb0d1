"""`/api/v1/plans` and `me/plan`: what there is to buy, and how the caller's plan is paid."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from accounts.services import api_key_issue
from billing import baselines
from billing.models import PlanPrice
from costcontrol.lib import clock
from tests.costcontrol.account import customers
from tests.costcontrol.account.customers import NOW, PERIOD_END
from tests.costcontrol.dashboard.rows import call, hit, person

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


def plan_of(client: Client, user: User) -> dict[str, Any]:
    _key, secret = api_key_issue(user=user, actor="test")
    reply = client.get("/api/v1/me/plan", headers={"Authorization": f"Bearer {secret}"})
    assert reply.status_code == 200
    body: dict[str, Any] = reply.json()
    return body


def test_the_plans_on_offer_need_no_key(client: Client) -> None:
    customers.prices()
    plans = client.get("/api/v1/plans").json()["plans"]
    assert [plan["name"] for plan in plans] == ["free", "premium", "enterprise"]
    free, premium, enterprise = plans
    assert free["prices"] == []
    assert premium["debates_per_day"] == 50
    assert enterprise["debates_per_day"] is None
    by_key = {price["lookup_key"]: price for price in premium["prices"]}
    assert by_key["premium_month_usd"] == {
        "lookup_key": "premium_month_usd", "currency": "usd", "amount_minor": 1900,
        "interval": "month", "trial_days": 0,
    }
    assert by_key["premium_year_krw"]["amount_minor"] == 260_000


def test_a_price_that_is_not_offered_is_not_shown(client: Client) -> None:
    customers.prices()
    PlanPrice.objects.filter(tier_id="enterprise").update(is_offered=False)
    PlanPrice.objects.filter(lookup_key="premium_month_usd").update(is_offered=False)
    plans = {plan["name"]: plan for plan in client.get("/api/v1/plans").json()["plans"]}
    assert set(plans) == {"free", "premium"}
    keys = [price["lookup_key"] for price in plans["premium"]["prices"]]
    assert "premium_month_usd" not in keys
    assert "premium_month_krw" in keys


def test_all_plans_are_two_queries(client: Client, django_assert_num_queries: Any) -> None:
    customers.prices()
    with django_assert_num_queries(2):
        client.get("/api/v1/plans")


def test_without_a_subscription_there_is_none(client: Client) -> None:
    assert plan_of(client, customers.person())["subscription"] is None


def test_a_running_subscription_renews(client: Client) -> None:
    bob, _customer = customers.paying()
    said = plan_of(client, bob)
    assert said["name"] == "premium"
    assert said["subscription"]["status"] == "active"
    assert said["subscription"]["amount_minor"] == 1900
    assert said["subscription"]["renews_at"] == PERIOD_END.isoformat().replace("+00:00", "Z")
    assert said["subscription"]["ends_at"] is None


def test_a_cancelled_one_ends(client: Client) -> None:
    bob, _customer = customers.paying(is_ending=True)
    said = plan_of(client, bob)["subscription"]
    assert said["status"] == "ending"
    assert said["ends_at"]
    assert not said["renews_at"]


def test_a_downgrade_to_come_is_named(client: Client) -> None:
    bob, _customer = customers.paying(tier_id="enterprise", next_tier_id="premium")
    said = plan_of(client, bob)["subscription"]
    assert (said["status"], said["plan"], said["next_plan"]) == (
        "changing", "enterprise", "premium"
    )
    assert said["changes_at"] == said["renews_at"]


def test_a_failed_payment_says_how_long_the_plan_stays(client: Client) -> None:
    bob, _customer = customers.paying(status="past_due", past_due_since=NOW)
    said = plan_of(client, bob)["subscription"]
    until = (NOW + timedelta(days=settings.GRACE_DAYS)).isoformat().replace("+00:00", "Z")
    assert (said["status"], said["grace_until"]) == ("past_due", until)


def test_a_trial_says_when_it_ends(client: Client) -> None:
    bob, _customer = customers.paying(status="trialing", trial_end=PERIOD_END)
    said = plan_of(client, bob)["subscription"]
    assert said["status"] == "trialing"
    assert said["trial_ends_at"]


@pytest.mark.parametrize("status", ["canceled", "incomplete_expired", "brand_new"])
def test_what_is_over_or_unknown_is_no_subscription(client: Client, status: str) -> None:
    bob, _customer = customers.paying(status=status)
    assert plan_of(client, bob)["subscription"] is None


def test_of_two_the_one_that_gives_access_counts(client: Client) -> None:
    bob, customer = customers.paying()
    customers.subscription(customer, status="incomplete", tier_id="enterprise")
    assert plan_of(client, bob)["subscription"]["plan"] == "premium"


def test_somebody_else_s_subscription_is_never_told(client: Client) -> None:
    customers.paying()
    assert plan_of(client, customers.person("eve@example.com"))["subscription"] is None


def savings_of(client: Client, user: User, **query: Any) -> Any:
    _key, secret = api_key_issue(user=user, actor="test")
    return client.get("/api/v1/savings", query, headers={"Authorization": f"Bearer {secret}"})


def test_staff_read_the_same_savings_as_on_their_page(client: Client) -> None:
    alice = person(is_staff=True)
    baselines.freeze_original(at=clock.now(), actor="test")
    at = clock.now()
    call(at, call_kind="closing", searches=1, search_nanos=10_000_000)
    hit(at, cache_layer="pattern")
    call(at, tier="precompute", cost_nanos=5)
    body = savings_of(client, alice, days=1).json()
    assert body["causes"]["pattern"] == 1_000_000_000
    assert body["own_costs"]["precompute"] == 5
    assert body["cost_nanos"] == 250_000_005
    assert (body["searches"], body["search_nanos"]) == (1, 10_000_000)
    assert body["cost_nanos"] == (
        body["baseline_nanos"] - sum(body["causes"].values()) + sum(body["own_costs"].values())
        + body["uncompared_nanos"]
    )
    assert savings_of(client, alice, baseline="original").json()["baseline"] == "original 1"


@pytest.mark.parametrize(
    "query", [{"days": "0"}, {"days": "401"}, {"days": "x"}, {"baseline": "mine"}]
)
def test_savings_of_nothing_that_there_is_are_a_bad_request(
    client: Client, query: dict[str, str]
) -> None:
    assert savings_of(client, person(is_staff=True), **query).status_code == 400


def test_savings_are_for_staff(client: Client) -> None:
    reply = savings_of(client, person())
    assert reply.status_code == 403
    assert reply.json()["code"] == "forbidden"
