"""A wrong price of the past: every call ends at what the gateway would have booked, to the nano,
and nothing that was booked is changed."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection

from accounts.models import AuditEvent
from billing import corrections, corrections_work, ledger, savings
from billing.corrections_rows import price_of
from billing.models import (
    Budget,
    CorrectionPart,
    LedgerEntry,
    ModelPrice,
    PriceCorrection,
    Reservation,
    RollupState,
    UsageRecord,
    Window,
)
from billing.prices import cost
from billing.usage import Usage
from costcontrol.lib.errors import BadRequest, Conflict
from tests.billing import books
from tests.billing.repricing import (
    BIG,
    END,
    NOW,
    RIGHT,
    START,
    Booked,
    as_booked,
    book,
    cost_by_call,
    doubled,
    make,
    posted,
    price_make,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
State = PriceCorrection.State
CAP = 10**15


@pytest.fixture
def price(db: None) -> ModelPrice:
    """For small requests; big ones and batches have others."""
    found = price_make()
    price_make(min_input_tokens=BIG, times=2)
    price_make(processing="batch", times=3)
    return found


@pytest.fixture
def windows(db: None) -> list[Window]:
    return [books.window_make(CAP), books.window_make(CAP, scope="provider")]


def sums() -> tuple[int, int]:
    rows = UsageRecord.objects.filter(outcome="corrected")
    return len(rows), sum(row.cost_nanos for row in rows)


@pytest.mark.parametrize("seed", range(6))
def test_every_call_ends_at_what_the_gateway_would_have_booked(
    seed: int, price: ModelPrice, windows: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corrections_work, "ROWS_AT_ONCE", 7)
    chance = random.Random(seed)
    made = [book(chance, windows) for _ in range(40)]
    before = list(UsageRecord.objects.order_by("pk").values())
    correction = posted(make(price))
    expected = {one.row.call_id: one.right(price, RIGHT, START, END) for one in made}
    assert cost_by_call() == expected
    assert list(UsageRecord.objects.exclude(outcome="corrected").order_by("pk").values()) == before
    assert correction.difference_nanos == sums()[1] != 0
    assert correction.changed == sums()[0]
    windows_are_their_rows(windows)
    posted(make(price, as_booked(price)))
    assert cost_by_call() == {one.row.call_id: one.row.cost_nanos for one in made}
    assert sums()[1] == 0
    windows_are_their_rows(windows)


def windows_are_their_rows(windows: list[Window]) -> None:
    total = sum(cost_by_call().values())
    assert ledger.differences() == []
    for window in windows:
        window.refresh_from_db()
        assert window.spent == total


def test_a_later_correction_counts_from_the_corrected_figure(
    price: ModelPrice, windows: list[Window]
) -> None:
    one = book_at_price(windows)
    posted(make(price, replace(RIGHT, output=Decimal(99))))
    later = posted(make(price))
    assert cost_by_call()[one.row.call_id] == one.right(price, RIGHT, START, END)
    assert later.difference_nanos < 0
    assert posted(make(price)).changed == 0  # the same again has nothing to do


def book_at_price(windows: list[Window], **more: object) -> Booked:
    usage = Usage(500, 100, 50, 2000, 1)
    at = START + timedelta(hours=1)
    facts = {"at": at, "outcome": "complete", "processing": "standard", "usage": usage} | more
    return book(random.Random(1), windows, **facts)  # type: ignore[arg-type]


def test_what_is_taken_back_nets_to_nothing(price: ModelPrice, windows: list[Window]) -> None:
    made = [book(random.Random(seed), windows) for seed in range(20)]
    correction = posted(make(price))
    back = corrections.take_back_make(correction, reason="a slip", actor="bob", now=NOW)
    assert posted(back).difference_nanos == -correction.difference_nanos != 0
    assert cost_by_call() == {one.row.call_id: one.row.cost_nanos for one in made}
    windows_are_their_rows(windows)
    with pytest.raises(Conflict):  # once
        corrections.take_back_make(correction, reason="", actor="bob", now=NOW)


def test_what_was_corrected_again_is_not_taken_back(
    price: ModelPrice, windows: list[Window]
) -> None:
    book_at_price(windows)
    first = posted(make(price))
    posted(make(price, replace(RIGHT, output=Decimal(1))))
    with pytest.raises(Conflict, match="corrected again"):
        corrections.take_back_make(first, reason="", actor="bob", now=NOW)


def test_the_range_begins_with_its_start_and_ends_before_its_end(
    price: ModelPrice, windows: list[Window]
) -> None:
    for at in (START - timedelta.resolution, START, END - timedelta.resolution, END):
        book_at_price(windows, at=at)
    assert posted(make(price)).changed == 2


def test_an_estimate_that_was_held_for_less_stays_the_same_part_of_its_price(
    price: ModelPrice, windows: list[Window]
) -> None:
    one = book_at_price(windows).row
    half = one.cost_nanos // 2
    UsageRecord.objects.filter(pk=one.pk).update(cost_nanos=half)
    posted(make(price, doubled(price)))
    made = UsageRecord.objects.get(corrects_id=one.pk)
    assert abs(made.cost_nanos - half) <= 1


def test_what_was_free_by_mistake_is_charged(windows: list[Window]) -> None:
    free = price_make(times=0)
    ModelPrice.objects.filter(pk=free.pk).update(search_usd=0)
    one = book_at_price(windows)
    assert one.row.cost_nanos == 0
    posted(make(free))
    assert cost_by_call()[one.row.call_id] == one.right(free, RIGHT, START, END) > 0
    windows_are_their_rows(windows)


def test_savings_fall_by_exactly_the_difference_and_by_the_same_cause(
    price: ModelPrice, windows: list[Window]
) -> None:
    one = book_at_price(windows)
    UsageRecord.objects.filter(pk=one.row.pk).update(
        tier="free", call_kind="", baseline_nanos=10**9
    )
    was = by_cause()
    correction = posted(make(price))
    now = by_cause()
    assert sum(now.values()) == sum(was.values()) - correction.difference_nanos
    usage = one.usage
    assert usage is not None
    assert {name for name in now if now[name]} == {"prompt_cache", "route"}
    made = UsageRecord.objects.get(corrects_id=one.row.pk)
    assert now["prompt_cache"] - was["prompt_cache"] == made.prompt_cache_nanos != 0


def by_cause() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT SUM({savings.SAVED_PROMPT_CACHE}), SUM({savings.SAVED_ROUTE}),"
            f" SUM({savings.SAVED_FAILED}) FROM billing_usagerecord"
        )
        prompt, route, failed = cursor.fetchone()
    return {"prompt_cache": int(prompt), "route": int(route), "failed": int(failed)}


def test_what_failed_is_corrected_as_the_cost_of_failing(
    price: ModelPrice, windows: list[Window]
) -> None:
    one = book_at_price(windows, outcome="failed")
    UsageRecord.objects.filter(pk=one.row.pk).update(tier="free", call_kind="")
    correction = posted(make(price))
    assert by_cause() == {
        "prompt_cache": 0, "route": 0,
        "failed": -one.row.cost_nanos - correction.difference_nanos,
    }


@pytest.mark.parametrize(("scope", "has_budget", "moves"), [
    ("tier", False, True), ("key", False, True), ("user", True, True), ("user", False, False),
    ("org", False, False), ("credit", False, False), ("overage", False, False),
])
def test_budgets_move_and_what_customers_bought_does_not(
    scope: str, has_budget: bool, moves: bool, price: ModelPrice
) -> None:
    window = books.window_make(CAP, scope=scope)
    if has_budget:
        Budget.objects.create(
            scope_kind=scope, scope_id=window.scope_id, period=window.period, cap_nanos=CAP
        )
    one = book_at_price([window])
    correction = posted(make(price))
    window.refresh_from_db()
    assert window.spent - one.row.cost_nanos == (correction.difference_nanos if moves else 0)
    assert ledger.differences() == []
    kinds = LedgerEntry.objects.filter(window=window).values_list("kind", flat=True)
    assert set(kinds) == ({"settle", "correction"} if moves else {"settle"})


def test_a_budget_that_came_between_two_corrections_ends_at_the_right_figure(
    price: ModelPrice
) -> None:
    """Its window did not count the first one; it never falls below nothing."""
    window = books.window_make(CAP, scope="user")
    one = book_at_price([window])
    posted(make(price, doubled(price)))
    Budget.objects.create(
        scope_kind="user", scope_id=window.scope_id, period=window.period, cap_nanos=CAP
    )
    posted(make(price, as_booked(price)))
    window.refresh_from_db()
    assert window.spent == one.row.cost_nanos


def test_a_range_up_to_now_waits_for_calls_that_are_under_way(
    price: ModelPrice, windows: list[Window]
) -> None:
    book_at_price(windows)
    correction = make(price, end=NOW)
    corrections_work.work(lambda: NOW)
    corrections.correction_post(correction, actor="ann", now=NOW)
    corrections_work.work(lambda: NOW)
    correction.refresh_from_db()
    assert (correction.state, sums()[0]) == (State.POSTING, 0)
    later = NOW + corrections_work.SETTLED_AFTER
    key = books.held(*windows, amount=5)
    Reservation.objects.filter(pk=key).update(
        created_ms=NOW.timestamp() * 1000, lease_until_ms=later.timestamp() * 1000
    )
    corrections_work.work(lambda: later)
    assert sums()[0] == 0
    ledger.release(key)
    corrections_work.work(lambda: later)
    correction.refresh_from_db()
    assert (correction.state, sums()[0]) == (State.DONE, 1)


def test_a_call_that_is_tried_again_elsewhere_is_waited_for(
    price: ModelPrice, windows: list[Window]
) -> None:
    correction = make(price, end=NOW)
    later = NOW + 2 * corrections_work.SETTLED_AFTER
    failed, again = books.held(*windows, amount=5), books.held(*windows, amount=5)
    call_id = Reservation.objects.get(pk=failed).call_id
    for key, at in ((failed, NOW), (again, later)):
        Reservation.objects.filter(pk=key).update(
            call_id=call_id, created_ms=at.timestamp() * 1000, lease_until_ms=at.timestamp() * 1000
        )
    ledger.release(failed)
    assert corrections_work.is_early(correction, now=later)
    ledger.release(again)
    assert not corrections_work.is_early(correction, now=later)


def test_what_no_database_can_add_up_is_dropped_and_others_go_on(
    price: ModelPrice, windows: list[Window]
) -> None:
    for hour in range(9):
        book(random.Random(hour), windows, outcome="complete", processing="standard",
             at=START + timedelta(hours=hour), usage=Usage(900, 0, 0, 2_000_000_000, 0))
    slip, other = make(price, replace(RIGHT, output=Decimal(10**6))), make(price)
    corrections_work.work(lambda: NOW)
    for correction, state in ((slip, State.DROPPED), (other, State.COUNTED)):
        correction.refresh_from_db()
        assert correction.state == state
    event = AuditEvent.objects.get(action="price_correction_drop")
    assert (event.actor, event.reason) == ("costcontrol", corrections_work.TOO_LARGE)


def test_counting_posts_nothing_and_says_what_posting_will(
    price: ModelPrice, windows: list[Window]
) -> None:
    made = [book(random.Random(seed), windows) for seed in range(25)]
    correction = make(price)
    corrections_work.work(lambda: NOW)
    correction.refresh_from_db()
    assert (correction.state, sums()[0]) == (State.COUNTED, 0)
    counted = parts_of(correction)
    expected = sum(
        one.right(price, RIGHT, START, END) - one.row.cost_nanos for one in made
    )
    for by in CorrectionPart.By.values:
        assert sum(right - was for kind, _key, _rows, was, right in counted if kind == by) == (
            correction.difference_nanos
        ) == expected
    assert parts_of(posted(correction)) == counted


def parts_of(correction: PriceCorrection) -> list[tuple[str, str, int, int, int]]:
    rows = correction.parts.order_by("by", "key")
    return list(rows.values_list("by", "key", "rows", "booked_nanos", "right_nanos"))


def test_it_is_posted_once_and_dropped_before_that(price: ModelPrice) -> None:
    correction = make(price)
    with pytest.raises(Conflict):  # not counted yet
        corrections.correction_post(correction, actor="ann", now=NOW)
    posted(correction)
    with pytest.raises(Conflict):
        corrections.correction_post(correction, actor="ann", now=NOW)
    with pytest.raises(Conflict):
        corrections.correction_drop(correction, actor="ann", now=NOW)
    other = make(price)
    corrections.correction_drop(other, actor="ann", now=NOW)
    corrections_work.work(lambda: NOW)
    other.refresh_from_db()
    assert other.state == State.DROPPED
    actions = AuditEvent.objects.order_by("pk").values_list("action", "actor")
    assert list(actions) == [
        ("price_correction", "ann"), ("price_correction_post", "ann"),
        ("price_correction", "ann"), ("price_correction_drop", "ann"),
    ]


@pytest.mark.parametrize("wrong", [
    lambda price: make(price, start=END, end=START),
    lambda price: make(price, start=START, end=START),
    lambda price: make(price, end=NOW + timedelta.resolution),
])
def test_a_range_that_is_none_or_ends_ahead_is_refused(
    wrong: Callable[[ModelPrice], object], price: ModelPrice
) -> None:
    with pytest.raises(BadRequest):
        wrong(price)


def test_calls_whose_rows_are_gone_are_not_corrected(
    price: ModelPrice, windows: list[Window]
) -> None:
    RollupState.objects.create(pk=1, frontier=0, rows_from=int(START.timestamp()) // 3600 + 2)
    book_at_price(windows)
    with pytest.raises(BadRequest, match="not kept"):
        make(price)


def test_nothing_of_a_correction_is_booked_as_a_call(
    price: ModelPrice, windows: list[Window]
) -> None:
    one = book_at_price(windows)
    posted(make(price))
    made = UsageRecord.objects.get(corrects_id=one.row.pk)
    assert made.at == one.row.at
    assert (made.output_tokens, made.price_id, made.reservation_id, made.latency_ms) == (
        None, None, None, 0
    )
    assert one.usage is not None
    assert made.cost_nanos + one.row.cost_nanos == cost(
        one.usage, price_of(PriceCorrection.objects.get())
    )
