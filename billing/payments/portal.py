"""Stripe's portal: the card, the invoices, the address, cancelling."""

from datetime import datetime

from billing.models import Customer
from billing.payments import customers, requests
from billing.payments.client import stripe_client


def portal_begin(*, customer: Customer, return_url: str, now: datetime) -> str:
    stripe_client()
    row = requests.request_open(customer=customer, kind="portal", now=now, params={
        "call": {
            "customer": customers.stripe_id_of(customer, now=now), "return_url": return_url,
        }
    })
    session = requests.request_run(row, lambda client: client.v1.billing_portal.sessions.create(
        row.params["call"], requests.key(row)
    ))
    return str(session.url)
