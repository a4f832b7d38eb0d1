"""What happens when somebody gives a card on a Checkout page."""

from typing import Any

from tests.upstreams.stripe.cards import attach, card_of, new_method, outcome, refusal_of
from tests.upstreams.stripe.catalog import merged
from tests.upstreams.stripe.checkout import trial_end
from tests.upstreams.stripe.customers import create as create_customer
from tests.upstreams.stripe.customers import live_customer
from tests.upstreams.stripe.discounts import discount
from tests.upstreams.stripe.errors import Refusal, declined
from tests.upstreams.stripe.invoices import (
    check_currency,
    collect,
    draft,
    finalize,
    intent_of,
)
from tests.upstreams.stripe.lines import line
from tests.upstreams.stripe.payments import confirm, new_intent
from tests.upstreams.stripe.state import Obj, State
from tests.upstreams.stripe.subscriptions import create, first_payment

DETAILS = {
    "address": None, "business_name": None, "email": None, "individual_name": None, "name": None,
    "phone": None, "tax_exempt": "none", "tax_ids": [],
}  # fmt: skip


def give_card(state: State, session: Obj, number: str, *, email: str = "") -> bool:
    """From the page. Refuses a card that is declined; False: its owner is asked on another page."""
    if session["status"] != "open":
        raise Refusal("This session is over.")
    method = new_method(
        state, number, billing={"email": session["customer_email"] or email or None}
    )
    session["_method"] = method["id"]
    session["_email"] = email
    is_saved = session["mode"] != "payment" or _future_usage(session)
    result = outcome(method, is_off_session=False)
    later = session["mode"] == "setup" or (
        session["mode"] == "subscription" and not session["amount_total"]
    )
    if result == "declined" and not (later and is_saved and _attaches(method)):
        _record_decline(state, session, method)
        raise refusal_of(method)
    if result == "action":
        return False
    complete(state, session)
    return True


def _attaches(method: Obj) -> bool:
    return card_of(method).does == "declines_later"


def _future_usage(session: Obj) -> str | None:
    data = session["_params"].get("payment_intent_data") or {}
    return data.get("setup_future_usage")


def _record_decline(state: State, session: Obj, method: Obj) -> None:
    if session["mode"] == "payment":
        confirm(state, _intent(state, session), method, is_off_session=False)


def _intent(state: State, session: Obj) -> Obj:
    if id := session.get("payment_intent"):
        return state.tables["payment_intent"][id]
    data = session["_params"].get("payment_intent_data") or {}
    intent = new_intent(
        state, amount=session["amount_total"], currency=session["currency"],
        customer=session["customer"], metadata=merged({}, data.get("metadata")),
        description=data.get("description"), setup_future_usage=_future_usage(session),
        receipt_email=data.get("receipt_email"),
    )  # fmt: skip
    session["payment_intent"] = intent["id"]
    return intent


def complete(state: State, session: Obj, *, is_authenticated: bool = False) -> None:
    """The card was given and, if it asks, its owner has said yes."""
    method = state.tables["payment_method"][session["_method"]]
    customer = _payer(state, session)
    match session["mode"]:
        case "subscription":
            _subscribe(state, session, customer, method, is_authenticated=is_authenticated)
        case "payment":
            _pay(state, session, customer, method, is_authenticated=is_authenticated)
        case _:
            _set_up(state, session, customer, method)
    session |= {
        "status": "complete", "url": None,
        "customer_details": DETAILS | {
            "email": (customer or {}).get("email") or session["_email"] or None
        },
    }  # fmt: skip
    state.emit("checkout.session.completed", session)


def _payer(state: State, session: Obj) -> Obj | None:
    if id := session["customer"]:
        return live_customer(state, id)
    always = session["_params"].get("customer_creation") == "always"
    if session["mode"] == "payment" and not always and not _future_usage(session):
        return None
    email = session["customer_email"] or session["_email"] or None
    customer = create_customer(state, {"email": email} if email else {})
    session["customer"] = customer["id"]
    return customer


def _save(state: State, customer: Obj | None, method: Obj) -> None:
    if customer is not None:
        attach(state, method, customer)
        method["_is_set_up"] = True


def _subscribe(
    state: State, session: Obj, customer: Obj | None, method: Obj, *, is_authenticated: bool
) -> None:
    assert customer is not None
    check_currency(customer, session["currency"])
    _save(state, customer, method)
    data: Any = session["_params"].get("subscription_data") or {}
    wanted = [(it["price"], it["quantity"]) for it in session["_items"] if it["price"]["recurring"]]
    subscription = create(
        state, customer, wanted, currency=session["currency"], method=method,
        trial_end=trial_end(state, session), trial_settings=data.get("trial_settings"),
        metadata=merged({}, data.get("metadata")), description=data.get("description"),
    )  # fmt: skip
    subscription["discounts"] = [
        discount(state, one, subscription=subscription)["id"] for one in session["_codes"]
    ]
    session["subscription"] = subscription["id"]
    first_payment(state, subscription, is_off_session=False, is_authenticated=is_authenticated)
    session["invoice"] = subscription["latest_invoice"]
    session["payment_status"] = "paid" if session["amount_total"] else "no_payment_required"


def _pay(
    state: State, session: Obj, customer: Obj | None, method: Obj, *, is_authenticated: bool
) -> None:
    intent = _intent(state, session)
    intent["customer"] = session["customer"]
    if customer and session["invoice_creation"]:
        invoice = _invoice(state, session, customer)
        intent_of(state, invoice, intent=intent)
        session["invoice"] = invoice["id"]
        result = collect(
            state, invoice, method=method, is_off_session=False, is_authenticated=is_authenticated
        )
    else:
        result = confirm(
            state, intent, method, is_off_session=False, is_authenticated=is_authenticated
        )
    if result != "succeeded":
        raise declined("card_declined", "Your card was declined.")
    session["payment_status"] = "paid"


def _invoice(state: State, session: Obj, customer: Obj) -> Obj:
    lines = [
        line(
            state, amount=it["amount_total"], currency=session["currency"], start=state.now,
            text=it["description"], price=it["price"], quantity=it["quantity"], end=state.now,
        )
        for it in session["_items"]
    ]  # fmt: skip
    invoice = draft(
        state,
        customer,
        currency=session["currency"],
        lines=lines,
        reason="manual",
        with_pending=False,
    )
    finalize(state, invoice)
    return invoice


def _set_up(state: State, session: Obj, customer: Obj | None, method: Obj) -> None:
    _save(state, customer, method)
    intent = state.new(
        "setup_intent", customer=session["customer"], payment_method=method["id"],
        payment_method_types=["card"], status="succeeded", usage="off_session",
        metadata=merged({}, (session["_params"].get("setup_intent_data") or {}).get("metadata")),
    )  # fmt: skip
    state.emit("setup_intent.succeeded", intent)
    session |= {"setup_intent": intent["id"], "payment_status": "no_payment_required"}
