"""An account is closed: its subscriptions end now, and Stripe forgets the customer.

The wish is written in the transaction that closes the account, and carried out by a task: no broken
line to Stripe keeps anybody from leaving, and none is forgotten.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from accounts.models import Organisation, User
from billing.models import Customer, StripeRequest
from billing.payments import requests

if TYPE_CHECKING:
    from stripe import StripeClient

CLOSE = "close"


def account_closes(sender: Any, *, user: User, at: datetime, **_more: Any) -> None:
    _write_down(Customer.objects.filter(user=user), now=at)


def organisation_closes(
    sender: Any, *, organisation: Organisation, at: datetime, **_more: Any
) -> None:
    _write_down(Customer.objects.filter(organisation=organisation), now=at)


def _write_down(customers: Any, *, now: datetime) -> None:
    for customer in customers.filter(stripe_id__isnull=False):
        StripeRequest.objects.create(
            customer=customer, kind=CLOSE, created_at=now, params={"id": customer.stripe_id}
        )
    customers.update(topup_pack=None, overage_ceiling_nanos=None)


def close_run(row: StripeRequest) -> Any:
    answer = requests.request_run(row, lambda client: _forget(client, row))
    requests.customer_gone(row.customer_id)
    Customer.objects.filter(pk=row.customer_id).update(stripe_id=None, card="")
    row.customer.subscriptions.filter(ended_at__isnull=True).update(status="canceled")
    return answer


def _forget(client: "StripeClient", row: StripeRequest) -> Any:
    """Deleting the customer cancels all subscriptions at once, and charges nothing more."""
    found = client.v1.customers.retrieve(row.params["id"])
    if getattr(found, "deleted", False):
        return found
    return client.v1.customers.delete(row.params["id"])
