"""`/v1/subscriptions`: the requests; what they mean is in `subscriptions.py` and `changes.py`."""

from typing import Any

from tests.upstreams.stripe.catalog import merged
from tests.upstreams.stripe.changes import (
    carry_out,
    plan,
    trial_ends_now,
    trial_until,
    wanted_items,
)  # fmt: skip
from tests.upstreams.stripe.customers import default_method, live_customer
from tests.upstreams.stripe.discounts import discounts_of
from tests.upstreams.stripe.errors import Refusal
from tests.upstreams.stripe.invoices import collect, intent_of, void
from tests.upstreams.stripe.lifecycle import look
from tests.upstreams.stripe.lists import page_of
from tests.upstreams.stripe.payments import declined_error
from tests.upstreams.stripe.proration import later, share
from tests.upstreams.stripe.routes import route
from tests.upstreams.stripe.state import Obj, State
from tests.upstreams.stripe.subscriptions import (
    OVER,
    bill,
    create,
    finish,
    first_payment,
    invoice_settled,
    items_of,
    period_lines,
    period_of,
)  # fmt: skip

CANCELLATION = ("cancel_at", "cancel_at_period_end", "cancellation_details")


@route("POST", "/v1/subscriptions", "subscription_create")
def create_subscription(state: State, params: Obj) -> Obj:
    customer = live_customer(state, params["customer"])
    wanted = [
        (state.get("price", it["price"], param="items[0][price]"), it.get("quantity", 1))
        for it in params.get("items", []) if "price" in it
    ]  # fmt: skip
    if not wanted:
        raise Refusal("Missing required param: items.", code="parameter_missing", param="items")
    behavior = params.get("payment_behavior", "allow_incomplete")
    method = _method(state, params)
    subscription = create(
        state, customer, wanted, currency=params.get("currency"), method=method,
        trial_end=trial_end_of(state, params), trial_settings=params.get("trial_settings"),
        metadata=merged({}, params.get("metadata")), description=params.get("description"),
    )  # fmt: skip
    subscription["discounts"] = discounts_of(state, params, subscription)
    cancel_later(state, subscription, params)
    if behavior == "error_if_incomplete" and subscription["status"] == "incomplete":
        _require_card(state, customer, subscription)
    result = first_payment(
        state, subscription, is_tried=behavior != "default_incomplete",
        is_off_session=bool(params.get("off_session")),
    )  # fmt: skip
    if result != "succeeded" and behavior == "error_if_incomplete":
        raise _gone(state, subscription)
    return subscription


def _require_card(state: State, customer: Obj, subscription: Obj) -> None:
    if default_method(state, customer, subscription) is None:
        del state.tables["subscription"][subscription["id"]]
        raise Refusal(
            "This customer has no attached payment source or default payment method.",
            code="resource_missing",
        )


def _gone(state: State, subscription: Obj) -> Refusal:
    invoice = state.tables["invoice"][subscription["latest_invoice"]]
    intent = intent_of(state, invoice)
    charge = state.tables["charge"].get(intent["latest_charge"] or "")
    void(state, invoice)
    subscription |= {"status": "incomplete_expired", "ended_at": state.now}
    method = state.tables["payment_method"].get(charge["payment_method"]) if charge else None
    return declined_error(intent, method)


def _method(state: State, params: Obj) -> Obj | None:
    id = params.get("default_payment_method")
    return state.get("payment_method", id, param="default_payment_method") if id else None


def trial_end_of(state: State, params: Obj) -> int | None:
    if days := params.get("trial_period_days"):
        return later(state.now, {"interval": "day", "interval_count": days})
    end = params.get("trial_end")
    return None if end in (None, "now") else int(end)


@route("GET", "/v1/subscriptions", "subscription_list")
def list_subscriptions(state: State, params: Obj) -> Obj:
    status = params.get("status")
    rows = [
        it for it in state.all("subscription")
        if params.get("customer", it["customer"]) == it["customer"]
        and (status == "all" or (it["status"] == status if status else it["status"] not in OVER))
        and _is_of(it, params.get("price"))
    ]  # fmt: skip
    return page_of(rows, params, url="/v1/subscriptions")


def _is_of(subscription: Obj, price: str | None) -> bool:
    return price is None or any(it["price"]["id"] == price for it in items_of(subscription))


@route("GET", "/v1/subscriptions/{id}", "subscription_retrieve")
def retrieve(state: State, params: Obj, id: str) -> Obj:
    return state.get("subscription", id)


@route("POST", "/v1/subscriptions/{id}", "subscription_update")
def update(state: State, params: Obj, id: str) -> Obj:
    subscription = state.get("subscription", id)
    _refuse(subscription, params)
    change = _change(state, subscription, params)  # refuses before anything is changed
    with state.changing(subscription, "customer.subscription.updated"):
        _plain(state, subscription, params)
        cancel_later(state, subscription, params)
    if change is not None:
        carry_out(
            state, subscription, change,
            behavior=params.get("proration_behavior", "create_prorations"),
            payment=params.get("payment_behavior", "allow_incomplete"),
            is_off_session=bool(params.get("off_session")),
        )  # fmt: skip
    if "trial_end" in params:
        _move_trial(state, subscription, params["trial_end"])
    return subscription


def _refuse(subscription: Obj, params: Obj) -> None:
    if subscription["status"] in OVER and params.keys() - {
        "metadata",
        "cancellation_details",
        "expand",
    }:
        raise Refusal(
            "A canceled subscription can only update its cancellation_details and metadata."
        )
    if subscription["status"] == "incomplete" and "items" in params:
        raise Refusal("You cannot update the items of an incomplete subscription.", param="items")
    if subscription["schedule"] and any(name in params for name in CANCELLATION):
        raise Refusal(
            "The subscription is managed by the subscription schedule "
            f"`{subscription['schedule']}`, and updating any cancelation behavior directly is not "
            "allowed. Please update the schedule instead."
        )


def _change(state: State, subscription: Obj, params: Obj) -> Any:
    is_anew = (params.get("billing_cycle_anchor") or {}).get("type") == "now"
    if "items" not in params and not is_anew:
        return None
    items = wanted_items(state, subscription, params.get("items", []))
    return plan(
        state, subscription, items, at=params.get("proration_date", state.now), is_anew=is_anew,
        behavior=params.get("proration_behavior", "create_prorations"),
    )  # fmt: skip


def _plain(state: State, subscription: Obj, params: Obj) -> None:
    if "metadata" in params:
        subscription["metadata"] = merged(subscription["metadata"], params["metadata"])
    if method := _method(state, params):
        subscription["default_payment_method"] = method["id"]
    for name in ("description", "pause_collection", "trial_settings"):
        if name in params:
            subscription[name] = params[name] or None
    if "discounts" in params:
        subscription["discounts"] = discounts_of(state, params, subscription)


def cancel_later(state: State, subscription: Obj, params: Obj) -> None:
    """At the period's end, at a moment, or not after all."""
    if details := params.get("cancellation_details"):
        subscription["cancellation_details"] |= {key: it or None for key, it in details.items()}
    if not {"cancel_at", "cancel_at_period_end"} & params.keys():
        return
    at_end = bool(params.get("cancel_at_period_end"))
    end = period_of(subscription)[1]
    moment = end if at_end else params.get("cancel_at") or None
    if isinstance(moment, str):
        moment = end
    subscription |= {
        "cancel_at_period_end": at_end, "cancel_at": moment,
        "canceled_at": state.now if moment else None,
    }  # fmt: skip
    reason = "cancellation_requested" if moment else None
    subscription["cancellation_details"]["reason"] = reason
    if moment:
        state.clock.at(moment, subscription["id"])


def _move_trial(state: State, subscription: Obj, end: int | str) -> None:
    with state.changing(subscription, "customer.subscription.updated"):
        if end == "now":
            trial_ends_now(state, subscription)
        else:
            trial_until(state, subscription, int(end))
    look(state, subscription["id"])


@route("DELETE", "/v1/subscriptions/{id}", "subscription_cancel")
def cancel(state: State, params: Obj, id: str) -> Obj:
    subscription = state.get("subscription", id)
    if subscription["status"] in OVER:
        raise Refusal(
            f"No such subscription: '{id}'", status=404, code="resource_missing", param="id"
        )
    subscription["cancellation_details"] |= params.get("cancellation_details") or {}
    if params.get("prorate"):
        _give_back(state, subscription)
    finish(state, subscription)
    return subscription


def _give_back(state: State, subscription: Obj) -> None:
    """The unused part goes to the customer's balance."""
    start, end = period_of(subscription)
    paid = sum(it["amount"] for it in period_lines(state, subscription))
    customer = state.tables["customer"][subscription["customer"]]
    customer["balance"] -= share(paid, max(0, end - state.now), end - start)


@route("POST", "/v1/subscriptions/{id}/resume", "subscription_resume")
def resume(state: State, params: Obj, id: str) -> Obj:
    subscription = state.get("subscription", id)
    if subscription["status"] != "paused":
        raise Refusal("Only a paused subscription can be resumed.")
    for item in items_of(subscription):
        item |= {
            "current_period_start": state.now,
            "current_period_end": later(state.now, item["price"]["recurring"]),
        }
    subscription["billing_cycle_anchor"] = state.now
    with state.changing(subscription, "customer.subscription.updated"):
        subscription["status"] = "active"
    invoice = bill(state, subscription, period_lines(state, subscription), "subscription_update")
    state.clock.at(period_of(subscription)[1], id)
    if invoice["status"] == "open":
        collect(state, invoice, is_off_session=False)
    invoice_settled(state, invoice)
    if subscription["status"] == "active":
        state.emit("customer.subscription.resumed", subscription)
    return subscription
