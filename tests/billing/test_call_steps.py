"""What a call passed through, in order, and how long each step took."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from billing.reports.call import AttemptReport, Booking, CallReport, ReservationReport
from billing.reports.call_steps import StepKind, steps_of, total_ms
from tests.billing.test_price_lines import NOON, attempt

HOLD = UUID(int=1)


def tried(**columns: Any) -> AttemptReport:
    usual: dict[str, Any] = {
        "outcome": "complete", "error_code": "", "reservation_id": HOLD, "limits_ms": 1,
        "cache_ms": 2, "policy_ms": 3, "begun_ms": 6, "waited_ms": 4, "latency_ms": 900,
    }
    return attempt(**usual | columns)


def held(*, booked_at_ms: int | None) -> ReservationReport:
    booking = Booking("settle", "platform", "usd", "day", NOON, 5, booked_at_ms or 0)
    return ReservationReport(
        id=HOLD, state="settled", is_open=False, provider="a", model="b", amount=9, charged=5,
        created_ms=10_000, bookings=() if booked_at_ms is None else (booking,),
    )


def call(*attempts: AttemptReport, holds: tuple[ReservationReport, ...] = ()) -> CallReport:
    return CallReport(
        call_id=uuid4(), at=NOON, user_id=1, user="alice", key_prefix="", tier="free",
        debate_id="", call_kind="", complexity="", language="", requested_model="auto",
        attempts=attempts, reservations=holds,
    )


def told(report: CallReport) -> list[tuple[str, int, int | None]]:
    return [(step.kind, step.begin_ms, step.length_ms) for step in steps_of(report)]


def test_steps_follow_one_another_up_to_the_booking() -> None:
    report = call(tried(), holds=(held(booked_at_ms=10_912),))
    assert told(report) == [
        ("limits", 0, 1), ("cache", 1, 2), ("policy", 3, 3), ("hold", 6, 4),
        ("provider", 10, 900), ("settle", 910, 12),
    ]
    assert total_ms(report) == 922


@pytest.mark.parametrize(("begun_ms", "is_seen"), [(7, False), (8, True)])
def test_wait_before_an_attempt_is_a_step_of_its_own(begun_ms: int, is_seen: bool) -> None:
    kinds = [step.kind for step in steps_of(call(tried(begun_ms=begun_ms)))]
    assert (StepKind.WAIT in kinds) is is_seen


def test_attempt_that_failed_and_cost_nothing_has_no_settlement() -> None:
    failed = tried(outcome="failed", latency_ms=100)
    second = tried(attempt=2, begun_ms=300, reservation_id=None)
    kinds = [step.kind for step in steps_of(call(failed, second, holds=(held(booked_at_ms=None),)))]
    assert kinds == [
        "limits", "cache", "policy", "hold", "provider", "wait", "hold", "provider", "settle"
    ]


@pytest.mark.parametrize("booked_at_ms", [10_899, 10_900])
def test_settlement_is_never_shorter_than_nothing(booked_at_ms: int) -> None:
    report = call(tried(), holds=(held(booked_at_ms=booked_at_ms),))
    assert steps_of(report)[-1].length_ms == 0


def test_what_was_not_recorded_is_not_0() -> None:
    old = tried(limits_ms=None, cache_ms=None, policy_ms=None, begun_ms=None)
    lengths = {step.kind: step.length_ms for step in steps_of(call(old))}
    assert lengths == {
        "limits": None, "cache": None, "policy": None, "hold": 4, "provider": 900, "settle": None
    }


def test_lost_process_took_its_times_with_it() -> None:
    lost = tried(error_code="worker_lost", outcome="incomplete", waited_ms=0, latency_ms=0)
    report = call(lost, holds=(held(booked_at_ms=70_000),))
    assert {step.length_ms for step in steps_of(report) if step.attempt} == {None}
    assert total_ms(report) is None


def test_cached_answer_has_the_time_of_the_whole_call() -> None:
    hit = tried(attempt=0, outcome="cached", latency_ms=5, policy_ms=None)
    assert told(call(hit)) == [("limits", 0, 1), ("cache", 1, 2)]
    assert total_ms(call(hit)) == 5


def test_attempt_whose_beginning_is_not_recorded_begins_where_the_one_before_ended() -> None:
    first = tried(outcome="failed", latency_ms=500)
    second = tried(attempt=2, begun_ms=None)
    begins = [step.begin_ms for step in steps_of(call(first, second)) if step.attempt is second]
    assert begins[0] == 510
