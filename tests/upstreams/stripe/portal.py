"""The billing portal: its settings, its sessions, and the page where customers help themselves.

A configuration exists from the start, as if it had been saved in the dashboard."""

from typing import Any

from tests.upstreams.stripe import pages
from tests.upstreams.stripe.cards import attach, new_method
from tests.upstreams.stripe.catalog import amount_in, changed, merged
from tests.upstreams.stripe.changes import carry_out, plan, wanted_items
from tests.upstreams.stripe.customers import default_method, live_customer, make_default
from tests.upstreams.stripe.errors import Refusal
from tests.upstreams.stripe.hosted import Shown, Visit, go_to, hosted, html
from tests.upstreams.stripe.lists import page_of
from tests.upstreams.stripe.proration import iso_day, later, written
from tests.upstreams.stripe.routes import route
from tests.upstreams.stripe.schedules import attach as schedule_for
from tests.upstreams.stripe.schedules import release
from tests.upstreams.stripe.schedules import update as update_schedule
from tests.upstreams.stripe.state import Obj, State
from tests.upstreams.stripe.subscription_api import cancel_later
from tests.upstreams.stripe.subscriptions import OVER, finish, items_of, period_of
from tests.upstreams.stripe.texts import words

DEFAULTS: Obj = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False},
    "subscription_cancel": {
        "enabled": False, "mode": "at_period_end", "proration_behavior": "none",
        "cancellation_reason": {"enabled": False, "options": []},
    },
    "subscription_pause": {
        "enabled": False, "duration": {"type": "indefinite", "interval_options": []},
    },
    "subscription_update": {
        "enabled": False, "default_allowed_updates": [], "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []}, "trial_update_behavior": "end_trial",
    },
}  # fmt: skip
OF_THE_DASHBOARD: Obj = {
    "invoice_history": {"enabled": True}, "payment_method_update": {"enabled": True},
    "subscription_cancel": {"enabled": True},
}  # fmt: skip


def _features(given: Obj, old: Obj = DEFAULTS) -> Obj:
    """What is given, on what was; lists of options may be emptied."""
    made = {name: dict(it) for name, it in old.items()}
    for name, feature in given.items():
        made[name] |= {key: [] if it == "" else it for key, it in feature.items()}
    for one in made["subscription_update"].get("products") or []:
        one.setdefault("adjustable_quantity", {"enabled": False, "minimum": 1})
    return made


def _configuration(state: State, params: Obj, *, is_default: bool = False) -> Obj:
    profile = params.get("business_profile") or {}
    return state.new(
        "billing_portal.configuration", active=True, business_profile=dict(profile),
        default_return_url=params.get("default_return_url") or None, is_default=is_default,
        features=_features(params["features"]), login_page={"enabled": False},
        metadata=merged({}, params.get("metadata")), name=params.get("name"), updated=state.now,
    )  # fmt: skip


def _default(state: State) -> Obj:
    rows = state.all("billing_portal.configuration", is_default=True)
    return rows[0] if rows else _configuration(
        state, {"features": OF_THE_DASHBOARD}, is_default=True
    )  # fmt: skip


@route("POST", "/v1/billing_portal/configurations", "billing_portal/configuration_create")
def create_configuration(state: State, params: Obj) -> Obj:
    made = _configuration(state, params)
    state.emit("billing_portal.configuration.created", made)
    return made


@route("GET", "/v1/billing_portal/configurations", "billing_portal/configuration_list")
def list_configurations(state: State, params: Obj) -> Obj:
    _default(state)
    same = {name: params[name] for name in ("active", "is_default") if name in params}
    rows = state.all("billing_portal.configuration", **same)
    return page_of(rows, params, url="/v1/billing_portal/configurations")


@route("GET", "/v1/billing_portal/configurations/{id}", "billing_portal/configuration_retrieve")
def retrieve_configuration(state: State, params: Obj, id: str) -> Obj:
    return state.get("billing_portal.configuration", id)


@route("POST", "/v1/billing_portal/configurations/{id}", "billing_portal/configuration_update")
def update_configuration(state: State, params: Obj, id: str) -> Obj:
    configuration = state.get("billing_portal.configuration", id)
    params = {**params}
    with state.changing(configuration, "billing_portal.configuration.updated"):
        given = params.pop("features", {})
        configuration["features"] = _features(given, configuration["features"])
        changed(configuration, params)
        configuration["updated"] = state.now
    return configuration


@route("POST", "/v1/billing_portal/sessions", "billing_portal/session_create")
def create_session(state: State, params: Obj) -> Obj:
    customer = live_customer(state, params.get("customer", ""))
    id = params.get("configuration")
    configuration = (
        state.get("billing_portal.configuration", id, param="configuration")
        if id
        else _default(state)
    )
    session = state.new(
        "billing_portal.session", configuration=configuration["id"], customer=customer["id"],
        locale=params.get("locale"),
        return_url=params.get("return_url") or configuration["default_return_url"],
        _after=_after(params.get("flow_data")),
    )  # fmt: skip
    session["url"] = f"{state.origin}/portal/{session['id']}"
    return session


def _after(flow: Any) -> str:
    """Where a flow for one purpose ends."""
    return str(
        (((flow or {}).get("after_completion") or {}).get("redirect") or {}).get("return_url", "")
    )


@hosted("/portal/{id}")
def portal_page(state: State, visit: Visit, id: str) -> Shown:
    session = state.get("billing_portal.session", id)
    say = words(session["locale"], visit.accepts)
    if visit.method == "GET":
        return html(_page(state, session, say))
    try:
        onward = _do(state, session, visit)
    except Refusal as refusal:
        return html(_page(state, session, say, error=str(refusal)), status=402)
    return go_to(onward or session["_after"] or session["url"])


def _running(state: State, session: Obj) -> Obj | None:
    rows = state.all("subscription", customer=session["customer"])
    return next((it for it in reversed(rows) if it["status"] not in OVER), None)


def _do(state: State, session: Obj, visit: Visit) -> str:
    """One button. An address if the customer has to go on elsewhere."""
    what, _, about = visit.form.get("do", "").partition(":")
    features = state.tables["billing_portal.configuration"][session["configuration"]]["features"]
    subscription = _running(state, session)
    if what == "card":
        return _new_card(state, session, subscription, visit.form.get("number", ""))
    if subscription is None:
        raise Refusal("There is no subscription.")
    match what:
        case "cancel" if features["subscription_cancel"]["enabled"]:
            _cancel(state, subscription, features["subscription_cancel"]["mode"])
        case "keep":
            _keep(state, subscription)
        case "switch" if features["subscription_update"]["enabled"]:
            return _switch(state, subscription, about, features["subscription_update"])
        case _:
            raise Refusal("This is not offered here.")
    return ""


def _new_card(state: State, session: Obj, subscription: Obj | None, number: str) -> str:
    customer = state.tables["customer"][session["customer"]]
    method = attach(state, new_method(state, number), customer)
    method["_is_set_up"] = True
    make_default(state, customer, method)
    if subscription:
        with state.changing(subscription, "customer.subscription.updated"):
            subscription["default_payment_method"] = method["id"]
    return ""


def _cancel(state: State, subscription: Obj, mode: str) -> None:
    if schedule := state.tables["subscription_schedule"].get(subscription["schedule"] or ""):
        release(state, schedule)
    if mode == "immediately":
        finish(state, subscription)
        return
    with state.changing(subscription, "customer.subscription.updated"):
        cancel_later(state, subscription, {"cancel_at_period_end": True})


def _keep(state: State, subscription: Obj) -> None:
    if schedule := state.tables["subscription_schedule"].get(subscription["schedule"] or ""):
        release(state, schedule)
    with state.changing(subscription, "customer.subscription.updated"):
        cancel_later(state, subscription, {"cancel_at_period_end": False})


def _switch(state: State, subscription: Obj, price_id: str, feature: Obj) -> str:
    """At once, or at the period's end if the configuration says so for a cheaper one."""
    if price_id not in [it["id"] for it in _offered(state, subscription, feature)]:
        raise Refusal("This plan is not offered here.")
    price = state.tables["price"][price_id]
    item = items_of(subscription)[0]
    currency = subscription["currency"]
    conditions = [it["type"] for it in feature["schedule_at_period_end"].get("conditions") or []]
    is_cheaper = amount_in(price, currency) < amount_in(item["price"], currency)
    if is_cheaper and "decreasing_item_amount" in conditions:
        _switch_later(state, subscription, price)
        return ""
    items = wanted_items(state, subscription, [{"id": item["id"], "price": price_id}])
    behavior = feature["proration_behavior"]
    change = plan(state, subscription, items, at=state.now, behavior=behavior)
    carry_out(state, subscription, change, behavior=behavior, payment="pending_if_incomplete")
    if subscription["pending_update"]:
        return f"{state.origin}/invoice/{subscription['latest_invoice']}"
    return ""


def _switch_later(state: State, subscription: Obj, price: Obj) -> None:
    id = subscription["schedule"] or schedule_for(state, subscription)["id"]
    start, end = period_of(subscription)
    now = [
        {"price": it["price"]["id"], "quantity": it["quantity"]} for it in items_of(subscription)
    ]
    then = {"items": [{"price": price["id"]}], "start_date": end,
            "end_date": later(end, price["recurring"])}  # fmt: skip
    phases = [{"items": now, "start_date": start, "end_date": end}, then]
    update_schedule(state, {"phases": phases}, id)


def _offered(state: State, subscription: Obj, feature: Obj) -> list[Obj]:
    has = {it["price"]["id"] for it in items_of(subscription)}
    ids = [id for one in feature.get("products") or [] for id in one["prices"] if id not in has]
    return [state.tables["price"][id] for id in ids]


def _page(state: State, session: Obj, say: pages.Words, *, error: str = "") -> str:
    features = state.tables["billing_portal.configuration"][session["configuration"]]["features"]
    subscription = _running(state, session)
    body = _plan(state, subscription, features, say) if subscription else ""
    customer = state.tables["customer"][session["customer"]]
    method = default_method(state, customer, subscription)
    card = f"{method['card']['brand']} {method['card']['last4']}" if method else say["none"]
    body += pages.table([(say["method"], card)])
    if features["payment_method_update"]["enabled"]:
        give = pages.card_fields(say) + pages.button(say["change"], value="card")
        body += pages.form(give + pages.card_help(say))
    if features["invoice_history"]["enabled"]:
        body += f"<h2>{say['invoices']}</h2>" + _invoices(state, customer, say)
    body += pages.link(session["return_url"] or "", say["return"], id="back")
    return pages.page(say["portal"], body, say, error=error)


def _plan(state: State, subscription: Obj, features: Obj, say: pages.Words) -> str:
    currency = subscription["currency"]
    item = items_of(subscription)[0]
    name = state.tables["product"][item["price"]["product"]]["name"]
    end = iso_day(subscription["cancel_at"] or period_of(subscription)[1])
    when = say["ends" if subscription["cancel_at"] else "renews"].format(date=end)
    rows = [(say["plan"], name), (pages.price_text(item["price"], currency, say), when)]
    buttons = ""
    feature = features["subscription_update"]
    for price in _offered(state, subscription, feature) if feature["enabled"] else []:
        other = state.tables["product"][price["product"]]["name"]
        text = say["switch"].format(name=other, amount=pages.price_text(price, currency, say))
        buttons += pages.button(text, value=f"switch:{price['id']}", is_plain=True)
    if subscription["cancel_at"] or subscription["schedule"]:
        buttons += pages.button(say["keep"], value="keep")
    elif features["subscription_cancel"]["enabled"]:
        buttons += pages.button(say["cancel"], value="cancel", is_plain=True)
    return pages.table(rows) + (pages.form(buttons) if buttons else "")


def _invoices(state: State, customer: Obj, say: pages.Words) -> str:
    rows = [it for it in state.all("invoice", customer=customer["id"]) if it["number"]]
    return "".join(
        pages.link(it["hosted_invoice_url"], _row(it, say), id=it["id"]) for it in reversed(rows)
    )


def _row(invoice: Obj, say: pages.Words) -> str:
    amount = written(invoice["total"], invoice["currency"])
    return f"{invoice['number']} · {amount} · {pages.status_word(invoice, say)}"
