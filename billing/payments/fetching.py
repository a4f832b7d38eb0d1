"""One look at Stripe: everything about a customer that plans, pages and credit depend on.

Four requests, and one more for a card of the customer's own and for each payment that a bank
disputes, and for each further hundred payments. Of invoices the newest hundred are looked at, of
payments the newest thousand; older ones stay as they were described last.
"""

from itertools import islice
from typing import TYPE_CHECKING, Any

from billing.payments.client import asking
from billing.payments.facts import (
    CustomerFacts,
    card_text,
    id_of,
    invoice_facts,
    payment_facts,
    subscription_facts,
)

if TYPE_CHECKING:
    from stripe import StripeClient

NEWEST = 100
MOST_PAYMENTS = 1000  # at ten packs a day those of 100 days: banks take back after months


def fetch(stripe_id: str) -> CustomerFacts:
    with asking() as client:
        customer = client.v1.customers.retrieve(stripe_id)
        if getattr(customer, "deleted", False):
            return CustomerFacts(is_deleted=True)
        subscriptions = list(client.v1.subscriptions.list({
            "customer": stripe_id, "status": "all", "limit": NEWEST,
            "expand": ["data.schedule", "data.default_payment_method"],
        }).auto_paging_iter())
        card = _card(client, customer, subscriptions)
        return CustomerFacts(
            currency=customer.currency or "", card=card_text(card), card_id=id_of(card),
            subscriptions=tuple(subscription_facts(it) for it in subscriptions),
            invoices=tuple(invoice_facts(it) for it in client.v1.invoices.list({
                "customer": stripe_id, "limit": NEWEST, "expand": ["data.payments"],
            }).data),
            payments=tuple(_payment(client, it) for it in islice(client.v1.payment_intents.list({
                "customer": stripe_id, "limit": NEWEST, "expand": ["data.latest_charge"],
            }).auto_paging_iter(), MOST_PAYMENTS)),
        )


def _payment(client: "StripeClient", it: Any) -> Any:
    if it.latest_charge is None or not it.latest_charge.disputed:
        return payment_facts(it)
    disputes = client.v1.disputes.list({"payment_intent": it.id})
    return payment_facts(it, disputes=tuple((row.id, row.status) for row in disputes.data))


def _card(client: "StripeClient", customer: Any, subscriptions: list[Any]) -> Any:
    """The customer's own, else the one that pays a subscription."""
    settings = customer.invoice_settings
    if settings is not None and settings.default_payment_method is not None:
        return client.v1.payment_methods.retrieve(id_of(settings.default_payment_method))
    used = [it.default_payment_method for it in subscriptions if it.ended_at is None]
    return next((card for card in used if card is not None), None)


def customer_of_dispute(dispute_id: str) -> str:
    """A dispute names a charge, and only the charge names a customer."""
    with asking() as client:
        dispute = client.v1.disputes.retrieve(dispute_id, {"expand": ["charge"]})
        return id_of(getattr(dispute.charge, "customer", None))


def saved_card(stripe_id: str) -> str:
    """The id of the card that may be charged while the customer is away; empty if there is none."""
    card_id = fetch(stripe_id).card_id
    if card_id:
        return card_id
    with asking() as client:
        methods = client.v1.payment_methods.list({"customer": stripe_id, "type": "card"}).data
    return methods[0].id if methods else ""
