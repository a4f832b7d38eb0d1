"""What a crash left open is asked again with the same key, so that it happens once.

A Checkout or a portal page is only worth something to who waits for it: such rows wait for the next
click, and are closed when Stripe forgets their key.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from billing.models import StripeRequest
from billing.payments import changes, closing, customers, downgrades, overage, requests, topup
from billing.payments.sync import sync
from costcontrol.lib.errors import CostControlError

log = logging.getLogger(__name__)
IN_FLIGHT = timedelta(minutes=2)  # somebody may still be waiting for the answer
RUNS: dict[str, Callable[[StripeRequest], Any]] = {
    requests.CUSTOMER: customers.customer_run,
    changes.UPGRADE: changes.update_run,
    changes.CANCEL: changes.update_run,
    changes.RESUME: changes.update_run,
    downgrades.RELEASE: changes.release_run,
    downgrades.DOWNGRADE: downgrades.downgrade_run,
    topup.TOPUP: topup.topup_run,
    overage.OVERAGE: overage.overage_run,
    closing.CLOSE: closing.close_run,
}
AT_ANY_AGE = (closing.CLOSE,)  # nobody waits for it, and it is harmless to ask twice


def repeat_open(*, now: datetime) -> int:
    """How many were brought to an end."""
    is_due = Q(created_at__lte=now - IN_FLIGHT) | Q(kind__in=AT_ANY_AGE)
    rows = StripeRequest.objects.filter(is_due, state=requests.OPEN)
    return sum(_repeat(row, now=now) for row in rows.select_related("customer").order_by("pk"))


def _is_overtaken(row: StripeRequest) -> bool:
    """They wished something else for their plan since, and began with a look at what there was; or
    wish no pack any more. What Stripe did all the same is found at the next look."""
    if row.kind == topup.TOPUP:
        return row.customer.topup_pack_id is None or row.customer.frozen_at is not None
    later = StripeRequest.objects.filter(customer=row.customer_id, kind__in=changes.OF_A_PLAN)
    return row.kind in changes.OF_A_PLAN and later.filter(pk__gt=row.pk).exists()


def _repeat(row: StripeRequest, *, now: datetime) -> bool:
    if row.created_at <= now - requests.KEYS_LIVE and row.kind not in AT_ANY_AGE:
        log.error("stripe: %s was never answered; look at Stripe whether it happened", row)
        requests.close(row, state=requests.REFUSED, note=requests.NEVER_ANSWERED)
        return True
    if row.kind not in RUNS:
        return False
    if _is_overtaken(row):
        requests.close(row, state=requests.REFUSED, note=requests.OVERTAKEN)
        return True
    try:
        RUNS[row.kind](row)
        if row.kind not in AT_ANY_AGE:
            sync(customer=row.customer, now=now, because=str(row))
    except CostControlError as error:
        log.warning("stripe: %s is still open: %s", row, error)
        return row.state != requests.OPEN
    except Exception:  # whatever is wrong with one row must not stop the others
        log.exception("stripe: %s could not be repeated", row)
        return False
    return True
