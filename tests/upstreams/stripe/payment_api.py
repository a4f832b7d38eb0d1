"""Payment intents, charges, refunds and disputes as requests, and the customers' deletion."""

from typing import Any

from tests.upstreams.stripe.cards import attach, method_named
from tests.upstreams.stripe.catalog import changed, merged
from tests.upstreams.stripe.customers import live_customer
from tests.upstreams.stripe.errors import Refusal
from tests.upstreams.stripe.lists import page_of, when_asked, whole
from tests.upstreams.stripe.payments import (
    check_amount,
    close_dispute,
    confirm,
    declined_error,
    new_intent,
    refund,
)  # fmt: skip
from tests.upstreams.stripe.routes import route
from tests.upstreams.stripe.state import Obj, State
from tests.upstreams.stripe.subscriptions import OVER, finish


@route("POST", "/v1/payment_intents", "payment_intent_create")
def create_intent(state: State, params: Obj) -> Obj:
    check_amount(params["amount"], params["currency"])
    customer = live_customer(state, params["customer"]) if "customer" in params else None
    if params.get("off_session") and not params.get("confirm"):
        raise Refusal("off_session can only be used with confirm=true.", param="off_session")
    intent = new_intent(
        state, amount=params["amount"], currency=params["currency"].lower(),
        customer=customer and customer["id"], metadata=merged({}, params.get("metadata")),
        description=params.get("description"), receipt_email=params.get("receipt_email"),
        setup_future_usage=params.get("setup_future_usage"), _return_url=params.get("return_url"),
    )  # fmt: skip
    if id := params.get("payment_method"):
        intent |= {
            "payment_method": _own(state, id, customer)["id"],
            "status": "requires_confirmation",
        }
    return _confirmed(state, intent, params) if params.get("confirm") else intent


def _own(state: State, id: str, customer: Obj | None) -> Obj:
    method = method_named(state, id)
    if method["customer"] is None and customer is not None:
        return attach(state, method, customer)
    if method["customer"] != (customer and customer["id"]):
        raise Refusal(
            f"The PaymentMethod {id} does not belong to the Customer you supplied.",
            param="payment_method",
        )
    return method


def _confirmed(state: State, intent: Obj, params: Obj) -> Obj:
    if intent["status"] not in (
        "requires_confirmation",
        "requires_payment_method",
        "requires_action",
    ):
        raise Refusal(
            f"This PaymentIntent's status is {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    id = params.get("payment_method") or intent["payment_method"]
    if id is None:
        raise Refusal(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
        )
    customer = state.tables["customer"].get(intent["customer"] or "")
    method = _own(state, id, customer)
    intent["_return_url"] = params.get("return_url") or intent.get("_return_url")
    off_session = bool(params.get("off_session"))
    result = confirm(state, intent, method, is_off_session=off_session)
    if result == "declined":
        raise declined_error(intent, method)
    return intent


@route("POST", "/v1/payment_intents/{id}/confirm", "payment_intent_confirm")
def confirm_intent(state: State, params: Obj, id: str) -> Obj:
    return _confirmed(state, state.get("payment_intent", id), params)


@route("POST", "/v1/payment_intents/{id}/cancel", "payment_intent_cancel")
def cancel_intent(state: State, params: Obj, id: str) -> Obj:
    intent = state.get("payment_intent", id)
    if intent["status"] in ("succeeded", "canceled"):
        raise Refusal(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    intent |= {
        "status": "canceled", "canceled_at": state.now, "next_action": None,
        "cancellation_reason": params.get("cancellation_reason"),
    }  # fmt: skip
    state.emit("payment_intent.canceled", intent)
    return intent


@route("GET", "/v1/payment_intents", "payment_intent_list")
def list_intents(state: State, params: Obj) -> Obj:
    return page_of(_of_customer(state, "payment_intent", params), params, url="/v1/payment_intents")


@route("GET", "/v1/payment_intents/{id}", "payment_intent_retrieve")
def retrieve_intent(state: State, params: Obj, id: str) -> Obj:
    return state.get("payment_intent", id)


@route("GET", "/v1/setup_intents/{id}", "setup_intent_retrieve")
def retrieve_setup(state: State, params: Obj, id: str) -> Obj:
    return state.get("setup_intent", id)


def _of_customer(state: State, kind: str, params: Obj) -> list[Obj]:
    names = ("customer", "payment_intent", "charge")
    return state.all(kind, **{name: params[name] for name in names if name in params})


@route("GET", "/v1/charges", "charge_list")
def list_charges(state: State, params: Obj) -> Obj:
    return page_of(_of_customer(state, "charge", params), params, url="/v1/charges")


@route("GET", "/v1/charges/{id}", "charge_retrieve")
def retrieve_charge(state: State, params: Obj, id: str) -> Obj:
    return state.get("charge", id)


@when_asked("charge", "refunds")
def _refunds(state: State, charge: Obj) -> Obj:
    rows = state.all("refund", charge=charge["id"])
    return whole(rows[::-1], url=f"/v1/charges/{charge['id']}/refunds")


@route("POST", "/v1/refunds", "refund_create")
def create_refund(state: State, params: Obj) -> Obj:
    return refund(
        state, _refunded(state, params), amount=params.get("amount"), reason=params.get("reason"),
        metadata=merged({}, params.get("metadata")),
    )  # fmt: skip


def _refunded(state: State, params: Obj) -> Obj:
    if id := params.get("charge"):
        return state.get("charge", id, param="charge")
    if "payment_intent" not in params:
        raise Refusal("One of the following params should be provided: charge, payment_intent.")
    intent = state.get("payment_intent", params["payment_intent"], param="payment_intent")
    if intent["status"] != "succeeded":
        raise Refusal("This PaymentIntent does not have a successful charge to refund.")
    return state.tables["charge"][intent["latest_charge"]]


@route("GET", "/v1/refunds", "refund_list")
def list_refunds(state: State, params: Obj) -> Obj:
    return page_of(_of_customer(state, "refund", params), params, url="/v1/refunds")


@route("GET", "/v1/refunds/{id}", "refund_retrieve")
def retrieve_refund(state: State, params: Obj, id: str) -> Obj:
    return state.get("refund", id)


@route("GET", "/v1/disputes", "dispute_list")
def list_disputes(state: State, params: Obj) -> Obj:
    return page_of(_of_customer(state, "dispute", params), params, url="/v1/disputes")


@route("GET", "/v1/disputes/{id}", "dispute_retrieve")
def retrieve_dispute(state: State, params: Obj, id: str) -> Obj:
    return state.get("dispute", id)


@route("POST", "/v1/disputes/{id}", "dispute_update")
def update_dispute(state: State, params: Obj, id: str) -> Obj:
    case = state.get("dispute", id)
    changed(case, {key: it for key, it in params.items() if key == "metadata"})
    if params.get("submit", True) and params.get("evidence"):
        case["status"] = "under_review"
    return case


@route("POST", "/v1/disputes/{id}/close", "dispute_close")
def give_in(state: State, params: Obj, id: str) -> Obj:
    """Closing one by oneself is losing it."""
    return close_dispute(state, state.get("dispute", id), is_won=False)


@route("DELETE", "/v1/customers/{id}", "customer_delete")
def delete_customer(state: State, params: Obj, id: str) -> Obj:
    customer: Any = live_customer(state, id, param="") if id in state.tables["customer"] else None
    customer = customer or state.get("customer", id)
    for subscription in state.all("subscription", customer=id):
        if subscription["status"] not in OVER:
            finish(state, subscription)
    for method in state.all("payment_method", customer=id):
        method["customer"] = None
    customer["deleted"] = True
    gone = {"id": id, "object": "customer", "deleted": True}
    state.emit("customer.deleted", customer)
    return gone
