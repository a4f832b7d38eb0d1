"""Buying: Stripe's hosted Checkout for a plan or a credit pack. Nothing is granted here, nor by the
page that people come back to: `sync` does, when Stripe says that it was paid.

A customer has one open Checkout for a plan at most, so that no plan is paid twice.
"""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from billing.models import Customer, PackPrice, PlanPrice, StripeRequest
from billing.payments import customers, requests
from billing.payments.catalogue import pack_check, price_check
from billing.payments.client import asking, stripe_client
from billing.payments.facts import METADATA_CUSTOMER, METADATA_REQUEST
from billing.payments.mirror import current
from billing.payments.requests import PACK
from billing.payments.sync import sync
from costcontrol.lib.currencies import format_minor
from costcontrol.lib.errors import BadRequest, Conflict, PaymentRefused
from costcontrol.lib.sentences import Sentence as _

if TYPE_CHECKING:
    from stripe import StripeClient

PLAN = "checkout"
LARGEST_MINOR = 99_999_999  # that Stripe charges at once


def checkout_begin(
    *, customer: Customer, price: PlanPrice, success_url: str, cancel_url: str, now: datetime
) -> str:
    """The address of the page where this plan is paid."""
    stripe_client()
    price_check(price, customer=customer)
    if customer.stripe_id:
        sync(customer=customer, now=now, because="checkout")
        customer.refresh_from_db()
        price_check(price, customer=customer)
    _has_no_plan(customer)
    row = requests.request_open(customer=customer, kind=PLAN, now=now, params={
        "call": _plan_call(customer, price, success_url, cancel_url, now=now)
    })
    _expire_others(row, now=now)
    return str(requests.request_run(row, partial(_session, row=row)).url)


def pack_begin(
    *, customer: Customer, pack: PackPrice, success_url: str, cancel_url: str, now: datetime
) -> str:
    """The address of the page where this credit is paid."""
    stripe_client()
    pack_check(pack, customer=customer)
    amount_check(pack.amount_minor, pack.currency)
    row = requests.request_open(customer=customer, kind=PACK, now=now, params={
        "call": _pack_call(customer, pack, success_url, cancel_url, now=now),
        "grant": granted_for(pack),
    })
    return str(requests.request_run(row, partial(_session, row=row)).url)


def granted_for(pack: PackPrice) -> dict[str, Any]:
    """What is granted when the money came: written down before it is asked for."""
    return {
        "nanos": pack.pack.credit_nanos, "days": pack.pack.valid_days,
        "amount_minor": pack.amount_minor, "currency": pack.currency,
    }


def amount_check(minor: int, currency: str) -> None:
    if 0 < minor <= LARGEST_MINOR:
        return
    raise BadRequest(
        _("%(amount)s cannot be charged. Choose an amount up to %(most)s.")
        % {"amount": format_minor(minor, currency), "most": format_minor(LARGEST_MINOR, currency)}
    )


def price_id_of(price: PlanPrice) -> str:
    """Stripe's id of it, found by its lookup key the first time."""
    if price.stripe_price_id:
        return price.stripe_price_id
    with asking() as client:
        found = client.v1.prices.list({"lookup_keys": [price.lookup_key], "active": True}).data
    if not found:
        raise BadRequest(
            _("This plan cannot be bought yet: its price is missing at Stripe. Write to us.")
        )
    PlanPrice.objects.filter(pk=price.pk).update(stripe_price_id=found[0].id)
    price.stripe_price_id = found[0].id
    return price.stripe_price_id


def _has_no_plan(customer: Customer) -> None:
    now = current(list(customer.subscriptions.select_related("tier")))
    if now is None:
        return
    if now.status in ("past_due", "unpaid"):
        raise PaymentRefused(
            _("Your last payment did not go through. Pay the open invoice first, then change.")
        )
    raise Conflict(_("You have a plan already. Change it instead of buying a second one."))


def _plan_call(
    customer: Customer, price: PlanPrice, success_url: str, cancel_url: str, *, now: datetime
) -> dict[str, Any]:
    return {
        "mode": "subscription",
        "customer": customers.stripe_id_of(customer, now=now),
        "client_reference_id": str(customer.pk),
        "line_items": [{"price": price_id_of(price), "quantity": 1}],
        "subscription_data": {"metadata": {METADATA_CUSTOMER: str(customer.pk)}}
        | _trial(customer, price),
        "allow_promotion_codes": True,
        "success_url": success_url,
        "cancel_url": cancel_url,
    }


def _trial(customer: Customer, price: PlanPrice) -> dict[str, Any]:
    """Once: who had a plan before pays from the first day."""
    if not price.trial_days or customer.subscriptions.exists():
        return {}
    ends = {"end_behavior": {"missing_payment_method": "cancel"}}
    return {"trial_period_days": price.trial_days, "trial_settings": ends}


def _pack_call(
    customer: Customer, pack: PackPrice, success_url: str, cancel_url: str, *, now: datetime
) -> dict[str, Any]:
    name = f"Credit for model calls: {pack.pack.name}"
    product = {"currency": pack.currency, "unit_amount": pack.amount_minor,
               "product_data": {"name": name}}
    return {
        "mode": "payment",
        "customer": customers.stripe_id_of(customer, now=now),
        "client_reference_id": str(customer.pk),
        "line_items": [{"price_data": product, "quantity": 1}],
        "payment_intent_data": {"setup_future_usage": "off_session", "description": name},
        "invoice_creation": {"enabled": True},
        "success_url": success_url,
        "cancel_url": cancel_url,
    }


def _session(client: "StripeClient", row: StripeRequest) -> Any:
    """Of a payment our row's number travels along, and comes back with it."""
    call = dict(row.params["call"])
    named = {METADATA_REQUEST: str(row.pk)}
    call["metadata"] = named
    if row.kind == PACK:
        call["payment_intent_data"] = call["payment_intent_data"] | {"metadata": named}
    return client.v1.checkout.sessions.create(call, requests.key(row))  # type: ignore[arg-type]


def _expire_others(row: StripeRequest, *, now: datetime) -> None:
    """Checkouts for other plans that are still open somewhere: only the last one can be paid."""
    others = StripeRequest.objects.filter(
        customer=row.customer_id, kind=PLAN, state__in=(requests.OPEN, requests.DONE),
        created_at__gt=now - requests.KEYS_LIVE, pk__lt=row.pk,
    )
    for other in others:
        if other.state == requests.OPEN:  # a crash kept its id from us: the same key tells it
            requests.request_run(other, partial(_session, row=other))
        _expire(other)


def _expire(row: StripeRequest) -> None:
    with asking() as client:
        session = client.v1.checkout.sessions.retrieve(row.result_id)
        if session.status == "open":
            client.v1.checkout.sessions.expire(row.result_id)
    requests.close(row, state=requests.REFUSED, result_id=row.result_id, note="expired")
