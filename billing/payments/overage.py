"""What was used beyond the plan, as an invoice of its own once the month is over.

Use is counted in nano-USD of model calls. Its price is that of the smallest credit pack on offer in
the customer's currency, rounded up to what can be charged: nobody needs a rate of exchange.
"""

import logging
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q

from billing.models import Customer, PackPrice, ScopeKind, StripeRequest, Window
from billing.payments import customers, requests
from billing.payments.catalogue import pack_offers
from billing.payments.client import stripe_client
from billing.payments.facts import METADATA_REQUEST
from billing.payments.fetching import saved_card
from billing.payments.sync import sync
from costcontrol.lib.currencies import from_minor, to_minor_up
from costcontrol.lib.errors import BadRequest, PaymentRefused
from costcontrol.lib.sentences import Sentence as _

if TYPE_CHECKING:
    from stripe import StripeClient

OVERAGE = "overage"
log = logging.getLogger(__name__)


def overage_bill(*, window: Window, now: datetime) -> bool:
    """Invoice one closed month. False: nothing to bill, not over yet, or billed before."""
    stripe_client()
    customer = _customer_of(window)
    if customer is None or not is_billable(window, now=now) or _row(customer, window):
        return False
    stripe_id = customers.stripe_id_of(customer, now=now)
    row = _wish(customer, window, stripe_id, card=saved_card(stripe_id), now=now)
    if row.created_at <= now - requests.KEYS_LIVE:
        return False  # `repeat` closes it: nobody knows whether Stripe has heard of it
    overage_run(row)
    sync(customer=customer, now=now, because=OVERAGE)
    return True


def overage_bill_all(*, now: datetime) -> int:
    """Every month that is over and not billed."""
    billed = 0
    windows = Window.objects.filter(scope_kind=ScopeKind.OVERAGE, end__lte=now, spent__gt=0, held=0)
    for window in windows.order_by("pk"):
        try:
            billed += overage_bill(window=window, now=now)
        except (PaymentRefused, BadRequest) as error:
            log.error("stripe: %s was not billed: %s", window, error)
        except Exception:  # whatever is wrong with one customer must not stop the others
            log.exception("stripe: %s was not billed", window)
    return billed


def is_owed(customer: Customer) -> bool:
    """Whether some use beyond the plan is not billed yet: of this month, or of one that is over."""
    payer = customers.payer_of_customer(customer)
    windows = Window.objects.filter(scope_kind=ScopeKind.OVERAGE, scope_id=str(payer))
    used = windows.filter(Q(spent__gt=0) | Q(held__gt=0))
    return any(_row(customer, window) is None for window in used)


def is_billable(window: Window, *, now: datetime) -> bool:
    """Over, and no call in flight could still add to it."""
    return window.end is not None and window.end <= now and window.spent > 0 and window.held == 0


def minor_of(nanos: int, price: PackPrice) -> int:
    """What so much use costs at the price of this pack."""
    per_pack = from_minor(price.amount_minor, price.currency)
    return to_minor_up(per_pack * Decimal(nanos) / price.pack.credit_nanos, price.currency)


def overage_run(row: StripeRequest) -> Any:
    return requests.request_run(row, lambda client: _invoice(client, row))


def _invoice(client: "StripeClient", row: StripeRequest) -> Any:
    """Three steps with a key each: an empty invoice, its line, then it is final and charged."""
    named = {"metadata": {METADATA_REQUEST: str(row.pk)}}
    invoice = client.v1.invoices.create(row.params["call"] | named, requests.key(row, "invoice"))
    line = row.params["line"] | {"invoice": invoice.id}
    client.v1.invoice_items.create(line, requests.key(row, "line"))
    return client.v1.invoices.finalize_invoice(
        invoice.id, {"auto_advance": True}, requests.key(row, "final")
    )


def _customer_of(window: Window) -> Customer | None:
    """Nobody where the account was closed: no bill makes it a customer at Stripe again."""
    kind, _colon, id = window.scope_id.partition(":")
    own = {"organisation_id" if kind == "org" else "user_id": int(id)}
    return Customer.objects.filter(**own, user__deleted_at__isnull=True).first()


def _row(customer: Customer, window: Window) -> StripeRequest | None:
    """Billed before, or perhaps. One that Stripe refused is written anew."""
    rows = customer.requests.filter(kind=OVERAGE, params__window=window.pk)
    return rows.filter(Q(state=requests.DONE) | Q(note=requests.NEVER_ANSWERED)).first()


@transaction.atomic
def _wish(
    customer: Customer, window: Window, stripe_id: str, *, card: str, now: datetime
) -> StripeRequest:
    requests.locked(customer)
    rows = customer.requests.filter(kind=OVERAGE, params__window=window.pk)
    if open_one := rows.exclude(state=requests.REFUSED).first():
        return open_one
    price = _price(customer)
    return requests.written(customer, OVERAGE, now=now, params={
        "window": window.pk,
        "call": {
            "customer": stripe_id, "currency": price.currency,
            "collection_method": "charge_automatically", "auto_advance": False,
            "pending_invoice_items_behavior": "exclude",
        } | ({"default_payment_method": card} if card else {}),
        "line": {
            "customer": stripe_id, "currency": price.currency,
            "amount": minor_of(window.spent, price),
            "description": f"Use beyond the plan, {window.start:%Y-%m-%d} to {window.end:%Y-%m-%d}",
        },
    })


def _price(customer: Customer) -> PackPrice:
    offered = pack_offers(currency=customers.currency_of(customer))
    if not offered:
        raise BadRequest(_("There is no price for use beyond the plan in this currency."))
    return offered[0]
