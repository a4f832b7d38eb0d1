"""The ladder before a refusal: wanted, tight, wait, clamp, refuse."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import budgets, holds, ledger
from billing.budgets import Rule, WindowRef
from billing.holds import Held, MustWait, NoRoom, Want, affordable, worst_case
from billing.ledger import Attempt
from billing.models import Metric, Reservation, Window
from billing.prices import Price
from tests.billing.books import NOW, counters, held

WAITING, LAST = {"may_wait": True}, {"may_wait": False}
both_databases = [pytest.mark.django_db, pytest.mark.postgresql]


def price(fresh: str = "0", output: str = "1", *, write: str = "0") -> Price:
    """USD per million: an output of "1" is 1,000 nanos a token."""
    return Price(
        id=1, provider="openai", model="gpt-test", processing="standard", min_input_tokens=0,
        fresh_input=Decimal(fresh), cache_read=Decimal(0), cache_write=Decimal(write),
        output=Decimal(output), search_usd=Decimal(0),
    )


def window(cap: int, *, metric: str = Metric.USD, scope_id: str = "1", **more: Any) -> WindowRef:
    rule = Rule("user", scope_id, metric, "total", cap)
    ref = budgets.window_get(rule, now=NOW)
    Window.objects.filter(pk=ref.id).update(**more)
    return ref


def want(*windows: WindowRef, **more: Any) -> Want:
    """100 tokens at 1,000 nanos each, unless said otherwise."""
    values: dict[str, Any] = {
        "reservation_id": uuid4(), "attempt": Attempt(uuid4(), "openai", "gpt-test"),
        "windows": windows, "book_version": 0, "price": price(), "input_tokens": 0,
        "output_tokens": 100,
    }
    return Want(**values | more)


def hold_by_another(ref: WindowRef, amount: int) -> None:
    held(Window.objects.get(pk=ref.id), amount=amount)


# --- what it can cost ------------------------------------------------------------------------


def test_input_is_reserved_at_the_dearer_of_fresh_and_cache_write() -> None:
    dear = price("3", "15", write="3.75")
    assert worst_case(dear, input_tokens=100, output_tokens=10) == 375_000 + 150_000
    assert worst_case(price("3", "15"), input_tokens=100, output_tokens=10) == 300_000 + 150_000


def test_a_fraction_of_a_nano_is_reserved_as_a_whole_one() -> None:
    assert worst_case(price("0.0001", "0"), input_tokens=1, output_tokens=9) == 1


per_million = st.decimals(0, 500, places=6)
tokens = st.integers(0, 2_000_000)


@settings(deadline=None)
@given(fresh=per_million, output=per_million, inputs=tokens, nanos=st.integers(0, 10**13))
def test_what_is_affordable_is_exact_to_the_nano(
    fresh: Decimal, output: Decimal, inputs: int, nanos: int
) -> None:
    asked = want(price=price(str(fresh), str(output)), input_tokens=inputs)
    fits = affordable(asked, nanos)

    def costs(output_tokens: int) -> int:
        return worst_case(asked.price, input_tokens=inputs, output_tokens=output_tokens)

    if fits < 0:
        assert costs(0) > nanos
    elif output == 0:
        assert fits == asked.output_tokens
        assert costs(fits) <= nanos
    else:
        assert costs(fits) <= nanos < costs(fits + 1)


@pytest.mark.parametrize(("nanos", "fits"), [(299, -1), (300, 0), (1_299, 0), (1_300, 1)])
def test_money_pays_for_the_input_first(nanos: int, fits: int) -> None:
    asked = want(price=price("0.003", "1"), input_tokens=100)
    assert affordable(asked, nanos) == fits


def test_searches_are_held_beside_the_tokens() -> None:
    asked = want(price=price("0.003", "1"), input_tokens=100, extra=10_000_000)
    assert asked.worst(1) == 300 + 1_000 + 10_000_000
    assert affordable(asked, 10_000_299) == -1
    assert affordable(asked, 10_001_300) == 1


def test_fractions_of_a_nano_are_not_lost_between_input_and_output() -> None:
    half = want(price=price("0.0005", "0.0005"), input_tokens=1)
    assert affordable(half, 1) == 1


def test_answers_that_cost_nothing_are_affordable_once_the_input_is() -> None:
    asked = want(price=price("0.003", "0"), input_tokens=100)
    assert affordable(asked, 299) == -1
    assert affordable(asked, 300) == asked.output_tokens


# --- the ladder ------------------------------------------------------------------------------


class TestLadder:
    pytestmark = both_databases

    def test_what_was_wanted_is_held_when_it_fits_to_the_nano(self) -> None:
        ref = window(100_000)
        found = holds.hold(want(ref), **WAITING)
        assert isinstance(found, Held)
        assert (found.output_tokens, found.amount, found.input_nanos) == (100, 100_000, 0)
        assert counters(Window.objects.get(pk=ref.id)) == (0, 100_000)

    def test_one_nano_less_shortens_the_answer_by_a_token(self) -> None:
        assert holds.hold(want(window(99_999)), **WAITING).output_tokens == 99

    def test_the_hold_is_sent_at_once_and_owes_its_input(self) -> None:
        asked = want(window(10**9), price=price("3", "15", write="3.75"), input_tokens=100)
        holds.hold(asked, **WAITING)
        row = Reservation.objects.get(pk=asked.reservation_id)
        assert (row.state, row.progress) == (ledger.State.SENT, 375_000)

    def test_the_usual_length_is_held_before_anybody_waits(self) -> None:
        ref = window(100_000)
        hold_by_another(ref, 50_000)
        assert holds.hold(want(ref, tight_tokens=50), **WAITING).output_tokens == 50

    def test_the_usual_length_is_not_held_while_there_is_room(self) -> None:
        assert holds.hold(want(window(100_000), tight_tokens=50), **WAITING).output_tokens == 100

    def test_a_usual_length_that_does_not_fit_is_waited_for(self) -> None:
        ref = window(100_000)
        hold_by_another(ref, 50_001)
        with pytest.raises(MustWait):
            holds.hold(want(ref, tight_tokens=50), **WAITING)

    def test_holds_in_the_way_are_waited_for_and_not_clamped_around(self) -> None:
        ref = window(100_000)
        hold_by_another(ref, 1_000)
        with pytest.raises(MustWait) as refused:
            holds.hold(want(ref), **WAITING)
        assert [each.id for each in refused.value.windows] == [ref.id]
        assert refused.value.room_of(ref).left == 99_000

    def test_after_the_wait_what_is_left_is_taken(self) -> None:
        ref = window(100_000)
        hold_by_another(ref, 1_000)
        assert holds.hold(want(ref), **LAST).output_tokens == 99

    def test_money_that_is_spent_is_not_waited_for(self) -> None:
        assert holds.hold(want(window(100_000, spent=60_000)), **WAITING).output_tokens == 40

    def test_sixteen_tokens_are_an_answer_and_fifteen_are_not(self) -> None:
        asked = holds.hold(want(window(100_000, spent=84_000)), **WAITING)
        assert asked.output_tokens == 16
        with pytest.raises(NoRoom) as refused:
            holds.hold(want(window(100_000, scope_id="2", spent=84_001)), **WAITING)
        assert not isinstance(refused.value, MustWait)

    def test_a_short_answer_that_was_asked_for_is_never_shortened_further(self) -> None:
        ref = window(9_999)
        with pytest.raises(NoRoom):
            holds.hold(want(ref, output_tokens=10), **WAITING)
        assert holds.hold(want(ref, output_tokens=9), **WAITING).output_tokens == 9

    def test_a_full_budget_with_holds_is_waited_for_only_if_they_could_make_room(self) -> None:
        could = window(100_000, spent=84_000)
        hold_by_another(could, 16_000)
        with pytest.raises(MustWait):
            holds.hold(want(could), **WAITING)
        cannot = window(100_000, scope_id="2", spent=84_001)
        hold_by_another(cannot, 15_999)
        with pytest.raises(NoRoom) as refused:
            holds.hold(want(cannot), **WAITING)
        assert not isinstance(refused.value, MustWait)

    def test_nobody_waits_twice(self) -> None:
        ref = window(100_000)
        hold_by_another(ref, 100_000)
        with pytest.raises(NoRoom) as refused:
            holds.hold(want(ref), **LAST)
        assert not isinstance(refused.value, MustWait)
        assert [each.id for each in refused.value.windows] == [ref.id]

    def test_the_narrowest_of_several_budgets_decides(self) -> None:
        wide, narrow = window(10**9), window(30_000, scope_id="2")
        found = holds.hold(want(wide, narrow), **WAITING)
        assert found.output_tokens == 30
        assert {room.window_id for room in found.rooms} == {wide.id, narrow.id}

    def test_a_refusal_names_the_budget_that_is_full_and_not_the_one_that_is_busy(self) -> None:
        busy, full = window(100_000), window(10_000, scope_id="2", spent=10_000)
        hold_by_another(busy, 100_000)
        with pytest.raises(NoRoom) as refused:
            holds.hold(want(busy, full), **WAITING)
        assert [each.id for each in refused.value.windows] == [full.id]

    def test_a_refused_call_holds_nothing(self) -> None:
        ref = window(100_000, spent=100_000)
        asked = want(ref)
        with pytest.raises(NoRoom):
            holds.hold(asked, **WAITING)
        assert counters(Window.objects.get(pk=ref.id)) == (100_000, 0)
        assert not Reservation.objects.filter(pk=asked.reservation_id).exists()

    def test_a_free_call_passes_a_budget_that_is_used_up(self) -> None:
        free = want(window(100_000, spent=100_000), price=price("0", "0"))
        assert holds.hold(free, **WAITING).amount == 0


    def test_a_call_that_was_worked_out_from_older_budgets_starts_again(self) -> None:
        asked = want(window(100_000))
        budgets.book_changed()
        with pytest.raises(ledger.StaleBook), transaction.atomic():
            holds.hold(asked, **WAITING)
        assert holds.hold(replace(asked, book_version=1), **WAITING).output_tokens == 100


class TestCounts:
    """Requests a day, and calls at the same time."""

    pytestmark = both_databases

    def test_the_last_request_of_the_day_passes_and_the_next_does_not(self) -> None:
        requests = window(5, metric=Metric.REQUESTS, spent=4)
        asked = want(window(10**9), requests)
        holds.hold(asked, **WAITING)
        ledger.settle(asked.reservation_id, charged=7)
        with pytest.raises(NoRoom) as refused:
            holds.hold(want(window(10**9), requests), **WAITING)
        assert refused.value.windows == (requests,)
        assert not isinstance(refused.value, MustWait)

    def test_a_request_in_flight_may_fail_and_is_waited_for(self) -> None:
        requests = window(1, metric=Metric.REQUESTS)
        holds.hold(want(requests), **WAITING)
        with pytest.raises(MustWait):
            holds.hold(want(requests), **WAITING)

    def test_calls_at_once_are_waited_for_and_free_again_when_one_ends(self) -> None:
        at_once = window(1, metric=Metric.CONCURRENT)
        first = want(at_once)
        holds.hold(first, **WAITING)
        with pytest.raises(MustWait) as refused:
            holds.hold(want(at_once), **WAITING)
        assert refused.value.windows == (at_once,)
        ledger.settle(first.reservation_id, charged=7)
        assert holds.hold(want(at_once), **WAITING)
        assert counters(Window.objects.get(pk=at_once.id)) == (0, 1)

    def test_a_full_count_is_not_helped_by_a_shorter_answer(self) -> None:
        requests = window(5, metric=Metric.REQUESTS, spent=5)
        money = window(50_000)
        with pytest.raises(NoRoom) as refused:
            holds.hold(want(money, requests), **WAITING)
        assert refused.value.windows == (requests,)
