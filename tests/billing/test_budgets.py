"""Which limits a call must fit in, and how a changed limit reaches the windows that are open."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import AuditEvent, Tier, User
from accounts.services import payer_of, tiers_load
from accounts.types import Payer, TierRules
from billing import ledger
from billing.budgets import (
    Book,
    Rule,
    WindowRef,
    book_version,
    caps_apply,
    debates_rule,
    rules_of_call,
    tier_caps_apply,
    tier_change,
    user_caps_apply,
    window_get,
)
from billing.models import Budget, Metric, Window
from tests.billing.books import NOW, held

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
DAY = timedelta(days=1)
CENT = 10_000_000
SEVEN = Payer("user", "7")


@pytest.fixture(autouse=True)
def tiers() -> None:
    tiers_load()


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice@example.com", tier_id="premium")


def tier(name: str = "premium", **changes: Any) -> TierRules:
    return replace(TierRules.of(Tier.objects.get(pk=name)), **changes)


def book(*rules: Rule) -> Book:
    return Book(rules)


def limits(of: Book, **more: Any) -> dict[tuple[str, str, str, str], int]:
    """Cap by (scope, id, metric, period) of a call of user 7."""
    values: dict[str, Any] = {
        "tier": tier(), "payer": SEVEN, "user_id": 7, "key_prefix": "abcd1234",
        "provider": "openai", "debate_id": "",
    }
    found = rules_of_call(of, **values | more)
    assert len({(r.scope_kind, r.scope_id, r.metric, r.period) for r in found}) == len(found)
    return {(r.scope_kind, r.scope_id, r.metric, r.period): r.cap for r in found}


def windows_of(user: User) -> dict[str, Window]:
    """Its open windows by metric, as a call of its plan would make them."""
    user.refresh_from_db()
    rules = TierRules.of(user.tier)
    wanted = rules_of_call(
        Book.load(), tier=rules, payer=payer_of(user), user_id=user.pk, key_prefix="", provider="",
        debate_id="",
    )
    if debates := debates_rule(rules, payer_of(user)):
        wanted.append(debates)
    return {rule.metric: row(window_get(rule, now=NOW)) for rule in wanted}


def row(ref: WindowRef) -> Window:
    return Window.objects.get(pk=ref.id)


def spend(window: Window, amount: int) -> None:
    ledger.settle(held(window, amount=amount), charged=amount)


# --- which limits ------------------------------------------------------------------------------


def test_a_call_must_fit_every_budget_of_its_scopes_and_no_other() -> None:
    mine = {("platform", ""), ("provider", "openai"), ("tier", "premium"), ("key", "abcd1234"),
            ("debate", "d1")}
    others = {("provider", "anthropic"), ("tier", "free"), ("key", "other"), ("debate", "d2"),
              ("user", "8")}
    rules = [Rule(kind, name, Metric.USD, "day", 5) for kind, name in mine | others]
    found = limits(book(*rules), debate_id="d1")
    assert {key[:2] for key in found if key[2] == "usd"} == mine | {("user", "7")}


def test_the_plan_gives_every_user_a_money_ceiling() -> None:
    assert limits(book())["user", "7", "usd", "day"] == 200 * CENT


def test_a_budget_of_their_own_replaces_the_ceiling_of_the_plan() -> None:
    own = Rule("user", "7", Metric.USD, "month", 5)
    found = limits(book(own))
    assert {key: cap for key, cap in found.items() if key[2] == "usd"} == {
        ("user", "7", "usd", "month"): 5
    }


def test_a_plan_without_a_ceiling_has_no_money_window() -> None:
    assert ("user", "7", "usd", "day") not in limits(book(), tier=tier(usd_per_day_nanos=None))


def test_a_call_outside_a_debate_counts_as_a_request() -> None:
    found = limits(book())
    assert found["user", "7", "requests", "day"] == 3000
    assert not any(scope == "debate" for scope, *_ in found)


def test_a_call_inside_a_debate_counts_in_that_debate_of_that_user() -> None:
    found = limits(book(), debate_id="d1")
    assert found["debate", "7:d1", "requests", "total"] == 300
    assert ("user", "7", "requests", "day") not in found


def test_calls_at_once_count_in_and_outside_debates() -> None:
    for debate_id in ("", "d1"):
        found = limits(book(), debate_id=debate_id)
        assert found["user", "7", "concurrent", "always"] == 10


def test_unlimited_means_no_window() -> None:
    unlimited = tier(
        usd_per_day_nanos=None, requests_per_day=None, concurrent_calls=None,
        calls_per_debate=None, debates_per_day=None,
    )
    assert limits(book(), tier=unlimited) == limits(book(), tier=unlimited, debate_id="d1") == {}
    assert debates_rule(unlimited, SEVEN) is None


def test_zero_is_a_limit_and_not_unlimited() -> None:
    assert limits(book(), tier=tier(usd_per_day_nanos=0))["user", "7", "usd", "day"] == 0
    assert debates_rule(tier(debates_per_day=0), SEVEN) == Rule(
        "user", "7", "debates", "day", 0, is_quota=True
    )


def test_the_book_holds_what_the_rows_say() -> None:
    Budget.objects.create(scope_kind="tier", scope_id="free", cap_nanos=5, soft_percent=70,
                          zone="UTC")
    assert Book.load().of("tier", "free") == [
        Rule("tier", "free", "usd", "day", 5, soft_percent=70, zone="UTC")
    ]
    assert Book.load().of("tier", "premium") == []


# --- a changed budget --------------------------------------------------------------------------


def test_a_new_cap_holds_at_once_and_what_is_spent_stays() -> None:
    budget = Budget.objects.create(scope_kind="platform", cap_nanos=100)
    window = row(window_get(Book.load().of("platform", "")[0], now=NOW))
    spend(window, 60)
    Budget.objects.filter(pk=budget.pk).update(cap_nanos=40, soft_percent=70)
    assert caps_apply(scope_kind="platform", scope_id="", at=NOW) == 1
    window.refresh_from_db()
    assert (window.cap, window.soft_percent, window.spent) == (40, 70, 60)


def test_windows_of_other_days_scopes_and_periods_keep_their_cap() -> None:
    Budget.objects.create(scope_kind="platform", cap_nanos=100)
    rule = Rule("platform", "", Metric.USD, "day", 100)
    others = [
        row(window_get(rule, now=NOW - DAY)),
        row(window_get(rule, now=NOW + DAY)),
        row(window_get(replace(rule, period="month", cap=7), now=NOW)),
        row(window_get(replace(rule, scope_kind="tier", scope_id="free"), now=NOW)),
    ]
    before = [each.cap for each in others]
    Budget.objects.update(cap_nanos=40)
    assert caps_apply(scope_kind="platform", scope_id="", at=NOW) == 0
    assert [Window.objects.get(pk=each.pk).cap for each in others] == before


def test_a_window_is_made_with_the_cap_of_now_and_not_of_an_old_snapshot() -> None:
    Budget.objects.create(scope_kind="platform", cap_nanos=40)
    stale = Rule("platform", "", Metric.USD, "day", 100)
    assert row(window_get(stale, now=NOW)).cap == 40


# --- a changed plan ----------------------------------------------------------------------------


def test_an_upgrade_moves_the_caps_and_what_is_spent_stays(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(tier="free")
    before = windows_of(alice)
    spend(before["debates"], 5)
    tier_change(user=alice, tier=Tier.objects.get(pk="premium"), actor="test", at=NOW)
    after = windows_of(alice)
    assert {metric: window.pk for metric, window in after.items()} == {
        metric: window.pk for metric, window in before.items()
    }
    assert {metric: window.cap for metric, window in after.items()} == {
        "usd": 200 * CENT, "requests": 3000, "concurrent": 10, "debates": 50
    }
    assert after["debates"].spent == 5


def test_a_downgrade_may_leave_more_spent_than_the_new_cap_and_refuses(alice: User) -> None:
    money = windows_of(alice)["usd"]
    spend(money, 100 * CENT)
    tier_change(user=alice, tier=Tier.objects.get(pk="free"), actor="test", at=NOW)
    money.refresh_from_db()
    assert (money.cap, money.spent) == (5 * CENT, 100 * CENT)
    assert ledger.differences() == []


def test_a_plan_change_is_written_down(alice: User) -> None:
    tier_change(user=alice, tier=Tier.objects.get(pk="free"), actor="staff@example.com", at=NOW)
    alice.refresh_from_db()
    assert alice.tier_id == "free"
    event = AuditEvent.objects.get(action="tier_change")
    assert (event.actor, event.target) == ("staff@example.com", "alice@example.com")
    assert (event.before, event.after) == ({"tier": "premium"}, {"tier": "free"})


def test_a_plan_change_does_not_touch_a_budget_of_their_own(alice: User) -> None:
    Budget.objects.create(scope_kind="user", scope_id=str(alice.pk), cap_nanos=7)
    assert windows_of(alice)["usd"].cap == 7
    tier_change(user=alice, tier=Tier.objects.get(pk="free"), actor="test", at=NOW)
    assert windows_of(alice)["usd"].cap == 7


def test_without_a_budget_of_their_own_the_ceiling_of_the_plan_is_back(alice: User) -> None:
    own = Budget.objects.create(scope_kind="user", scope_id=str(alice.pk), cap_nanos=7)
    windows_of(alice)
    own.delete()
    user_caps_apply(user=alice, at=NOW)
    assert windows_of(alice)["usd"].cap == 200 * CENT


def test_an_edited_plan_reaches_the_open_windows_of_all_its_users(alice: User) -> None:
    bob = User.objects.create_user("bob@example.com", tier_id="premium")
    charlie = User.objects.create_user("charlie@example.com", tier_id="enterprise")
    everybody = [windows_of(user)["concurrent"] for user in (alice, bob, charlie)]
    premium = Tier.objects.get(pk="premium")
    premium.concurrent_calls = 3
    premium.save()
    assert tier_caps_apply(tier=premium, at=NOW) == 2
    assert [Window.objects.get(pk=each.pk).cap for each in everybody] == [3, 3, 50]


def test_a_window_made_with_an_old_view_of_the_plan_gets_the_cap_of_now(alice: User) -> None:
    """A process sees a new plan seconds later; the day's first call must not fix the old cap."""
    old = TierRules.of(alice.tier)
    tier_change(user=alice, tier=Tier.objects.get(pk="free"), actor="test", at=NOW)
    rules = [
        *rules_of_call(
            book(), tier=old, payer=payer_of(alice), user_id=alice.pk, key_prefix="", provider="",
            debate_id="",
        ),
        debates_rule(old, payer_of(alice)),
    ]
    caps = {rule.metric: row(window_get(rule, now=NOW)).cap for rule in rules if rule}
    assert caps == {"usd": 5 * CENT, "requests": 300, "concurrent": 3, "debates": 5}


def test_every_change_of_a_limit_is_a_new_version_of_the_book(alice: User) -> None:
    seen = [book_version()]
    free = Tier.objects.get(pk="free")
    for change in (
        lambda: caps_apply(scope_kind="platform", scope_id="", at=NOW),
        lambda: tier_change(user=alice, tier=free, actor="test", at=NOW),
        lambda: tier_caps_apply(tier=free, at=NOW),
        lambda: user_caps_apply(user=alice, at=NOW),
    ):
        change()
        assert book_version() > seen[-1]
        seen.append(book_version())
    assert Book.load().version == seen[-1]
