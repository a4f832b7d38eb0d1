"""What plans and payers bring in less what they cost, and what other prices would have done."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.services import tiers_load
from billing import rollups
from billing.models import DailyPayer, RollupState, UsageRecord
from billing.reports import margin, simulator
from billing.reports.margin import MONTH, Use, margins, percentile
from billing.reports.ranges import Bucket
from billing.reports.rates import Rates
from billing.reports.simulator import WhatIf, simulate
from billing.reports.subscriptions import Sub
from tests.billing import paying
from tests.billing.paying import DAY, NOW, sub
from tests.costcontrol.dashboard import rows as calls

RATES = Rates(Decimal(1000))
SPAN = Bucket(NOW - MONTH, NOW)
DAYS, _SPAN = margin.days_of(NOW, zone="Asia/Seoul")
uses = st.lists(
    st.builds(
        Use, payer=st.sampled_from([f"user:{n}" for n in range(8)]),
        tier=st.sampled_from(["free", "premium"]), calls=st.integers(0, 9),
        plan_nanos=st.integers(0, 10**11),
    ),
    max_size=12, unique_by=lambda use: (use.payer, use.tier),
)
buyers = st.lists(
    st.builds(paying.sub, user_id=st.integers(0, 9), amount_minor=st.integers(0, 10**5)),
    max_size=8, unique_by=lambda each: each.user_id,
)


@given(uses, buyers)
def test_plans_add_up_to_everything(used: list[Use], bought: list[Sub]) -> None:
    found = margins(used, bought, SPAN, RATES)
    assert found.cost_nanos == sum(use.plan_nanos for use in used)
    assert found.earned_nanos == sum(each.amount_minor * 10**7 for each in bought)
    assert found.nanos == sum(plan.nanos for plan in found.plans)
    for plan in found.plans:
        assert plan.cost.median_nanos <= plan.cost.p95_nanos
    assert all(each.nanos < 0 for each in found.losing)
    assert len(found.losing) <= found.losing_number


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({}, 1.0),
        ({"started_at": NOW - 15 * DAY}, 0.5),
        ({"trial_end": NOW - 3 * DAY, "started_at": NOW - 17 * DAY}, 0.1),
        ({"status": "trialing", "trial_end": NOW + DAY}, 0),
        ({"status": "past_due", "past_due_since": NOW - 6 * DAY}, 0.8),
        ({"status": "canceled", "ended_at": NOW - 24 * DAY}, 0.2),
        ({"status": "canceled", "ended_at": NOW - 60 * DAY}, 0),
        ({"status": "incomplete"}, 0),
        ({"status": "paused"}, 0),
    ],
)
def test_a_price_counts_for_the_days_that_were_paid(
    changes: dict[str, object], part: float
) -> None:
    assert margin.paid_time(sub(**changes), SPAN) == MONTH * part


def test_won_are_compared_with_dollars_by_the_rate() -> None:
    found = margins([], [sub(currency="krw", amount_minor=19_000)], SPAN, RATES)
    assert found.earned_nanos == 19 * 10**9
    assert margins([], [sub(currency="eur")], SPAN, RATES).left_out == ("eur",)


def test_whoever_changed_the_plan_is_one_user_who_loses_or_not() -> None:
    used = [Use("user:1", "free", 1, 3 * 10**9), Use("user:1", "premium", 1, 10**9)]
    assert margins(used, [sub()], SPAN, RATES).losing == ()
    (worst,) = margins(used, [sub(amount_minor=100)], SPAN, RATES).losing
    assert (worst.payer, worst.nanos) == ("user:1", -3 * 10**9)


@pytest.mark.parametrize(("percent", "value"), [(50, 2), (95, 4), (100, 4), (1, 1)])
def test_percentiles_are_values_that_somebody_has(percent: int, value: int) -> None:
    assert percentile([1, 2, 3, 4], percent) == value


# --- what usage rows are summed to ----------------------------------------------------------------


def _paid(payer: str, paid_from: str = "plan", **columns: Any) -> UsageRecord:
    return calls.call(payer=payer, paid_from=paid_from, cost_nanos=100, **columns)


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_days_of_payers_are_the_sums_of_their_rows() -> None:
    _paid("org:3", debate_id="a")
    _paid("org:3", debate_id="a")
    _paid("org:3", debate_id="")
    _paid("org:3", paid_from="credit", debate_id="b")
    _paid("org:3", paid_from="overage", debate_id="")
    calls.failure(calls.NOW)
    _paid("user:9", at=calls.NOW - timedelta(hours=13))  # before midnight in Seoul
    rollups.catch_up(now=calls.NOW + timedelta(hours=2))
    rows = {(row.day.isoformat(), row.payer): row for row in DailyPayer.objects.all()}
    assert len(rows) == 3
    org = rows["2026-11-25", "org:3"]
    assert (org.calls, org.debates, org.debate_nanos, org.plan_nanos) == (5, 2, 200, 300)
    assert (org.beyond_nanos, org.credit_nanos) == (200, 100)
    assert rows["2026-11-24", "user:9"].plan_nanos == 100
    assert rows["2026-11-25", "user:1"].calls == 0  # rows without a payer: who called


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_late_rows_and_older_days_are_summed_too() -> None:
    later = calls.NOW + timedelta(hours=2)
    _paid("user:5")
    rollups.catch_up(now=later)
    _paid("user:5")  # its hour is over
    _paid("user:5", at=calls.NOW - 3 * DAY)
    rollups.catch_up(now=later)
    assert sum(DailyPayer.objects.values_list("plan_nanos", flat=True)) == 300
    DailyPayer.objects.all().delete()  # as if the table were new
    rollups.catch_up(now=later)
    assert sum(DailyPayer.objects.values_list("plan_nanos", flat=True)) == 300
    assert RollupState.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_calls_of_the_running_hour_cost_somebody_something_already() -> None:
    now = calls.NOW + timedelta(hours=2, minutes=30)
    _paid("user:5")
    _paid("user:9", at=now - 31 * DAY)  # before these days
    rollups.catch_up(now=now)
    _paid("user:5", at=now - timedelta(minutes=9))
    _paid("org:3", "credit", at=now - timedelta(minutes=8))
    _paid("org:3", at=now)  # not over yet
    days, _span = margin.days_of(now, zone="Asia/Seoul")
    whole = {use.payer: use for use in margin.read_whole_hours(days)}
    assert (whole["user:5"].plan_nanos, len(whole)) == (100, 1)
    found = {use.payer: use for use in margin.read_uses(days, until=now)}
    assert (found["user:5"].calls, found["user:5"].plan_nanos) == (2, 200)
    assert (found["org:3"].plan_nanos, found["org:3"].beyond_nanos) == (0, 100)
    assert margin.read_uses(days, until=now - timedelta(minutes=9)) == tuple(whole.values())


# --- what if --------------------------------------------------------------------------------------


def estimate(what_if: WhatIf, *, limited: list[Use] | None = None) -> simulator.Estimate:
    used = [Use("user:1", "premium", 9, 4 * 10**9), Use("user:2", "premium", 9, 2 * 10**9)]
    free = [Use(f"user:{n}", "free", 1, 10**9) for n in range(10, 20)]
    return simulate(
        what_if, uses=used, limited=used if limited is None else limited, free=free,
        subs=[sub(user_id=1), sub(user_id=2), sub(user_id=3), sub(user_id=4)], span=SPAN,
        rates=RATES,
    )


NO_CHANGE = WhatIf("premium", {"usd": 1900}, 50)


def test_nothing_changed_is_what_it_was() -> None:
    found = estimate(NO_CHANGE)
    assert (found.plan_after, found.free_after) == (found.plan_before, found.free_before)
    assert found.plan_before.users == 4
    assert found.plan_before.nanos == (4 * 19 - 6) * 10**9
    assert found.p95_after_nanos == found.p95_before_nanos == 15 * 10**9


def test_another_price_changes_only_what_comes_in() -> None:
    found = estimate(WhatIf("premium", {"usd": 2900}, 50))
    assert found.plan_after.earned_nanos == 4 * 29 * 10**9
    assert found.plan_after.cost_nanos == found.plan_before.cost_nanos


def test_leavers_take_their_price_along_and_go_on_as_free_users() -> None:
    found = estimate(WhatIf("premium", {"usd": 1900}, 50, leave=50))
    assert found.left == 2
    assert found.plan_after.earned_nanos == 2 * 19 * 10**9
    assert found.plan_after.cost_nanos == 3 * 10**9
    assert found.free_after.cost_nanos == 12 * 10**9
    assert found.after.users == found.before.users


def test_joiners_bring_a_price_and_the_cost_of_the_plan() -> None:
    found = estimate(WhatIf("premium", {"usd": 1900}, 50, join=20))
    assert found.joined == 2
    assert found.plan_after.earned_nanos == 6 * 19 * 10**9
    assert found.plan_after.cost_nanos == 9 * 10**9
    assert found.free_after.cost_nanos == 8 * 10**9


def test_everybody_may_leave() -> None:
    found = estimate(WhatIf("premium", {"usd": 1900}, 50, leave=100))
    assert (found.plan_after.users, found.plan_after.nanos) == (0, 0)


def test_a_plan_that_nobody_has_can_be_simulated() -> None:
    found = simulate(
        WhatIf("premium", {}, None, leave=10, join=10), uses=[], limited=[], free=[], subs=[],
        span=SPAN, rates=RATES,
    )
    assert found.after.nanos == found.before.nanos == 0


@pytest.mark.django_db
@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("quota_now", "quota", "cost"),
    [
        (50, 50, 3 * 10**9),  # as it is
        (50, None, 3 * 10**9),  # no limit: nobody does more
        (50, 5, 2 * 10**9),  # both days had ten: half of the debates' cost
        (50, 0, 10**9),  # no debate: what is outside stays
        (10, 20, 5 * 10**9),  # used up, and would be again
        (11, 20, 3 * 10**9),  # not used up
        (None, 5, 2 * 10**9),
    ],
)
def test_a_quota_cuts_or_stretches_days(quota_now: int, quota: int, cost: int) -> None:
    tiers_load()
    paying.day("user:1", plan_nanos=2 * 10**9)
    paying.day("user:1", day=NOW.date() - DAY)
    paying.day("user:1", tier="free")
    paying.day("user:1", day=NOW.date() - 31 * DAY)
    (use,) = simulator.read_limited(DAYS, tier="premium", quota_now=quota_now, quota=quota)
    assert use.plan_nanos == cost
