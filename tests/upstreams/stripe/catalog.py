"""Products, prices, coupons and promotion codes."""

from decimal import Decimal
from typing import Any

from tests.upstreams.stripe.errors import Refusal
from tests.upstreams.stripe.lists import page_of, when_asked
from tests.upstreams.stripe.routes import route
from tests.upstreams.stripe.state import Obj, State


def merged(old: Obj, new: Any) -> Obj:
    """Metadata: keys are added, an empty value takes one out, an empty string takes all."""
    if new == "":
        return {}
    return {key: value for key, value in (old | (new or {})).items() if value != ""}


def changed(thing: Obj, params: Obj) -> None:
    """Plain fields are replaced, an empty string unsets, metadata is merged."""
    for name, value in params.items():
        if name == "metadata":
            thing["metadata"] = merged(thing["metadata"], value)
        elif name != "expand":
            thing[name] = None if value == "" else value


def amount_in(price: Obj, currency: str) -> int:
    """The unit amount. Refuses a currency that the price does not have."""
    if price["currency"] == currency:
        return int(price["unit_amount"])
    option = price["_options"].get(currency)
    if option is None:
        raise Refusal(
            f"The price specified only supports `{price['currency']}`. This doesn't match the "
            f"expected currency: `{currency}`.",
            param="currency",
        )
    return int(option["unit_amount"])


def currencies(price: Obj) -> set[str]:
    return {price["currency"], *price["_options"]}


@route("POST", "/v1/products", "product_create")
def create_product(state: State, params: Obj) -> Obj:
    if params.get("id") in state.tables["product"]:
        raise Refusal("Product already exists.", code="resource_already_exists", param="id")
    product = state.new(
        "product", id=params.get("id", ""), active=params.get("active", True), name=params["name"],
        description=params.get("description"), images=params.get("images", []),
        marketing_features=[], metadata=merged({}, params.get("metadata")), type="service",
        updated=state.now, default_price=None, unit_label=params.get("unit_label"),
    )  # fmt: skip
    if data := params.get("default_price_data"):
        product["default_price"] = _price(state, {**data, "product": product["id"]})["id"]
    state.emit("product.created", product)
    return product


@route("GET", "/v1/products", "product_list")
def list_products(state: State, params: Obj) -> Obj:
    ids = params.get("ids")
    rows = [
        it for it in _live(state, "product")
        if (not ids or it["id"] in ids) and params.get("active", it["active"]) == it["active"]
    ]  # fmt: skip
    return page_of(rows, params, url="/v1/products")


@route("GET", "/v1/products/{id}", "product_retrieve")
def retrieve_product(state: State, params: Obj, id: str) -> Obj:
    return state.get("product", id)


@route("POST", "/v1/products/{id}", "product_update")
def update_product(state: State, params: Obj, id: str) -> Obj:
    product = state.get("product", id)
    with state.changing(product, "product.updated"):
        changed(product, params)
    return product


@route("POST", "/v1/prices", "price_create")
def create_price(state: State, params: Obj) -> Obj:
    return _price(state, params)


def _price(state: State, params: Obj) -> Obj:
    amount = _unit_amount(params)
    if product := params.get("product_data"):
        named = {key: it for key, it in product.items() if key in ("id", "name", "metadata")}
        params = {**params, "product": create_product(state, named)["id"]}
    if "product" not in params:
        raise Refusal("You must specify either `product` or `product_data`.", param="product")
    product_id = state.get("product", params["product"], param="product")["id"]
    options = {
        code: {"unit_amount": _unit_amount(it), "unit_amount_decimal": str(_unit_amount(it)),
               "tax_behavior": "unspecified", "custom_unit_amount": None}
        for code, it in (params.get("currency_options") or {}).items()
    }  # fmt: skip
    recurring = _recurring(params.get("recurring"))
    _lookup_key(state, params, price=None)
    price = state.new(
        "price", active=params.get("active", True), billing_scheme="per_unit",
        currency=params["currency"].lower(), lookup_key=params.get("lookup_key"),
        metadata=merged({}, params.get("metadata")), nickname=params.get("nickname"),
        product=product_id, recurring=recurring, type="recurring" if recurring else "one_time",
        tax_behavior="unspecified", unit_amount=amount, unit_amount_decimal=str(amount),
        _options=options,
    )  # fmt: skip
    state.emit("price.created", price)
    return price


def _unit_amount(params: Obj) -> int:
    amount = params.get("unit_amount")
    if amount is None and "unit_amount_decimal" in params:
        amount = Decimal(params["unit_amount_decimal"])
    if amount is None:
        raise Refusal("You must specify `unit_amount`.", param="unit_amount")
    if amount < 0 or amount != int(amount):
        raise Refusal(
            "This value must be greater than or equal to 0.",
            code="parameter_invalid_integer", param="unit_amount",
        )  # fmt: skip
    return int(amount)


def _recurring(given: Any) -> Obj | None:
    if not given:
        return None
    return {
        "interval": given["interval"], "interval_count": given.get("interval_count", 1),
        "usage_type": given.get("usage_type", "licensed"), "meter": None, "trial_period_days": None,
    }  # fmt: skip


def _lookup_key(state: State, params: Obj, *, price: Obj | None) -> None:
    key = params.get("lookup_key")
    holder = next((it for it in state.all("price", lookup_key=key) if it is not price), None)
    if not key or holder is None:
        return
    if not params.get("transfer_lookup_key"):
        raise Refusal(
            f"A price (`{holder['id']}`) already uses that lookup key.", param="lookup_key"
        )
    holder["lookup_key"] = None


@when_asked("price", "currency_options")
def _currency_options(state: State, price: Obj) -> Obj:
    own = {
        "unit_amount": price["unit_amount"], "unit_amount_decimal": price["unit_amount_decimal"],
        "tax_behavior": "unspecified", "custom_unit_amount": None,
    }  # fmt: skip
    return {price["currency"]: own, **price["_options"]}


@route("GET", "/v1/prices", "price_list")
def list_prices(state: State, params: Obj) -> Obj:
    keys = params.get("lookup_keys")
    rows = [
        it for it in state.all("price", **_same(params, "product", "active", "type", "currency"))
        if not keys or it["lookup_key"] in keys
    ]  # fmt: skip
    return page_of(rows, params, url="/v1/prices")


@route("GET", "/v1/prices/{id}", "price_retrieve")
def retrieve_price(state: State, params: Obj, id: str) -> Obj:
    return state.get("price", id)


@route("POST", "/v1/prices/{id}", "price_update")
def update_price(state: State, params: Obj, id: str) -> Obj:
    price = state.get("price", id)
    _lookup_key(state, params, price=price)
    params = {**params}
    for code, it in (params.pop("currency_options", "") or {}).items():
        price["_options"][code] = {
            "unit_amount": _unit_amount(it), "unit_amount_decimal": str(_unit_amount(it)),
            "tax_behavior": "unspecified", "custom_unit_amount": None,
        }  # fmt: skip
    params.pop("transfer_lookup_key", None)
    with state.changing(price, "price.updated"):
        changed(price, params)
    return price


def _same(params: Obj, *names: str) -> Obj:
    return {name: params[name] for name in names if name in params}


def _live(state: State, kind: str) -> list[Obj]:
    return [it for it in state.all(kind) if not it.get("deleted")]
