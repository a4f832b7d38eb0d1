"""Subscription schedules: what a subscription will be for, phase by phase."""

from typing import Any

from tests.upstreams.stripe.catalog import amount_in, merged
from tests.upstreams.stripe.changes import carry_out, plan, wanted_items
from tests.upstreams.stripe.errors import Refusal
from tests.upstreams.stripe.lists import page_of
from tests.upstreams.stripe.proration import later
from tests.upstreams.stripe.routes import route
from tests.upstreams.stripe.state import Obj, State
from tests.upstreams.stripe.subscriptions import (
    OVER,
    before_renewal,
    finish,
    items_of,
    period_of,
)  # fmt: skip


@route("POST", "/v1/subscription_schedules", "subscription_schedule_create")
def create(state: State, params: Obj) -> Obj:
    id = params.get("from_subscription")
    if id is None:
        raise Refusal("This stand-in makes schedules from_subscription only.", param="phases")
    others = params.keys() - {"from_subscription", "expand", "metadata"}
    if others:
        raise Refusal(f"You cannot set `{min(others)}` if `from_subscription` is set.")
    subscription = state.get("subscription", id, param="from_subscription")
    if subscription["status"] in OVER:
        raise Refusal("You cannot migrate a subscription that is canceled.")
    if subscription["schedule"]:
        raise Refusal(
            "You cannot migrate a subscription that is already attached to a schedule: "
            f"{subscription['schedule']}."
        )
    if subscription["cancel_at"] is not None:
        raise Refusal("You cannot migrate a subscription that is set to be canceled.")
    return attach(state, subscription, metadata=params.get("metadata"))


def attach(state: State, subscription: Obj, *, metadata: Any = None) -> Obj:
    start, end = period_of(subscription)
    schedule = state.new(
        "subscription_schedule", billing_mode=dict(subscription["billing_mode"]),
        current_phase={"start_date": start, "end_date": end}, customer=subscription["customer"],
        default_settings={
            "automatic_tax": {"enabled": False}, "billing_cycle_anchor": "automatic",
            "collection_method": "charge_automatically",
            "invoice_settings": {"issuer": {"type": "self"}},
        },
        end_behavior="release", metadata=merged({}, metadata), pause_schedules=[],
        phases=[_current(subscription, start, end)], status="active",
        subscription=subscription["id"],
    )  # fmt: skip
    with state.changing(subscription, "customer.subscription.updated"):
        subscription["schedule"] = schedule["id"]
    state.clock.at(end, schedule["id"])
    state.emit("subscription_schedule.created", schedule)
    return schedule


def _current(subscription: Obj, start: int, end: int) -> Obj:
    items = [
        {"price": it["price"]["id"], "quantity": it["quantity"]} for it in items_of(subscription)
    ]
    phase = _phase(
        subscription, {"items": items, "metadata": subscription["metadata"]}, start=start, end=end
    )
    is_trial = subscription["status"] == "trialing"
    return phase | {"trial_end": subscription["trial_end"] if is_trial else None}


def _phase(subscription: Obj, given: Obj, *, start: int, end: int) -> Obj:
    items = [
        {"price": it["price"], "plan": it["price"], "quantity": it.get("quantity", 1),
         "discounts": [], "metadata": it.get("metadata") or {}, "tax_rates": []}
        for it in given["items"]
    ]  # fmt: skip
    return {
        "add_invoice_items": [], "currency": subscription["currency"], "discounts": [],
        "start_date": start, "end_date": end, "items": items,
        "metadata": merged({}, given.get("metadata")),
        "proration_behavior": given.get("proration_behavior", "create_prorations"),
    }  # fmt: skip


@route("GET", "/v1/subscription_schedules", "subscription_schedule_list")
def list_schedules(state: State, params: Obj) -> Obj:
    same = {"customer": params["customer"]} if "customer" in params else {}
    return page_of(
        state.all("subscription_schedule", **same), params, url="/v1/subscription_schedules"
    )


@route("GET", "/v1/subscription_schedules/{id}", "subscription_schedule_retrieve")
def retrieve(state: State, params: Obj, id: str) -> Obj:
    return state.get("subscription_schedule", id)


@route("POST", "/v1/subscription_schedules/{id}", "subscription_schedule_update")
def update(state: State, params: Obj, id: str) -> Obj:
    schedule = _running(state, id)
    phases = schedule["phases"]
    if "phases" in params:
        phases = _phases(state, schedule, params["phases"])
    with state.changing(schedule, "subscription_schedule.updated"):
        schedule["phases"] = phases
        schedule["end_behavior"] = params.get("end_behavior", schedule["end_behavior"])
        if "metadata" in params:
            schedule["metadata"] = merged(schedule["metadata"], params["metadata"])
        now_in = next((it for it in phases if it["start_date"] <= state.now < it["end_date"]), None)
        if now_in:
            schedule["current_phase"] = {key: now_in[key] for key in ("start_date", "end_date")}
    for it in phases:
        state.clock.at(max(it["end_date"], state.now), id)
    return schedule


def _running(state: State, id: str) -> Obj:
    schedule = state.get("subscription_schedule", id)
    if schedule["status"] not in ("active", "not_started"):
        raise Refusal(
            f"You cannot change a subscription schedule that is currently in the "
            f"`{schedule['status']}` status."
        )
    return schedule


def _phases(state: State, schedule: Obj, given: list[Obj]) -> list[Obj]:
    """One after the other without a gap; the one that runs keeps its start."""
    subscription = state.tables["subscription"][schedule["subscription"]]
    current = schedule["current_phase"]
    made: list[Obj] = []
    for index, one in enumerate(given):
        prices = _prices(state, subscription, one, index)
        start = one.get("start_date") or (made[-1]["end_date"] if made else current["start_date"])
        start = state.now if start == "now" else start
        if made and start != made[-1]["end_date"]:
            raise Refusal(
                f"The `end_date` of phase {index - 1} must equal the `start_date` of phase "
                f"{index}.", param=f"phases[{index}][start_date]",
            )  # fmt: skip
        end = _end(state, one, start, prices[0]["recurring"])
        if end <= start:
            raise Refusal("The end of a phase must be after its start.", param="phases")
        made.append(_phase(subscription, one, start=start, end=end))
    if made and made[0]["start_date"] != current["start_date"]:
        raise Refusal(
            "You can not modify the start date of the current phase.",
            param="phases[0][start_date]",
        )
    return made


def _prices(state: State, subscription: Obj, one: Obj, index: int) -> list[Obj]:
    prices = [
        state.get("price", it.get("price", ""), param=f"phases[{index}][items][0][price]")
        for it in one["items"]
    ]
    if not prices:
        raise Refusal("A phase needs items.", param=f"phases[{index}][items]")
    for price in prices:
        amount_in(price, subscription["currency"])
    return prices


def _end(state: State, one: Obj, start: int, recurring: Obj) -> int:
    if "end_date" in one and "duration" in one:
        raise Refusal("You may only specify one of these parameters: end_date, duration.")
    end = one.get("end_date")
    if end == "now":
        return state.now
    return int(end) if end else later(start, one.get("duration") or recurring)


@route("POST", "/v1/subscription_schedules/{id}/release", "subscription_schedule_release")
def release_schedule(state: State, params: Obj, id: str) -> Obj:
    schedule = _running(state, id)
    release(state, schedule)
    return schedule


def release(state: State, schedule: Obj) -> None:
    """The subscription goes on as it is."""
    subscription = state.tables["subscription"][schedule["subscription"]]
    schedule |= {
        "status": "released", "released_at": state.now, "current_phase": None,
        "released_subscription": subscription["id"], "subscription": None,
    }  # fmt: skip
    with state.changing(subscription, "customer.subscription.updated"):
        subscription["schedule"] = None
    state.emit("subscription_schedule.released", schedule)


@route("POST", "/v1/subscription_schedules/{id}/cancel", "subscription_schedule_cancel")
def cancel(state: State, params: Obj, id: str) -> Obj:
    schedule = _running(state, id)
    finish(state, state.tables["subscription"][schedule["subscription"]])
    return schedule


def step(state: State, subscription: Obj) -> None:
    """Into the phase that is due; out of the last one, as `end_behavior` says."""
    schedule = state.tables["subscription_schedule"].get(subscription["schedule"] or "")
    if schedule is None or schedule["status"] != "active":
        return
    while schedule["current_phase"] and schedule["current_phase"]["end_date"] <= state.now:
        reached = schedule["current_phase"]["end_date"]
        phase = next((it for it in schedule["phases"] if it["start_date"] == reached), None)
        if phase is None:
            _end_of(state, schedule, subscription)
            return
        with state.changing(schedule, "subscription_schedule.updated"):
            schedule["current_phase"] = {key: phase[key] for key in ("start_date", "end_date")}
        _enter(state, subscription, phase)


def _end_of(state: State, schedule: Obj, subscription: Obj) -> None:
    if schedule["end_behavior"] == "cancel":
        finish(state, subscription)
        return
    release(state, schedule)


def _enter(state: State, subscription: Obj, phase: Obj) -> None:
    old = items_of(subscription)
    given = [
        {"id": item["id"], "price": it["price"], "quantity": it["quantity"]}
        for item, it in zip(old, phase["items"], strict=False)
    ]
    given += [{"id": it["id"], "deleted": True} for it in old[len(phase["items"]) :]]
    given += [dict(it) for it in phase["items"][len(old) :]]
    items = wanted_items(state, subscription, given)
    if period_of(subscription)[1] > state.now:
        behavior = phase["proration_behavior"]
        change = plan(state, subscription, items, at=state.now, behavior=behavior)
        carry_out(
            state, subscription, change, behavior=behavior, payment="allow_incomplete",
            is_off_session=True,
        )  # fmt: skip
        return
    with state.changing(subscription, "customer.subscription.updated"):
        if items[0]["price"]["recurring"] != old[0]["price"]["recurring"]:
            subscription["billing_cycle_anchor"] = period_of(subscription)[1]
        subscription["items"]["data"] = items
        for item in items:
            state.tables["subscription_item"][item["id"]] = item


before_renewal.append(step)
