"""What is due: called by the clock with the id of something; it finds out by itself what to do."""

from tests.upstreams.stripe.customers import default_method
from tests.upstreams.stripe.invoices import collect, subscription_of, void
from tests.upstreams.stripe.proration import DAY
from tests.upstreams.stripe.state import Obj, State
from tests.upstreams.stripe.subscriptions import (
    FIRST_PAYMENT_WITHIN,
    OVER,
    RUNNING,
    before_renewal,
    finish,
    invoice_settled,
    period_of,
    renew,
)  # fmt: skip


def look(state: State, id: str) -> None:
    thing = state.find(id)
    match thing and thing["object"]:
        case "subscription":
            _subscription(state, thing or {})
        case "invoice":
            _invoice(state, thing or {})
        case "checkout.session":
            _session(state, thing or {})
        case "subscription_schedule":
            _schedule(state, thing or {})


def _invoice(state: State, invoice: Obj) -> None:
    due = invoice["next_payment_attempt"]
    if invoice["status"] != "open" or due is None or due > state.now:
        return
    collect(state, invoice)
    invoice_settled(state, invoice)


def _schedule(state: State, schedule: Obj) -> None:
    subscription = state.tables["subscription"].get(schedule["subscription"] or "")
    for step in before_renewal if subscription else ():
        step(state, subscription or {})


def _session(state: State, session: Obj) -> None:
    if session["status"] == "open" and session["expires_at"] <= state.now:
        session |= {"status": "expired", "url": None}
        state.emit("checkout.session.expired", session)


def _subscription(state: State, subscription: Obj) -> None:
    if subscription["status"] in OVER:
        return
    if subscription["status"] == "incomplete":
        _expire(state, subscription)
        return
    _drop_stale_update(state, subscription)
    _trial(state, subscription)
    cancel_at = subscription["cancel_at"]
    if cancel_at is not None and cancel_at <= state.now:
        finish(state, subscription)
        return
    if subscription["status"] not in RUNNING or period_of(subscription)[1] > state.now:
        return
    for step in before_renewal:
        step(state, subscription)
    if subscription["status"] in RUNNING and period_of(subscription)[1] <= state.now:
        renew(state, subscription)


def _expire(state: State, subscription: Obj) -> None:
    """The first payment did not come in time."""
    if state.now < subscription["created"] + FIRST_PAYMENT_WITHIN:
        return
    with state.changing(subscription, "customer.subscription.updated"):
        subscription |= {"status": "incomplete_expired", "ended_at": state.now}
    for invoice in state.all("invoice", status="open", customer=subscription["customer"]):
        if subscription_of(state, invoice) is subscription:
            void(state, invoice)


def _drop_stale_update(state: State, subscription: Obj) -> None:
    update = subscription["pending_update"]
    if update is None or update["expires_at"] > state.now:
        return
    subscription["pending_update"] = None
    invoice = state.tables["invoice"][update["_invoice"]]
    if invoice["status"] == "open":
        void(state, invoice)
    state.emit("customer.subscription.pending_update_expired", subscription)


def _trial(state: State, subscription: Obj) -> None:
    end = subscription["trial_end"]
    if subscription["status"] != "trialing" or end is None:
        return
    if end - 3 * DAY <= state.now and not subscription.get("_told_of_end"):
        subscription["_told_of_end"] = True
        state.emit("customer.subscription.trial_will_end", subscription)
    if end > state.now or subscription["cancel_at"] == end:
        return
    customer = state.tables["customer"][subscription["customer"]]
    if default_method(state, customer, subscription) is None:
        _end_without_card(state, subscription)


def _end_without_card(state: State, subscription: Obj) -> None:
    match subscription["trial_settings"]["end_behavior"]["missing_payment_method"]:
        case "cancel":
            finish(state, subscription)
        case "pause":
            with state.changing(subscription, "customer.subscription.updated"):
                subscription["status"] = "paused"
            state.emit("customer.subscription.paused", subscription)
