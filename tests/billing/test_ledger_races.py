"""Many at once, on real processes and connections: nobody spends what another has reserved."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Tier, User
from accounts.services import payer_of, tiers_load
from accounts.types import TierRules
from billing import ledger
from billing.budgets import (
    Rule,
    caps_apply,
    debates_rule,
    tier_caps_apply,
    tier_change,
    window_get,
)
from billing.ledger import State
from billing.models import Budget, LedgerEntry, Reservation, UsageRecord, Window
from tests.billing.books import (
    NOW,
    counters,
    held,
    lease_end,
    reserve,
    state_of,
    threads,
    usage,
    usage_facts,
    window_make,
)
from tests.billing.racers import race

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.postgresql]


# --- processes -----------------------------------------------------------------------------


def test_exactly_as_many_are_admitted_as_fit() -> None:
    window = window_make(120)
    found = race("take_one", windows=[window.pk], attempts=60)
    assert found == {"admitted": 120}
    assert counters(window) == (120, 0)
    assert LedgerEntry.objects.filter(window=window).count() == 120
    assert ledger.differences() == []


def test_several_windows_in_any_order_neither_deadlock_nor_overflow() -> None:
    made = [window_make(1000, scope=scope) for scope in ("platform", "tier", "user", "key")]
    narrow = window_make(90, scope="provider")
    windows = [narrow.pk, *(window.pk for window in made)]
    found = race("take_one", windows=windows, attempts=40)
    assert found == {"admitted": 90}
    assert {counters(Window.objects.get(pk=pk)) for pk in windows} == {(90, 0)}


def test_the_same_reservation_is_held_sent_and_closed_once_whoever_asks() -> None:
    window = window_make(1000)
    found = race("same_ids", windows=[window.pk], attempts=30)
    assert (found["first"], found["refused"], found["closed"]) == (30, 0, 30)
    assert found["sent"] <= 30
    assert counters(window) == (30, 0)
    assert LedgerEntry.objects.count() == 30
    assert ledger.differences() == []


# --- the sweeper and the workers -------------------------------------------------------------


def test_what_is_sent_in_the_moment_of_the_sweep_is_not_given_back() -> None:
    """The sweeper saw it unsent and out of time; before it closes, the worker claims it."""
    window = window_make(100)
    key = held(window, amount=60)
    lease_end(key)
    row = Reservation.objects.get(pk=key)
    Reservation.objects.filter(pk=key).update(lease_until_ms=ledger.sql.now_ms() + 60_000)
    assert ledger.mark_sent(key, progress=20)
    stale = ledger.sql.Close(
        id=row.pk, state=State.RELEASED, kind="estimate", charged=0, is_release=True,
        from_states=(row.state,), is_only_expired=True,
    )
    assert not ledger.sql.dialect().close(stale)
    assert state_of(key) == State.SENT
    assert counters(window) == (0, 60)


def test_sweepers_and_workers_at_once_agree_on_who_was_first() -> None:
    """Half of the threads try to send what the others sweep."""
    window = window_make(1000)
    keys = [held(window, amount=10, lease_s=0.15) for _ in range(20)]

    def work(number: int) -> int:
        if number % 2:
            for _ in range(30):
                ledger.sweep()
            return 0
        return sum(ledger.mark_sent(key, progress=1) for key in keys[number::4])

    sent = sum(threads(4, work))
    states = list(Reservation.objects.values_list("state", flat=True))
    assert states.count(State.SENT) == sent
    lease_end(*keys)
    ledger.sweep()
    assert counters(window) == (sent, 0)
    assert ledger.differences() == []


def test_two_sweepers_close_each_reservation_once() -> None:
    window = window_make(1000)
    keys = [
        held(window, amount=10, is_sent=True, progress=4, facts={"usage": usage_facts()})
        for _ in range(30)
    ]
    lease_end(*keys)
    swept = threads(4, lambda _: ledger.sweep())
    assert sum(estimated for _, estimated in swept) == 30
    assert counters(window) == (120, 0)
    assert UsageRecord.objects.count() == 30


def test_a_settlement_and_a_sweep_at_once_end_at_the_true_cost() -> None:
    window = window_make(1000)
    keys = [held(window, amount=10, is_sent=True, progress=4) for _ in range(30)]
    lease_end(*keys)

    def work(number: int) -> None:
        if number % 2:
            ledger.sweep()
            return
        for key in keys:
            ledger.settle(key, charged=7, usage=usage(key, cost=7))

    threads(4, work)
    assert counters(window) == (210, 0)
    assert UsageRecord.objects.count() == 30
    assert ledger.differences() == []


def test_a_release_and_a_settlement_at_once_never_lose_the_cost() -> None:
    window = window_make(1000)
    keys = [held(window, amount=10, is_sent=True) for _ in range(20)]

    def work(number: int) -> None:
        for key in keys:
            ledger.release(key) if number else ledger.settle(key, charged=7)

    threads(2, work)
    assert counters(window) == (140, 0)
    assert ledger.differences() == []


# --- windows and caps ------------------------------------------------------------------------


def test_the_first_calls_of_a_day_make_one_window() -> None:
    rule = Rule("platform", "", "usd", "day", 100)
    assert len(set(threads(6, lambda _: window_get(rule, now=NOW).id))) == 1
    assert Window.objects.count() == 1


def test_the_first_calls_of_a_day_make_one_window_while_its_zone_changes() -> None:
    Budget.objects.create(scope_kind="platform", cap_nanos=100)
    zones = ["Asia/Seoul", "America/New_York", "Europe/Paris"]

    def work(number: int) -> int:
        rule = Rule("platform", "", "usd", "day", 100, zone=zones[number % 3])
        return window_get(rule, now=NOW).id

    assert len(set(threads(6, work))) == 1


@pytest.mark.parametrize("first", ["window", "cap"])
def test_a_cap_that_changes_while_the_window_is_made_is_the_cap_of_the_window(first: str) -> None:
    """Whoever comes second waits for the other, in either order."""
    Budget.objects.create(scope_kind="platform", cap_nanos=100)
    stale = Rule("platform", "", "usd", "day", 100)
    is_first_done, may_commit = threading.Event(), threading.Event()

    def change_cap() -> None:
        Budget.objects.update(cap_nanos=40)
        caps_apply(scope_kind="platform", scope_id="", at=NOW)

    steps: dict[str, Any] = {"window": lambda: window_get(stale, now=NOW), "cap": change_cap}

    def work(number: int) -> None:
        name = first if number == 0 else ({"window", "cap"} - {first}).pop()
        if number == 0:
            with transaction.atomic():
                steps[name]()
                is_first_done.set()
                may_commit.wait(0.3)
            return
        is_first_done.wait(5)
        with transaction.atomic():
            steps[name]()

    threads(2, work)
    assert Window.objects.get().cap == 40


@pytest.mark.parametrize("change", ["tier_change", "tier_caps_apply"])
def test_a_plan_that_changes_while_the_window_is_made_is_the_plan_of_the_window(
    change: str,
) -> None:
    tiers_load()
    alice = User.objects.create_user("alice@example.com", tier_id="premium")
    rule = debates_rule(TierRules.of(alice.tier), payer_of(alice))
    assert rule
    is_changed = threading.Event()

    def change_plan() -> None:
        with transaction.atomic():
            if change == "tier_change":
                tier_change(user=alice, tier=Tier.objects.get(pk="free"), actor="test", at=NOW)
            else:
                Tier.objects.filter(pk="premium").update(debates_per_day=5)
                tier_caps_apply(tier=Tier.objects.get(pk="premium"), at=NOW)
            is_changed.set()
            threading.Event().wait(0.2)

    def work(number: int) -> None:
        if number == 0:
            change_plan()
            return
        is_changed.wait(5)
        window_get(rule, now=NOW)

    threads(2, work)
    assert Window.objects.get().cap == 5


def test_caps_that_change_under_load_neither_deadlock_nor_lose_a_count() -> None:
    """Two windows of one scope, the younger one with the smaller number in the lock order."""
    tiers_load()
    alice = User.objects.create_user("alice@example.com", tier_id="premium")
    free, premium = Tier.objects.get(pk="free"), Tier.objects.get(pk="premium")
    open_span = {"start": NOW, "end": NOW + timedelta(days=1), "scope_id": str(alice.pk)}
    windows = [
        window_make(10**9, scope="user", metric=metric, period=period, **open_span)
        for metric, period in (
            ("debates", "day"), ("concurrent", "always"), ("usd", "day"), ("requests", "day")
        )
    ]

    def work(number: int) -> int:
        if number == 0:
            for turn in range(20):
                tier_change(user=alice, tier=(free, premium)[turn % 2], actor="test", at=NOW)
            return 0
        admitted = 0
        for _ in range(25):
            key, reserved = reserve(*windows, amount=1)
            if reserved.is_admitted:
                admitted += ledger.settle(key, charged=1) == "done"
        return admitted

    admitted = sum(threads(3, work))
    assert admitted
    assert {counters(window) for window in windows} == {(admitted, 0)}
    assert ledger.differences() == []


