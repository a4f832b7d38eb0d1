"""Money that comes in: what it adds up to, whom it comes from, and where months begin."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import AuditEvent
from accounts.services import tiers_load
from billing.models import CreditGrant, DailyPayer, StripeEvent
from billing.reports import churn, collected, failed_payments, packs, subscriptions, webhooks
from billing.reports.churn import TierChange
from billing.reports.months import last_months, name_of
from billing.reports.rates import Rates
from billing.reports.revenue import recurring
from billing.reports.subscriptions import Sub
from tests.billing import paying
from tests.billing.paying import DAY, NOW, sub

RATES = Rates(Decimal(1400))
MONTHS = last_months(6, zone="Asia/Seoul", now=NOW)
moments = st.integers(-200 * 24, 24).map(lambda hours: NOW + timedelta(hours=hours))
subs = st.builds(
    paying.sub,
    customer_id=st.integers(1, 4),
    tier=st.sampled_from(["premium", "enterprise"]),
    status=st.sampled_from(["active", "trialing", "past_due", "canceled", "incomplete"]),
    currency=st.sampled_from(["usd", "krw", "eur"]),
    amount_minor=st.integers(0, 10**7),
    interval=st.sampled_from(["month", "year"]),
    started_at=moments,
).flatmap(lambda made: st.builds(
    lambda hours: replaced(made, hours), st.one_of(st.none(), st.integers(0, 3000))
))


def replaced(made: Sub, hours: int | None) -> Sub:
    if hours is None or made.started_at is None:
        return made
    return replace(made, ended_at=made.started_at + timedelta(hours=hours), status="canceled")


# --- recurring ------------------------------------------------------------------------------------


@given(st.lists(subs, max_size=12))
def test_plans_add_up_to_the_currencies_and_those_to_the_total(found: list[Sub]) -> None:
    whole = recurring(found, RATES)
    for currency, minor in whole.by_currency.items():
        mine = [plan for plan in whole.plans if plan.currency == currency]
        assert minor == sum(plan.paid.minor for plan in mine)
    with_access = [each for each in found if each.has_access]
    counted = sum(plan.paid.number + plan.trial.number + plan.past_due.number
                  for plan in whole.plans)
    assert counted == len(with_access)
    in_usd = [RATES.nanos(minor, name) for name, minor in whole.by_currency.items()]
    assert whole.total.nanos == sum(nanos for nanos in in_usd if nanos is not None)


def test_trials_and_open_invoices_stand_apart() -> None:
    whole = recurring(
        [sub(), sub(status="trialing"), sub(status="past_due"), sub(status="paused")], RATES
    )
    (plan,) = whole.plans
    assert (plan.paid.number, plan.trial.number, plan.past_due.number) == (1, 1, 1)
    assert whole.by_currency == {"usd": 1900}


@pytest.mark.parametrize(("amount", "monthly"), [(19_000, 1583), (12, 1), (18, 2), (17, 1), (0, 0)])
def test_a_yearly_price_counts_by_a_twelfth_rounded_half_up(amount: int, monthly: int) -> None:
    assert sub(interval="year", amount_minor=amount).monthly_minor == monthly


def test_currencies_are_added_up_by_the_rate_and_unknown_ones_are_left_out() -> None:
    found = [sub(), sub(currency="krw", amount_minor=14_000), sub(currency="eur")]
    whole = recurring(found, RATES)
    assert whole.total.nanos == 29 * 10**9
    assert whole.total.left_out == ("eur",)
    assert whole.by_currency == {"usd": 1900, "krw": 14_000, "eur": 1900}


@pytest.mark.django_db
@pytest.mark.postgresql
def test_subscriptions_are_read_as_they_were_written() -> None:
    tiers_load()
    row = paying.subscription(interval="year")
    paying.subscription(tier_id=None)
    first, second = subscriptions.read()
    assert (first.payer, first.tier) == (f"user:{row.customer.user_id}", "premium")
    assert first.started_at == row.started_at
    assert second.tier == subscriptions.NO_PLAN


# --- who came and left ----------------------------------------------------------------------------


@given(st.lists(subs, max_size=10))
def test_customers_at_the_start_plus_new_less_lost_are_those_of_the_next_month(
    found: list[Sub],
) -> None:
    months = churn.movements(found, [], MONTHS)
    for this, following in pairwise(months):
        assert this.at_start + this.new - this.lost == following.at_start


def test_a_subscription_that_goes_on_with_another_is_neither_new_nor_lost() -> None:
    middle = MONTHS[3].start + 10 * DAY
    found = churn.movements(
        [sub(started_at=MONTHS[0].start, ended_at=middle, status="canceled"),
         sub(started_at=middle, tier="enterprise")],
        [], MONTHS,
    )
    assert [each.new for each in found] == [1, 0, 0, 0, 0, 0]
    assert sum(each.lost for each in found) == 0


def test_whoever_comes_back_after_a_gap_is_new_again() -> None:
    left, back = MONTHS[2].start + DAY, MONTHS[4].start + DAY
    found = churn.movements(
        [sub(started_at=MONTHS[0].start - DAY, ended_at=left, status="canceled"),
         sub(started_at=back)],
        [], MONTHS,
    )
    assert [each.lost for each in found] == [0, 0, 1, 0, 0, 0]
    assert [each.new for each in found] == [0, 0, 0, 0, 1, 0]
    assert found[2].churn_bp == 10_000


def test_a_first_payment_that_was_never_made_is_no_customer() -> None:
    found = churn.movements([sub(status="incomplete_expired", started_at=NOW)], [], MONTHS)
    assert found[-1].new == 0


def test_only_changes_between_paid_plans_are_up_and_downgrades() -> None:
    changes = [TierChange(NOW, 10, 20), TierChange(NOW, 20, 10), TierChange(NOW, 0, 10),
               TierChange(NOW, 20, 0), TierChange(MONTHS[-1].end, 10, 20)]
    last = churn.movements([], changes, MONTHS)[-1]
    assert (last.upgraded, last.downgraded) == (1, 1)


@pytest.mark.django_db
@pytest.mark.postgresql
def test_edits_of_a_plan_are_no_changes_between_plans() -> None:
    tiers_load()
    for before, after in (({"tier": "premium"}, {"tier": "enterprise"}),
                          ({"name": "premium", "rank": 1}, {"name": "premium", "rank": 2})):
        event = AuditEvent.objects.create(
            actor="a", action="tier_change", target="t", before=before, after=after
        )
        AuditEvent.objects.filter(pk=event.pk).update(at=NOW)
    changes = churn.read_changes(MONTHS)
    assert sum(each.after > each.before for each in changes) == 1


# --- months ---------------------------------------------------------------------------------------


@given(st.sampled_from(["Asia/Seoul", "UTC", "America/New_York", "Asia/Kathmandu"]), moments)
def test_months_follow_one_another_without_a_gap(zone: str, now: datetime) -> None:
    months = last_months(14, zone=zone, now=now)
    assert months[-1].start <= now < months[-1].end
    assert all(a.end == b.start for a, b in pairwise(months))
    assert len({name_of(month, zone=zone) for month in months}) == 14


@pytest.mark.django_db
@pytest.mark.postgresql
def test_a_payment_belongs_to_the_local_month() -> None:
    tiers_load()
    edge = datetime(2026, 10, 31, 15, tzinfo=UTC)  # midnight in Seoul
    paying.invoice(paid_at=edge)
    paying.invoice(paid_at=edge - timedelta(microseconds=1), paid_minor=100)
    here = collected.collected(MONTHS)
    assert [each.kept_minor for each in here[-2:]] == [100, 1900]
    there = collected.collected(last_months(2, zone="UTC", now=NOW))
    assert [each.kept_minor for each in there] == [2000, 0]


@pytest.mark.django_db
@pytest.mark.postgresql
def test_a_refund_is_taken_off_the_month_of_its_payment() -> None:
    tiers_load()
    paying.invoice(paid_at=NOW - 40 * DAY, refunded_minor=500)
    paying.invoice()
    paying.invoice(currency="krw", paid_minor=26_000, total_minor=26_000)
    paying.invoice(status="open", paid_at=None, paid_minor=0)
    found = {(name_of(each.month, zone="Asia/Seoul"), each.currency): each.kept_minor
             for each in collected.collected(MONTHS)}
    assert found["2026-10", "usd"] == 1400
    assert found["2026-11", "usd"] == 1900
    assert found["2026-11", "krw"] == 26_000
    assert sum(found.values()) == 1400 + 1900 + 26_000


# --- failed payments ------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.postgresql
def test_open_invoices_that_were_tried_are_failed_payments() -> None:
    tiers_load()
    buyer = paying.customer("late@example.org")
    paying.subscription(buyer, status="past_due", past_due_since=NOW - 3 * DAY)
    late: dict[str, Any] = {
        "status": "open", "paid_at": None, "paid_minor": 400, "next_try_at": NOW + DAY,
    }
    paying.invoice(buyer, tries=2, created_at=NOW - 3 * DAY, **late)
    paying.invoice(buyer, tries=0, **late)  # not charged yet
    paying.invoice(tries=1, currency="krw", total_minor=14_000, **late | {"paid_minor": 0})
    found = failed_payments.failed_payments(RATES)
    assert found.number == 2
    assert found.total.nanos == 25 * 10**9
    first = found.invoices[0]
    assert (first.name, first.due_minor, first.tries) == ("late@example.org", 1500, 2)
    assert first.grace_until == NOW + 4 * DAY
    assert found.invoices[1].grace_until is None


# --- credit, notices ------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.postgresql
def test_credit_is_sold_given_used_and_lapses_in_its_month() -> None:
    tiers_load()
    buyer, last_month = paying.customer(), NOW - 40 * DAY
    for source, nanos, granted in (("in_1", 10, NOW), ("staff:a", 5, NOW), ("in_2", 7, last_month)):
        CreditGrant.objects.create(
            customer=buyer, source=source, nanos=nanos, granted_at=granted,
            expires_at=NOW + DAY, lapsed_nanos=3 if source == "in_2" else 0,
            lapsed_at=NOW if source == "in_2" else None,
        )
    DailyPayer.objects.create(
        day=NOW.date(), tier="premium", payer="user:1", calls=1, debates=0, debate_nanos=0,
        plan_nanos=0, beyond_nanos=9, credit_nanos=4,
    )
    before, this = packs.credit_months(MONTHS[-2:])
    assert (this.sold, this.given, this.used, this.lapsed) == (10, 5, 4, 3)
    assert (before.sold, before.given, before.used, before.lapsed) == (7, 0, 0, 0)
    assert packs.totals().granted == 22


@pytest.mark.django_db
@pytest.mark.postgresql
def test_the_queue_is_behind_when_a_notice_waits_too_long() -> None:
    usual = {"type": "invoice.paid", "created_at": NOW, "is_live": False, "next_try_at": NOW}
    StripeEvent.objects.create(id="evt_1", received_at=NOW - timedelta(minutes=6), **usual)
    StripeEvent.objects.create(id="evt_2", received_at=NOW, state="failed", note="no", **usual)
    queue = webhooks.queue()
    assert (queue.pending, queue.failed_number, queue.failed[0].note) == (1, 1, "no")
    assert queue.is_behind(NOW)
    assert not queue.is_behind(NOW - timedelta(minutes=2))


@pytest.mark.django_db
@pytest.mark.postgresql
def test_plans_that_only_a_look_put_right_are_counted() -> None:
    tiers_load()
    for why in ("reconcile", "customer.subscription.updated"):
        AuditEvent.objects.create(
            actor="stripe", action="tier_change", target="t", before={"tier": "free"},
            after={"tier": "premium", "because": {"notice": why, "look": 1}},
        )
    AuditEvent.objects.update(at=NOW)
    assert webhooks.corrections(NOW).number == 1
    assert webhooks.corrections(NOW + 8 * DAY).number == 0
