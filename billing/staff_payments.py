"""What staff do about payments by hand, and the audit row of each."""

from datetime import datetime

from django.db import transaction

from accounts.services import audit
from billing.models import Customer, StripeEvent


@transaction.atomic
def unfreeze(*, customer_id: int, actor: str) -> bool:
    """Credit and use beyond the plan work again. False: they were not frozen, or are gone."""
    customer = Customer.objects.select_for_update(no_key=True).filter(pk=customer_id).first()
    if customer is None or customer.frozen_at is None:
        return False
    before = {"frozen_at": customer.frozen_at.isoformat(), "reason": customer.frozen_reason}
    customer.frozen_at, customer.frozen_reason = None, ""
    customer.save(update_fields=["frozen_at", "frozen_reason"])
    audit(actor, "customer_unfreeze", _name(customer), before, {"frozen_at": None})
    return True


@transaction.atomic
def event_retry(*, event_id: str, actor: str, now: datetime) -> bool:
    """A failed notice is worked off again, from the first try on. False: it has not failed."""
    event = StripeEvent.objects.select_for_update().filter(pk=event_id).first()
    if event is None or event.state != StripeEvent.State.FAILED:
        return False
    before = {"state": event.state, "tries": event.tries, "note": event.note}
    event.state, event.tries, event.next_try_at = StripeEvent.State.PENDING, 0, now
    event.save(update_fields=["state", "tries", "next_try_at"])
    audit(actor, "stripe_event_retry", event.pk, before, {"state": event.state})
    return True


def _name(customer: Customer) -> str:
    owner = customer.organisation or customer.user
    return f"{customer} {owner or ''}".strip()[:200]
