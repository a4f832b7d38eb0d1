"""A plan is bought, raised, lowered, cancelled; what Stripe says is what somebody has."""

from datetime import timedelta

import pytest

from accounts.models import AuditEvent, Tier
from accounts.services import audit
from billing.models import Budget, Invoice, Metric, PlanPrice, StripeRequest, Window
from billing.payments import services
from costcontrol.lib.errors import Conflict, PaymentRefused
from tests.billing.payments.conftest import BACK, Shopper, deliver, price


def test_a_plan_is_active_when_the_page_comes_back(mina: Shopper) -> None:
    mina.buys("premium_month_usd")
    assert mina.tier == "free"
    mina.looks()
    assert mina.tier == "premium"


def test_a_plan_is_active_when_the_notice_was_worked_off(mina: Shopper) -> None:
    mina.buys("premium_month_usd")
    assert deliver(mina.stripe) > 0
    assert mina.tier == "premium"


def test_a_plan_changes_tier_caps_and_audit_at_once(mina: Shopper) -> None:
    window = Window.objects.create(
        scope_kind="user", scope_id=str(mina.user.pk), metric=Metric.DEBATES,
        period=Budget.Period.DAY, start=mina.now - timedelta(hours=1),
        end=mina.now + timedelta(hours=1), cap=5, spent=4, zone="UTC", rank=30,
    )
    mina.buys("premium_month_usd")
    mina.looks()
    window.refresh_from_db()
    assert (window.cap, window.spent) == (50, 4)
    row = AuditEvent.objects.get(action="tier_change")
    assert (row.actor, row.before, row.after["tier"]) == ("stripe", {"tier": "free"}, "premium")
    assert row.after["because"]["notice"] == "test"


def test_pages_can_show_what_was_bought(premium: Shopper) -> None:
    row = premium.customer.subscriptions.get()
    assert (row.status, row.tier_id, row.currency, row.amount_minor, row.interval) == (
        "active", "premium", "usd", 1900, "month"
    )
    assert row.period_end is not None
    assert row.period_end > premium.now + timedelta(days=27)
    assert premium.customer.card == "visa 4242"
    assert premium.customer.currency == "usd"
    invoice = Invoice.objects.get()
    assert (invoice.status, invoice.total_minor, invoice.paid_minor) == ("paid", 1900, 1900)
    assert invoice.page_url
    assert invoice.number


def test_an_upgrade_is_previewed_paid_and_active_at_once(premium: Shopper) -> None:
    premium.stripe.advance(days=10)
    preview = services.change_preview(
        customer=premium.customer, price=price("enterprise_month_usd"), now=premium.now
    )
    changed = premium.changes("enterprise_month_usd")
    assert changed.kind == "upgraded"
    assert premium.tier == "enterprise"
    newest = Invoice.objects.first()
    assert newest is not None
    assert newest.paid_minor == preview.due_minor
    assert "Enterprise" in newest.subject, "what is paid for, not what is given back"
    assert 0 < preview.due_minor < 19_900
    assert len(preview.lines) == 2


def test_a_downgrade_waits_for_the_end_of_the_period(premium: Shopper) -> None:
    premium.changes("enterprise_month_usd")
    assert premium.changes("premium_month_usd").kind == "scheduled"
    row = premium.customer.subscriptions.get()
    assert (row.tier_id, row.next_tier_id) == ("enterprise", "premium")
    assert premium.tier == "enterprise"
    premium.stripe.advance(days=32)
    premium.looks()
    assert premium.tier == "premium"


def test_the_preview_of_a_downgrade_costs_nothing_now(premium: Shopper) -> None:
    premium.changes("enterprise_month_usd")
    preview = services.change_preview(
        customer=premium.customer, price=price("premium_month_usd"), now=premium.now
    )
    assert preview.due_minor == 0
    assert preview.starts_at == premium.customer.subscriptions.get().period_end


def test_a_planned_downgrade_can_be_taken_back(premium: Shopper) -> None:
    premium.changes("enterprise_month_usd")
    premium.changes("premium_month_usd")
    services.resume(customer=premium.customer, now=premium.now)
    assert premium.customer.subscriptions.get().next_tier is None
    premium.stripe.advance(days=32)
    premium.looks()
    assert premium.tier == "enterprise"


def test_a_year_instead_of_a_month_is_an_upgrade_and_the_other_way_waits(premium: Shopper) -> None:
    assert premium.changes("premium_year_usd").kind == "upgraded"
    assert premium.customer.subscriptions.get().interval == "year"
    assert premium.changes("premium_month_usd").kind == "scheduled"
    assert premium.customer.subscriptions.get().interval == "year"


def test_a_cancelled_plan_stays_until_the_end_of_what_is_paid(premium: Shopper) -> None:
    services.cancel(customer=premium.customer, now=premium.now)
    assert premium.customer.subscriptions.get().is_ending
    premium.stripe.advance(days=20)
    premium.looks()
    assert premium.tier == "premium"
    premium.stripe.advance(days=15)
    premium.looks()
    assert premium.tier == "free"


def test_a_cancellation_can_be_taken_back(premium: Shopper) -> None:
    services.cancel(customer=premium.customer, now=premium.now)
    services.resume(customer=premium.customer, now=premium.now)
    assert not premium.customer.subscriptions.get().is_ending
    premium.stripe.advance(days=40)
    premium.looks()
    assert premium.tier == "premium"


def test_cancelled_and_taken_back_and_cancelled_within_a_minute(premium: Shopper) -> None:
    for _again in range(2):
        services.cancel(customer=premium.customer, now=premium.now)
        services.resume(customer=premium.customer, now=premium.now)
    services.cancel(customer=premium.customer, now=premium.now)
    assert premium.customer.subscriptions.get().is_ending


def test_a_planned_downgrade_gives_way_to_a_cancellation(premium: Shopper) -> None:
    premium.changes("enterprise_month_usd")
    premium.changes("premium_month_usd")
    services.cancel(customer=premium.customer, now=premium.now)
    premium.stripe.advance(days=40)
    premium.looks()
    assert premium.tier == "free"


def test_an_upgrade_takes_back_a_cancellation(premium: Shopper) -> None:
    services.cancel(customer=premium.customer, now=premium.now)
    assert premium.changes("enterprise_month_usd").kind == "upgraded"
    assert not premium.customer.subscriptions.get().is_ending


def test_a_declined_upgrade_changes_nothing_until_it_is_paid(premium: Shopper) -> None:
    premium.stripe.card(premium.customer.stripe_id or "", "4000000000000341")
    changed = premium.changes("enterprise_month_usd")
    assert changed.kind == "needs_action"
    assert premium.tier == "premium"
    premium.stripe.pay(changed.url)
    premium.looks()
    assert premium.tier == "enterprise"


def test_a_bank_that_asks_is_answered_on_stripes_page(mina: Shopper) -> None:
    mina.buys("premium_month_usd", card="4000002500003155")
    mina.looks()
    assert mina.tier == "premium"


def test_a_bank_that_was_never_answered_gives_nothing(mina: Shopper) -> None:
    url = services.checkout_begin(
        customer=mina.customer, price=price("premium_month_usd"), now=mina.now, **BACK
    )
    mina.stripe.visit(url, do="pay", number="4000002760003184")
    deliver(mina.stripe)
    assert mina.tier == "free"


def test_a_trial_is_given_once(mina: Shopper) -> None:
    PlanPrice.objects.filter(lookup_key="premium_month_usd").update(trial_days=14)
    mina.buys("premium_month_usd")
    mina.looks()
    assert mina.customer.subscriptions.get().status == "trialing"
    assert mina.tier == "premium"
    services.cancel(customer=mina.customer, now=mina.now)
    mina.stripe.advance(days=15)
    mina.looks()
    assert mina.tier == "free"
    mina.buys("premium_month_usd")
    mina.looks()
    assert mina.customer.subscriptions.get(ended_at=None).status == "active"


def test_a_trial_becomes_a_paid_plan(mina: Shopper) -> None:
    PlanPrice.objects.filter(lookup_key="premium_month_usd").update(trial_days=14)
    mina.buys("premium_month_usd")
    mina.stripe.advance(days=15)
    mina.looks()
    assert mina.customer.subscriptions.get().status == "active"
    assert mina.tier == "premium"


def test_won_are_charged_as_whole_won(mina: Shopper) -> None:
    mina.buys("premium_month_krw")
    mina.looks()
    assert mina.tier == "premium"
    assert Invoice.objects.get().paid_minor == 26_000
    assert mina.customer.currency == "krw"


def test_the_plan_that_staff_gave_is_what_is_left_without_a_subscription(premium: Shopper) -> None:
    audit("staff", "gives", "enterprise")
    services.base_tier_set(
        payer=services.payer_of_customer(premium.customer),  # type: ignore[arg-type]
        tier=Tier.objects.get(pk="enterprise"),
    )
    services.cancel(customer=premium.customer, now=premium.now)
    premium.stripe.advance(days=40)
    premium.looks()
    assert premium.tier == "enterprise"


def test_a_customer_at_stripe_is_made_once(mina: Shopper) -> None:
    for name in ("premium_month_usd", "enterprise_month_usd"):
        services.checkout_begin(
            customer=mina.customer, price=price(name), now=mina.now, **BACK
        )
    made = [it for it in mina.stripe.requests if (it["method"], it["path"]) ==
            ("POST", "/v1/customers")]
    assert len(made) == 1
    assert StripeRequest.objects.filter(kind="customer", state="done").count() == 1


def test_only_the_last_checkout_can_be_paid(mina: Shopper) -> None:
    first, second = (
        services.checkout_begin(customer=mina.customer, price=price(name), now=mina.now, **BACK)
        for name in ("premium_month_usd", "enterprise_month_usd")
    )
    mina.stripe.pay(first)
    mina.stripe.pay(second)
    mina.looks()
    assert mina.customer.subscriptions.count() == 1
    assert mina.tier == "enterprise"


def test_a_second_plan_cannot_be_bought(premium: Shopper) -> None:
    with pytest.raises(Conflict, match="You have a plan already"):
        premium.buys("enterprise_month_usd")


def test_the_portal_opens_for_the_customer(premium: Shopper) -> None:
    url = services.portal_begin(
        customer=premium.customer, return_url="https://example.org/", now=premium.now
    )
    assert premium.stripe.visit(url).status == 200


def test_nothing_changes_while_the_last_payment_is_open(premium: Shopper) -> None:
    premium.stripe.card(premium.customer.stripe_id or "", "4000000000000341")
    premium.stripe.advance(days=32)
    with pytest.raises(PaymentRefused, match="Pay the open invoice first"):
        premium.changes("enterprise_month_usd")
    with pytest.raises(PaymentRefused, match="Pay the open invoice first"):
        premium.buys("enterprise_month_usd")


def test_a_downgrade_taken_back_and_planned_again_within_a_minute(premium: Shopper) -> None:
    premium.changes("enterprise_month_usd")
    for _again in range(2):
        premium.changes("premium_month_usd")
        services.resume(customer=premium.customer, now=premium.now)
    assert premium.changes("premium_month_usd").kind == "scheduled"
    assert premium.customer.subscriptions.get().next_tier_id == "premium"
    premium.stripe.advance(days=32)
    premium.looks()
    assert premium.tier == "premium"


def test_a_declined_upgrade_does_not_take_back_a_cancellation(premium: Shopper) -> None:
    services.cancel(customer=premium.customer, now=premium.now)
    premium.stripe.card(premium.customer.stripe_id or "", "4000000000000341")
    assert premium.changes("enterprise_month_usd").kind == "needs_action"
    assert premium.customer.subscriptions.get().is_ending


def test_an_upgrade_that_costs_nothing_now_still_begins_at_once(mina: Shopper) -> None:
    """As in a trial: what the page says of a change is when it happens, not what is due."""
    PlanPrice.objects.filter(lookup_key="premium_month_usd").update(trial_days=14)
    mina.buys("premium_month_usd")
    mina.looks()
    preview, later = (
        services.change_preview(customer=mina.customer, price=price(name), now=mina.now)
        for name in ("enterprise_month_usd", "enterprise_year_usd")
    )
    assert (preview.due_minor, preview.is_later, later.is_later) == (0, False, False)
    assert mina.changes("enterprise_month_usd").kind == "upgraded"
    down = services.change_preview(
        customer=mina.customer, price=price("premium_month_usd"), now=mina.now
    )
    assert (down.due_minor, down.is_later) == (0, True)
