"""What we want of Stripe is written down first: row -> call with the row's key -> result.

A crash in between leaves the row open. The next attempt, or a task, repeats the call with the same
parameters and the same key, and Stripe does it once. Two clicks at once share one row.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from billing.models import Customer, StripeRequest
from billing.payments import customers
from billing.payments.client import asking
from costcontrol.lib.errors import CostControlError, PaymentRefused

if TYPE_CHECKING:
    from stripe import StripeClient

KEYS_LIVE = timedelta(hours=23)  # Stripe forgets a key after 24 hours
OPEN, DONE, REFUSED = (
    StripeRequest.State.OPEN, StripeRequest.State.DONE, StripeRequest.State.REFUSED
)
Call = Callable[["StripeClient", Any, str], Any]


@transaction.atomic
def request_open(
    *, customer: Customer, kind: str, params: dict[str, Any], now: datetime
) -> StripeRequest:
    """The row of this wish: the one that is open already, else a new one."""
    customers.locked(customer)  # two clicks at once come in here one after the other
    same: StripeRequest | None = open_of(customer, kind, now=now).filter(params=params).first()
    if same is not None:
        return same
    return StripeRequest.objects.create(
        customer=customer, kind=kind, params=params, created_at=now
    )


def open_of(customer: Customer, kind: str, *, now: datetime) -> Any:
    """Rows whose key Stripe still remembers."""
    return StripeRequest.objects.filter(
        customer=customer, kind=kind, state=OPEN, created_at__gt=now - KEYS_LIVE
    ).order_by("pk")


def request_run(row: StripeRequest, call: Call, *, step: int = 0) -> Any:
    """Ask, and write down the answer. What Stripe refuses for good is closed; what may have
    happened stays open."""
    key = row.idempotency_key + (f":{step}" if step else "")
    try:
        with asking() as client:
            answer = call(client, row.params["call"], key)
    except PaymentRefused as error:
        if error.retry_after_s is None:
            close(row, state=REFUSED, note=error.message)
        raise
    except CostControlError as error:
        close(row, state=REFUSED, note=error.message)
        raise
    close(row, state=DONE, result_id=answer.id, result_url=getattr(answer, "url", None) or "")
    return answer


def close(
    row: StripeRequest, *, state: str, result_id: str = "", result_url: str = "", note: str = ""
) -> None:
    row.state, row.result_id, row.result_url = state, result_id, result_url
    row.note = note[:300]
    row.save(update_fields=["state", "result_id", "result_url", "note"])
