"""Checkout sessions: what is on offer, and what happens when somebody gives a card."""

from tests.upstreams.stripe import catalog
from tests.upstreams.stripe.catalog import amount_in, merged
from tests.upstreams.stripe.customers import live_customer
from tests.upstreams.stripe.discounts import redeemable
from tests.upstreams.stripe.errors import Refusal
from tests.upstreams.stripe.lists import page_of, when_asked, whole
from tests.upstreams.stripe.payments import check_amount
from tests.upstreams.stripe.proration import DAY, share
from tests.upstreams.stripe.routes import route
from tests.upstreams.stripe.state import Obj, State
from tests.upstreams.stripe.subscription_api import trial_end_of
from tests.upstreams.stripe.subscriptions import currency_for

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
        raise Refusal(
            "You may only specify one of these parameters: allow_promotion_codes, discounts."
        )
    expires = params.get("expires_at", state.now + DAY)
    if not state.now + 1800 <= expires <= state.now + DAY:
        raise Refusal(
            "The `expires_at` timestamp must be 30 minutes to 24 hours away.", param="expires_at"
        )
    session = state.new(
        "checkout.session", allow_promotion_codes=params.get("allow_promotion_codes"),
        automatic_tax={"enabled": False}, cancel_url=params.get("cancel_url"),
        client_reference_id=params.get("client_reference_id"), currency=currency,
        custom_fields=[], custom_text={}, customer=customer and customer["id"],
        customer_email=params.get("customer_email"), discounts=[], expires_at=expires,
        locale=params.get("locale"), metadata=merged({}, params.get("metadata")), mode=mode,
        payment_method_types=["card"], payment_status="unpaid", shipping_options=[],
        payment_method_collection=params.get("payment_method_collection", "always"),
        status="open", success_url=params.get("success_url"),
        ui_mode=params.get("ui_mode", "hosted_page"),
        invoice_creation={"enabled": True} if _wants_invoice(params) else None,
        _items=items, _params=params, _codes=params.get("discounts") or [],
    )  # fmt: skip
    session["url"] = f"{state.origin}/checkout/{session['id']}"
    add_up(state, session)
    if mode == "payment":
        check_amount(session["amount_total"], currency)
    state.clock.at(expires, session["id"])
    return session


def _wants_invoice(params: Obj) -> bool:
    return bool((params.get("invoice_creation") or {}).get("enabled"))


def _customer(state: State, params: Obj) -> Obj | None:
    if "success_url" not in params:
        raise Refusal(
            "Missing required param: success_url.", code="parameter_missing", param="success_url"
        )
    return live_customer(state, params["customer"]) if "customer" in params else None


def _items(state: State, params: Obj, *, mode: str, customer: Obj | None) -> list[Obj]:
    given = params.get("line_items") or []
    if mode == "setup":
        return []
    if not given:
        raise Refusal(
            "Missing required param: line_items.", code="parameter_missing", param="line_items"
        )
    rows = [_item(state, one, params, customer=customer, mode=mode) for one in given]
    if mode == "subscription" and not any(it["price"]["recurring"] for it in rows):
        raise Refusal(
            "You must provide at least one recurring price in `subscription` mode.",
            param="line_items",
        )
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
        raise Refusal(
            f"The price specified is inactive: {price['id']}.", param="line_items[0][price]"
        )
    wanted = params.get("currency")
    is_invoiced = mode == "subscription" or _wants_invoice(params)
    holder = customer if customer and is_invoiced else {"currency": None}
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
        off += (
            share(left, round(percent * 100), 10_000)
            if percent
            else min(left, coupon["amount_off"])
        )
    trial = session["mode"] == "subscription" and trial_end(state, session)
    session |= {
        "amount_subtotal": 0 if trial else subtotal, "amount_total": 0 if trial else subtotal - off,
        "total_details": {
            "amount_discount": 0 if trial else off, "amount_shipping": 0, "amount_tax": 0,
        },
        "discounts": [
            {"coupon": None if "promotion_code" in one else one.get("coupon"),
             "promotion_code": one.get("promotion_code")} for one in session["_codes"]
        ],
    }  # fmt: skip


def trial_end(state: State, session: Obj) -> int | None:
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
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout '
            f"Session has a status of {session['status']}."
        )
    session |= {"status": "expired", "url": None}
    state.emit("checkout.session.expired", session)
    return session
