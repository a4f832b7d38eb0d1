"""Less, from the next period on. Stripe changes a price at once, so a schedule does the waiting:
the period that is paid as it is, one period of the new price, then the subscription goes on alone.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from billing.models import Customer, StripeRequest, Subscription
from billing.payments import requests
from billing.payments.facts import id_of

if TYPE_CHECKING:
    from stripe import StripeClient

DOWNGRADE, RELEASE = "downgrade", "release"


def downgrade(
    *, customer: Customer, row: Subscription, price_id: str, interval: str, now: datetime
) -> None:
    wish = requests.request_open(customer=customer, kind=DOWNGRADE, now=now, params={
        "call": {"from_subscription": row.stripe_id}, "schedule": row.schedule_id,
        "from": row.price_id, "to": price_id, "interval": interval,
        "after": _change_before(customer, price_id),
    })
    downgrade_run(wish)


def _change_before(customer: Customer, price_id: str) -> int:
    """Two clicks come after the same change; who took this one back and wants it again does not."""
    changes = customer.requests.filter(kind__in=(DOWNGRADE, RELEASE))
    last = changes.order_by("-pk").first()
    if last is None:
        return 0
    is_same_wish = last.kind == DOWNGRADE and last.params["to"] == price_id
    return int(last.params.get("after", 0)) if is_same_wish else last.pk


def downgrade_run(wish: StripeRequest) -> Any:
    return requests.request_run(wish, lambda client: _plan(client, wish))


def _plan(client: "StripeClient", wish: StripeRequest) -> Any:
    """Two steps with a key each: after a crash between them both are repeated, and happen once."""
    schedules = client.v1.subscription_schedules
    if wish.params["schedule"]:  # a change of mind: there is one already
        schedule = schedules.retrieve(wish.params["schedule"])
    else:
        schedule = schedules.create(wish.params["call"], requests.key(wish, "make"))
    return schedules.update(schedule.id, {
        "end_behavior": "release",
        "proration_behavior": "none",
        "phases": [_paid_phase(schedule), _new_phase(wish)],
    }, requests.key(wish, "plan"))


def _paid_phase(schedule: Any) -> Any:
    """The current one, word for word: what is left out would be taken away."""
    start = schedule.current_phase.start_date
    phase = next(it for it in schedule.phases if it.start_date == start)
    kept: dict[str, Any] = {
        "items": [
            {"price": id_of(item.price), "quantity": item.quantity or 1}
            for item in phase["items"]
        ],
        "start_date": phase.start_date, "end_date": phase.end_date, "proration_behavior": "none",
    }
    if phase.trial_end:
        kept["trial_end"] = phase.trial_end
    if discounts := [_discount(it) for it in phase.discounts or ()]:
        kept["discounts"] = discounts
    return kept


def _discount(it: Any) -> dict[str, str]:
    named = {name: id_of(getattr(it, name, None)) for name in ("coupon", "discount")}
    return {name: id for name, id in named.items() if id}


def _new_phase(wish: StripeRequest) -> Any:
    return {
        "items": [{"price": wish.params["to"], "quantity": 1}],
        "duration": {"interval": wish.params["interval"], "interval_count": 1},
        "proration_behavior": "none",
    }
