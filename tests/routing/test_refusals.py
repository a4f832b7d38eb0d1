"""Full windows in words."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings

from accounts.services import tiers_load
from billing.budgets import Rule, WindowRef
from billing.holds import NoRoom
from billing.ledger import Room
from billing.models import Metric, ScopeKind
from billing.plans import plans_load
from costcontrol.lib.errors import BudgetExhausted, QuotaExceeded, RateLimited, Refused
from routing import refusals
from routing.upgrades import PlanOffer, load, next_up

NOW, MIDNIGHT = datetime(2026, 11, 25, 12, tzinfo=UTC), datetime(2026, 11, 25, 15, tzinfo=UTC)


def refused(
    kind: str, name: str, metric: str, *, cap: int, spent: int, ends: bool = True,
    upgrade: dict[str, Any] | None = None,
) -> Refused:
    window = WindowRef(1, Rule(kind, name, metric, "day", cap), NOW, MIDNIGHT if ends else None)
    full = NoRoom([window], (Room(1, cap, spent, 0),))
    return refusals.of_no_room(full, now=NOW, upgrade=upgrade)


def test_quota_of_a_user_says_limit_used_and_when_it_opens() -> None:
    error = refused(ScopeKind.USER, "7", Metric.DEBATES, cap=5, spent=5)
    assert isinstance(error, QuotaExceeded)
    assert error.message == (
        "Limit reached: 5 of 5 debates until 2026-11-25T15:00:00+00:00. "
        "Cached answers, debates that are open already and calls outside debates still work."
    )
    assert error.retry_after_s == 3 * 3600
    assert error.details == {
        "scope": "user", "metric": "debates", "limit": 5, "used": 5,
        "resets_at": "2026-11-25T15:00:00+00:00",
        "still_works": ["cache", "open_debates", "calls"],
    }


def test_money_is_said_in_dollars() -> None:
    error = refused(ScopeKind.USER, "7", Metric.USD, cap=50_000_000, spent=49_999_000)
    assert "$0.0500 of $0.0500" in error.message


@pytest.mark.parametrize(
    ("kind", "name", "scope"),
    [("platform", "", "platform"), ("tier", "free", "tier:free"),
     ("provider", "anthropic", "provider:anthropic")],
)  # fmt: skip
def test_budget_of_the_operator_says_what_still_works_and_no_figures(
    kind: str, name: str, scope: str
) -> None:
    error = refused(kind, name, Metric.USD, cap=100, spent=100)
    assert isinstance(error, BudgetExhausted)
    assert error.details["scope"] == scope
    assert error.details["still_works"] == ["cache", "local"]
    assert not {"limit", "used"} & error.details.keys()


def test_calls_at_once_are_a_matter_of_a_second() -> None:
    error = refused(ScopeKind.USER, "7", Metric.CONCURRENT, cap=3, spent=0, ends=False)
    assert isinstance(error, RateLimited)
    assert (error.retry_after_s, error.details) == (1, {"limit": 3})


def test_limit_that_never_opens_again_promises_nothing() -> None:
    error = refused(ScopeKind.DEBATE, "d1", Metric.REQUESTS, cap=300, spent=300, ends=False)
    assert "until" not in error.message
    assert error.retry_after_s is None


UP = {
    "from": "free", "to": "premium", "tier": "premium", "title": "Premium",
    "benefit": "20 debates a day", "price": "$19.00 a month", "url": "/account/plans/",
    "checkout_url": f"{settings.SITE_URL}/account/plans/",
}


@pytest.mark.parametrize(
    ("kind", "metric", "works"),
    [("user", "debates", ["cache", "open_debates", "calls"]),
     ("org", "requests", ["cache", "debates"]), ("user", "usd", ["cache", "local"]),
     ("key", "usd", ["cache", "local"]), ("debate", "requests", ["cache", "other_debates"])],
)  # fmt: skip
def test_every_limit_says_what_still_works(kind: str, metric: str, works: list[str]) -> None:
    error = refused(kind, "7", metric, cap=5, spent=5, upgrade={"upgrade": UP})
    assert error.details["still_works"] == works
    assert error.message.endswith("still work.")
    assert ("upgrade" in error.details) == (kind in ("user", "org"))


def test_a_debate_beyond_the_plan_that_nothing_pays_for_does_not_offer_a_plan() -> None:
    error = refused(ScopeKind.CREDIT, "user:7", Metric.USD, cap=5, spent=5, ends=False,
                    upgrade={"upgrade": UP})
    assert isinstance(error, QuotaExceeded)
    assert error.details["scope"] == "credit"
    assert error.details["still_works"] == ["cache", "other_debates"]
    assert "upgrade" not in error.details


def offer(name: str, rank: int, *classes: str, is_offered: bool = True) -> PlanOffer:
    return PlanOffer(
        name, name.title(), rank, classes, is_offered, "20 debates a day", "$19.00 a month"
    )


FREE, PREMIUM = offer("free", 0, "local", is_offered=False), offer("premium", 10, "mid")
TEAM = offer("team", 20, "mid", "premium")


def test_the_next_plan_up_is_named_with_where_to_buy_it() -> None:
    assert next_up([FREE, PREMIUM, TEAM], tier="free") == UP


def test_of_a_model_class_the_next_plan_that_has_it() -> None:
    found = next_up([FREE, PREMIUM, TEAM], tier="free", feature="premium")
    assert found["to"] == "team"


def test_where_nothing_can_be_bought_no_plan_is_named() -> None:
    assert next_up([FREE, offer("premium", 10, is_offered=False)], tier="free") == {}
    assert next_up([], tier="free") == {}
    assert next_up([FREE, PREMIUM], tier="free", may_buy=False) == {}
    assert next_up([offer("free", 30), PREMIUM], tier="free") == {}


@pytest.mark.django_db
def test_plans_that_can_be_bought_say_what_they_have_and_what_they_cost(settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_1"
    tiers_load()
    plans_load()
    found = next_up(load(), tier="free")
    assert found["tier"] == "premium"
    assert found["price"] == "$19.00 / ₩26,000 a month"
    assert found["benefit"] == (
        "50 debates a day; models: local, economy, mid, premium"
    )
    assert found["checkout_url"].startswith("http")


@pytest.mark.django_db
def test_without_payments_no_plan_has_a_price() -> None:
    tiers_load()
    plans_load()
    assert {plan.price for plan in load()} == {""}
    assert next_up(load(), tier="free") == {}
