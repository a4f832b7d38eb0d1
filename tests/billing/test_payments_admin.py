"""Staff pages of payments: what is sold is checked, what Stripe said is only read."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client

from accounts.models import AuditEvent, Organisation, User
from accounts.services import tiers_load
from billing import credits
from billing.models import (
    CreditGrant,
    CreditPack,
    Customer,
    Invoice,
    PackPrice,
    PlanPrice,
    SentNotice,
    StripeEvent,
    StripeRequest,
    Subscription,
)
from billing.plans import packs_load, plans_load
from costcontrol.lib.clock import now
from tests.billing import paying
from tests.test_admin import change_url, save, url

pytestmark = pytest.mark.django_db
READ_ONLY = [Subscription, Invoice, StripeEvent, StripeRequest, CreditGrant, SentNotice]
LISTED = [PlanPrice, CreditPack, Customer, *READ_ONLY]
DOLLAR = 10**9


@pytest.fixture(autouse=True)
def rows(db: None) -> None:
    """One of everything."""
    tiers_load()
    plans_load()
    packs_load()
    buyer = paying.customer("bob@example.org")
    paying.subscription(buyer)
    paying.invoice(buyer)
    at = now()
    StripeEvent.objects.create(
        id="evt_1", type="invoice.paid", created_at=at, received_at=at, is_live=False,
        next_try_at=at,
    )
    StripeRequest.objects.create(customer=buyer, kind="checkout", created_at=at)
    SentNotice.objects.create(customer=buyer, kind="receipt", about="in_1", sent_at=at)
    credits.grant(customer=buyer, source="in_1", nanos=5, expires_at=at + timedelta(1), now=at)


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("alice@example.org"))
    return client


def errors_of(client: Client, address: str, **data: Any) -> str:
    response = client.post(address, data)
    assert response.status_code == 200
    return response.content.decode()


def event(action: str) -> tuple[str, Any, Any]:
    """The only one: who did it, what was before and after."""
    made = AuditEvent.objects.get(action=action)
    return made.actor, made.before, made.after


@pytest.mark.parametrize("model", LISTED)
def test_every_list_and_every_row_opens(staff: Client, model: type[Model]) -> None:
    assert staff.get(url(model, "changelist")).status_code == 200
    assert staff.get(url(model, "changelist"), {"q": "bob@"}).status_code == 200
    assert staff.get(change_url(model._default_manager.all()[0])).status_code == 200


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_stripe_said_is_neither_added_nor_changed(
    staff: Client, model: type[Model]
) -> None:
    assert staff.get(url(model, "add")).status_code == 403
    assert staff.get(change_url(model._default_manager.all()[0])).status_code == 200
    assert staff.post(change_url(model._default_manager.all()[0]), {}).status_code == 403


@pytest.mark.parametrize("model", LISTED)
def test_nothing_of_payments_is_deleted(staff: Client, model: type[Model]) -> None:
    row = model._default_manager.all()[0]
    assert staff.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403


# --- prices ---------------------------------------------------------------------------------------


def price_form(**changes: Any) -> dict[str, Any]:
    return {
        "tier": "premium", "lookup_key": "premium_special", "currency": "krw",
        "amount": "29000", "interval": "month", "trial_days": "7", "is_offered": "on",
    } | changes


def test_a_price_is_entered_in_won_or_dollars_and_kept_in_minor_units(staff: Client) -> None:
    save(staff, url(PlanPrice, "add"), **price_form())
    save(staff, url(PlanPrice, "add"), **price_form(
        lookup_key="premium_usd", currency="usd", amount="19.90"
    ))
    assert PlanPrice.objects.get(lookup_key="premium_special").amount_minor == 29_000
    made = PlanPrice.objects.get(lookup_key="premium_usd")
    assert made.amount_minor == 1990
    assert 'name="amount" value="19.90"' in staff.get(change_url(made)).content.decode()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"currency": "doge"}, "doge is not one of the available choices"),
        ({"amount": "29000.5"}, "KRW has no such fractions"),
        ({"amount": "0"}, "greater than or equal to"),
        ({"amount": "-5"}, "greater than or equal to"),
        ({"amount": "1e12"}, "less than or equal to"),
        ({"lookup_key": "Premium Special"}, "A lookup key is 3 to 80 small letters"),
        ({"lookup_key": "premium_month_usd"}, "already exists"),
        ({"tier": "gold"}, "Select a valid choice"),
    ],
)
def test_a_wrong_price_is_refused_with_a_sentence(
    staff: Client, changes: dict[str, str], sentence: str
) -> None:
    before = PlanPrice.objects.count()
    assert sentence in errors_of(staff, url(PlanPrice, "add"), **price_form(**changes))
    assert PlanPrice.objects.count() == before


def test_what_a_price_is_for_never_changes(staff: Client) -> None:
    price = PlanPrice.objects.get(lookup_key="premium_month_usd")
    save(staff, change_url(price), **price_form(amount="25", lookup_key="x", tier="free"))
    price.refresh_from_db()
    assert (price.tier_id, price.currency, price.interval) == ("premium", "usd", "month")
    assert (price.lookup_key, price.amount_minor) == ("premium_month_usd", 2500)
    _actor, before, after = event("planprice_change")
    assert (before["amount_minor"], after["amount_minor"]) == (1900, 2500)


def pack_form(**changes: Any) -> dict[str, Any]:
    return {
        "name": "huge", "credit_nanos": "500", "valid_days": "365", "is_offered": "on",
        "prices-TOTAL_FORMS": "1", "prices-INITIAL_FORMS": "0", "prices-0-currency": "usd",
        "prices-0-amount": "450",
    } | changes


def test_a_pack_and_its_prices_are_audited(staff: Client) -> None:
    save(staff, url(CreditPack, "add"), **pack_form())
    pack = CreditPack.objects.get(name="huge")
    assert pack.credit_nanos == 500 * DOLLAR
    assert pack.prices.get().amount_minor == 45_000
    assert event("packprice_create")[2]["amount_minor"] == 45_000
    assert event("creditpack_create")[0] == "alice@example.org"


@pytest.mark.parametrize(
    "changes",
    [
        {"credit_nanos": "0"}, {"credit_nanos": "-5"}, {"credit_nanos": "2000000"},
        {"credit_nanos": "ten"}, {"valid_days": "0"}, {"prices-0-amount": "0"},
        {"prices-0-currency": "gold"}, {"prices-0-currency": "krw", "prices-0-amount": "0.5"},
    ],
)
def test_a_negative_or_huge_pack_is_refused(staff: Client, changes: dict[str, str]) -> None:
    assert "error" in errors_of(staff, url(CreditPack, "add"), **pack_form(**changes))
    assert not CreditPack.objects.filter(name="huge").exists()
    assert not PackPrice.objects.filter(pack="huge").exists()


# --- customers ------------------------------------------------------------------------------------


def customer_form(**changes: Any) -> dict[str, Any]:
    return {"base_tier": "free", "give": "", "give_days": "90", "give_reason": ""} | changes


def bob() -> Customer:
    return Customer.objects.get(user__email="bob@example.org")


def test_without_a_subscription_the_base_plan_holds_at_once(staff: Client) -> None:
    Subscription.objects.update(status="canceled")
    save(staff, change_url(bob()), **customer_form(base_tier="enterprise"))
    assert User.objects.get(email="bob@example.org").tier_id == "enterprise"
    assert event("customer_change")[2]["base_tier_id"] == "enterprise"
    assert event("tier_change")[0] == "alice@example.org"


def test_with_a_subscription_the_higher_plan_counts(staff: Client) -> None:
    Customer.objects.update(base_tier="premium")
    save(staff, change_url(bob()), **customer_form(base_tier="free"))
    assert User.objects.get(email="bob@example.org").tier_id == "premium"
    save(staff, change_url(bob()), **customer_form(base_tier="enterprise"))
    assert User.objects.get(email="bob@example.org").tier_id == "enterprise"


def test_the_base_plan_of_an_organisation_is_that_of_all_its_members(staff: Client) -> None:
    campus = Organisation.objects.create(name="Campus")
    save(staff, change_url(Customer.objects.create(organisation=campus)),
         **customer_form(base_tier="premium"))
    campus.refresh_from_db()
    assert campus.tier_id == "premium"


def test_credit_from_staff_has_a_reason_and_is_given_once(staff: Client) -> None:
    form = customer_form(give="2.50", give_reason="sorry for Tuesday", once="abc123")
    for _time in range(2):
        save(staff, change_url(bob()), **form)
    made = CreditGrant.objects.get(source="staff:abc123")
    assert made.nanos == 2_500_000_000
    assert credits.balance(bob(), now=now()).left_nanos == 2_500_000_005
    actor, _before, after = event("credit_give")
    assert (actor, after["reason"]) == ("alice@example.org", "sorry for Tuesday")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"give": "5"}, "Say why"),
        ({"give": "0", "give_reason": "x"}, "more than nothing"),
        ({"give": "-1", "give_reason": "x"}, "is not an amount"),
        ({"give": "1000001", "give_reason": "x"}, "less than a million"),
        ({"give": "5", "give_reason": "x", "give_days": "0"}, "greater than or equal to 1"),
        ({"base_tier": "gold"}, "Select a valid choice"),
    ],
)
def test_wrong_credit_is_refused_and_nothing_is_given(
    staff: Client, changes: dict[str, str], sentence: str
) -> None:
    assert sentence in errors_of(staff, change_url(bob()), **customer_form(**changes))
    assert CreditGrant.objects.count() == 1


def test_nobody_gives_credit_to_a_deleted_account(staff: Client) -> None:
    gone = bob()
    Customer.objects.update(user=None)
    form = customer_form(give="5", give_reason="x")
    assert "account was deleted" in errors_of(staff, change_url(gone), **form)
