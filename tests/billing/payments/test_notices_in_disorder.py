"""Notices that come twice, late, in another order or never; workers that die."""

from datetime import timedelta
from random import Random

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEvent, User
from billing.models import Customer, Invoice, StripeEvent, StripeRequest, Subscription
from billing.payments import events, reconcile, services
from billing.payments import sync as looking
from billing.payments.facts import CustomerFacts, PriceFacts, SubscriptionFacts
from tests.billing.payments.conftest import NOON, Shopper, deliver, post
from tests.services.stripe import StripeFake


def live_through(shopper: Shopper) -> list[str]:
    """Months of a customer: what they should have after each step, and what they had."""
    wrong = []

    def step(name: str, due: str) -> None:
        deliver(shopper.stripe)
        if shopper.tier != due:
            wrong.append(f"{name}: {shopper.tier} instead of {due}")

    shopper.buys("premium_month_usd")
    step("bought", "premium")
    shopper.changes("enterprise_month_usd")
    step("raised", "enterprise")
    shopper.changes("premium_month_usd")
    step("lowered", "enterprise")
    shopper.stripe.advance(days=32)
    step("the lower one has begun", "premium")
    services.cancel(customer=shopper.customer, now=shopper.now)
    step("cancelled", "premium")
    shopper.stripe.advance(days=35)
    step("ended", "free")
    return wrong


def test_each_step_is_right_when_every_notice_comes_once(mina: Shopper) -> None:
    assert live_through(mina) == []
    assert not StripeEvent.objects.filter(state="pending").exists()


def test_each_step_is_right_with_duplicates_in_any_order(mina: Shopper) -> None:
    mina.stripe.chaos(duplicate=0.5, reorder=True)
    assert live_through(mina) == []


def test_what_lost_notices_left_wrong_is_right_after_one_reconcile(mina: Shopper) -> None:
    """Nobody looks when the page comes back, and 30% of all notices never arrive."""
    mina.stripe.chaos(drop=0.3, duplicate=0.3, reorder=True)
    mina.buys("premium_month_usd")
    deliver(mina.stripe)
    mina.stripe.chaos(drop=1.0)
    mina.stripe.card(mina.customer.stripe_id or "", "4000000000000341")
    mina.stripe.advance(days=32)
    deliver(mina.stripe)
    found = services.reconcile(changed_since=None, now=mina.now)
    assert (found.looked_at, found.differences) == (1, 1)
    assert Subscription.objects.get().status == "past_due"
    assert mina.tier == "premium"
    again = services.reconcile(changed_since=None, now=mina.now)
    assert (again.looked_at, again.differences) == (1, 0)


def test_the_hourly_look_finds_who_changed_at_stripe_alone(premium: Shopper) -> None:
    """Cancelled in Stripe's portal, every notice lost, nothing in our tables is of today."""
    premium.stripe.advance(days=5)
    stripe_sub = premium.customer.subscriptions.get().stripe_id
    client_cancel(premium.stripe, stripe_sub)
    since = premium.now - timedelta(hours=1)
    assert reconcile.reconcile(changed_since=since, now=premium.now).differences == 1
    assert premium.tier == "free"


def client_cancel(stripe: StripeFake, subscription: str) -> None:
    from billing.payments.client import stripe_client

    stripe_client().v1.subscriptions.cancel(subscription)


def test_notices_that_never_arrived_are_fetched(mina: Shopper) -> None:
    mina.stripe.chaos(drop=1.0)
    mina.buys("premium_month_usd")
    deliver(mina.stripe)
    assert mina.tier == "free"
    assert reconcile.backfill(now=mina.now) > 0
    assert reconcile.backfill(now=mina.now) == 0
    events.work_off(now=mina.now)
    assert mina.tier == "premium"


def test_a_worker_that_dies_leaves_its_notices_to_the_next_one(mina: Shopper) -> None:
    mina.buys("premium_month_usd")
    mina.stripe.deliver(post)

    class Killed(Exception):
        pass

    def look_and_die() -> None:
        """After Stripe answered, before anything is committed."""
        with transaction.atomic():
            mina.looks()
            raise Killed

    looking.look_begin(mina.customer)
    with pytest.raises(Killed):
        look_and_die()
    assert mina.tier == "free"
    assert not Subscription.objects.exists()
    assert events.work_off(now=mina.now) > 0
    assert mina.tier == "premium"


def test_while_stripe_is_away_notices_wait_longer_and_longer(
    mina: Shopper, settings: object
) -> None:
    mina.buys("premium_month_usd")
    mina.stripe.deliver(post)
    StripeEvent.objects.filter(state="pending").exclude(type="invoice.paid").delete()
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"  # type: ignore[attr-defined]
    now, pauses = mina.now, []
    events.work_off(now=now)
    row = StripeEvent.objects.get(state="pending")
    pauses.append(row.next_try_at - now)
    assert row.note.startswith("Stripe cannot be reached")
    assert events.work_off(now=now) == 0  # not due
    settings.STRIPE_API_BASE = mina.stripe.url  # type: ignore[attr-defined]
    assert events.work_off(now=row.next_try_at) == 1
    assert mina.tier == "premium"


def test_one_customer_who_cannot_be_looked_at_does_not_stop_the_others(
    mina: Shopper, caplog: pytest.LogCaptureFixture
) -> None:
    mina.buys_pack()
    StripeRequest.objects.filter(kind="pack").update(params={"call": {}})  # a row that broke
    juno = Shopper(User.objects.create_user("juno@example.com"), mina.stripe)
    juno.buys("premium_month_usd")
    deliver(mina.stripe)
    assert juno.tier == "premium"
    waiting = StripeEvent.objects.filter(state="pending")
    assert set(waiting.values_list("stripe_customer", flat=True)) == {mina.customer.stripe_id}
    assert services.reconcile(changed_since=None, now=mina.now).looked_at == 1
    assert "could not be looked at" in caplog.text


def test_a_notice_about_somebody_unknown_grants_nothing(premium: Shopper) -> None:
    Customer.objects.update(stripe_id="cus_of_somebody_else")
    StripeRequest.objects.filter(kind="customer").delete()
    deliver(premium.stripe)
    assert set(StripeEvent.objects.exclude(note="nothing depends on this type").values_list(
        "state", "note"
    )) == {("ignored", "unknown customer")}


def test_a_customer_who_was_deleted_at_stripe_is_free_and_can_buy_again(premium: Shopper) -> None:
    from billing.payments.client import stripe_client

    stripe_client().v1.customers.delete(premium.customer.stripe_id or "")
    deliver(premium.stripe)
    assert premium.tier == "free"
    assert premium.customer.stripe_id is None
    premium.buys("enterprise_month_usd")
    premium.looks()
    assert premium.tier == "enterprise"


@pytest.mark.postgresql
def test_a_late_answer_never_overwrites_a_newer_one(premium: Shopper) -> None:
    slow = looking.look_begin(premium.customer)
    old = looking.fetch(premium.customer.stripe_id or "")
    premium.changes("enterprise_month_usd")
    result = looking.look_write(premium.customer, old, look=slow, now=premium.now, because="slow")
    assert not result.is_written
    assert premium.tier == "enterprise"


# A customer's history, as Stripe would tell it: states of one subscription, one after the other.
HISTORY = [
    ("incomplete", "premium"), ("active", "premium"), ("active", "enterprise"),
    ("past_due", "enterprise"), ("active", "enterprise"), ("active", "premium"),
    ("unpaid", "premium"), ("active", "premium"), ("canceled", "premium"),
]
TIERS = ["free", "premium", "enterprise", "enterprise", "enterprise", "premium", "free", "premium",
         "free"]


def facts_at(step: int) -> CustomerFacts:
    status, tier = HISTORY[step]
    return CustomerFacts(currency="usd", subscriptions=(SubscriptionFacts(
        id="sub_1", status=status, prices=(PriceFacts("price_x", f"{tier}_month_usd"),),
        currency="usd", amount_minor=1900, interval="month", started_at=NOON, period_start=NOON,
        period_end=NOON + timedelta(days=30), trial_end=None, is_ending=False, schedule_id="",
        next_price=None, ended_at=None,
    ),))


@st.composite
def looks(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """How far Stripe was when each look asked, and the order in which their answers are written."""
    steps = sorted(draw(st.lists(st.integers(0, len(HISTORY) - 1), min_size=2, max_size=8)))
    return steps, draw(st.permutations(range(len(steps))))


@pytest.mark.postgresql
@settings(
    max_examples=15, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(looks())
def test_in_whatever_order_answers_are_written_the_one_asked_last_counts(
    mina: Shopper, overlapping: tuple[list[int], list[int]]
) -> None:
    steps, order = overlapping
    numbers = [looking.look_begin(mina.customer) for _step in steps]
    newest = -1
    for place in order:
        looking.look_write(
            mina.customer, facts_at(steps[place]), look=numbers[place], now=NOON, because="test"
        )
        newest = max(newest, place)
        assert mina.tier == TIERS[steps[newest]]


def test_ten_thousand_notices_in_any_order_end_in_the_same_state(mina: Shopper) -> None:
    """They arrive, some of them twice, whenever they like while months go by; a worker takes those
    that are there. In the end all is as Stripe says, as if each had come once and in order."""
    random = Random(20261125)
    mina.buys("premium_month_usd")
    stripe_id = mina.customer.stripe_id or ""
    waiting = [notice(number, stripe_id) for number in range(10_000)]
    waiting += random.choices(waiting, k=1_000)
    random.shuffle(waiting)
    for step in (
        lambda: mina.changes("enterprise_month_usd"),
        lambda: mina.changes("premium_month_usd"),
        lambda: mina.stripe.advance(days=32),
        lambda: services.cancel(customer=mina.customer, now=mina.now),
    ):
        arrive(waiting[:1_500], mina)
        del waiting[:1_500]
        step()
    mina.stripe.advance(days=35)
    arrive(waiting, mina)
    assert StripeEvent.objects.filter(state="done").count() == 10_000
    seen = snapshot(mina)
    assert seen["tier"] == "free"
    assert not mina.looks().is_changed
    assert snapshot(mina) == seen


def notice(number: int, stripe_id: str) -> StripeEvent:
    return StripeEvent(
        id=f"evt_{number}", type="customer.subscription.updated", created_at=NOON,
        received_at=NOON, next_try_at=NOON, is_live=False,
        stripe_customer=stripe_id,
    )


def arrive(rows: list[StripeEvent], shopper: Shopper) -> None:
    StripeEvent.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    while events.work_off(now=shopper.now):
        pass


def snapshot(shopper: Shopper) -> dict[str, object]:
    return {
        "tier": shopper.tier,
        "subscriptions": list(Subscription.objects.order_by("stripe_id").values_list(
            "stripe_id", "status", "tier", "is_ending", "next_tier", "period_end", "ended_at"
        )),
        "invoices": list(Invoice.objects.order_by("stripe_id").values_list(
            "stripe_id", "status", "paid_minor", "tries"
        )),
    }


def test_emails_go_once_however_often_notices_come(
    mina: Shopper, mailoutbox: list[object], django_capture_on_commit_callbacks: object
) -> None:
    mina.stripe.chaos(duplicate=0.9)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        mina.buys("premium_month_usd")
        deliver(mina.stripe)
        mina.looks()
        mina.looks()
    assert len(mailoutbox) == 1
    assert Invoice.objects.count() == 1
    assert User.objects.get().tier_id == "premium"
    assert AuditEvent.objects.filter(action="tier_change").count() == 1
