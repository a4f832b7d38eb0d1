"""What we want of Stripe is written down first: row -> call with the row's key -> result.

A crash in between leaves the row open. The next attempt, or a task, repeats the call with the same
parameters and the same key, and Stripe does it once. Two clicks at once share one row; so does a
third that comes a moment later, and gets the same answer.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q, QuerySet

from billing.models import Customer, StripeRequest
from billing.payments.client import asking
from costcontrol.lib.errors import CostControlError

if TYPE_CHECKING:
    from stripe import RequestOptions, StripeClient

KEYS_LIVE = timedelta(hours=23)  # Stripe forgets a key after 24 hours
NEVER_ANSWERED = "never answered"  # it may have happened
OVERTAKEN = "overtaken by a later change"
SAME_CLICK = timedelta(seconds=60)
OPEN, DONE, REFUSED = (
    StripeRequest.State.OPEN, StripeRequest.State.DONE, StripeRequest.State.REFUSED
)
CUSTOMER, PACK = "customer", "pack"  # kinds that more than one module asks about
Call = Callable[["StripeClient"], Any]


def locked(customer: Customer) -> Customer:
    """The row as it is now, for this transaction alone."""
    return Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)


@transaction.atomic
def request_open(
    *, customer: Customer, kind: str, params: dict[str, Any], now: datetime
) -> StripeRequest:
    """The row of this wish: the one that is open or was answered a moment ago, else a new one."""
    locked(customer)  # two clicks at once come in here one after the other
    same = alive(customer, kind, now=now).filter(params=params).first()
    return same or written(customer, kind, params, now=now)


def written(
    customer: Customer, kind: str, params: dict[str, Any], *, now: datetime
) -> StripeRequest:
    """A new row, as everybody else reads it: a database may order the parameters its own way, and
    a key must always come with the same ones."""
    row = StripeRequest.objects.create(
        customer=customer, kind=kind, params=params, created_at=now
    )
    row.refresh_from_db(fields=["params"])
    return row


def alive(customer: Customer, kind: str, *, now: datetime) -> QuerySet[StripeRequest]:
    """Rows whose answer is not known, while Stripe remembers their key; and of the same click."""
    is_open = Q(state=OPEN, created_at__gt=now - KEYS_LIVE)
    is_fresh = Q(state=DONE, created_at__gt=now - SAME_CLICK)
    rows = StripeRequest.objects.filter(is_open | is_fresh, customer=customer, kind=kind)
    return rows.order_by("pk")


def request_run(row: StripeRequest, call: Call) -> Any:
    """Ask, and write down the answer. A row that Stripe refuses is closed; one that may have
    happened (Stripe was away) stays open."""
    try:
        with asking() as client:
            answer = call(client)
    except CostControlError as error:
        if error.retry_after_s is None:
            close(row, state=REFUSED, note=error.message)
        raise
    close(row, state=DONE, result_id=answer.id, result_url=getattr(answer, "url", None) or "")
    return answer


def customer_gone(customer_id: int) -> None:
    """Who was deleted at Stripe is made anew there, not found by the key that made them."""
    rows = StripeRequest.objects.filter(customer=customer_id, kind=CUSTOMER, state=DONE)
    rows.update(state=REFUSED, note="deleted at Stripe")


def key(row: StripeRequest, step: str = "") -> "RequestOptions":
    """Stripe's options for one POST of this row."""
    return {"idempotency_key": f"{row.idempotency_key}:{step}" if step else row.idempotency_key}


@transaction.atomic
def close(
    row: StripeRequest, *, state: str, result_id: str = "", result_url: str = "", note: str = ""
) -> None:
    """In a transaction, as only its beginning waits for other writers in our own way: a statement
    alone waits inside SQLite, and whoever it waits for, in this process, came to a halt with it."""
    row.state, row.result_id, row.result_url = state, result_id, result_url
    row.note = note[:300]
    row.save(update_fields=["state", "result_id", "result_url", "note"])
