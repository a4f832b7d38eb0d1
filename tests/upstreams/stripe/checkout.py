"""Checkout sessions: what is on offer, and what happens when somebody gives a card."""

from typing import Any

from tests.upstreams.stripe import catalog
from tests.upstreams.stripe.cards import attach, new_method, outcome, refusal_of
from tests.upstreams.stripe.catalog import amount_in, merged
from tests.upstreams.stripe.customers import create as create_customer
from tests.upstreams.stripe.customers import live_customer
from tests.upstreams.stripe.discounts import discount, redeemable
from tests.upstreams.stripe.errors import Refusal, declined
from tests.upstreams.stripe.invoices import check_currency, collect, draft, finalize
from tests.upstreams.stripe.lines import line
from tests.upstreams.stripe.lists import page_of, when_asked, whole
from tests.upstreams.stripe.payments import check_amount, confirm, new_intent
from tests.upstreams.stripe.proration import DAY, share
from tests.upstreams.stripe.routes import route
from tests.upstreams.stripe.state import Obj, State
from tests.upstreams.stripe.subscription_api import trial_end_of
from tests.upstreams.stripe.subscriptions import create, currency_for, first_payment

DETAILS = {
    "address": None, "business_name": None, "email": None, "individual_name": None, "name": None,
    "phone": None, "tax_exempt": "none", "tax_ids": [],
}  # fmt: skip


@route("POST", "/v1/checkout/sessions", "checkout/session_create")
def create_session(state: State, params: Obj) -> Obj:
    mode = params.get("mode", "payment")
    customer = _customer(state, params)
    items = _items(state, params, mode=mode, customer=customer)
    currency = items[0]["_currency"] if items else params.get("currency")
    codes = [redeemable(state, one) for one in params.get("discounts") or []]
    if codes and params.get("allow_promotion_codes"):
        raise Refusal("You may only specify one of these parameters: allow_promotion_codes, discounts.")
    expires = params.get("expires_at", state.now + DAY)
    if not state.now + 1800 <= expires <= state.now + DAY:
        raise Refusal("The `expires_at` timestamp must be 30 minutes to 24 hours away.", param="expires_at")
    session = state.new(
        "checkout.session", allow_promotion_codes=params.get("allow_promotion_codes"),
        automatic_tax={"enabled": False}, cancel_url=params.get("cancel_url"),
        client_reference_id=params.get("client_reference_id"), currency=currency,
        custom_fields=[], custom_text={}, customer=customer and customer["id"],
        customer_email=params.get("customer_email"), discounts=[], expires_at=expires,
        locale=params.get("locale"), metadata=merged({}, params.get("metadata")), mode=mode,
        payment_method_types=["card"], payment_status="unpaid", shipping_options=[],
        payment_method_collection=params.get("payment_method_collection", "always"),
        status="open", success_url=params.get("success_url"), ui_mode=params.get("ui_mode", "hosted_page"),
        invoice_creation=params.get("invoice_creation") and {"enabled": params["invoice_creation"]["enabled"]},
        _items=items, _params=params, _codes=params.get("discounts") or [],
    )  # fmt: skip
    session["url"] = f"{state.origin}/checkout/{session['id']}"
    add_up(state, session)
    if mode == "payment":
        check_amount(session["amount_total"], currency)
    state.clock.at(expires, session["id"])
    return session


def _customer(state: State, params: Obj) -> Obj | None:
    if "success_url" not in params:
        raise Refusal("Missing required param: success_url.", code="parameter_missing", param="success_url")
    return live_customer(state, params["customer"]) if "customer" in params else None


def _items(state: State, params: Obj, *, mode: str, customer: Obj | None) -> list[Obj]:
    given = params.get("line_items") or []
    if mode == "setup":
        return []
    if not given:
        raise Refusal("Missing required param: line_items.", code="parameter_missing", param="line_items")
    rows = [_item(state, one, params, customer=customer, mode=mode) for one in given]
    if mode == "subscription" and not any(it["price"]["recurring"] for it in rows):
        raise Refusal("You must provide at least one recurring price in `subscription` mode.", param="line_items")
    if len({it["_currency"] for it in rows}) > 1:
        raise Refusal("All prices in a session must have the same currency.", param="line_items")
    return rows


def _item(state: State, one: Obj, params: Obj, *, customer: Obj | None, mode: str) -> Obj:
    price = _price(state, one)
    if mode == "payment" and price["recurring"]:
        raise Refusal(
            "You specified `payment` mode but passed a recurring price. Either switch to "
            "`subscription` mode or use only one-time prices.", param="mode",
        )  # fmt: skip
    if not price["active"]:
        raise Refusal(f"The price specified is inactive: {price['id']}.", param="line_items[0][price]")
    wanted = params.get("currency")
    holder = customer if customer and mode == "subscription" else {"currency": None}
    currency = currency_for(holder, price, wanted)
    quantity = one.get("quantity", 1)
    amount = amount_in(price, currency) * quantity
    return state.new(
        "item", is_kept=False, amount_discount=0, amount_subtotal=amount, amount_tax=0,
        amount_total=amount, currency=currency, price=price, quantity=quantity, discounts=[],
        description=state.tables["product"][price["product"]]["name"], taxes=[], _currency=currency,
    )  # fmt: skip


def _price(state: State, one: Obj) -> Obj:
    if id := one.get("price"):
        return state.get("price", id, param="line_items[0][price]")
    if "price_data" not in one:
        raise Refusal("You must specify `price` or `price_data`.", param="line_items[0][price]")
    data = {key: it for key, it in one["price_data"].items() if key != "tax_behavior"}
    return catalog.create_price(state, data)


def add_up(state: State, session: Obj) -> None:
    subtotal = sum(it["amount_subtotal"] for it in session["_items"])
    off = 0
    for one in session["_codes"]:
        coupon, _ = redeemable(state, one)
        percent = coupon["percent_off"]
        left = subtotal - off
        off += share(left, round(percent * 100), 10_000) if percent else min(left, coupon["amount_off"])
    trial = session["mode"] == "subscription" and _trial_end(state, session)
    session |= {
        "amount_subtotal": 0 if trial else subtotal, "amount_total": 0 if trial else subtotal - off,
        "total_details": {"amount_discount": 0 if trial else off, "amount_shipping": 0, "amount_tax": 0},
        "discounts": [
            {"coupon": None if "promotion_code" in one else one.get("coupon"),
             "promotion_code": one.get("promotion_code")} for one in session["_codes"]
        ],
    }  # fmt: skip


def _trial_end(state: State, session: Obj) -> int | None:
    return trial_end_of(state, session["_params"].get("subscription_data") or {})


@when_asked("checkout.session", "line_items")
def _line_items(state: State, session: Obj) -> Obj:
    return whole(session["_items"], url=f"/v1/checkout/sessions/{session['id']}/line_items")


@route("GET", "/v1/checkout/sessions", "checkout/session_list")
def list_sessions(state: State, params: Obj) -> Obj:
    names = ("customer", "status", "payment_intent", "subscription")
    same = {name: params[name] for name in names if name in params}
    return page_of(state.all("checkout.session", **same), params, url="/v1/checkout/sessions")


@route("GET", "/v1/checkout/sessions/{id}", "checkout/session_retrieve")
def retrieve(state: State, params: Obj, id: str) -> Obj:
    return state.get("checkout.session", id)


@route("GET", "/v1/checkout/sessions/{id}/line_items", "checkout/session_line_item_list")
def list_line_items(state: State, params: Obj, id: str) -> Obj:
    return _line_items(state, state.get("checkout.session", id))  # type: ignore[no-any-return]


@route("POST", "/v1/checkout/sessions/{id}/expire", "checkout/session_expire")
def expire(state: State, params: Obj, id: str) -> Obj:
    session = state.get("checkout.session", id)
    if session["status"] != "open":
        raise Refusal(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout "
            f"Session has a status of {session['status']}."
        )
    session |= {"status": "expired", "url": None}
    state.emit("checkout.session.expired", session)
    return session


def give_card(state: State, session: Obj, number: str, *, email: str = "") -> bool:
    """From the page. Refuses a card that is declined; False: its owner is asked on another page."""
    if session["status"] != "open":
        raise Refusal("This session is over.")
    method = new_method(state, number, billing={"email": session["customer_email"] or email or None})
    session["_method"] = method["id"]
    session["_email"] = email
    is_saved = session["mode"] != "payment" or _future_usage(session)
    result = outcome(method, is_off_session=False)
    later = session["mode"] == "setup" or (session["mode"] == "subscription" and not session["amount_total"])
    if result == "declined" and not (later and is_saved and _attaches(method)):
        _record_decline(state, session, method)
        raise refusal_of(method)
    if result == "action":
        return False
    complete(state, session)
    return True


def _attaches(method: Obj) -> bool:
    return bool(method["_number"] == "4000000000000341")


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
        "customer_details": DETAILS | {"email": (customer or {}).get("email") or session["_email"] or None},
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
        trial_end=_trial_end(state, session), trial_settings=data.get("trial_settings"),
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
    if customer and (session["invoice_creation"] or {}).get("enabled"):
        invoice = _invoice(state, session, customer)
        collect(
            state, invoice, method=method, is_off_session=False, is_authenticated=is_authenticated
        )
        session |= {"invoice": invoice["id"], "payment_intent": invoice["_intent"]}
    else:
        intent = _intent(state, session)
        intent["customer"] = session["customer"]
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
        state, customer, currency=session["currency"], lines=lines, reason="manual", with_pending=False
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
