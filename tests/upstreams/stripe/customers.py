"""Customers and their cards."""

from typing import Any

from tests.upstreams.stripe.cards import attach, method_named, new_method
from tests.upstreams.stripe.catalog import changed, merged
from tests.upstreams.stripe.errors import Refusal
from tests.upstreams.stripe.lists import page_of, when_asked, whole
from tests.upstreams.stripe.routes import route
from tests.upstreams.stripe.state import Obj, State

EMPTY_SETTINGS = {
    "custom_fields": None, "default_payment_method": None, "footer": None,
    "rendering_options": None,
}  # fmt: skip


def default_method(state: State, customer: Obj, subscription: Obj | None = None) -> Obj | None:
    """The card that is charged when none is named."""
    own = subscription["default_payment_method"] if subscription else None
    id = own or customer["invoice_settings"]["default_payment_method"]
    return state.tables["payment_method"].get(id) if id else None


def make_default(state: State, customer: Obj, method: Obj) -> None:
    with state.changing(customer, "customer.updated"):
        customer["invoice_settings"]["default_payment_method"] = method["id"]


def live_customer(state: State, id: str, *, param: str = "customer") -> Obj:
    return state.get("customer", id, param=param)


@route("POST", "/v1/customers", "customer_create")
def create(state: State, params: Obj) -> Obj:
    customer = state.new(
        "customer", address=params.get("address") or None, balance=params.get("balance", 0),
        currency=None, default_source=None, delinquent=False, description=params.get("description"),
        discount=None, email=params.get("email"),
        invoice_prefix=f"FAKE{len(state.tables['customer']) + 1}",
        invoice_settings=dict(EMPTY_SETTINGS), metadata=merged({}, params.get("metadata")),
        name=params.get("name"), next_invoice_sequence=1, phone=params.get("phone"),
        preferred_locales=params.get("preferred_locales", []), shipping=None, tax_exempt="none",
    )  # fmt: skip
    state.emit("customer.created", customer)
    if method := params.get("payment_method"):
        attach(state, method_named(state, method), customer)
    _settings(state, customer, params.get("invoice_settings"))
    return customer


def _settings(state: State, customer: Obj, given: Any) -> None:
    if not given:
        return
    if id := given.get("default_payment_method"):
        method = state.get("payment_method", id, param="invoice_settings[default_payment_method]")
        if method["customer"] != customer["id"]:
            raise Refusal(
                "The customer does not have a payment method with the ID "
                f"{id}. The payment method must be attached to the customer.",
                code="resource_missing", param="invoice_settings[default_payment_method]",
            )  # fmt: skip
    customer["invoice_settings"] |= {key: it or None for key, it in given.items()}


@route("GET", "/v1/customers", "customer_list")
def list_customers(state: State, params: Obj) -> Obj:
    rows = [
        it for it in state.all("customer")
        if not it.get("deleted") and params.get("email", it["email"]) == it["email"]
    ]  # fmt: skip
    return page_of(rows, params, url="/v1/customers")


@route("GET", "/v1/customers/{id}", "customer_retrieve")
def retrieve(state: State, params: Obj, id: str) -> Obj:
    customer = state.get("customer", id)
    if customer.get("deleted"):
        return {"id": id, "object": "customer", "deleted": True}
    return customer


@route("POST", "/v1/customers/{id}", "customer_update")
def update(state: State, params: Obj, id: str) -> Obj:
    customer = _living(state, id)
    params = {**params}
    with state.changing(customer, "customer.updated"):
        _settings(state, customer, params.pop("invoice_settings", None))
        changed(customer, params)
    return customer


def _living(state: State, id: str) -> Obj:
    customer = state.get("customer", id)
    if customer.get("deleted"):
        state.get("customer", f"{id} (deleted)")
    return customer


@when_asked("customer", "subscriptions")
def _subscriptions(state: State, customer: Obj) -> Obj:
    rows = [
        it for it in state.all("subscription", customer=customer["id"])
        if it["status"] not in ("canceled", "incomplete_expired")
    ]  # fmt: skip
    return whole(rows[::-1], url=f"/v1/customers/{customer['id']}/subscriptions")


@route("GET", "/v1/customers/{id}/payment_methods", "customer_payment_method_list")
def list_methods_of(state: State, params: Obj, id: str) -> Obj:
    rows = state.all("payment_method", customer=_living(state, id)["id"])
    return page_of(rows, params, url=f"/v1/customers/{id}/payment_methods")


@route("POST", "/v1/payment_methods", "payment_method_create")
def create_method(state: State, params: Obj) -> Obj:
    card = params.get("card") or {}
    if params.get("type") != "card" or "number" not in card:
        raise Refusal("This stand-in knows cards only: type=card and card[number].", param="type")
    return new_method(
        state,
        card["number"],
        billing=params.get("billing_details"),
        metadata=params.get("metadata"),
    )


@route("GET", "/v1/payment_methods", "payment_method_list")
def list_methods(state: State, params: Obj) -> Obj:
    rows = state.all("payment_method", customer=params.get("customer"))
    return page_of(rows, params, url="/v1/payment_methods")


@route("GET", "/v1/payment_methods/{id}", "payment_method_retrieve")
def retrieve_method(state: State, params: Obj, id: str) -> Obj:
    return state.get("payment_method", id)


@route("POST", "/v1/payment_methods/{id}/attach", "payment_method_attach")
def attach_method(state: State, params: Obj, id: str) -> Obj:
    customer = live_customer(state, params["customer"])
    return attach(state, method_named(state, id), customer)


@route("POST", "/v1/payment_methods/{id}/detach", "payment_method_detach")
def detach_method(state: State, params: Obj, id: str) -> Obj:
    method = state.get("payment_method", id)
    customer = state.tables["customer"].get(method["customer"] or "")
    if customer is None:
        raise Refusal("The payment method is not attached to a customer.")
    if customer["invoice_settings"]["default_payment_method"] == id:
        customer["invoice_settings"]["default_payment_method"] = None
    method["customer"] = None
    state.emit("payment_method.detached", method)
    return method
