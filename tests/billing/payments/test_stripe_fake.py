"""The Stripe that our tests run against, held to the SDK that the real one is spoken to with."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe
from stripe import StripeClient, StripeObject

from tests.services.stripe import StripeFake, running_stripe, visit
from tests.upstreams.stripe.params import type_named

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
OK = "https://shop.test/done?session={CHECKOUT_SESSION_ID}"
PLANS = {"basic": (1900, 29_000), "big": (9900, 149_000)}


@pytest.fixture
def fake() -> Iterator[StripeFake]:
    with running_stripe(clock=START) as running:
        yield running


@pytest.fixture
def client(fake: StripeFake) -> StripeClient:
    """With two plans in it, in dollars and in won."""
    client = StripeClient(fake.key, base_addresses={"api": fake.url}, max_network_retries=2)
    for name, (usd, krw) in PLANS.items():
        product = client.v1.products.create({"name": name.title()})
        client.v1.prices.create({
            "product": product.id, "currency": "usd", "unit_amount": usd, "lookup_key": name,
            "recurring": {"interval": "month"}, "currency_options": {"krw": {"unit_amount": krw}},
        })  # fmt: skip
    return client


def price(client: StripeClient, name: str) -> str:
    return client.v1.prices.list({"lookup_keys": [name]}).data[0].id


def checkout(client: StripeClient, plan: str = "basic", **more: Any) -> Any:
    customer = client.v1.customers.create({"email": "mina@example.com"})
    return client.v1.checkout.sessions.create({
        "mode": "subscription", "customer": customer.id, "success_url": OK,
        "line_items": [{"price": price(client, plan), "quantity": 1}], **more,
    })  # fmt: skip


def bought(client: StripeClient, fake: StripeFake, plan: str = "basic", **more: Any) -> Any:
    session = checkout(client, plan, **more)
    fake.pay(session.url)
    return client.v1.subscriptions.list({"customer": session.customer}).data[0]


def item(subscription: Any) -> Any:
    return subscription["items"].data[0]


def day(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%m-%d")


def upgrade(client: StripeClient, subscription: Any, plan: str = "big") -> Any:
    return client.v1.subscriptions.update(subscription.id, {
        "items": [{"id": item(subscription).id, "price": price(client, plan)}],
        "proration_behavior": "always_invoice", "payment_behavior": "pending_if_incomplete",
    })  # fmt: skip


# The SDK is the contract.


def test_parameters_that_the_sdk_does_not_know_are_refused(client: StripeClient) -> None:
    wrong: Any = {"emial": "mina@example.com"}
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.create(wrong)
    assert (caught.value.code, caught.value.param) == ("parameter_unknown", "emial")

    deep: Any = {"from_subscription": "sub_1", "phases": [{"itmes": [{"price": "p"}]}]}
    with pytest.raises(stripe.InvalidRequestError, match=r"phases\[0\]\[itmes\]"):
        client.v1.subscription_schedules.create(deep)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"currency": None}, "parameter_missing"),
        ({"unit_amount": "ten"}, "parameter_invalid_integer"),
        ({"recurring": {"interval": "fortnight"}}, None),
        ({"product": "prod_none"}, "resource_missing"),
    ],
)
def test_values_are_held_to_their_types(client: StripeClient, change: Any, code: str) -> None:
    product = client.v1.products.create({"name": "Third"})
    call: Any = {"product": product.id, "currency": "usd", "unit_amount": 100} | change
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.prices.create(call)
    assert caught.value.code == code


def test_a_module_that_the_sdk_does_not_have_raises() -> None:
    with pytest.raises(ModuleNotFoundError):
        type_named("customer_beget")


def test_no_answer_has_a_field_that_the_sdk_does_not_have(
    client: StripeClient, fake: StripeFake
) -> None:
    subscription = bought(client, fake)
    fake.advance(days=5)
    upgrade(client, subscription)
    fake.card(subscription.customer, "4000000000000259")
    client.v1.subscription_schedules.create({"from_subscription": subscription.id})
    fake.advance(days=40)
    charge = client.v1.charges.list({"customer": subscription.customer, "limit": 100}).data[-1]
    client.v1.refunds.create({"charge": charge.id, "amount": 100})
    coupon = client.v1.coupons.create({"percent_off": 10})
    client.v1.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}})
    client.v1.billing_portal.sessions.create({"customer": subscription.customer})
    v1 = client.v1
    seen = sum(
        _count(answer) for answer in (
            v1.customers.list({"expand": ["data.subscriptions"]}), v1.products.list(),
            v1.prices.list({"expand": ["data.currency_options"]}), v1.events.list({"limit": 100}),
            v1.subscriptions.list({"status": "all"}), v1.subscription_schedules.list(),
            v1.invoices.list({"expand": ["data.payments"]}), v1.payment_intents.list(),
            v1.charges.list({"expand": ["data.refunds"]}), v1.refunds.list(), v1.disputes.list(),
            v1.coupons.list(), v1.promotion_codes.list(), v1.billing_portal.configurations.list(),
            v1.checkout.sessions.list({"expand": ["data.line_items"]}),
            v1.payment_methods.list({"customer": subscription.customer}),
        )
    )  # fmt: skip
    assert seen > 300


def _count(thing: Any) -> int:
    """Of objects looked at, every field of each checked."""
    if isinstance(thing, list):
        return sum(_count(it) for it in thing)
    if not isinstance(thing, StripeObject):
        return 0
    known: set[str] = set()
    for base in type(thing).__mro__:
        known |= set(vars(base).get("__annotations__", {}))
    fields = thing._data
    if "object" in known:
        assert set(fields) <= known, (type(thing).__name__, set(fields) - known)
    return 1 + sum(_count(value) for value in fields.values())


# Errors, lists, keys.


def test_errors_are_those_of_stripe(client: StripeClient, fake: StripeFake) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.retrieve("cus_none")
    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")
    assert str(caught.value.request_id).startswith("req_")

    stranger = StripeClient("pk_not_secret", base_addresses={"api": fake.url})
    with pytest.raises(stripe.AuthenticationError):
        stranger.v1.customers.list()

    old: Any = {"stripe_version": "2019-01-01"}
    with pytest.raises(stripe.InvalidRequestError, match="version"):
        client.v1.customers.list({}, old)


def test_lists_come_in_pages_newest_first(client: StripeClient) -> None:
    made = [client.v1.customers.create({"email": f"{n}@example.com"}).id for n in range(5)]
    first = client.v1.customers.list({"limit": 2})
    assert [it.id for it in first.data] == made[:2:-1]
    assert first.has_more
    assert [it.id for it in first.auto_paging_iter()] == made[::-1]


def test_a_key_gives_the_same_answer_for_a_day(client: StripeClient, fake: StripeFake) -> None:
    def create(email: str) -> str:
        return client.v1.customers.create({"email": email}, {"idempotency_key": "one"}).id

    first = create("a@example.com")
    assert create("a@example.com") == first
    with pytest.raises(stripe.IdempotencyError):
        create("b@example.com")
    fake.advance(hours=25)
    assert create("b@example.com") != first


def test_a_key_that_is_in_use_is_a_conflict(client: StripeClient, fake: StripeFake) -> None:
    impatient = StripeClient(fake.key, base_addresses={"api": fake.url}, max_network_retries=0)
    fake.slow("POST /v1/customers", seconds=0.4)
    slow = threading.Thread(
        target=impatient.v1.customers.create, args=({}, {"idempotency_key": "one"})
    )
    slow.start()
    while not any(it["key"] == "one" for it in fake.requests):
        pass
    with pytest.raises(stripe.APIError) as caught:
        impatient.v1.customers.create({}, {"idempotency_key": "one"})
    slow.join()
    assert caught.value.http_status == 409
    assert len(client.v1.customers.list().data) == 1


def test_an_answer_can_be_lost_after_it_took_effect(
    client: StripeClient, fake: StripeFake
) -> None:
    impatient = StripeClient(fake.key, base_addresses={"api": fake.url}, max_network_retries=0)
    fake.cut("POST /v1/customers")
    with pytest.raises(stripe.APIConnectionError):
        impatient.v1.customers.create({}, {"idempotency_key": "one"})
    impatient.v1.customers.create({}, {"idempotency_key": "one"})
    assert len(client.v1.customers.list().data) == 1


# Buying.


def test_a_plan_is_bought_on_the_page(client: StripeClient, fake: StripeFake) -> None:
    session = checkout(client, client_reference_id="user:1", currency="krw")
    assert (session.amount_total, session.currency) == (29_000, "krw")
    page = visit(session.url, language="ko")
    assert "29,000 KRW" in page.text
    assert "실제 돈이 오가지 않습니다" in page.text

    declined = fake.pay(session.url, "4000000000000002")
    assert (declined.status, "Your card was declined." in declined.text) == (402, True)
    done = fake.pay(session.url, "4000002500003155")  # by way of the bank's page
    assert done.location == OK.replace("{CHECKOUT_SESSION_ID}", session.id)
    assert fake.pay(session.url).status == 410

    session = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["subscription"]})
    assert (session.status, session.payment_status) == ("complete", "paid")
    assert (session.subscription.status, session.client_reference_id) == ("active", "user:1")
    invoice = client.v1.invoices.retrieve(session.subscription.latest_invoice)
    assert (invoice.status, invoice.total) == ("paid", 29_000)
    assert invoice.parent.subscription_details.subscription == session.subscription.id
    assert visit(invoice.invoice_pdf).text.startswith("%PDF-1.4")


def test_one_customer_has_one_currency(client: StripeClient, fake: StripeFake) -> None:
    subscription = bought(client, fake, currency="krw")
    with pytest.raises(stripe.InvalidRequestError, match="combine currencies"):
        client.v1.checkout.sessions.create({
            "mode": "subscription", "customer": subscription.customer, "success_url": OK,
            "line_items": [{"price": price(client, "big"), "quantity": 1}], "currency": "usd",
        })  # fmt: skip


def test_a_bank_that_says_no_sells_nothing(client: StripeClient, fake: StripeFake) -> None:
    session = checkout(client)
    asked = visit(session.url, do="pay", number="4000002500003155")
    assert visit(asked.location, do="fail").status == 402
    assert client.v1.subscriptions.list({"customer": session.customer}).data == []
    assert fake.pay(session.url).status == 303


def test_a_code_makes_it_cheaper_once(client: StripeClient, fake: StripeFake) -> None:
    coupon = client.v1.coupons.create({"percent_off": 25, "duration": "once"})
    client.v1.promotion_codes.create({
        "promotion": {"type": "coupon", "coupon": coupon.id}, "code": "SPRING",
    })  # fmt: skip
    session = checkout(client, allow_promotion_codes=True)
    assert visit(session.url, do="code", code="AUTUMN").status == 400
    visit(session.url, do="code", code="spring")
    fake.pay(session.url)
    fake.advance(days=31)
    invoices = client.v1.invoices.list({"customer": session.customer}).data
    assert [it.total for it in invoices] == [1900, 1425]


def test_a_saved_card_can_be_charged_while_its_owner_is_away(
    client: StripeClient, fake: StripeFake
) -> None:
    subscription = bought(client, fake)
    call: Any = {
        "amount": 500, "currency": "usd", "customer": subscription.customer, "confirm": True,
        "off_session": True, "payment_method": subscription.default_payment_method,
    }  # fmt: skip
    assert client.v1.payment_intents.create(call).status == "succeeded"
    fake.card(subscription.customer, "4000002760003184")
    now = client.v1.subscriptions.retrieve(subscription.id)
    call["payment_method"] = now.default_payment_method
    with pytest.raises(stripe.CardError) as caught:
        client.v1.payment_intents.create(call)
    assert caught.value.code == "authentication_required"


def test_a_card_can_be_saved_without_paying(client: StripeClient, fake: StripeFake) -> None:
    customer = client.v1.customers.create({})
    session = client.v1.checkout.sessions.create({
        "mode": "setup", "customer": customer.id, "currency": "usd", "success_url": OK,
    })  # fmt: skip
    assert fake.pay(str(session.url), "4000000000000002").status == 402
    fake.pay(str(session.url), "4000000000000341")
    session = client.v1.checkout.sessions.retrieve(session.id)
    intent = client.v1.setup_intents.retrieve(str(session.setup_intent))
    assert [it.id for it in client.v1.customers.payment_methods.list(customer.id).data] == [
        intent.payment_method
    ]


# The life of a subscription.


def test_periods_are_calendar_months(client: StripeClient, fake: StripeFake) -> None:
    subscription = bought(client, fake)
    ends = [day(item(subscription).current_period_end)]
    for _ in range(3):
        fake.advance(days=31)
        now = client.v1.subscriptions.retrieve(subscription.id)
        ends.append(day(item(now).current_period_end))
    assert ends == ["02-28", "03-31", "04-30", "05-31"]
    totals = [it.total for it in client.v1.invoices.list().data]
    assert totals == [1900] * 4


def test_an_upgrade_costs_what_its_preview_said(client: StripeClient, fake: StripeFake) -> None:
    subscription = bought(client, fake, currency="krw")
    fake.advance(days=14)  # half of 28
    preview = client.v1.invoices.create_preview({
        "subscription": subscription.id,
        "subscription_details": {
            "items": [{"id": item(subscription).id, "price": price(client, "big")}],
            "proration_behavior": "always_invoice",
        },
    })  # fmt: skip
    assert [it.amount for it in preview.lines.data] == [-14_500, 74_500]
    upgraded = upgrade(client, subscription)
    assert item(upgraded).price.lookup_key == "big"
    invoice = client.v1.invoices.retrieve(upgraded.latest_invoice)
    assert invoice.total == preview.amount_due == 60_000
    assert item(upgraded).current_period_end == item(subscription).current_period_end


@pytest.mark.parametrize("is_yes", [True, False])
def test_an_upgrade_waits_for_its_payment(
    client: StripeClient, fake: StripeFake, is_yes: bool
) -> None:
    subscription = bought(client, fake)
    fake.card(subscription.customer, "4000002760003184")
    fake.advance(days=3)
    waiting = upgrade(client, subscription)
    assert (waiting.status, item(waiting).price.lookup_key) == ("active", "basic")
    assert waiting.pending_update is not None
    assert waiting.pending_update.subscription_items is not None

    invoice = client.v1.invoices.retrieve(
        str(waiting.latest_invoice), {"expand": ["payments.data.payment.payment_intent"]}
    )
    assert invoice.payments is not None
    intent: Any = invoice.payments.data[0].payment.payment_intent
    visit(intent.next_action.redirect_to_url.url, do="complete" if is_yes else "fail")
    fake.advance(days=1)
    after = client.v1.subscriptions.retrieve(subscription.id)
    assert after.pending_update is None
    assert item(after).price.lookup_key == ("big" if is_yes else "basic")
    assert client.v1.invoices.retrieve(invoice.id).status == ("paid" if is_yes else "void")


def test_a_downgrade_waits_for_the_end_of_the_period(
    client: StripeClient, fake: StripeFake
) -> None:
    subscription = bought(client, fake, "big")
    schedule = client.v1.subscription_schedules.create({"from_subscription": subscription.id})
    phase = schedule.phases[0]
    client.v1.subscription_schedules.update(schedule.id, {
        "end_behavior": "release",
        "phases": [
            {"items": [{"price": price(client, "big")}], "start_date": phase.start_date,
             "end_date": phase.end_date},
            {"items": [{"price": price(client, "basic")}], "duration": {"interval": "month"}},
        ],
    })  # fmt: skip
    with pytest.raises(stripe.InvalidRequestError, match="managed by the subscription schedule"):
        client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    seen = []
    for days in (27, 2, 31):
        fake.advance(days=days)
        now = client.v1.subscriptions.retrieve(subscription.id)
        seen.append((item(now).price.lookup_key, now.schedule is None))
    assert seen == [("big", False), ("basic", False), ("basic", True)]
    assert [it.total for it in client.v1.invoices.list().data] == [1900, 1900, 9900]


def test_a_cancellation_comes_at_the_end_and_can_be_undone(
    client: StripeClient, fake: StripeFake
) -> None:
    subscription = bought(client, fake)
    for wish in (True, False, True):
        set = client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": wish})
        assert set.cancel_at_period_end is wish
    fake.advance(days=29)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "canceled"
    assert fake.events[-1]["type"] == "customer.subscription.deleted"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.subscriptions.update(subscription.id, {"cancel_at_period_end": True})


@pytest.mark.parametrize(("end", "status"), [("cancel", "canceled"), ("unpaid", "unpaid")])
def test_a_renewal_that_fails_is_tried_again_and_then_given_up(
    client: StripeClient, fake: StripeFake, end: str, status: str
) -> None:
    fake.settings(dunning_end=end)
    subscription = bought(client, fake)
    fake.card(subscription.customer, "4000000000000341")
    seen = []
    for days in (28, 1, 2, 4):
        fake.advance(days=days)
        now = client.v1.subscriptions.retrieve(subscription.id)
        invoice = client.v1.invoices.retrieve(str(now.latest_invoice))
        planned = invoice.next_payment_attempt
        seen.append((now.status, invoice.attempt_count, planned and day(planned)))
    assert seen == [
        ("past_due", 1, "03-01"), ("past_due", 2, "03-03"), ("past_due", 3, "03-07"),
        (status, 4, None),
    ]  # fmt: skip


def test_a_debt_is_paid_on_the_invoices_page(client: StripeClient, fake: StripeFake) -> None:
    subscription = bought(client, fake)
    fake.card(subscription.customer, "4000000000000341")
    fake.advance(days=29)
    invoice = client.v1.invoices.list({"status": "open"}).data[0]
    assert fake.pay(str(invoice.hosted_invoice_url), "4000000000000002").status == 402
    fake.pay(str(invoice.hosted_invoice_url))
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"
    fake.advance(days=31)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"


def test_a_trial_is_free_and_then_costs(client: StripeClient, fake: StripeFake) -> None:
    subscription = bought(client, fake, subscription_data={"trial_period_days": 7})
    assert subscription.status == "trialing"
    fake.advance(days=4.5)
    assert fake.events[-1]["type"] == "customer.subscription.trial_will_end"
    fake.advance(days=3)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"
    assert [it.total for it in client.v1.invoices.list().data] == [1900, 0]


def test_paused_collection_asks_for_nothing(client: StripeClient, fake: StripeFake) -> None:
    subscription = bought(client, fake)
    client.v1.subscriptions.update(subscription.id, {"pause_collection": {"behavior": "void"}})
    fake.advance(days=29)
    assert [it.status for it in client.v1.invoices.list().data] == ["void", "paid"]
    assert client.v1.subscriptions.retrieve(subscription.id).status == "active"


@pytest.mark.parametrize(("missing", "status"), [("cancel", "canceled"), ("pause", "paused")])
def test_a_trial_without_a_card_ends_as_it_was_told(
    client: StripeClient, fake: StripeFake, missing: Any, status: str
) -> None:
    customer = client.v1.customers.create({})
    subscription = client.v1.subscriptions.create({
        "customer": customer.id, "items": [{"price": price(client, "basic")}],
        "trial_period_days": 7,
        "trial_settings": {"end_behavior": {"missing_payment_method": missing}},
    })  # fmt: skip
    fake.advance(days=8)
    assert client.v1.subscriptions.retrieve(subscription.id).status == status
    if status == "paused":
        fake.card(customer.id, "4242424242424242")
        assert client.v1.subscriptions.resume(subscription.id).status == "active"


def test_a_first_payment_that_never_comes_expires(client: StripeClient, fake: StripeFake) -> None:
    customer = client.v1.customers.create({"payment_method": "pm_card_chargeCustomerFail"})
    method = client.v1.customers.payment_methods.list(customer.id).data[0]
    subscription = client.v1.subscriptions.create({
        "customer": customer.id, "items": [{"price": price(client, "basic")}],
        "default_payment_method": method.id,
    })  # fmt: skip
    assert subscription.status == "incomplete"
    fake.advance(hours=24)
    assert client.v1.subscriptions.retrieve(subscription.id).status == "incomplete_expired"


def test_refunds_and_disputes_are_told_of(client: StripeClient, fake: StripeFake) -> None:
    session = checkout(client)
    fake.pay(session.url, "4000000000000259")
    charge = client.v1.charges.list({"customer": session.customer}).data[0]
    assert charge.disputed
    with pytest.raises(stripe.InvalidRequestError, match="charged back"):
        client.v1.refunds.create({"charge": charge.id})
    client.v1.disputes.close(client.v1.disputes.list({"charge": charge.id}).data[0].id)

    other = bought(client, fake)
    paid = client.v1.charges.list({"customer": other.customer}).data[0]
    client.v1.refunds.create({"charge": paid.id, "amount": 900})
    client.v1.refunds.create({"charge": paid.id})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"charge": paid.id})
    kinds = [it["type"] for it in fake.events if it["type"].startswith("charge.")]
    assert kinds == [
        "charge.succeeded", "charge.dispute.created", "charge.dispute.closed", "charge.succeeded",
        "charge.refunded", "charge.refunded",
    ]  # fmt: skip


def test_customers_help_themselves_on_the_portal(client: StripeClient, fake: StripeFake) -> None:
    plans = client.v1.prices.list().data
    configuration = client.v1.billing_portal.configurations.create({
        "features": {
            "subscription_cancel": {"enabled": True}, "payment_method_update": {"enabled": True},
            "subscription_update": {
                "enabled": True, "default_allowed_updates": ["price"],
                "proration_behavior": "always_invoice",
                "products": [{"product": str(it.product), "prices": [it.id]} for it in plans],
                "schedule_at_period_end": {"conditions": [{"type": "decreasing_item_amount"}]},
            },
        },
    })  # fmt: skip
    subscription = bought(client, fake)
    portal = client.v1.billing_portal.sessions.create({
        "customer": subscription.customer, "configuration": configuration.id,
        "return_url": "https://shop.test/account",
    })  # fmt: skip
    assert "https://shop.test/account" in visit(portal.url).text

    def now() -> Any:
        return client.v1.subscriptions.retrieve(subscription.id)

    visit(portal.url, do=f"switch:{price(client, 'big')}")
    assert item(now()).price.lookup_key == "big"
    visit(portal.url, do=f"switch:{price(client, 'basic')}")
    assert item(now()).price.lookup_key == "big"
    assert now().schedule
    visit(portal.url, do="keep")
    visit(portal.url, do="cancel")
    assert (now().schedule, now().cancel_at_period_end) == (None, True)
    assert visit(portal.url, do="card", number="4000000000000002").status == 402


# Webhooks.


def test_deliveries_are_signed_and_tried_again(client: StripeClient, fake: StripeFake) -> None:
    client.v1.customers.create({})
    seen: list[Any] = []

    def refuse(body: bytes, signature: str) -> int:
        seen.append(client.construct_event(body, signature, "whsec_fake"))
        return 500

    first = fake.deliver(refuse)
    assert {it.api_version for it in seen} == {stripe.api_version}
    assert fake.deliver(refuse) == []
    fake.advance(hours=1)
    assert fake.deliver(lambda body, signature: 200) == [it | {"status": 200} for it in first]
    fake.advance(days=3)
    assert fake.deliver(refuse) == []


def test_deliveries_can_be_lost_repeated_and_shuffled(
    client: StripeClient, fake: StripeFake
) -> None:
    for n in range(40):
        client.v1.customers.create({"name": str(n)})
    order = [it["id"] for it in fake.events]
    fake.chaos(duplicate=0.3, drop=0.3, reorder=True)
    came = [it["event"] for it in fake.deliver(lambda body, signature: 200)]
    assert 15 < len(set(came)) < len(order)
    assert len(came) > len(set(came))
    assert came != sorted(came, key=order.index)
    fake.chaos()
    fake.redeliver(order[0])
    assert [it["event"] for it in fake.deliver(lambda body, signature: 200)] == [order[0]]
