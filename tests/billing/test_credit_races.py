"""Credit, plan and use beyond it under many hands at once: to the nano."""

from collections import Counter

import pytest

from accounts.services import tiers_load
from billing import credits, ledger, overage
from billing.holds import NoRoom
from billing.models import CreditGrant, Customer, Window
from billing.purses import payer_of
from tests.billing.books import NOW, counters, threads
from tests.billing.purses import (
    DAY,
    beyond,
    credit_window,
    customer_make,
    give,
    left,
    pay,
    plan,
    windows_of,
)

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.postgresql]


def assert_the_cap_is_the_sum_of_the_grants(customer: Customer) -> None:
    rows = CreditGrant.objects.filter(customer=customer)
    assert credit_window(customer).cap == sum(map(credits.counted, rows))
    assert ledger.differences() == []


def test_of_many_exactly_as_many_are_admitted_as_the_last_credit_pays() -> None:
    tiers_load()
    alice = customer_make()
    give(alice, 70)
    give(alice, 500, days=-1)  # ended: must not be used by anybody

    def work(_number: int) -> int:
        done = 0
        for _ in range(5):
            try:
                ledger.settle(beyond(alice, 10), charged=10)
                done += 1
            except NoRoom:
                continue
        return done

    assert sum(threads(4, work)) == 7
    assert counters(credit_window(alice)) == (70, 0)
    assert_the_cap_is_the_sum_of_the_grants(alice)


def test_the_same_payment_told_many_times_at_once_gives_once() -> None:
    tiers_load()
    alice = customer_make()
    threads(4, lambda _: give(alice, 50, source="stripe:1").pk)
    assert credit_window(alice).cap == 50
    assert CreditGrant.objects.count() == 1


def test_grants_lapses_refunds_and_calls_at_once_neither_deadlock_nor_lose_a_nano() -> None:
    tiers_load()
    alice = customer_make()
    give(alice, 200, days=1)

    def work(number: int) -> int:
        spent = 0
        for turn in range(8):
            if number == 0:
                give(alice, 20, charge=f"ch_{turn}", days=2)
                credits.take_back(charge_id=f"ch_{turn - 1}", now=NOW)
            elif number == 1:
                credits.lapse_all(now=NOW + (DAY if turn > 4 else 0 * DAY))
            else:
                spent += _spend_or_refuse(alice, 10, NOW + (DAY if turn > 5 else 0 * DAY))
        return spent

    spent = sum(threads(4, work))
    assert counters(credit_window(alice)) == (spent, 0)
    credits.lapse_all(now=NOW + DAY)
    assert_the_cap_is_the_sum_of_the_grants(alice)
    assert left(alice, now=NOW + DAY) <= 160


def _spend_or_refuse(customer: Customer, nanos: int, now: object) -> int:
    try:
        ledger.settle(beyond(customer, nanos, now=now), charged=nanos - 3)  # type: ignore[arg-type]
    except NoRoom:
        return 0
    return nanos - 3


def test_plan_credit_and_ceiling_add_up_under_many_hands() -> None:
    tiers_load()
    tiny = plan(usd_per_day_nanos=60)
    alice = customer_make(tier="tiny")
    give(alice, 50)
    overage.ceiling_set(customer=alice, nanos=40, actor="test", now=NOW)
    refs = windows_of(payer_of(alice), tiny)

    def work(_number: int) -> Counter[str]:
        found: Counter[str] = Counter()
        for _ in range(6):
            try:
                key, paid = pay(alice, 10, *refs)
            except NoRoom:
                continue
            ledger.settle(key, charged=10)
            found[paid.paid_from] += 10
        return found

    spent: Counter[str] = Counter()
    for found in threads(4, work):
        spent += found
    assert spent == {"plan": 60, "credit": 50, "overage": 40}
    assert counters(Window.objects.get(pk=refs[0].id)) == (60, 0)
    assert counters(credit_window(alice)) == (50, 0)
    assert overage.usage_of(alice, now=NOW).spent_nanos == 40
    assert ledger.differences() == []


def test_a_ceiling_that_is_lowered_under_calls_is_not_passed_from_then_on() -> None:
    tiers_load()
    alice = customer_make()
    overage.ceiling_set(customer=alice, nanos=1000, actor="test", now=NOW)

    def work(number: int) -> int:
        if number == 0:
            overage.ceiling_set(customer=alice, nanos=30, actor="test", now=NOW)
            return overage.usage_of(alice, now=NOW).spent_nanos
        return sum(_spend_or_refuse(alice, 10, NOW) for _ in range(6))

    threads(3, work)
    used = overage.usage_of(alice, now=NOW)
    assert used.held_nanos == 0
    with pytest.raises(NoRoom):
        beyond(alice, max(1, 31 - used.spent_nanos))
    assert ledger.differences() == []
