"""Automatic top-up: the saved card is charged for one more pack when credit runs low. The customer
chose the pack, the threshold and how often a day; never twice for one need, never silently.
"""

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from accounts.services import audit
from billing import credits
from billing.models import CreditGrant, Customer, PackPrice, StripeRequest
from billing.notices import notice_send
from billing.payments import requests
from billing.payments.checkout import amount_check, granted_for
from billing.payments.client import stripe_client
from billing.payments.customers import currency_of
from billing.payments.facts import METADATA_REQUEST
from billing.payments.fetching import saved_card
from billing.payments.grants import source_of
from billing.payments.sync import sync
from costcontrol.lib.errors import PaymentRefused
from costcontrol.lib.sentences import Sentence as _

if TYPE_CHECKING:
    from stripe import StripeClient

TOPUP = "topup"
DAY = timedelta(days=1)
FAILURES = 3  # in a row: then it is switched off
log = logging.getLogger(__name__)


def top_up(*, customer: Customer, now: datetime) -> bool:
    """Whether credit was bought. Raises PaymentRefused when the card says no."""
    stripe_client()
    if not _is_needed(customer, now=now) or not _is_still_needed(customer, now=now):
        return False
    row = _wish(customer, card=_card(customer), now=now)
    if row is None:
        return False
    try:
        topup_run(row)
    except PaymentRefused as error:
        if error.retry_after_s is None:
            _failed(customer, row, error.message, now=now)
        raise
    sync(customer=customer, now=now, because=TOPUP)
    return CreditGrant.objects.filter(source=source_of(row.result_id)).exists()


def top_up_all(*, now: datetime) -> int:
    """Everybody who wishes it and runs low."""
    bought = 0
    for customer in Customer.objects.filter(topup_pack__isnull=False, stripe_id__isnull=False):
        try:
            bought += top_up(customer=customer, now=now)
        except PaymentRefused as error:
            log.warning("stripe: no top-up for %s: %s", customer, error)
        except Exception:  # whatever is wrong with one customer must not stop the others
            log.exception("stripe: no top-up for %s", customer)
    return bought


def topup_run(row: StripeRequest) -> Any:
    return requests.request_run(row, lambda client: _charge(client, row))


def _charge(client: "StripeClient", row: StripeRequest) -> Any:
    call = row.params["call"] | {"metadata": {METADATA_REQUEST: str(row.pk)}}
    return client.v1.payment_intents.create(call, requests.key(row))


def _is_needed(customer: Customer, *, now: datetime) -> bool:
    """Credit runs low, and the customer's limit of a day allows one more."""
    if customer.topup_pack_id is None or customer.frozen_at or not customer.stripe_id:
        return False
    if credits.balance(customer, now=now).left_nanos >= customer.topup_below_nanos:
        return False
    today = customer.requests.filter(kind=TOPUP, created_at__gt=now - DAY)
    return today.exclude(state=requests.OPEN).count() < customer.topups_per_day


def _is_still_needed(customer: Customer, *, now: datetime) -> bool:
    """After a look at Stripe: what was charged, whether its answer reached us or not, is credit
    now. Else a crash in between would buy another one."""
    sync(customer=customer, now=now, because=TOPUP)
    customer.refresh_from_db()
    return _is_needed(customer, now=now) and not _waits_for_grant(customer, now=now)


def _waits_for_grant(customer: Customer, *, now: datetime) -> bool:
    """Charged within a day, and no credit yet. (Later: a payment that never succeeded.)"""
    done = customer.requests.filter(kind=TOPUP, state=requests.DONE, created_at__gt=now - DAY)
    last = done.order_by("pk").last()
    return last is not None and not _is_granted(last)


def _is_granted(row: StripeRequest) -> bool:
    return CreditGrant.objects.filter(source=source_of(row.result_id)).exists()


def _card(customer: Customer) -> str:
    card = saved_card(str(customer.stripe_id))
    if not card:
        raise PaymentRefused(_("No card is saved. Save one under “Manage card”."))
    return card


@transaction.atomic
def _wish(customer: Customer, *, card: str, now: datetime) -> StripeRequest | None:
    """The row of this need: the one that a crash left open, else a new one if the day allows it."""
    row = requests.locked(customer)
    mine = row.requests.filter(kind=TOPUP)
    if open_one := mine.filter(
        state=requests.OPEN, created_at__gt=now - requests.KEYS_LIVE
    ).first():
        return open_one
    if _waits_for_grant(row, now=now):  # another worker's, who has not written its credit yet
        return None
    price = _price(row) if _is_needed(row, now=now) else None
    if price is None:
        return None
    return requests.written(row, TOPUP, now=now, params={
        "call": _call(row, price, card), "grant": granted_for(price),
    })


def _price(customer: Customer) -> PackPrice | None:
    prices = PackPrice.objects.select_related("pack").filter(pack=customer.topup_pack_id)
    price = prices.filter(currency=currency_of(customer)).first()
    if price is not None:
        amount_check(price.amount_minor, price.currency)
    return price


def _call(customer: Customer, price: PackPrice, card: str) -> dict[str, Any]:
    return {
        "amount": price.amount_minor, "currency": price.currency,
        "customer": str(customer.stripe_id), "payment_method": card,
        "off_session": True, "confirm": True,
        "description": f"Credit for model calls: {price.pack_id}",
    }


def _failed(customer: Customer, row: StripeRequest, why: str, *, now: datetime) -> None:
    last = customer.requests.filter(kind=TOPUP).order_by("-pk")[:FAILURES]
    states = [it.state for it in last]
    is_off = states == [requests.REFUSED] * FAILURES
    if is_off:
        _switch_off(customer)
    notice_send(customer=customer, kind="topup_failed", about=str(row.pk), now=now, context={
        "why": why, "pack": row.params["grant"], "is_off": is_off,
        "amount_minor": row.params["grant"]["amount_minor"],
        "currency": row.params["grant"]["currency"],
    })


@transaction.atomic
def _switch_off(customer: Customer) -> None:
    Customer.objects.filter(pk=customer.pk).update(topup_pack=None)
    audit("stripe", "topup_off", f"customer {customer.pk}", {"pack": customer.topup_pack_id},
          {"because": f"{FAILURES} refusals in a row"})
