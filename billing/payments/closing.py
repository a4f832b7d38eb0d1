"""An account is closed: its subscriptions end now, and Stripe forgets the customer.

The wish is written in the transaction that closes the account, and carried out by a task: no broken
line to Stripe keeps anybody from leaving, and none is forgotten.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q

from accounts.models import Organisation, User
from billing.models import Customer, ReportSubscription, StripeRequest
from billing.payments import mirror, overage, requests
from billing.payments.client import is_on
from costcontrol.lib.errors import Conflict
from costcontrol.lib.sentences import Sentence as _

if TYPE_CHECKING:
    from stripe import StripeClient

CLOSE = "close"


def account_closes(sender: Any, *, user: User, at: datetime, **_more: Any) -> None:
    _leaves(Customer.objects.filter(user=user), now=at)
    ReportSubscription.objects.filter(user_id=user.pk).delete()
    _forget_address(user)


def organisation_closes(
    sender: Any, *, organisation: Organisation, at: datetime, **_more: Any
) -> None:
    _leaves(Customer.objects.filter(organisation=organisation), now=at)


def _leaves(customers: Any, *, now: datetime) -> None:
    """Raises Conflict while use beyond the plan is not billed: nobody could be billed later."""
    for customer in customers.filter(stripe_id__isnull=False):
        if is_on() and overage.is_owed(customer):
            raise Conflict(
                _("Use beyond the plan is not billed yet. Switch it off now, and close this after "
                  "the bill, which comes within a day of the end of the month.")
            )
        StripeRequest.objects.create(
            customer=customer, kind=CLOSE, created_at=now, params={"id": customer.stripe_id}
        )
    customers.update(topup_pack=None, overage_ceiling_nanos=None)


def _forget_address(user: User) -> None:
    """As it was told to Stripe, for themselves or for an organisation of theirs. Only what is still
    open keeps it, for the day in which it is repeated word for word."""
    told = Q(customer__user=user) | Q(params__call__email=user.email)
    rows = StripeRequest.objects.filter(told, kind=requests.CUSTOMER)
    for row in rows.exclude(state=requests.OPEN):
        row.params = row.params | {"call": row.params["call"] | {"email": ""}}
        row.save(update_fields=["params"])


def close_run(row: StripeRequest) -> Any:
    answer = requests.request_run(row, lambda client: _forget(client, row))
    _write(row)
    return answer


@transaction.atomic
def _write(row: StripeRequest) -> None:
    """It ended when they left. Looks that began before are not written any more."""
    customer = requests.locked(row.customer)
    customer.stripe_id, customer.card = None, ""
    customer.sync_written = customer.sync_asked = customer.sync_asked + 1
    customer.save(update_fields=["stripe_id", "card", "sync_asked", "sync_written"])
    requests.customer_gone(customer.pk)
    mirror.all_ended(customer, now=row.created_at)


def _forget(client: "StripeClient", row: StripeRequest) -> Any:
    """Deleting the customer cancels all subscriptions at once, and charges nothing more."""
    found = client.v1.customers.retrieve(row.params["id"])
    if getattr(found, "deleted", False):
        return found
    return client.v1.customers.delete(row.params["id"])
