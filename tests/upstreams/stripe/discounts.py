"""Coupons, the codes that customers type, and the discounts that come of them."""

from collections.abc import Sequence
from typing import Any

from tests.upstreams.stripe.catalog import changed, merged
from tests.upstreams.stripe.errors import Refusal
from tests.upstreams.stripe.lists import page_of
from tests.upstreams.stripe.proration import later
from tests.upstreams.stripe.routes import route
from tests.upstreams.stripe.state import Obj, State


@route("POST", "/v1/coupons", "coupon_create")
def create_coupon(state: State, params: Obj) -> Obj:
    if ("percent_off" in params) == ("amount_off" in params):
        raise Refusal("You must specify either percent_off or amount_off, and only one of them.")
    if "amount_off" in params and "currency" not in params:
        raise Refusal("You must pass currency with amount_off.", param="currency")
    if params.get("id") in state.tables["coupon"]:
        raise Refusal("Coupon already exists.", code="resource_already_exists", param="id")
    coupon = state.new(
        "coupon", id=params.get("id", ""), amount_off=params.get("amount_off"),
        currency=params.get("currency"), duration=params.get("duration", "once"),
        duration_in_months=params.get("duration_in_months"),
        max_redemptions=params.get("max_redemptions"), metadata=merged({}, params.get("metadata")),
        name=params.get("name"), percent_off=params.get("percent_off"),
        redeem_by=params.get("redeem_by"), times_redeemed=0, valid=True,
    )  # fmt: skip
    state.emit("coupon.created", coupon)
    return coupon


@route("GET", "/v1/coupons", "coupon_list")
def list_coupons(state: State, params: Obj) -> Obj:
    return page_of(state.all("coupon"), params, url="/v1/coupons")


@route("GET", "/v1/coupons/{id}", "coupon_retrieve")
def retrieve_coupon(state: State, params: Obj, id: str) -> Obj:
    return state.get("coupon", id)


@route("POST", "/v1/promotion_codes", "promotion_code_create")
def create_code(state: State, params: Obj) -> Obj:
    coupon = state.get("coupon", params["promotion"].get("coupon", ""), param="promotion[coupon]")
    code = params.get("code") or f"CODE{len(state.tables['promotion_code']) + 1}"
    if code_named(state, code):
        raise Refusal("An active promotion code with this code already exists.", param="code")
    return state.new(
        "promotion_code", active=params.get("active", True), code=code,
        customer=params.get("customer"), expires_at=params.get("expires_at"),
        max_redemptions=params.get("max_redemptions"), metadata=merged({}, params.get("metadata")),
        promotion={"type": "coupon", "coupon": coupon["id"]},
        restrictions={"first_time_transaction": False}, times_redeemed=0,
    )  # fmt: skip


@route("GET", "/v1/promotion_codes", "promotion_code_list")
def list_codes(state: State, params: Obj) -> Obj:
    same = {name: params[name] for name in ("code", "active", "customer") if name in params}
    return page_of(state.all("promotion_code", **same), params, url="/v1/promotion_codes")


@route("POST", "/v1/promotion_codes/{id}", "promotion_code_update")
def update_code(state: State, params: Obj, id: str) -> Obj:
    code = state.get("promotion_code", id)
    changed(code, params)
    return code


def code_named(state: State, text: str) -> Obj | None:
    rows = state.all("promotion_code", active=True)
    return next((it for it in rows if it["code"].lower() == text.strip().lower()), None)


def discounts_of(state: State, params: Obj, subscription: Obj) -> list[str]:
    """The ids of discounts made of `discounts` in a request."""
    made = []
    for one in params.get("discounts") or []:
        if id := one.get("discount"):
            made.append(id)
            continue
        made.append(discount(state, one, subscription=subscription)["id"])
    return made


def discount(state: State, one: Any, *, subscription: Obj) -> Obj:
    coupon, code = redeemable(state, one)
    for it in filter(None, (coupon, code)):
        it["times_redeemed"] += 1
    months = coupon["duration_in_months"]
    end = later(state.now, {"interval": "month", "interval_count": months}) if months else None
    return state.new(
        "discount", source={"type": "coupon", "coupon": coupon["id"]}, start=state.now, end=end,
        customer=subscription["customer"], subscription=subscription["id"],
        promotion_code=code and code["id"], checkout_session=None,
    )  # fmt: skip


def redeemable(state: State, one: Any) -> tuple[Obj, Obj | None]:
    """The coupon, and the code if it came by one. Refuses what ran out."""
    code = None
    if id := one.get("promotion_code"):
        code = state.get("promotion_code", id, param="discounts[0][promotion_code]")
    coupon_id = code["promotion"]["coupon"] if code else one.get("coupon", "")
    coupon = state.get("coupon", coupon_id, param="discounts[0][coupon]")
    for it, last in ((coupon, "redeem_by"), (code, "expires_at")):
        if it is None:
            continue
        is_late = it[last] is not None and it[last] <= state.now
        is_used_up = (
            it["max_redemptions"] is not None and it["times_redeemed"] >= it["max_redemptions"]
        )
        if is_late or is_used_up or not it.get("active", True):
            raise Refusal(
                "This coupon or promotion code is expired or used up.", code="coupon_expired",
                param="discounts",
            )  # fmt: skip
    return coupon, code


def live_discounts(state: State, subscription: Obj) -> list[Obj]:
    rows = [state.tables["discount"][id] for id in subscription["discounts"]]
    return [it for it in rows if it["end"] is None or it["end"] > state.now]


def use_up(state: State, subscription: Obj, discounts: Sequence[Obj]) -> None:
    """A coupon for once is gone after one invoice."""
    once = {
        it["id"] for it in discounts
        if state.tables["coupon"][it["source"]["coupon"]]["duration"] == "once"
    }  # fmt: skip
    subscription["discounts"] = [id for id in subscription["discounts"] if id not in once]
